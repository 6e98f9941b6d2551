"""DNS over TLS: real clients, identity, certificates, and those who do not keep to the rules."""
import base64
import os
import re
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import warnings

import dns.message
import dns.rcode
import pytest

from harness import PATIENCE_S, Stream, addresses, at_time, free_port, make_folder, question, wait_until


def context(cafile=None, alpn=("dot",)):
    """Trusts `cafile` alone, or anybody."""
    made = ssl.create_default_context(cafile=cafile)
    if not cafile:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    if alpn:
        made.set_alpn_protocols(list(alpn))
    return made


class Secure(Stream):
    """A Stream within TLS."""

    def __init__(self, port, name=None, source="127.0.0.1", cafile=None, session=None, alpn=("dot",), made=None):
        super().__init__(port, source)
        self.sock = (made or context(cafile, alpn)).wrap_socket(self.sock, server_hostname=name, session=session)

    def receive(self):
        try:
            return super().receive()
        except ssl.SSLError:  # an end without a word
            return None

    def ask(self, name, rdtype="A", **more):
        query = question(name, rdtype, **more)
        self.send(query.to_wire())
        wire = self.receive()
        assert wire is not None, "the connection was closed"
        reply = dns.message.from_wire(wire)
        assert reply.id == query.id
        self.length = len(wire)
        return reply


def make_certificate(folder, name, *names, when="-1d"):
    """(certificate, key) in `folder` for these names; signed by itself."""
    paths = [str(folder / f"{name}.{what}") for what in ("pem", "key")]
    subject = ",".join(f"{'IP' if re.fullmatch('[0-9.]+', one) else 'DNS'}:{one}" for one in names)
    subprocess.run([*at_time(when), "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=test",
                    "-days", "30", "-addext", f"subjectAltName={subject}", "-out", paths[0], "-keyout", paths[1]],
                   check=True, capture_output=True)
    for path in paths:
        os.chmod(path, 0o644)
    return paths


@pytest.fixture
def folder():
    """One that the daemon may read."""
    made = make_folder()
    yield made
    shutil.rmtree(made)


def dot(portafilter, upstream, config=None, **listen):
    """A daemon that speaks DNS over TLS on `daemon.tls`."""
    port = free_port()
    daemon = portafilter({"listen": {"tls": [f"127.0.0.1:{port}"], **listen}, "upstreams": [upstream], **(config or {})})
    daemon.tls = port
    return daemon


def kdig(*arguments):
    run = subprocess.run(["kdig", *map(str, arguments)], capture_output=True, text=True, timeout=PATIENCE_S)
    return run.stdout + run.stderr


def pin_of(daemon):
    return re.search(r"pin is sha256/(\S+)", daemon.log())[1]


def test_a_real_client_and_the_certificate_that_was_made(portafilter, nsd):
    daemon = dot(portafilter, nsd.upstream, certificate={"names": ["dns.example.net"]})
    made = str(daemon.folder / "certificate.pem")
    assert os.stat(daemon.folder / "certificate.key").st_mode & 0o777 == 0o600
    told = kdig("@127.0.0.1", "-p", daemon.tls, f"+tls-pin={pin_of(daemon)}", "+padding", "us.test")
    assert "6.6.6.6" in told and "PADDING" in told and "(TLS1.3)" in told and "ECDSA-SECP256R1" in told, told
    for name in ("dns.example.net", "coffee.dns.example.net"):
        told = kdig("@127.0.0.1", "-p", daemon.tls, f"+tls-ca={made}", f"+tls-hostname={name}", "us.test")
        assert "6.6.6.6" in told, told
    assert "6.6.6.6" not in kdig("@127.0.0.1", "-p", daemon.tls, f"+tls-ca={made}", "+tls-hostname=other.example.net", "us.test")
    assert "6.6.6.6" not in kdig("@127.0.0.1", "-p", daemon.tls, "+tls-pin=" + base64.b64encode(bytes(32)).decode(), "us.test")
    # the same one after a new start
    pin = pin_of(daemon)
    daemon.stop()
    daemon.start()
    assert daemon.log().count(pin) == 2 and daemon.log().count("was made") == 1


def test_pipelined_and_padded(portafilter, nsd):
    daemon = dot(portafilter, nsd.upstream)
    with Secure(daemon.tls) as stream:
        assert stream.sock.selected_alpn_protocol() == "dot"
        for name in ("us.test", "middle.test", "hops.test"):
            assert stream.ask(name).rcode() == dns.rcode.NOERROR
            assert stream.length % 468 == 0
        stream.ask("us.test", edns=False)
        assert stream.length < 468
        assert len(stream.ask("large.test", "TXT").answer[0]) == 20
        queries = {}
        for i in range(200):
            query = question("us.test" if i % 2 else f"n{i % 20}.us.test")
            query.id = i + 1
            queries[query.id] = query
        stream.send(*[one.to_wire() for one in queries.values()])
        for _ in range(200):
            reply = dns.message.from_wire(stream.receive())
            assert queries.pop(reply.id).question == reply.question
    with Stream(daemon.port) as plain:
        plain.send(question("us.test").to_wire())
        assert len(plain.receive()) < 468


def test_versions_and_resumption(portafilter, nsd):
    daemon = dot(portafilter, nsd.upstream)
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        made = context()
        made.minimum_version = made.maximum_version = version
        with Secure(daemon.tls, made=made) as stream:
            assert addresses(stream.ask("us.test")) == ["6.6.6.6"]
            session = stream.sock.session
        with Secure(daemon.tls, made=made, session=session) as stream:
            assert stream.sock.session_reused
            assert addresses(stream.ask("us.test")) == ["6.6.6.6"]
    old = context()
    old.set_ciphers("DEFAULT:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the module tells that they are old
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)):
        Secure(daemon.tls, made=old)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        Secure(daemon.tls, alpn=["h2"])
    assert addresses(Secure(daemon.tls, alpn=None).ask("us.test")) == ["6.6.6.6"]


def test_reload_changes_the_certificate_under_connections(portafilter, nsd, folder):
    first, key = make_certificate(folder, "one", "dns.test")
    daemon = dot(portafilter, nsd.upstream, certificate={"file": first, "key": key})
    old = Secure(daemon.tls, "dns.test", cafile=first)
    assert addresses(old.ask("us.test")) == ["6.6.6.6"]
    before = open(first).read()
    second, _ = make_certificate(folder, "one", "dns.test")
    # the key of another certificate: refused, and the one before stays
    right = open(key).read()
    open(key, "w").write(open(make_certificate(folder, "two", "dns.test")[1]).read())
    code, _, err = daemon.cli("reload")
    assert code and f"the key in {key} is not that of the certificate in {first}" in err, err
    code, _, err = daemon.cli("check")
    assert code and "portafilter.yaml" in err and "listen.certificate" in err
    (folder / "before.pem").write_text(before)
    with Secure(daemon.tls, "dns.test", cafile=str(folder / "before.pem")) as stream:
        assert addresses(stream.ask("us.test")) == ["6.6.6.6"]
    open(key, "w").write(right)
    code, _, err = daemon.cli("reload")
    assert code == 0, err
    with Secure(daemon.tls, "dns.test", cafile=second) as stream:
        assert addresses(stream.ask("us.test")) == ["6.6.6.6"]
    assert addresses(old.ask("cn.test")) == ["114.114.114.114"], "a connection from before lives on"
    session = old.sock.session
    assert daemon.cli("reload")[0] == 0
    assert session is not None


def test_expired_and_broken_certificates(portafilter, nsd, folder):
    file, key = make_certificate(folder, "gone", "dns.test", when="-60d")
    daemon = dot(portafilter, nsd.upstream, certificate={"file": file, "key": key})
    assert f"the certificate in {file} has expired" in daemon.log()
    for path, content, wanted in ((file, "nonsense", "hold no certificate and key that can be used"),
                                  (key, "", "hold no certificate and key that can be used"), (key, None, "can not be read")):
        kept = open(path).read()
        os.unlink(path)
        if content is not None:
            open(path, "w").write(content)
        code, _, err = daemon.cli("reload")
        assert code and wanted in err and path in err, err
        open(path, "w").write(kept)
    assert addresses(Secure(daemon.tls).ask("us.test")) == ["6.6.6.6"]


def test_who_may_not_ask(portafilter, nsd):
    daemon = dot(portafilter, nsd.upstream, {"allow-from": ["127.0.0.1"]})
    assert addresses(Secure(daemon.tls).ask("us.test")) == ["6.6.6.6"]
    for one in (Secure(daemon.tls, source="127.0.0.2"), Stream(daemon.port, source="127.0.0.2")):
        with one as stream:
            stream.send(question("us.test").to_wire())
            assert dns.message.from_wire(stream.receive()).rcode() == dns.rcode.REFUSED
    for rdtype, rcode in (("AXFR", dns.rcode.REFUSED), ("ANY", dns.rcode.NOERROR)):
        assert Secure(daemon.tls).ask("us.test", rdtype).rcode() == rcode


def is_closed(sock):
    try:
        return sock.recv(1) == b""
    except ConnectionError:
        return True
    except (TimeoutError, ssl.SSLError):
        return False


def test_garbage_in_place_of_a_handshake(portafilter, nsd):
    daemon = dot(portafilter, nsd.upstream)
    hello = struct.pack("!BHH", 22, 0x0301, 65535)
    for junk in (b"GET / HTTP/1.1\r\n\r\n", bytes(600), hello + b"\1" + b"\xff" * 600, question("us.test").to_wire(),
                 struct.pack("!BHH", 22, 0x0301, 4) + b"\1\0\0\0", b"\x80\x2e\1\3\1" + bytes(50)):
        sock = socket.create_connection(("127.0.0.1", daemon.tls), timeout=PATIENCE_S)
        data = b""
        try:
            sock.sendall(junk)
            while more := sock.recv(4096):
                data += more
        except ConnectionError:
            pass
        assert len(data) <= 7, data  # an alert at most
    # junk behind the handshake is no query
    stream = Secure(daemon.tls)
    stream.send(b"\xff" * 5000)
    assert stream.receive() is None
    assert addresses(Secure(daemon.tls).ask("us.test")) == ["6.6.6.6"]


def test_handshakes_that_never_end(portafilter, nsd):
    """They are few of one client, they have their time, and nobody else waits for them."""
    daemon = dot(portafilter, nsd.upstream)
    slow = [socket.create_connection(("127.0.0.1", daemon.tls), timeout=PATIENCE_S, source_address=("127.0.0.3", 0)) for _ in range(80)]
    for sock in slow:
        try:
            sock.sendall(struct.pack("!BHH", 22, 0x0301, 512))
        except ConnectionError:
            pass
    assert addresses(Secure(daemon.tls).ask("us.test")) == ["6.6.6.6"]
    for sock in slow:
        assert is_closed(sock)


def test_byte_by_byte(portafilter, nsd):
    daemon = dot(portafilter, nsd.upstream)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    sock = socket.create_connection(("127.0.0.1", daemon.tls), timeout=PATIENCE_S)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client = context().wrap_bio(incoming, outgoing)

    def flush():
        for byte in outgoing.read():
            sock.sendall(bytes([byte]))

    def run(step):
        while True:
            try:
                done = step()
                flush()
                return done
            except ssl.SSLWantReadError:
                flush()
                incoming.write(sock.recv(4096))

    run(client.do_handshake)
    wire = question("us.test").to_wire()
    run(lambda: client.write(struct.pack("!H", len(wire)) + wire))
    length = struct.unpack("!H", run(lambda: client.read(2)))[0]
    assert addresses(dns.message.from_wire(run(lambda: client.read(length)))) == ["6.6.6.6"]


def test_replaced_in_place(portafilter, nsd):
    daemon = dot(portafilter, nsd.upstream)
    assert addresses(Secure(daemon.tls).ask("us.test")) == ["6.6.6.6"]
    daemon.starts += 1
    daemon.signal(signal.SIGUSR2)
    wait_until(daemon.is_ready, "the new daemon is ready")
    assert addresses(Secure(daemon.tls).ask("us.test")) == ["6.6.6.6"]


def test_who_says_who_it_is(portafilter, nsd):
    """A server name that is a device's; one that is none leaves who has the address."""
    devices = [{"name": "lobby coffee", "tls-id": "Coffee", "tags": ["coffee"]}, {"name": "here", "ip": "127.0.0.1"}]
    rules = [{"name": "no sun", "tags": ["coffee"], "names": ["us.test"], "action": "sinkhole"}]
    daemon = dot(portafilter, nsd.upstream, {"devices": devices, "rules": rules}, certificate={"names": ["DNS.example.net"]})
    asked = {"coffee.dns.example.net": "lobby coffee", "tea.dns.example.net": "here", "dns.example.net": "here",
             "coffee.example.net": "here", "a.coffee.dns.example.net": "here", None: "here", "COFFEE.dns.EXAMPLE.net": "lobby coffee"}
    for name, device in asked.items():
        with Secure(daemon.tls, name) as stream:
            assert (addresses(stream.ask("us.test")) == ["0.0.0.0"]) == (device == "lobby coffee"), name
            assert addresses(stream.ask("cn.test")) == ["114.114.114.114"]
    rows = daemon.rows(2 * len(asked))
    assert [row["device"] for row in rows if row["name"] == "us.test"] == list(asked.values())

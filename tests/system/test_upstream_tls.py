"""Upstreams that are asked within TLS: who they must be, connections, and those that misbehave."""
import base64
import itertools
import socket
import ssl
import threading
import time
import warnings

import dns.message
import dns.query
import dns.rcode
import pytest

import collectors
from harness import ANSWER_S, addresses, ask, free_port, plain_answer, question, wait_until
from test_quic import CLIENT
from test_tls import context, dot, folder, make_certificate, pin_of

NAME = "dns.example.net"


@pytest.fixture
def far(portafilter, nsd, folder):
    """A daemon of ours that others ask: `upstream` and `ca`."""
    certificate, key = make_certificate(folder, "far", NAME)
    port = free_port()
    daemon = dot(portafilter, nsd.upstream, https=[f"127.0.0.1:{port}"], certificate={"file": certificate, "key": key})
    daemon.https = f"https://127.0.0.1:{port}/dns-query#{NAME}"
    daemon.ca, daemon.files = certificate, (certificate, key)
    daemon.upstream = f"tls://127.0.0.1:{daemon.tls}#{NAME}"
    return daemon


@pytest.mark.parametrize("protocol", ["dot", "doh"])
def test_asked_within_one_connection(portafilter, far, protocol):
    near = portafilter({"upstreams": [{"server": far.upstream if protocol == "dot" else far.https, "ca-file": far.ca}]})
    for name in ("us.test", "middle.test", "hops.test"):
        assert ask(near.port, name).answer, name
    upstream = near.status()["upstreams"][0]
    assert (upstream["protocol"], upstream["answers"], upstream["connections"], upstream["failures"]) == (protocol, 3, 1, 0), upstream


def within(certificate, alpn="dot"):
    """What a server needs to speak TLS."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(*certificate)
    made.set_alpn_protocols([alpn])
    return made


class Bad:
    """A server within TLS that behaves as `behave(stream)` does: on a TLS stream, or on a bare one without a certificate."""

    def __init__(self, behave, certificate=None, alpn="dot"):
        self.behave, self.connections = behave, 0
        self.made = within(certificate, alpn) if certificate else None
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.serve, args=(sock,), daemon=True).start()

    def serve(self, sock):
        try:
            with self.made.wrap_socket(sock, server_side=True) if self.made else sock as stream:
                self.behave(stream)
        except (EOFError, OSError, ssl.SSLError):
            pass  # whoever was wronged has gone

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


@pytest.fixture
def bad():
    servers = []

    def make(*arguments, **more):
        servers.append(Bad(*arguments, **more))
        return servers[-1]

    yield make
    for server in servers:
        server.close()


def test_dnstap_tells_what_is_spoken(portafilter, nsd, folder):
    """Who asks and who is asked tell the same of each connection: what is spoken in it, and from which port."""
    ports = {kind: free_port() for kind in ("tls", "https", "quic") if kind != "quic" or CLIENT.exists()}
    certificate, key = make_certificate(folder, "far", NAME)
    captures = [collectors.FstrmCapture(), collectors.FstrmCapture()]
    try:
        listen = {kind: [f"127.0.0.1:{port}"] for kind, port in ports.items()}
        far = portafilter({"upstreams": [nsd.upstream], "listen": listen | {"certificate": {"file": certificate, "key": key}},
                           "journal": {"also": [{"dnstap": captures[0].place}]}})
        near = portafilter({"upstreams": [nsd.upstream], "journal": {"also": [{"dnstap": captures[1].place}]}})
        path = {"https": "/dns-query"}
        for kind, port in ports.items():
            near.write(upstreams=[{"server": f"{kind}://127.0.0.1:{port}{path.get(kind, '')}", "pin-sha256": pin_of(far)}])
            code, _, err = near.cli("reload")
            assert code == 0, err
            assert ask(near.port, f"{kind}.test").rcode() == dns.rcode.NXDOMAIN
        far.stop()
        near.stop()
        asked, forwarded = ([m for m in capture.end() if m["kind"] == kind] for capture, kind in zip(captures, ("CR", "FR")))
    finally:
        for capture in captures:
            capture.end()
    spoken = [3, 4, 7][:len(ports)]  # DOT, DOH and DOQ of the schema
    assert [m["protocol"] for m in asked] == [m["protocol"] for m in forwarded] == spoken
    assert [m["query_port"] for m in asked] == [m["query_port"] for m in forwarded]
    assert [m["response_port"] for m in forwarded] == list(ports.values())


def linger(stream):
    """Reads what comes and says nothing."""
    while stream.recv(4096):
        pass


def test_who_is_not_the_one_that_is_meant(portafilter, far, folder, bad):
    """None of them is sent a question, the log says why, and the next server answers."""
    told = []

    def note(stream):
        told.append(stream.recv(4096))

    right = far.files
    other = make_certificate(folder, "other", "other.example.net")
    old = make_certificate(folder, "old", NAME, when="-60d")
    pin = base64.b64encode(bytes(32)).decode()

    def one(server, **more):
        return {"server": f"tls://127.0.0.1:{server.port}#{NAME}", **more}

    near = portafilter({"upstreams": [
        one(bad(note, other), **{"ca-file": other[0]}),
        one(bad(note, right), **{"pin-sha256": pin}),
        one(bad(note, old), **{"ca-file": old[0]}),
        one(bad(note, right), **{"ca-file": other[0]}),
        one(bad(lambda sock: sock.sendall(bytes(range(64)) * 8))),
        {"server": far.upstream, "ca-file": far.ca},
    ]})
    assert addresses(ask(near.port, "us.test")) == ["6.6.6.6"]
    assert not any(told), told
    failed = [upstream["failures"] for upstream in near.status()["upstreams"]]
    assert all(failed[:5]) and not failed[5], failed
    for why in ("does not match", "`pin-sha256`", "expired", "issuer is unknown"):
        assert why in near.log(), (why, near.log())


def test_pins_and_whoever_answers(portafilter, far):
    """A pin needs neither a name nor an authority, and who asks for it takes anybody; a restart of the daemon that is asked costs no answer."""
    address = f"tls://127.0.0.1:{far.tls}"
    near = portafilter({"upstreams": [{"server": address, "pin-sha256": pin_of(far)}]})
    assert addresses(ask(near.port, "us.test")) == ["6.6.6.6"]
    far.stop()
    far.start()
    assert addresses(ask(near.port, "middle.test", "A")) is not None
    upstream = near.status()["upstreams"][0]
    assert upstream["connections"] == 2 and upstream["answers"] == 2, upstream
    near.write(upstreams=[{"server": address, "authentication": "opportunistic"}])
    assert near.cli("reload")[0] == 0
    assert ask(near.port, "hops.test").answer
    near.write(upstreams=[address])  # its certificate is for no address, and nobody knows who has signed it
    assert near.cli("reload")[0] == 0
    assert ask(near.port, "large.test", "TXT").rcode() == dns.rcode.SERVFAIL


def read(stream, length):
    data = b""
    while len(data) < length:
        more = stream.recv(length - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def frame(kind, flags, stream, payload=b""):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def framed(wire):
    return len(wire).to_bytes(2, "big") + wire


def asked(stream):
    """Each question, and a function that answers it with bytes: over TLS, or over HTTP/2 where that was agreed on."""
    if stream.selected_alpn_protocol() == "h2":
        yield from asked_over_https(stream)
    while True:
        wire = read(stream, int.from_bytes(read(stream, 2), "big"))
        yield wire, lambda reply: stream.sendall(framed(reply))


def asked_over_https(stream):
    read(stream, len(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))
    stream.sendall(frame(4, 0, 0))
    while True:
        head = read(stream, 9)
        wire, number = read(stream, int.from_bytes(head[:3], "big")), int.from_bytes(head[5:], "big")
        good = frame(1, 4, number, b"\x88\x0f\x10\x17application/dns-message")  # :status 200, content-type
        if head[3] == 0:  # DATA; a question comes in one
            yield wire, lambda reply, good=good, number=number: stream.sendall(good + frame(0, 1, number, reply))
        elif head[3] == 4 and not head[4]:
            stream.sendall(frame(4, 1, 0))


def reply_to(wire):
    """An address for whatever is asked."""
    return plain_answer(dns.message.from_wire(wire), "tcp").to_wire()


def test_those_that_break_off(portafilter, far, bad):
    """Silence, an end in the middle of a message, garbage within TLS, streams that are refused, GOAWAY: the client has its answer from another one."""
    right, pin = far.files, pin_of(far)
    seen = []

    def cut(stream):
        wire, _ = next(asked(stream))
        seen.append(wire)
        stream.sendall(b"\x00\x40" + wire[:12])

    def refuse(stream):
        stream.sendall(frame(4, 0, 0))
        held = b""
        while b"application/dns-message" not in held and len(held) < 200:
            held += stream.recv(4096)
        stream.sendall(frame(3, 0, 1, (7).to_bytes(4, "big")))
        linger(stream)

    def go_away(stream):
        stream.sendall(frame(4, 0, 0) + frame(7, 0, 0, bytes(8)))
        linger(stream)

    def garbage(stream):
        stream.recv(4096)
        stream.sendall(bytes(range(256)))
        linger(stream)

    dot_servers = [bad(linger, right), bad(cut, right)]
    h2_servers = [bad(refuse, right, "h2"), bad(go_away, right, "h2"), bad(garbage, right, "h2")]
    near = portafilter({"upstreams": [
        *({"server": f"tls://127.0.0.1:{server.port}", "pin-sha256": pin} for server in dot_servers),
        *({"server": f"https://127.0.0.1:{server.port}/", "pin-sha256": pin} for server in h2_servers),
        {"server": far.upstream, "ca-file": far.ca},
    ]})
    assert addresses(ask(near.port, "us.test", do=True)) == ["6.6.6.6"]
    assert all(server.connections for server in dot_servers + h2_servers)
    query = dns.message.from_wire(seen[0])
    assert len(seen[0]) % 128 == 0 and query.edns == 0 and query.payload == 1232, "padded, with our own EDNS (RFC 8467)"
    assert {option.otype for option in query.options} == {12}, "and nothing of a client's, and no cookie"
    # those that fail are not asked first any more
    assert ask(near.port, "middle.test").rcode() == dns.rcode.NOERROR


@pytest.fixture
def known(portafilter, folder, bad):
    """known(behave, alpn): a server that behaves so, and a daemon that knows and asks it alone."""
    certificate = make_certificate(folder, "known", NAME)

    def start(behave, alpn="dot"):
        server = bad(behave, certificate, alpn)
        url = f"tls://127.0.0.1:{server.port}" if alpn == "dot" else f"https://127.0.0.1:{server.port}/"
        return server, portafilter({"upstreams": [{"server": f"{url}#{NAME}", "ca-file": certificate[0]}]})

    start.certificate = certificate
    return start


@pytest.mark.parametrize("alpn", ["dot", "h2"])
def test_the_next_connection_is_resumed(known, alpn):
    """The server ends the connection after each answer; only the first handshake is a whole one."""
    handshakes = []

    def once(stream):
        handshakes.append((stream.version(), stream.session_reused))
        wire, give = next(asked(stream))
        give(reply_to(wire))
        stream.unwrap()

    _, near = known(once, alpn)
    for number in range(8):  # two, unless one was asked in vain on a machine that stands still
        if handshakes.count(("TLSv1.3", True)) < 2:
            assert addresses(ask(near.port, f"n{number}.test")) == ["192.0.2.1"]
    assert handshakes[0] == ("TLSv1.3", False) and handshakes.count(("TLSv1.3", True)) >= 2, handshakes
    upstream, = near.status()["upstreams"]  # a question that meets the end of a connection is asked again, and is a failure of that one
    assert upstream["resumed"] >= 2, upstream


@pytest.mark.parametrize("alpn", ["dot", "h2"])
def test_ids_are_not_the_client_s(known, alpn):
    """A fresh one in each question over TLS, and 0 over HTTPS (RFC 8484, 4.1); the client has its own back."""
    ids = []

    def note(stream):
        for wire, give in asked(stream):
            ids.append(int.from_bytes(wire[:2], "big"))
            give(reply_to(wire))

    _, near = known(note, alpn)
    for number in range(8):
        query = question(f"n{number}.test")
        query.id = 0x1234
        assert addresses(dns.query.udp(query, "127.0.0.1", port=near.port, timeout=ANSWER_S)) == ["192.0.2.1"]
    assert len(ids) >= 8
    if alpn == "h2":
        assert not any(ids), ids
        return
    steps = {(after - before) % 65536 for before, after in itertools.pairwise(ids)}
    assert ids.count(0x1234) < 2 and len(set(ids)) > 6 and len(steps) > 5, ids


def test_more_connections_when_many_questions_are_under_way(known):
    """Up to 15 go into one, the 16th opens a second; there are never more than four, and each question has its answer from where it was asked."""
    under_way, lock, release = [], threading.Lock(), threading.Event()

    def hold(stream):
        def answer_all():
            release.wait()
            for wire, give in mine:
                give(reply_to(wire))

        mine = []
        threading.Thread(target=answer_all, daemon=True).start()
        for wire, give in asked(stream):
            if release.is_set():
                give(reply_to(wire))
                continue
            give(b"\0")  # no message, yet a sign of life
            with lock:
                mine.append((wire, give))
                under_way.append(wire)

    server, near = known(hold)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(("127.0.0.1", near.port))
        client.settimeout(ANSWER_S)
        names = iter(f"n{number}.test" for number in itertools.count())
        sent = 0

        def send(count):
            nonlocal sent
            sent += count
            for name in itertools.islice(names, count):
                client.send(question(name).to_wire())
            wait_until(lambda: len(under_way) >= sent, "all questions are with the server", pause_s=0.001)

        began = time.monotonic()
        for _ in range(15):
            send(1)
        # one that is late by 200 ms is doubted, and another is opened in its place
        assert server.connections == 1 or time.monotonic() - began > 0.2
        send(1)
        wait_until(lambda: server.connections >= 2, "there is a second connection", pause_s=0.001)
        while server.connections < 4 and sent < 160:
            send(16)
        while sent < 240:
            send(16)
        wait_until(lambda: server.connections == 4, "there are four")
        release.set()
        answered = set()
        while len(answered) < sent:
            reply = dns.message.from_wire(client.recv(4096))
            assert addresses(reply) == ["192.0.2.1"], reply
            answered.add(reply.question[0].name)
    assert server.connections == 4


def test_who_refuses_is_not_pressed(known, bad, portafilter):
    """After each connection that was refused the pause is twice as long, however many ask; and the server is used as soon as it is back."""
    tried, secure = [], within(known.certificate)

    def refuse_two(sock):
        tried.append(time.monotonic())
        if len(tried) > 2:
            with secure.wrap_socket(sock, server_side=True) as stream:
                for wire, give in asked(stream):
                    give(reply_to(wire))

    server = bad(refuse_two)
    near = portafilter({"upstreams": [{"server": f"tls://127.0.0.1:{server.port}#{NAME}", "ca-file": known.certificate[0]}]})
    names = (f"n{number}.test" for number in itertools.count())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(("127.0.0.1", near.port))
        client.setblocking(False)

        def answered():
            client.send(question(next(names)).to_wire())
            try:
                return dns.message.from_wire(client.recv(4096)).rcode() == dns.rcode.NOERROR
            except BlockingIOError:
                return False

        began = time.monotonic()
        wait_until(answered, "it answers", pause_s=0.002)
    pauses = [0, 0.05, 0.15]  # that must have gone by, at least, before each: pool.h
    assert len(tried) >= 3 and all(at - began > pause - 0.01 for at, pause in zip(tried, pauses)), [at - began for at in tried]
    assert ask(near.port, next(names)).rcode() == dns.rcode.NOERROR
    upstream, = near.status()["upstreams"]
    assert upstream["connections"] and upstream["failures"] == 2, upstream
    assert near.log().count("no connection to the upstream") == 1 and "answers again" in near.log(), near.log()


def test_tls_1_1_is_refused(portafilter, far, bad):
    """Who speaks nothing newer is sent no question, the log says why, and the next server answers."""
    told, old = [], within(far.files)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")

    def speak(sock):
        try:
            with old.wrap_socket(sock, server_side=True) as stream:
                told.append(stream.version())
        except ssl.SSLError as error:
            told.append(error.reason)

    server = bad(speak)
    # it does speak it, to who wants it
    older = context(alpn=None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        older.minimum_version = ssl.TLSVersion.TLSv1
    older.set_ciphers("ALL:@SECLEVEL=0")
    with socket.create_connection(("127.0.0.1", server.port)) as sock, older.wrap_socket(sock):
        wait_until(lambda: told == ["TLSv1.1"], "TLS 1.1 is spoken")
    near = portafilter({"upstreams": [
        {"server": f"tls://127.0.0.1:{server.port}#{NAME}", "ca-file": far.ca},
        {"server": far.upstream, "ca-file": far.ca},
    ]})
    assert addresses(ask(near.port, "us.test")) == ["6.6.6.6"]
    near.wait_log("no connection to the upstream tls://.* fatal alert")
    wait_until(lambda: "UNSUPPORTED_PROTOCOL" in told, "it was told no")
    assert told.count("TLSv1.1") == 1


def test_byte_by_byte(known):
    """An answer is taken when it is whole, however small the pieces."""
    def drip(stream):
        for wire, _ in asked(stream):
            for byte in framed(reply_to(wire)):
                stream.sendall(bytes([byte]))

    _, near = known(drip)
    for number in range(3):
        assert addresses(ask(near.port, f"n{number}.test")) == ["192.0.2.1"]
    upstream, = near.status()["upstreams"]
    assert upstream["answers"] == 3 and not upstream["failures"], upstream


def test_an_answer_that_never_ends(portafilter, far, bad):
    """It is always alive and never whole: who has asked there is answered by another server, and so is who asks next."""
    over = threading.Event()

    def drip(stream):
        next(asked(stream))
        stream.sendall(b"\xff\xff")
        while not over.wait(0.01):
            stream.sendall(b"\0")

    server = bad(drip, far.files)
    near = portafilter({"upstreams": [{"server": upstream, "ca-file": far.ca} for upstream in (f"tls://127.0.0.1:{server.port}#{NAME}", far.upstream)]})
    for name in ("us.test", "long.test"):
        assert addresses(ask(near.port, name)) == ["6.6.6.6"]
    slow, quick = near.status()["upstreams"]
    assert server.connections and slow["timeouts"] and not slow["answers"] and quick["answers"] == 2, (slow, quick)
    near.stop()  # it does not wait for the end
    over.set()

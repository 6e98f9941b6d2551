"""Upstreams that are asked within TLS: who they must be, connections, and those that misbehave."""
import base64
import socket
import ssl
import threading

import dns.message
import dns.rcode
import pytest

import collectors
from harness import addresses, ask, free_port
from test_quic import CLIENT
from test_tls import dot, folder, make_certificate, pin_of

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


class Bad:
    """A server within TLS that behaves as `behave(stream)` does: on a TLS stream, or on a bare one without a certificate."""

    def __init__(self, behave, certificate=None, alpn="dot"):
        self.behave, self.connections = behave, 0
        self.made = None
        if certificate:
            self.made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.made.load_cert_chain(*certificate)
            self.made.set_alpn_protocols([alpn])
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
            with sock:
                self.behave(self.made.wrap_socket(sock, server_side=True) if self.made else sock)
        except (OSError, ssl.SSLError):
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
        asked, forwarded = ([m for m in capture.end() if m["kind"] == kind] for capture, kind in zip(captures, ("CQ", "FQ")))
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


def answers(stream):
    """Messages of a plain or TLS stream, each as (bytes, query)."""
    held = b""
    while data := stream.recv(4096):
        held += data
        while len(held) >= 2 and len(held) >= 2 + int.from_bytes(held[:2], "big"):
            length = int.from_bytes(held[:2], "big")
            message, held = held[2:2 + length], held[2 + length:]
            yield dns.message.from_wire(message), len(message)


def frame(kind, flags, stream, payload=b""):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def test_those_that_break_off(portafilter, far, bad):
    """Silence, an end in the middle of a message, garbage within TLS, streams that are refused, GOAWAY: the client has its answer from another one."""
    right, pin = far.files, pin_of(far)
    seen = []

    def cut(stream):
        for query, length in answers(stream):
            seen.append((query, length))
            stream.sendall(b"\x00\x40" + query.to_wire()[:12])
            return

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
    query, length = seen[0]
    assert length % 128 == 0 and query.edns == 0 and query.payload == 1232, "padded, with our own EDNS (RFC 8467)"
    assert {option.otype for option in query.options} == {12}, "and nothing of a client's, and no cookie"
    # those that fail are not asked first any more
    assert ask(near.port, "middle.test").rcode() == dns.rcode.NOERROR

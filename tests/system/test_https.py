"""DNS over HTTPS: real clients, what is refused and how, and those who do not keep to the rules."""
import base64
import contextlib
import socket
import struct
import subprocess

import dns.message
import dns.rcode
import dns.rdata
import dns.rrset
import pytest

from harness import PATIENCE_S, Stream, send_udp, addresses, answer, ask, free_port, question, wait_until
import collectors
from test_quic import CLIENT, Quic
from test_tls import Secure, context, kdig

TYPE = "application/dns-message"
DATA, HEADERS, RESET, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 6, 7, 8, 9
END_STREAM, END_HEADERS = 1, 4


@pytest.fixture
def doh(portafilter):
    """doh(upstream, configuration): a daemon that answers on `daemon.https`."""
    def start(upstream, config=None, **listen):
        port = free_port()
        daemon = portafilter({"listen": {"https": [f"127.0.0.1:{port}"], **listen}, "upstreams": [upstream], **(config or {})})
        if "not in this build" in daemon.log():
            pytest.skip("built without libnghttp2")
        daemon.https = port
        return daemon
    return start


def b64(wire):
    return base64.urlsafe_b64encode(wire).rstrip(b"=").decode()


def curl(daemon, path, *arguments, body=None, source="127.0.0.1"):
    """(status, headers, body)"""
    run = subprocess.run(["curl", "-sSk", "--http2", "-i", "--interface", source, *arguments, f"https://127.0.0.1:{daemon.https}{path}"]
                         + (["--data-binary", "@-"] if body is not None else []), input=body, capture_output=True, timeout=PATIENCE_S)
    assert run.returncode == 0, run.stderr
    head, _, content = run.stdout.rpartition(b"\r\n\r\n") if run.stdout.count(b"\r\n\r\n") == 1 else run.stdout.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    return int(lines[0].split()[1]), dict(line.lower().split(": ", 1) for line in lines[1:]), content


def post(daemon, query, path="/dns-query", **more):
    status, headers, content = curl(daemon, path, "-H", f"content-type: {TYPE}", body=query.to_wire(), **more)
    assert status == 200, (status, content)
    return headers, dns.message.from_wire(content)


class Frames:
    """HTTP/2 by hand."""

    def __init__(self, daemon, source="127.0.0.1"):
        sock = socket.create_connection(("127.0.0.1", daemon.https), timeout=PATIENCE_S, source_address=(source, 0))
        self.sock = context(alpn=["h2"]).wrap_socket(sock)
        assert self.sock.selected_alpn_protocol() == "h2"
        self.file = self.sock.makefile("rb")
        self.sock.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + self.frame(SETTINGS, 0, 0))

    @staticmethod
    def frame(kind, flags, stream, payload=b""):
        return struct.pack("!I", len(payload))[1:] + struct.pack("!BBI", kind, flags, stream) + payload

    @staticmethod
    def get(path):
        """A block of headers: nothing indexed, nothing squeezed."""
        path = path.encode()
        length = bytes([len(path)]) if len(path) < 127 else b"\x7f" + bytes([len(path) - 127 & 127 | 128, len(path) - 127 >> 7])
        return b"\x82\x87\x04" + length + path + b"\x01\x01a"

    def send(self, *frames):
        self.sock.sendall(b"".join(frames))

    def receive(self):
        """(kind, flags, stream, payload), or None at the end."""
        try:
            head = self.file.read(9)
            if len(head) < 9:
                return None
            length = int.from_bytes(head[:3], "big")
            return head[3], head[4], int.from_bytes(head[5:], "big"), self.file.read(length)
        except OSError:  # TLS tells of an end without a word as an error of its own
            return None

    def until(self, kind):
        while (frame := self.receive()) is not None:
            if frame[0] == kind:
                return frame
        return None


def test_real_clients(doh, nsd):
    daemon = doh(nsd.upstream)
    for method in ("+https", "+https-get"):
        told = kdig("@127.0.0.1", "-p", daemon.https, method, "us.test")
        assert "6.6.6.6" in told and "HTTP/2" in told and "status: 200" in told.lower(), told
    run = subprocess.run(["curl", "-sSk", "--doh-insecure", "--doh-url", f"https://127.0.0.1:{daemon.https}/dns-query", "-o", "/dev/null", "-w",
                          "%{remote_ip}", "--max-time", "5", "http://special.test:1/"], capture_output=True, text=True, timeout=PATIENCE_S)
    assert run.returncode and any(row["name"].startswith("special.test") for row in daemon.rows(1, "name LIKE 'special.test%'"))


def test_the_journal_knows_over_what_a_question_came(doh, nsd):
    """In each of its forms, and after a kill -9; dnstap's own words for it."""
    port = free_port()
    with contextlib.ExitStack() as stack:
        capture = collectors.FstrmCapture()
        stack.callback(capture.end)
        daemon = doh(nsd.upstream, {"journal": {"also": [{"dnstap": capture.place}]}}, tls=[f"127.0.0.1:{port}"])
        for number in range(2):
            ask(daemon.port, "us.test")
            ask(daemon.port, "us.test", tcp=True)
            Secure(port).ask("us.test")
            post(daemon, question("us.test"))
            if not number:
                wait_until(lambda: next(s for s in daemon.status()["journal"]["sinks"] if s["name"] == "dnstap")["journalled"] == 4, "dnstap has them")
                daemon.kill()
                daemon.start()
        spoken = ["udp", "tcp", "dot", "doh"] * 2
        rows = daemon.rows(8)
        assert [row["protocol"] for row in rows] == spoken and {row["dnssec"] for row in rows} == {None}
        told = daemon.json("log")["queries"]
        assert [row["protocol"] for row in told] == spoken and {row["dnssec"] for row in told} == {""}
        assert [line.split()[-1] for line in daemon.cli("log")[1].splitlines()[1:4]] == ["tcp", "dot", "doh"]
        zeek = [line.split("\t") for line in daemon.cli("log", "--format", "zeek")[1].splitlines() if not line.startswith("#")]
        assert [(row[5], row[6]) for row in zeek[:4]] == [("53", "udp"), ("53", "tcp"), ("853", "tcp"), ("443", "tcp")]
        daemon.stop()
        assert [message["protocol"] for message in capture.end() if message["kind"] == "CR"] == [1, 2, 3, 4] * 2


def test_get_and_post(doh, nsd):
    daemon = doh(nsd.upstream)
    query = question("us.test")
    query.id = 0
    headers, reply = post(daemon, query)
    assert addresses(reply) == ["6.6.6.6"] and reply.id == 0
    assert headers["content-type"] == TYPE and 0 < int(headers["cache-control"].removeprefix("max-age=")) <= reply.answer[0].ttl
    status, headers, content = curl(daemon, f"/dns-query?x=1&dns={b64(query.to_wire())}")
    assert status == 200 and addresses(dns.message.from_wire(content)) == ["6.6.6.6"]
    assert len(content) % 468 == 0 and int(headers["content-length"]) == len(content)
    headers, reply = post(daemon, question("no-such.us.test"))
    assert reply.rcode() == dns.rcode.NXDOMAIN and headers["cache-control"].startswith("max-age=")
    assert len(post(daemon, question("large.test", "TXT"))[1].answer[0]) == 20


def test_id_zero_goes_no_further(doh, upstream):
    ids = []

    def handler(query, transport):
        ids.append(query.id)
        return answer(query, "192.0.2.1")

    daemon = doh(upstream(handler).upstream)
    for i in range(3):
        query = question(f"n{i}.test")
        query.id = 0
        assert post(daemon, query)[1].id == 0
    assert len(set(ids)) == 3 or any(ids)


def test_what_is_refused(doh, nsd):
    daemon = doh(nsd.upstream)
    good = b64(question("us.test").to_wire())
    typed = ("-H", f"content-type: {TYPE}")
    wire = question("us.test").to_wire()
    cases = [(404, "/", (), None), (404, "/dns-query/", (), None), (404, "/dns-queries", (), None), (404, "/dns-query/a/b", (), None),
             (404, "/dns-query/a.b?dns=" + good, (), None), (404, "/other?dns=" + good, (), None), (400, "/dns-query", (), None),
             (400, "/dns-query?dns=", (), None), (400, "/dns-query?dns=AAAA", (), None), (400, "/dns-query?dns=" + good + "=", (), None),
             (400, "/dns-query?dns=" + good + "%20", (), None), (400, "/dns-query?dns=+/" + good, (), None), (400, "/dns-query?dns=A", (), None),
             (405, "/dns-query", ("-X", "PUT"), wire), (405, "/dns-query", ("-X", "DELETE"), None), (405, "/dns-query", ("-I",), None),
             (415, "/dns-query", ("-H", "content-type: application/json"), wire), (415, "/dns-query", (), wire),
             (413, "/dns-query", typed, bytes(65536)), (400, "/dns-query", typed, b""), (400, "/dns-query", typed, b"short"),
             (414, "/dns-query?dns=" + "A" * 9000, (), None)]
    for wanted, path, arguments, body in cases:
        status, headers, content = curl(daemon, path, *arguments, body=body)
        assert status == wanted, (wanted, path[:60], status, content)
        assert ("allow" in headers) == (wanted == 405)
    for rdtype, rcode in (("AXFR", dns.rcode.REFUSED), ("ANY", dns.rcode.NOERROR)):
        assert post(daemon, question("us.test", rdtype))[1].rcode() == rcode
    update = question("us.test")
    update.set_opcode(5)
    status, _, content = curl(daemon, "/dns-query", *typed, body=update.to_wire())
    assert status == 200 and content[3] & 15 == dns.rcode.NOTIMP
    # the longest message there is; it is malformed, and says so in DNS
    status, _, content = curl(daemon, "/dns-query", *typed, body=wire + bytes(65535 - len(wire)))
    assert status == 200 and dns.message.from_wire(content).rcode() == dns.rcode.FORMERR
    assert addresses(post(daemon, question("us.test"))[1]) == ["6.6.6.6"]


def test_who_may_not_ask_and_who_says_who_it_is(doh, nsd):
    config = {"allow-from": ["127.0.0.1"], "devices": [{"name": "lobby coffee", "tls-id": "coffee", "tags": ["coffee"]}],
              "rules": [{"name": "no sun", "tags": ["coffee"], "names": ["us.test"], "action": "sinkhole"}]}
    daemon = doh(nsd.upstream, config)
    assert post(daemon, question("us.test"), source="127.0.0.2")[1].rcode() == dns.rcode.REFUSED
    for path, address in (("/dns-query", "6.6.6.6"), ("/dns-query/Coffee", "0.0.0.0"), ("/dns-query/tea", "6.6.6.6")):
        assert addresses(post(daemon, question("us.test"), path)[1]) == [address]
    assert [row["device"] for row in daemon.rows(3)][1] == "lobby coffee"


def over_stream(stream, query):
    with stream:
        stream.send(query.to_wire())
        return dns.message.from_wire(stream.receive())


def over_quic(port, query, source):
    with Quic(port, source=source) as client:
        query.id = 0
        wire = query.to_wire()
        return client.receive(client.send(struct.pack("!H", len(wire)) + wire))


def test_what_is_refused_is_refused_on_every_transport(doh, upstream):
    """A client that is not allowed whatever it asks, and who is allowed a transfer, ANY (as little as can be, RFC 8482) and an UPDATE."""
    server, tls, quic = upstream(), free_port(), free_port()
    listen = {"tls": [f"127.0.0.1:{tls}"], **({"quic": [f"127.0.0.1:{quic}"]} if CLIENT.exists() else {})}
    daemon = doh(server.upstream, {"allow-from": ["127.0.0.1"]}, **listen)
    transports = {
        "udp": lambda query, source: dns.message.from_wire(send_udp(daemon.port, query.to_wire(), source=source)),
        "tcp": lambda query, source: over_stream(Stream(daemon.port, source), query),
        "dot": lambda query, source: over_stream(Secure(tls, source=source), query),
        "doh": lambda query, source: post(daemon, query, source=source)[1],
        "doq": lambda query, source: over_quic(quic, query, source),
    }
    if not CLIENT.exists():
        del transports["doq"]
    update = question("us.test", "SOA")
    update.set_opcode(5)
    for name, send in transports.items():
        assert send(question("us.test"), "127.0.0.2").rcode() == dns.rcode.REFUSED, name
        assert send(question("us.test", "AXFR"), "127.0.0.1").rcode() == dns.rcode.REFUSED, name
        assert send(update, "127.0.0.1").rcode() == dns.rcode.NOTIMP, name
        assert [rrset.to_text() for rrset in send(question("us.test", "ANY"), "127.0.0.1").answer] == ['us.test. 3600 IN HINFO "RFC8482" ""'], name
    assert not server.count() and daemon.status()["queries"]["refused"] == len(transports)
    assert {row["protocol"] for row in daemon.rows(len(transports), "type = 'ANY'")} == set(transports)


def test_services_pass_untouched(doh, upstream):
    """An HTTPS record with keys for an encrypted ClientHello (ECH) and others that nobody knows goes through byte by byte; its hints are judged."""
    service = bytes.fromhex("0001 00") + struct.pack("!HH", 1, 3) + b"\x02h2" + struct.pack("!HH4s", 4, 4, bytes([192, 0, 2, 77])) \
        + struct.pack("!HH", 5, 70) + bytes(range(70)) + struct.pack("!HH", 65280, 3) + b"own"
    record = dns.rrset.from_rdata_list("svc.test.", 300, [dns.rdata.from_wire("IN", "HTTPS", service, 0, len(service))])

    def handler(query, transport):
        made = dns.message.make_response(query)
        made.answer.append(dns.rrset.from_rdata_list(query.question[0].name, 300, list(record)))
        return made

    server = upstream(handler)
    daemon = doh(server.upstream, {"devices": [{"name": "tv", "ip": "127.0.0.12", "tags": ["tv"]}],
                                   "rules": [{"name": "hints", "tags": ["tv"], "addresses": ["192.0.2.77"], "action": "sinkhole", "reply": "nxdomain"}]})
    for reply in (ask(daemon.port, "svc.test", "HTTPS"), ask(daemon.port, "svc.test", "HTTPS"), post(daemon, question("svc.test", "HTTPS"))[1]):
        assert reply.answer[0][0].to_wire() == service
    assert ask(daemon.port, "svc.test", "HTTPS", source="127.0.0.12").rcode() == dns.rcode.NXDOMAIN


def test_many_requests_on_one_connection(doh, nsd):
    daemon = doh(nsd.upstream)
    frames = Frames(daemon)
    path = "/dns-query?dns=" + b64(question("us.test").to_wire())
    for first in range(1, 600, 100):
        frames.send(*[Frames.frame(HEADERS, END_STREAM | END_HEADERS, stream, Frames.get(path)) for stream in range(first, first + 100, 2)])
        # the client takes as much again
        frames.send(Frames.frame(WINDOW_UPDATE, 0, 0, struct.pack("!I", 50 * 468)))
        ended = set()
        while len(ended) < 50:
            frame = frames.receive()
            assert frame is not None and frame[0] not in (RESET, GOAWAY), frame
            if frame[0] == DATA and frame[1] & END_STREAM:
                ended.add(frame[2])


def test_frames_that_break_the_rules(doh, nsd):
    """Each ends its own connection at most; the next client is served."""
    daemon = doh(nsd.upstream)
    block = Frames.get("/dns-query?dns=" + b64(question("us.test").to_wire()))
    whole = END_STREAM | END_HEADERS
    floods = {
        "rapid reset": [frame for stream in range(1, 4001, 2) for frame in (Frames.frame(HEADERS, whole, stream, block),
                                                                            Frames.frame(RESET, 0, stream, bytes(4)))],
        "continuations": [Frames.frame(HEADERS, END_STREAM, 1, block)] + [Frames.frame(CONTINUATION, 0, 1, b"")] * 1000,
        "header bomb": [Frames.frame(HEADERS, END_STREAM, 1, block)] + [Frames.frame(CONTINUATION, 0, 1, b"\x00\x01a\x7f\x80\x7d" + b"b" * 16127)] * 9,
        "even stream": [Frames.frame(HEADERS, whole, 2, block)],
        "data before headers": [Frames.frame(DATA, END_STREAM, 1, b"x")],
        "settings": [Frames.frame(SETTINGS, 0, 0, struct.pack("!HI", 4, 1 << 31))],
        "too long": [struct.pack("!I", 1 << 20)[1:] + struct.pack("!BBI", DATA, 0, 1)],
        "bad hpack": [Frames.frame(HEADERS, whole, 1, b"\xff" * 20)],
    }
    for name, flood in floods.items():
        frames = Frames(daemon)
        try:
            frames.send(*flood)
            assert frames.until(GOAWAY) is not None or frames.receive() is None, name
        except OSError:
            pass
    for junk in (b"GET /dns-query HTTP/1.1\r\nHost: a\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSX\r\n\r\n", bytes(100)):
        sock = context(alpn=None).wrap_socket(socket.create_connection(("127.0.0.1", daemon.https), timeout=PATIENCE_S))
        with contextlib.suppress(OSError):
            sock.sendall(junk)
            while sock.recv(4096):
                pass
    # a request without an end, data without bytes, and one that is given up leave others alone
    frames = Frames(daemon)
    frames.send(Frames.frame(HEADERS, END_HEADERS, 1, block.replace(b"\x82", b"\x83", 1)), *[Frames.frame(DATA, 0, 1)] * 50,
                Frames.frame(HEADERS, whole, 3, block), Frames.frame(RESET, 0, 1, bytes(4)), Frames.frame(HEADERS, whole, 5, block))
    ended = set()
    while ended != {3, 5}:
        frame = frames.receive()
        assert frame is not None, ended
        if frame[0] == DATA and frame[1] & END_STREAM:
            ended.add(frame[2])
    assert addresses(ask(daemon.port, "us.test")) == ["6.6.6.6"]

"""DNS over QUIC: real clients, identity, certificates, and those who do not keep to the rules."""
import hashlib
import os
import signal
import socket
import ssl
import struct
import subprocess
import threading

import dns.message
import dns.rcode
import pytest

from harness import BUILD, PATIENCE_S, addresses, free_port, question, wait_until
from test_transport import has_ipv6
from test_tls import folder, kdig, make_certificate, pin_of  # noqa: F401 (a fixture)

CLIENT = BUILD / "tests" / "system" / "quic_client"
pytestmark = pytest.mark.skipif(not CLIENT.exists(), reason="built without DNS over QUIC")
PROTOCOL_ERROR, CANCELLED, EXCESSIVE_LOAD = 2, 3, 4


def doq(portafilter, upstream, config=None, **listen):
    """A daemon that speaks DNS over QUIC on `daemon.quic`."""
    port = free_port()
    daemon = portafilter({"listen": {"quic": [f"127.0.0.1:{port}"], **listen}, "upstreams": [upstream], **(config or {})})
    daemon.quic = port
    return daemon


class Quic:
    """A client of our own, see quic_client.c."""

    def __init__(self, port, ready=True, **options):
        words = [str(word) for pair in options.items() for word in pair]
        self.process = subprocess.Popen([str(CLIENT), str(port), *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self.guard = threading.Timer(PATIENCE_S, self.process.kill)
        self.guard.start()
        self.streams = 0
        self.seen = []
        if ready:
            _, self.alpn, resumed, self.certificate = self.wait("ready")
            self.resumed = resumed == "1"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.tell("close")
        except OSError:
            pass  # it is over already
        self.process.communicate()
        self.guard.cancel()

    def tell(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")

    def wait(self, *wanted):
        """The words of the next line that begins like one of these; what comes before is kept in `seen`."""
        for line in self.process.stdout:
            words = line.split()
            if any(line.startswith(one) for one in wanted):
                return words
            self.seen.append(words)
        raise AssertionError(f"the client is gone; it said {self.seen}")

    def send(self, wire, end=True, number=None):
        """In a stream of its own; returns its number."""
        number = self.streams if number is None else number
        self.streams = max(self.streams, number + 1)
        self.tell("send", number, wire.hex(), *["end"] if end else [])
        return number

    def receive(self, number):
        data = bytes.fromhex(self.wait(f"data {number} ")[2])
        assert struct.unpack("!H", data[:2])[0] == len(data) - 2
        self.length = len(data) - 2
        return dns.message.from_wire(data[2:])

    def ask(self, name, rdtype="A", **more):
        reply = self.receive(self.send(framed(name, rdtype, **more)))
        assert reply.id == 0
        return reply


def framed(name, rdtype="A", id=0, **more):
    query = question(name, rdtype, **more)
    query.id = id
    wire = query.to_wire()
    return struct.pack("!H", len(wire)) + wire


def digest(path):
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(open(path).read())).hexdigest()


def test_a_real_client(portafilter, nsd):
    daemon = doq(portafilter, nsd.upstream, certificate={"names": ["dns.example.net"]})
    made = str(daemon.folder / "certificate.pem")
    to = ("@127.0.0.1", "-p", daemon.quic)
    told = kdig(*to, f"+tls-pin={pin_of(daemon)}", "+quic", "+padding", "us.test")
    assert "6.6.6.6" in told and "PADDING" in told and "QUIC session (QUICv1)-(TLS1.3)" in told and "id: 0" in told, told
    assert "6.6.6.6" in kdig(*to, f"+tls-ca={made}", "+tls-hostname=coffee.dns.example.net", "+quic", "us.test")
    assert "6.6.6.6" not in kdig(*to, f"+tls-ca={made}", "+tls-hostname=other.example.net", "+quic", "us.test")
    assert [row["protocol"] for row in daemon.rows(2)] == ["doq"] * 2


def test_streams(portafilter, nsd):
    """As many questions as one likes at once, in bytes as they come; long answers; more of them than may be open."""
    daemon = doq(portafilter, nsd.upstream)
    with Quic(daemon.quic) as client:
        assert client.alpn == "doq"
        assert addresses(client.ask("us.test")) == ["6.6.6.6"]
        assert client.length % 468 == 0
        assert len(client.ask("large.test", "TXT").answer[0]) == 20
        wire = framed("us.test")
        for at in range(0, len(wire)):
            client.send(wire[at:at + 1], end=at == len(wire) - 1, number=2)
        assert addresses(client.receive(2)) == ["6.6.6.6"]
        waiting = {client.send(framed("us.test" if i % 2 else f"n{i % 20}.us.test")) for i in range(250)}
        while waiting:
            words = client.wait("data")
            waiting.remove(int(words[1]))
            assert dns.message.from_wire(bytes.fromhex(words[2])[2:]).question
        assert not client.seen


def test_those_who_break_the_rules(portafilter, nsd):
    """What ends the connection, and what only its stream."""
    daemon = doq(portafilter, nsd.upstream)
    good = framed("us.test")
    keepalive = framed("us.test", options=[dns.edns.GenericOption(11, b"\0\0")])
    for wire in (framed("us.test", id=1), good + good, good + b"\0", good[:-1], b"\0", b"", keepalive):
        with Quic(daemon.quic) as client:
            client.send(wire)
            assert client.wait("closed") == ["closed", "application", str(PROTOCOL_ERROR)], wire
    with Quic(daemon.quic) as client:
        half, long, gone, unwanted = client.send(good[:9], end=False), client.send(b"\xff\xff" + bytes(65535)), client.send(good[:5], end=False), None
        assert client.wait(f"reset {long}", f"stopped {long}")[2] == str(EXCESSIVE_LOAD)
        client.tell("reset", gone, CANCELLED)
        assert client.wait(f"reset {gone}")[2] == str(CANCELLED)
        unwanted = client.send(good[:7], end=False)
        client.tell("stop", unwanted, CANCELLED)
        client.send(good[7:], number=unwanted)
        assert addresses(client.ask("us.test")) == ["6.6.6.6"], "the connection lives on"
        client.send(good[9:], number=half)
        assert addresses(client.receive(half)) == ["6.6.6.6"]
        # no message at all is answered like over UDP: not
        silent = client.send(b"\0\x0c" + b"\0\0\x80\0" + bytes(8))
        client.wait(f"reset {silent}")
        short = client.send(b"\0\0")
        client.wait(f"reset {short}")
    for alpn in ("h3", ""):  # another application, and none at all
        with Quic(daemon.quic, ready=False, alpn=alpn) as client:
            assert client.wait("closed") == ["closed", "transport", str(0x100 + 120)], alpn


def test_half_a_query_holds_nobody_else_up(portafilter, nsd):
    daemon = doq(portafilter, nsd.upstream)
    with Quic(daemon.quic) as stuck:
        for _ in range(99):
            stuck.send(b"\x0f\xff" + bytes(600), end=False)
        stuck.tell("ping")
        with Quic(daemon.quic) as client:
            assert addresses(client.ask("us.test")) == ["6.6.6.6"]


def test_what_is_kept_for_one_connection(portafilter, nsd):
    """64 KB of queries that are not whole, and 256 KB of replies that are not taken; then the client waits, or loses streams, and nobody else does."""
    daemon = doq(portafilter, nsd.upstream)
    with Quic(daemon.quic) as client:
        part = b"\x0f\xff" + bytes(4000)
        for _ in range(20):
            client.send(part, end=False)

        def left():
            client.tell("left")
            return client.wait("left") == ["left", "0"]

        wait_until(left, "it may send no more")
        for number in range(20):
            client.tell("reset", number, CANCELLED)
        assert addresses(client.ask("us.test")) == ["6.6.6.6"], "as much again when they are over"
    with Quic(daemon.quic, room=2000) as client:
        for _ in range(100):
            client.send(framed("large.test", "TXT"))
        assert client.wait("reset")[2] == str(EXCESSIVE_LOAD)
    with Quic(daemon.quic) as client:
        assert addresses(client.ask("us.test")) == ["6.6.6.6"]


def test_addresses(portafilter, nsd):
    """IPv6, and an answer from the address that was asked where all are listened on."""
    port = free_port()
    listen = [f"0.0.0.0:{port}"] + ([f"[::]:{port}"] if has_ipv6() else [])
    daemon = portafilter({"listen": {"quic": listen}, "upstreams": [nsd.upstream]})
    asked = ["127.0.0.1", "127.0.0.5"] + (["::1"] if has_ipv6() else [])
    for address in asked:
        assert "6.6.6.6" in kdig(f"@{address}", "-p", port, f"+tls-pin={pin_of(daemon)}", "+quic", "us.test"), address
    assert [row["client"] for row in daemon.rows(len(asked))] == ["127.0.0.1"] * 2 + ["::1"] * has_ipv6()


def test_who_comes_back_and_who_may_not_ask(portafilter, nsd, folder):
    daemon = doq(portafilter, nsd.upstream, {"allow-from": ["127.0.0.1"]})
    session = folder / "session"
    with Quic(daemon.quic, session=session) as client:
        assert not client.resumed
        client.wait("ticket")
    with Quic(daemon.quic, session=session) as client:
        assert client.resumed
        assert addresses(client.ask("us.test")) == ["6.6.6.6"]
        assert client.ask("us.test", "AXFR").rcode() == dns.rcode.REFUSED
    with Quic(daemon.quic, source="127.0.0.2") as client:
        assert client.ask("us.test").rcode() == dns.rcode.REFUSED


def test_a_client_that_moves(portafilter, nsd):
    """It comes to the worker that knows it, and asks as who it is where it has shown to be."""
    devices = [{"name": "here", "ip": "127.0.0.1"}, {"name": "there", "ip": "127.0.0.7"}]
    daemon = doq(portafilter, nsd.upstream, {"workers": 3, "devices": devices})
    moves = ("migrate", "rebind", "migrate 127.0.0.7") * 3
    for move in moves:
        with Quic(daemon.quic) as client:
            client.ask("us.test")
            client.tell(move)
            if move != "rebind":
                client.wait("migrated")
            assert addresses(client.ask("us.test")) == ["6.6.6.6"]
            assert addresses(client.ask("us.test")) == ["6.6.6.6"]
    rows = daemon.rows(3 * len(moves))
    assert [row["device"] for row in rows[::3]] == ["here"] * len(moves)
    assert [row["device"] for row in rows[2::3]] == ["here", "here", "there"] * 3


def new_id(number, retire_prior_to, length=8):
    """A NEW_CONNECTION_ID frame (RFC 9000, 19.15)."""
    return bytes([0x18, number, retire_prior_to, length]) + os.urandom(length + 16)


def test_those_who_give_ids_as_nobody_does(portafilter, nsd):
    """Each of these has once ended the whole daemon, or would: libngtcp2 takes it for what can not be."""
    daemon = doq(portafilter, nsd.upstream)
    for frames in (new_id(7, 7) + new_id(3, 0), new_id(7, 7) + new_id(7, 7) + new_id(0, 0), b"".join(new_id(i, i) for i in range(7, 30)), b"\x20"):
        with Quic(daemon.quic) as client:
            client.ask("us.test")
            client.tell("frames", frames.hex())
            client.send(b"\x0f\xff" + bytes(1100), end=False)
            client.tell("ping")
            try:
                client.ask("us.test")
            except (AssertionError, OSError):
                pass  # it may well be ended for that
    with Quic(daemon.quic) as client:
        assert addresses(client.ask("us.test")) == ["6.6.6.6"]
    assert daemon.is_ready()


def test_a_client_that_moves_and_is_moved(portafilter, nsd):
    """What an honest client may do is followed; where libngtcp2 would not bear it, the client hears so and comes back."""
    daemon = doq(portafilter, nsd.upstream, {"workers": 3})
    for moves, left in ((("migrate",) * 4, True), (("rebind",) * 4, True), (("migrate", "rebind", "rebind"), True), (("migrate", "rebind", "migrate"), False)):
        with Quic(daemon.quic) as client:
            client.ask("us.test")
            for move in moves[:-1] + moves[-1:] * left:
                client.tell(move)
                assert addresses(client.ask("us.test")) == ["6.6.6.6"]
            if not left:
                client.tell(moves[-1])
                assert client.wait("gone", "closed") == ["gone"]
    with Quic(daemon.quic) as client:
        assert addresses(client.ask("us.test")) == ["6.6.6.6"]


def test_versions_and_strangers(portafilter, nsd):
    daemon = doq(portafilter, nsd.upstream)
    with Quic(daemon.quic, ready=False, version="1a2a3a4a") as client:
        assert client.wait("versions")[1] == "00000001"
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(PATIENCE_S)
    sock.connect(("127.0.0.1", daemon.quic))
    long = bytes([0xc0]) + b"\0\0\0\1" + bytes([8]) + bytes(8) + bytes([0, 0])
    for junk in (b"", b"\0", b"\xff", bytes(20), bytes(1500), b"\xff" * 1500, long, long + bytes(1300), b"\xc0\x1a\x2a\x3a\x4a" + bytes(90)):
        sock.send(junk)
    # an id that nobody has: shorter than what was sent, and never an answer to its own kind
    sock.send(b"\x40" + bytes(range(12)) + bytes(60))
    while not (answer := sock.recv(2000))[0] & 0x40 or len(answer) > 72:
        pass
    assert 21 <= len(answer) <= 72
    with Quic(daemon.quic) as client:
        assert addresses(client.ask("us.test")) == ["6.6.6.6"]


def test_a_flood_of_beginners(portafilter, nsd):
    """Who never goes on is asked where it is, and so is everybody else then, who get through."""
    daemon = doq(portafilter, nsd.upstream)
    with Quic(daemon.quic, ready=False, source="127.0.0.9", flood=40) as flood:
        _, retries, answers = flood.wait("flooded")
    assert int(retries) >= 40 - 8, "no more than eight of one address"
    with Quic(daemon.quic) as client:
        assert addresses(client.ask("us.test")) == ["6.6.6.6"] and ["retry"] not in client.seen
    floods = [Quic(daemon.quic, ready=False, source=f"127.0.0.{i}", flood=8) for i in range(10, 19)]
    for flood in floods:
        with flood:
            flood.wait("flooded")
    with Quic(daemon.quic) as client:
        assert ["retry"] in client.seen
        assert addresses(client.ask("us.test")) == ["6.6.6.6"]


def test_reload_changes_the_certificate_under_connections(portafilter, nsd, folder):
    first, key = make_certificate(folder, "one", "dns.test")
    daemon = doq(portafilter, nsd.upstream, certificate={"file": first, "key": key})
    with Quic(daemon.quic) as old:
        assert addresses(old.ask("us.test")) == ["6.6.6.6"]
        assert old.certificate == digest(first)
        second, _ = make_certificate(folder, "one", "dns.test")
        assert digest(second) != old.certificate
        code, _, err = daemon.cli("reload")
        assert code == 0, err
        with Quic(daemon.quic) as new:
            assert new.certificate == digest(second)
            assert addresses(new.ask("us.test")) == ["6.6.6.6"]
        assert addresses(old.ask("cn.test")) == ["114.114.114.114"], "a connection from before lives on"


def test_replaced_and_killed(portafilter, nsd):
    """A daemon that ends says so, and who knows nothing of a connection says that."""
    daemon = doq(portafilter, nsd.upstream)
    with Quic(daemon.quic) as client:
        assert addresses(client.ask("us.test")) == ["6.6.6.6"]
        daemon.starts += 1
        daemon.signal(signal.SIGUSR2)
        assert client.wait("closed") == ["closed", "application", "0"]
    wait_until(daemon.is_ready, "the new daemon is ready")
    with Quic(daemon.quic) as client:
        assert addresses(client.ask("us.test")) == ["6.6.6.6"]
        daemon.kill()
        daemon.start()
        try:
            client.send(framed("us.test"))
        except BrokenPipeError:
            pass  # it has heard of it by then
        assert client.wait("gone") == ["gone"]


def test_who_says_who_it_is(portafilter, nsd):
    devices = [{"name": "lobby coffee", "tls-id": "Coffee", "tags": ["coffee"]}, {"name": "here", "ip": "127.0.0.1"}]
    daemon = doq(portafilter, nsd.upstream, {"devices": devices}, certificate={"names": ["dns.example.net"]})
    asked = {"coffee.dns.example.net": "lobby coffee", "tea.dns.example.net": "here", "COFFEE.dns.EXAMPLE.net": "lobby coffee"}
    for name in asked:
        with Quic(daemon.quic, name=name) as client:
            client.ask("us.test")
    assert [row["device"] for row in daemon.rows(len(asked))] == list(asked.values())


def test_certificates_of_clients(portafilter, nsd, folder):
    """Who has to show one is not let in without, over QUIC either."""
    authority, _ = make_certificate(folder, "authority", "ca.test")
    daemon = doq(portafilter, nsd.upstream, certificate={"clients": {"ca-file": authority, "require": True}})
    with Quic(daemon.quic, ready=False) as client:
        client.wait("ready")  # of TLS 1.3, before the server has seen that there is none
        client.send(framed("us.test"))
        assert client.wait("closed", "data")[:2] == ["closed", "transport"]
    assert not daemon.rows()


def test_as_many_as_one_may_have(portafilter, upstream):
    """Nobody of them is idle: each waits for an answer."""
    daemon = doq(portafilter, upstream(lambda query, transport: None).upstream, connections=16)
    clients = [Quic(daemon.quic, ready=False, source=f"127.0.0.{20 + i}") for i in range(16)]
    for i, client in enumerate(clients):
        client.wait("ready")
        client.send(framed(f"n{i}.test"))
    with Quic(daemon.quic, ready=False) as one_more:
        assert one_more.wait("closed")[1:] == ["transport", "2"]
    for client in clients:
        client.__exit__()
    with Quic(daemon.quic) as client:
        assert client.alpn == "doq"

"""Upstreams that are asked over QUIC: who they must be, connections, and those that misbehave."""
import base64
import socket
import subprocess
import threading

import dns.message
import dns.rcode
import pytest

from harness import BUILD, PATIENCE_S, addresses, ask
from test_quic import CLIENT, doq
from test_tls import folder, make_certificate, pin_of  # noqa: F401 (a fixture)

pytestmark = pytest.mark.skipif(not CLIENT.exists(), reason="built without DNS over QUIC")
NAME = "dns.example.net"


@pytest.fixture
def far(portafilter, nsd, folder):
    """A daemon of ours that others ask: `upstream` and `ca`."""
    certificate, key = make_certificate(folder, "far", NAME)
    daemon = doq(portafilter, nsd.upstream, certificate={"file": certificate, "key": key})
    daemon.ca, daemon.files = certificate, (certificate, key)
    daemon.upstream = f"quic://127.0.0.1:{daemon.quic}#{NAME}"
    return daemon


class Bad:
    """A server that behaves as quic_server.c says of the word."""

    def __init__(self, behaviour, certificate):
        self.process = subprocess.Popen([str(BUILD / "tests" / "system" / "quic_server"), behaviour, *certificate], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.guard = threading.Timer(PATIENCE_S, self.process.kill)
        self.guard.start()
        self.told = []
        self.port = int(self.process.stdout.readline())

    def wait(self, *words):
        """For the line of these words; what comes before is kept."""
        for line in self.process.stdout:
            self.told.append(line.split())
            if self.told[-1] == list(words):
                return
        raise AssertionError(f"the server is gone; it said {self.told}")

    def close(self):
        """What it has to tell, as lists of words."""
        if self.guard:
            self.told += [line.split() for line in self.process.communicate()[0].splitlines()]
            self.guard.cancel()
            self.guard = None
        return self.told


@pytest.fixture
def bad():
    servers = []

    def make(*arguments):
        servers.append(Bad(*arguments))
        return servers[-1]

    yield make
    for server in servers:
        server.close()


def test_asked_within_one_connection(portafilter, far):
    near = portafilter({"upstreams": [{"server": far.upstream, "ca-file": far.ca}]})
    for name in ("us.test", "middle.test", "hops.test"):
        assert ask(near.port, name).answer, name
    assert len(ask(near.port, "large.test", "TXT", tcp=True).answer[0]) == 20
    upstream = near.status()["upstreams"][0]
    assert (upstream["protocol"], upstream["answers"], upstream["connections"], upstream["failures"]) == ("doq", 4, 1, 0), upstream
    assert [row["protocol"] for row in far.rows(4)] == ["doq"] * 4
    assert {row["upstream"] for row in near.rows(4)} == {f"quic://127.0.0.1:{far.quic}"}


def test_who_is_not_the_one_that_is_meant(portafilter, far, folder, bad):
    """None of them is sent a question, the log says why, and the next server answers."""
    other = make_certificate(folder, "other", "other.example.net")
    old = make_certificate(folder, "old", NAME, when="-60d")
    pin = base64.b64encode(bytes(32)).decode()
    servers = [bad("one", other), bad("one", far.files), bad("one", old), bad("one", far.files)]
    proofs = [{"ca-file": other[0]}, {"pin-sha256": pin}, {"ca-file": old[0]}, {"ca-file": other[0]}]
    near = portafilter({"upstreams": [
        *({"server": f"quic://127.0.0.1:{server.port}#{NAME}", **proof} for server, proof in zip(servers, proofs)),
        {"server": far.upstream, "ca-file": far.ca},
    ]})
    assert addresses(ask(near.port, "us.test")) == ["6.6.6.6"]
    failed = [upstream["failures"] for upstream in near.status()["upstreams"]]
    assert all(failed[:4]) and not failed[4], failed
    for why in ("does not match", "`pin-sha256`", "expired", "issuer is unknown"):
        assert why in near.log(), (why, near.log())
    for server in servers:
        words = [line[0] for line in server.close()]
        assert "connection" in words and "query" not in words, words


def test_nobody_there(portafilter, far):
    """A closed port, silence and rubbish: the next server answers."""
    silent, rubbish, closed = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(3))
    for sock in (silent, rubbish, closed):
        sock.bind(("127.0.0.1", 0))
    ports = [sock.getsockname()[1] for sock in (closed, rubbish, silent)]
    closed.close()

    def answer():
        try:
            while True:
                data, peer = rubbish.recvfrom(4096)
                for junk in (b"", b"\x00", b"\xc0", bytes(range(256)), data, b"\xff\x00\x00\x00\x00" + data[5:], data[:40] * 3):
                    rubbish.sendto(junk, peer)
        except OSError:
            pass  # the test is over

    threading.Thread(target=answer, daemon=True).start()
    near = portafilter({"upstreams": [
        *({"server": f"quic://127.0.0.1:{port}", "authentication": "opportunistic"} for port in ports),
        {"server": far.upstream, "ca-file": far.ca},
    ]})
    assert addresses(ask(near.port, "us.test")) == ["6.6.6.6"]
    assert "Connection refused" in near.log()
    rubbish.close()
    silent.close()


def test_pins_and_whoever_answers(portafilter, far):
    """A pin needs neither a name nor an authority, and who asks for it takes anybody; a daemon that ends says so, and is found again."""
    address = f"quic://127.0.0.1:{far.quic}"
    near = portafilter({"upstreams": [{"server": address, "pin-sha256": pin_of(far)}]})
    assert addresses(ask(near.port, "us.test")) == ["6.6.6.6"]
    far.stop()
    far.start()
    assert ask(near.port, "middle.test").rcode() == dns.rcode.NOERROR
    upstream = near.status()["upstreams"][0]
    assert upstream["connections"] == 2 and upstream["answers"] == 2 and not upstream["failures"], upstream
    near.write(upstreams=[{"server": address, "authentication": "opportunistic"}])
    assert near.cli("reload")[0] == 0
    assert ask(near.port, "hops.test").answer
    near.write(upstreams=[address])  # its certificate is for no address, and nobody knows who has signed it
    assert near.cli("reload")[0] == 0
    assert ask(near.port, "large.test", "TXT").rcode() == dns.rcode.SERVFAIL


@pytest.mark.parametrize("behaviours", [("half", "long", "twice", "numbered", "empty"), ("reset", "close", "mute", "endless")])
def test_those_that_break_the_rules(portafilter, far, bad, behaviours):
    """The client has its answer from another one; who breaks the rules of the protocol hears so."""
    servers = {word: bad(word, far.files) for word in behaviours}
    near = portafilter({"upstreams": [
        *({"server": f"quic://127.0.0.1:{server.port}", "pin-sha256": pin_of(far)} for server in servers.values()),
        {"server": far.upstream, "ca-file": far.ca},
    ]})
    assert addresses(ask(near.port, "us.test", do=True)) == ["6.6.6.6"]
    assert ask(near.port, "middle.test").rcode() == dns.rcode.NOERROR
    for word in set(behaviours) & {"mute", "endless"}:
        servers[word].wait("given", "3")  # the question was cancelled
    near.stop()
    for word, server in servers.items():
        told = server.close()
        framed = bytes.fromhex(next(line[1] for line in told if line[0] == "query"))
        query = dns.message.from_wire(framed[2:])
        assert len(framed[2:]) % 128 == 0 and int.from_bytes(framed[:2], "big") == len(framed) - 2 and query.id == 0, "padded (RFC 8467)"
        assert {option.otype for option in query.options} == {12}, "and nothing of a client's, and no cookie"
        if word in ("half", "long", "twice", "numbered", "empty"):
            assert ["closed", "2"] in told, (word, told)


def test_few_streams(portafilter, far, bad):
    """Where a connection has but one stream there are more connections, and those that follow spare the handshake."""
    server = bad("one", far.files)
    near = portafilter({"workers": 1, "upstreams": [{"server": f"quic://127.0.0.1:{server.port}", "pin-sha256": pin_of(far)}]})
    for name in ("a.test", "b.test", "c.test"):
        assert ask(near.port, name).rcode() == dns.rcode.NOERROR
    upstream = near.status()["upstreams"][0]
    assert (upstream["connections"], upstream["resumed"]) == (3, 2), upstream

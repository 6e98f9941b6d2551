"""Bad times: upstreams that are silent, slow, gone or lie, and clients that ask too much."""
import contextlib
import socket
import struct
import threading
import time

import dns.flags
import dns.message
import dns.rcode
import pytest

from harness import ANSWER_S, SLOW, Nsd, Stream, Upstream, addresses, answer, ede, question, wait_until

OLD, NEW = "192.0.2.80", "192.0.2.81"
STALE = 3  # EDE, RFC 8914


def aged(daemon, server, name="a.test"):
    """Asks for a name whose answer is then past its time."""
    assert addresses(daemon.ask(name)) == [OLD]
    time.sleep(1.05)  # its TTL; whoever asks to find out gets it renewed


@pytest.fixture
def moody(upstream):
    """An upstream that answers as `mood` says: a function like a handler's."""
    class Moody:
        mood = staticmethod(lambda query, transport: answer(query, OLD, ttl=1))
    moody = Moody()
    moody.server = upstream(lambda query, transport: moody.mood(query, transport))
    return moody


@pytest.mark.parametrize("mood, least_s", [
    (lambda query, transport: None, 1.7),
    (lambda query, transport: answer(query, rcode=dns.rcode.SERVFAIL), 0)], ids=["silent", "servfail"])
def test_an_old_answer_serves_when_upstreams_do_not(portafilter, moody, mood, least_s):
    daemon = portafilter({"upstreams": [moody.server.upstream]})
    aged(daemon, moody.server)
    moody.mood = mood
    begin = time.monotonic()
    reply = daemon.ask("a.test")
    assert least_s <= time.monotonic() - begin < 2 * SLOW
    assert addresses(reply) == [OLD] and reply.answer[0].ttl == 30 and ede(reply)[0] == STALE
    known = moody.server.count()
    begin = time.monotonic()
    assert ede(daemon.ask("a.test"))[0] == STALE and time.monotonic() - begin < 0.5 * SLOW
    if not least_s:
        assert moody.server.count() == known, "for a while nobody is asked again"
    moody.mood = lambda query, transport: answer(query, NEW)
    assert [row["source"] for row in daemon.rows(3)] == ["upstream", "stale", "stale"]
    status = daemon.status()
    assert status["queries"]["answered"] == 3 and status["sources"]["stale"] == 2


def test_an_answer_that_comes_late_renews_the_old_one(portafilter, moody):
    release = threading.Event()
    daemon = portafilter({"upstreams": [moody.server.upstream]})
    aged(daemon, moody.server)
    moody.mood = lambda query, transport: (release.wait(ANSWER_S), answer(query, NEW))[1]
    assert addresses(daemon.ask("a.test")) == [OLD]
    release.set()
    wait_until(lambda: addresses(daemon.ask("a.test")) == [NEW], "the late answer is served")


def test_the_old_answer_of_a_server_that_is_gone_is_judged_by_the_rules_of_now(portafilter):
    """A real NSD, that ends; then a rule sinkholes what its answer says."""
    nsd = Nsd("a.test. 1 A 192.0.2.80\n")
    try:
        daemon = portafilter({"upstreams": [nsd.upstream]})
        aged(daemon, nsd)
    finally:
        nsd.stop()
    assert addresses(daemon.ask("a.test")) == [OLD]
    daemon.write(rules=[{"name": "moved away", "addresses": [OLD + "/32"], "action": "sinkhole", "reply": "nxdomain"}])
    assert daemon.cli("reload")[0] == 0
    assert daemon.ask("a.test").rcode() == dns.rcode.NXDOMAIN
    assert [(row["source"], row["action"]) for row in daemon.rows(3)][1:] == [("stale", "allow"), ("stale", "sinkhole")]


def test_what_is_asked_often_is_renewed_and_nobody_waits(portafilter, moody):
    """Who asks in the last tenth of its time has it at once, and the upstream is asked for the next one."""
    moody.mood = lambda query, transport: answer(query, OLD, ttl=2)
    daemon = portafilter({"upstreams": [moody.server.upstream], "rules": [{"name": "no", "names": ["b.test"], "action": "sinkhole"}]})
    asked = 0

    def is_renewed():
        nonlocal asked
        asked += 1
        assert addresses(daemon.ask("a.test")) == [OLD] and daemon.ask("b.test")
        return daemon.status()["cache"]["prefetches"]

    wait_until(is_renewed, "it is renewed", pause_s=0.04)
    rows = daemon.rows(asked, "name = 'a.test'")
    waited = [row for row in rows if row["source"] != "cache"]
    wait_until(lambda: moody.server.count("a.test") == len(waited) + 1, "one question was nobody's")
    assert rows[-1]["source"] == "cache", "who asked had the old one"
    assert moody.server.count("b.test") == 0


class Truncating(Upstream):
    """Says TC over UDP, and over TCP resets the connection or closes its half of it when it has the question."""

    def __init__(self, resets):
        self.resets = resets
        super().__init__(self.truncated)

    @staticmethod
    def truncated(query, transport):
        reply = answer(query)
        reply.flags |= dns.flags.TC
        return reply

    def answer_tcp(self, connection, peer):
        with connection:
            wire = connection.recv(4096)
            self.queries.append((dns.message.from_wire(wire[2:]), peer[1], "tcp"))
            if self.resets:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            else:
                connection.shutdown(socket.SHUT_WR)
                connection.recv(1)  # until the other half is closed too


@pytest.mark.parametrize("resets", [True, False], ids=["reset", "half-closed"])
def test_an_upstream_that_breaks_its_connections_is_left_for_the_next(portafilter, upstream, resets):
    broken, good = Truncating(resets), upstream(lambda query, transport: answer(query, NEW))
    try:
        daemon = portafilter({"upstreams": [broken.upstream, good.upstream]})
        numbers = iter(range(10000))  # the next one may have been asked as well before TCP was needed
        wait_until(lambda: addresses(daemon.ask(f"n{next(numbers)}.test")) == [NEW] and any(q[2] == "tcp" for q in broken.queries), "it was asked over TCP")
        assert {row["upstream"] for row in daemon.rows(next(numbers))} == {good.upstream}
    finally:
        broken.stop()


NO_LOOPBACK = {"exempt": ["127.0.0.9"]}  # by default whoever asks from this machine has no limits


def test_held_answers_do_not_gather(portafilter, upstream):
    """DNSBomb: an upstream that holds its answers for two seconds, and clients whose addresses may be made up."""
    release = threading.Event()
    server = upstream(lambda query, transport: (release.wait(ANSWER_S), answer(query, OLD))[1])
    daemon = portafilter({"upstreams": [server.upstream], "rate-limit": {"waiting": 4, **NO_LOOPBACK}})
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock, Stream(daemon.port) as stream:
        sock.connect(("127.0.0.1", daemon.port))
        sock.settimeout(ANSWER_S)
        for i in range(3):
            sock.send(question(f"n{i}.test").to_wire())
        stream.send(question("n0.test").to_wire())
        wait_until(lambda: daemon.status()["queries"]["in_flight"] == 4, "they wait")
        sock.send(question("n4.test").to_wire())  # one too many
        refused = dns.message.from_wire(sock.recv(4096))
        assert refused.rcode() == dns.rcode.SERVFAIL and ede(refused)[0] == 0 and "waiting" in ede(refused)[1]
        time.sleep(1.95)
        release.set()
        assert addresses(dns.message.from_wire(stream.receive())) == [OLD], "a connection has no made-up address"
        wait_until(lambda: daemon.status()["queries"]["dropped"] == 3, "the others get nothing")
        known = server.count()
        assert addresses(daemon.ask("n1.test")) == [OLD] and server.count() == known, "who asks again has it"
        sock.setblocking(False)
        with pytest.raises(BlockingIOError):
            sock.recv(4096)
    status = daemon.status()["queries"]
    assert status["answered"] == 6 and status["in_flight"] == 0


def test_any_gets_as_little_as_can_be(portafilter, upstream):
    server = upstream()
    daemon = portafilter({"upstreams": [server.upstream]})
    for tcp in (False, True):
        reply = daemon.ask("a.test", "ANY", tcp=tcp)
        assert reply.rcode() == dns.rcode.NOERROR and len(reply.to_wire()) < 80
        assert [rrset.to_text() for rrset in reply.answer] == ['a.test. 3600 IN HINFO "RFC8482" ""']
    assert server.count() == 0
    assert "RFC 8482" in daemon.rows(2)[0]["reason"]


def test_idle_connections_go_sooner_when_there_are_many(portafilter):
    """More than half of what a worker takes: the last comers have a quarter of the time."""
    daemon = portafilter({"listen": {"connections": 100}})
    with contextlib.ExitStack() as stack:
        streams = [stack.enter_context(Stream(daemon.port, source=f"127.0.1.{i // 30}")) for i in range(60)]
        begin = time.monotonic()
        streams[-1].sock.settimeout(10 * SLOW)
        assert streams[-1].receive() is None
        assert time.monotonic() - begin > 2
        streams[0].sock.setblocking(False)
        with pytest.raises(BlockingIOError):  # the first comer has ten seconds
            streams[0].sock.recv(1)
        # more than three quarters: half a second, where a quarter of the time would be two and a half
        streams += [stack.enter_context(Stream(daemon.port, source=f"127.0.1.{i // 30}")) for i in range(60, 90)]
        begin = time.monotonic()
        streams[-1].sock.settimeout(10 * SLOW)
        assert streams[-1].receive() is None
        assert 0.4 < time.monotonic() - begin < 2.4

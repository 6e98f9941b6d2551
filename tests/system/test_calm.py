"""Bad times: upstreams that are silent, slow, gone or lie, and clients that ask too much."""
import threading
import time

import dns.rcode
import pytest

from harness import ANSWER_S, SLOW, Nsd, addresses, answer, ask, ede, wait_until

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

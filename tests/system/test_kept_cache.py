"""The cache over a restart (`cache.save`): what was known is known again, also after kill -9, and a file that is not ours is refused with a sentence."""
import os
import time

import pytest

from harness import PATIENCE_S, STRICT, addresses, answer, ask, wait_until

# PF_KEPT=100000 pytest -s -k kept_after_kill: how long it takes to answer again with so many.
NAMES = int(os.environ.get("PF_KEPT", "20"))


def names():
    return [f"n{i}.kept.test" for i in range(NAMES)]


def saved_file(daemon):
    return daemon.folder / "cache.dns"


def saved(daemon):
    """Has all that was asked been written?"""
    path = saved_file(daemon)
    return path.exists() and path.read_bytes().count(b"\4kept\4test\0") >= NAMES


@pytest.fixture
def filled(portafilter, upstream):
    """A daemon that has answers, all saved, and the server that gave them."""
    server = upstream(lambda query, transport: answer(query, "192.0.2.7", ttl=3600))
    daemon = portafilter({"upstreams": [server.upstream], "cache": {"save": "1s"}, "rate-limit": "off"})
    for name in names():
        wait_until(lambda: ask(daemon.port, name).answer, f"{name} is answered")
    wait_until(lambda: saved(daemon), "the cache is saved", PATIENCE_S)
    return daemon, server


def expect_known(daemon, server):
    asked = server.count()
    for name in names()[:20]:
        reply = ask(daemon.port, name)
        assert addresses(reply) == ["192.0.2.7"] and reply.answer[0].ttl < 3600
    assert server.count() == asked


def test_the_cache_is_kept_after_kill_9(filled):
    daemon, server = filled
    wait_until(lambda: ask(daemon.port, names()[-1]).answer[0].ttl < 3600, "a second has gone by")
    daemon.kill()
    begun = time.monotonic()
    daemon.start()
    assert addresses(ask(daemon.port, names()[-1])) == ["192.0.2.7"]
    took = time.monotonic() - begun
    print(f"\n{NAMES} answers kept; from the start to the first answer: {took:.2f} s; {saved_file(daemon).stat().st_size / NAMES:.0f} bytes an answer")
    assert took < 2 * STRICT
    expect_known(daemon, server)
    assert daemon.status()["cache"]["entries"] >= NAMES
    assert f"{NAMES} answers are known from" in daemon.log()


def test_the_cache_is_saved_at_the_end_and_rules_judge_it(portafilter, upstream):
    server = upstream(lambda query, transport: answer(query, "192.0.2.7", ttl=3600))
    daemon = portafilter({"upstreams": [server.upstream], "cache": {"save": "1d"}})
    ask(daemon.port, "a.test")
    daemon.stop()
    daemon.write(rules=[{"name": "none there", "addresses": ["192.0.2.0/24"], "action": "sinkhole", "reply": "refused"}])
    daemon.start()
    assert ask(daemon.port, "a.test").rcode() == 5 and server.count() == 1


def test_a_damaged_or_foreign_file_is_refused(filled):
    daemon, server = filled
    daemon.stop()
    path = saved_file(daemon)
    good = path.read_bytes()
    for content, sentence in ((good[:-1] + bytes([good[-1] ^ 1]), "is damaged: its checksum is wrong"), (b"x" * len(good), "is something else"),
                              (good[:20] + b"\xff" + good[21:], "is of another version of portafilter")):
        path.write_bytes(content)
        asked = server.count()
        daemon.start()
        assert ask(daemon.port, names()[0]).answer and server.count() == asked + 1
        daemon.stop()
        assert sentence in daemon.log() and str(path) in daemon.log()


def test_nothing_is_saved_unless_it_is_wanted(portafilter, upstream):
    daemon = portafilter({"upstreams": [upstream().upstream]})
    assert ask(daemon.port, "a.test").answer
    daemon.stop()
    assert (daemon.folder / "journal.db").exists() and not saved_file(daemon).exists()

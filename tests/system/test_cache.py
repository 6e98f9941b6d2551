"""The cache: what is kept, for how long, and that it is the answer and never the verdict."""
import dns.rcode
import dns.rdatatype
import pytest

from harness import addresses, answer, ask, wait_until


def soa_ttl(reply):
    return [rrset.ttl for rrset in reply.authority if rrset.rdtype == dns.rdatatype.SOA]


def test_a_second_question_is_answered_from_the_cache(portafilter, upstream):
    server = upstream()
    daemon = portafilter({"upstreams": [server.upstream]})
    first, second = (addresses(ask(daemon.port, name)) for name in ("a.test", "A.TEST"))
    assert first == second and server.count() == 1
    ask(daemon.port, "a.test", "AAAA")
    assert server.count() == 2
    assert [row["source"] for row in daemon.rows(3)] == ["upstream", "cache", "upstream"]
    cache = daemon.status()["cache"]
    assert (cache["entries"], cache["hits"], cache["misses"]) == (2, 1, 2)


def test_ttls_count_down(portafilter, upstream):
    server = upstream(lambda query, transport: answer(query, "192.0.2.1", ttl=300))
    daemon = portafilter({"upstreams": [server.upstream]})
    assert ask(daemon.port, "a.test").answer[0].ttl == 300
    wait_until(lambda: ask(daemon.port, "a.test").answer[0].ttl in (298, 299), "the TTL has gone down")
    assert server.count() == 1


def test_an_old_answer_is_asked_for_again(portafilter, upstream):
    server = upstream(lambda query, transport: answer(query, "192.0.2.1", ttl=1))
    daemon = portafilter({"upstreams": [server.upstream]})
    wait_until(lambda: ask(daemon.port, "a.test").answer[0].ttl <= 1 and server.count() >= 2, "it was asked for again")


def test_ttl_zero_is_not_kept(portafilter, upstream):
    server = upstream(lambda query, transport: answer(query, "192.0.2.1", ttl=0))
    daemon = portafilter({"upstreams": [server.upstream]})
    for _ in range(3):
        ask(daemon.port, "a.test")
    assert server.count() == 3


@pytest.mark.parametrize("rcode", [dns.rcode.NXDOMAIN, dns.rcode.NOERROR])
def test_negative_answers_are_kept_as_long_as_the_soa_says(portafilter, upstream, rcode):
    server = upstream(lambda query, transport: answer(query, rcode=rcode, soa=100))
    daemon = portafilter({"upstreams": [server.upstream]})
    for _ in range(3):
        reply = ask(daemon.port, "none.test")
        assert reply.rcode() == rcode and not reply.answer
        assert 97 <= soa_ttl(reply)[0] <= 100
    assert server.count() == 1
    wait_until(lambda: soa_ttl(ask(daemon.port, "none.test"))[0] < 100, "the SOA's TTL has gone down")
    assert server.count() == 1


def test_the_minimum_of_the_soa_counts(portafilter, nsd):
    """RFC 2308, 5: the lesser of the SOA's TTL (3600) and its MINIMUM (60)."""
    daemon = portafilter({"upstreams": [nsd.upstream]})
    assert ask(daemon.port, "nothing.test").rcode() == dns.rcode.NXDOMAIN
    assert soa_ttl(ask(daemon.port, "nothing.test"))[0] <= 60
    assert [row["source"] for row in daemon.rows(2)] == ["upstream", "cache"]


def test_negative_answers_without_a_soa_are_not_kept(portafilter, upstream):
    server = upstream(lambda query, transport: answer(query, rcode=dns.rcode.NXDOMAIN))
    daemon = portafilter({"upstreams": [server.upstream]})
    for _ in range(3):
        assert ask(daemon.port, "none.test").rcode() == dns.rcode.NXDOMAIN
    assert server.count() == 3


def test_it_is_bounded_in_bytes(portafilter, upstream):
    text = " ".join(f'"{letter * 250}"' for letter in "abcd")  # a kilobyte in one record
    server = upstream(lambda query, transport: answer(query, text, rdtype="TXT"))
    daemon = portafilter({"upstreams": [server.upstream], "cache": {"size": "1M"}})
    for i in range(1200):
        assert ask(daemon.port, f"n{i}.test", "TXT", tcp=i % 100 == 0).answer
    cache = daemon.status()["cache"]
    assert cache["bytes"] <= cache["bytes_max"] == 1 << 20
    assert cache["evicted"] > 0 and cache["entries"] > 50


def test_a_chain_of_cnames_is_kept_whole(portafilter, nsd):
    daemon = portafilter({"upstreams": [nsd.upstream]})
    for _ in range(2):
        reply = ask(daemon.port, "hops.test")
        assert addresses(reply) == ["114.114.114.114"]
        assert [rrset.name.to_text() for rrset in reply.answer] == ["hops.test.", "hop.test.", "cn.test."]

"""Verdicts: what rules match on, what clients get, and one sentence that says why."""
import dns.rcode
import dns.rdatatype
import pytest

from harness import addresses, answer, ask, ede, wait_until

COFFEE, TV = "127.0.0.11", "127.0.0.12"
DEVICES = [{"name": "lobby coffee", "ip": COFFEE, "tags": ["coffee"]}, {"name": "lounge tv", "ip": TV, "tags": ["tv"]}]
STAYS_HOME = {"name": "coffee stays home", "tags": ["coffee"], "standing": "overseas", "confidence": "high",
              "action": "sinkhole", "reply": "nxdomain"}


def home(nsd, geo, *rules, **more):
    return {"upstreams": [nsd.upstream], "home": ["US"], "geo": geo, "devices": DEVICES, "rules": list(rules), **more}


# ---- the answers stage


def test_the_promise(portafilter, nsd, geo):
    """A coffee machine asks for a name in China, home is the US: NXDOMAIN and EDE 15. The television gets the
    answer from the same cache entry. EDE, explain and the journal say why in the same sentence."""
    daemon = portafilter(home(nsd, geo, STAYS_HOME))
    refused = ask(daemon.port, "ot.io.mi.com", source=COFFEE)
    assert refused.rcode() == dns.rcode.NXDOMAIN and not refused.answer
    code, sentence = ede(refused)
    assert code == 15
    assert sentence.startswith('sinkholed by rule 1 "coffee stays home": ot.io.mi.com → ')
    assert " in CN (" in sentence and " agree)" in sentence and "run by AS" in sentence

    served = ask(daemon.port, "ot.io.mi.com", source=TV)
    assert served.rcode() == dns.rcode.NOERROR and len(addresses(served)) == 6
    assert ede(served) is None

    first, second = daemon.rows(2)
    assert (first["device"], first["action"], first["rule"], first["rcode"], first["source"]) == \
        ("lobby coffee", "sinkhole", "coffee stays home", "NXDOMAIN", "upstream")
    assert (second["device"], second["action"], second["rcode"], second["source"]) == ("lounge tv", "allow", "NOERROR", "cache")
    assert (first["standing"], first["confidence"]) == (second["standing"], second["confidence"]) == ("overseas", "high")
    assert first["reason"] == sentence

    told = daemon.json("explain", "lobby coffee", "ot.io.mi.com")
    assert told["reason"] == sentence
    assert (told["action"], told["rule"], told["stage"], told["reply"], told["rcode"]) == ("sinkhole", 1, "answers", "nxdomain", "NXDOMAIN")
    assert {a["location"] for a in told["addresses"]} == {"CN"}
    assert told["rules"][0]["result"] == "matches"
    text = daemon.cli("explain", "lobby coffee", "ot.io.mi.com")[1]
    assert sentence in " ".join(text.split())
    assert daemon.json("explain", "lounge tv", "ot.io.mi.com")["action"] == "allow"
    # an explanation is no query
    assert len(daemon.rows()) == 2 and daemon.status()["queries"]["answered"] == 2


def test_home_is_let_through(portafilter, nsd, geo):
    daemon = portafilter(home(nsd, geo, STAYS_HOME))
    assert addresses(ask(daemon.port, "us.test", source=COFFEE)) == ["6.6.6.6"]
    row = daemon.rows(1)[0]
    assert (row["standing"], row["confidence"], row["action"]) == ("home", "high", "allow")


def test_standings(portafilter, nsd, geo):
    """Disputed and special addresses are not overseas; one address outside is enough, and the rest is counted."""
    daemon = portafilter(home(nsd, geo, STAYS_HOME))
    for name, standing in (("us.test", "home"), ("cn.test", "overseas"), ("mixed.test", "overseas"), ("special.test", "unknown"),
                           ("d179kwmlpc4o47.cloudfront.net", "disputed"), ("text.test", None)):
        ask(daemon.port, name, "TXT" if name == "text.test" else "A", source=TV)
        row = daemon.rows(1, "name = ?", name)[0]
        assert row["standing"] == standing, name
    mixed = daemon.json("explain", "lobby coffee", "mixed.test")
    assert "1 of 2 addresses overseas" in daemon.json("explain", "lounge tv", "mixed.test")["reason"] or mixed["confidence"] != "high"
    assert ask(daemon.port, "special.test", source=COFFEE).rcode() == dns.rcode.NOERROR
    assert ask(daemon.port, "d179kwmlpc4o47.cloudfront.net", source=COFFEE).rcode() == dns.rcode.NOERROR


def test_a_rule_names_the_confidence_that_it_needs(portafilter, nsd, geo):
    """With one database there is no second opinion: medium, and a rule that needs high does not match."""
    one = dict(geo, location=geo["location"][:1])
    daemon = portafilter(home(nsd, one, STAYS_HOME))
    assert ask(daemon.port, "cn.test", source=COFFEE).rcode() == dns.rcode.NOERROR
    assert daemon.rows(1)[0]["confidence"] == "medium"
    daemon.write(rules=[dict(STAYS_HOME, confidence="medium")])
    assert daemon.cli("reload")[0] == 0
    assert ask(daemon.port, "cn.test", source=COFFEE).rcode() == dns.rcode.NXDOMAIN


def test_a_sinkhole_on_standing_needs_high_by_itself(portafilter, nsd, geo):
    rule = {k: v for k, v in STAYS_HOME.items() if k != "confidence"}
    daemon = portafilter(home(nsd, dict(geo, location=geo["location"][:1]), rule))
    assert ask(daemon.port, "cn.test", source=COFFEE).rcode() == dns.rcode.NOERROR


def test_old_databases_are_not_believed(portafilter, nsd, geo):
    """Older than geo.max-age: medium at best, and status says how old they are."""
    daemon = portafilter(home(nsd, dict(geo, **{"max-age": "1d"}), STAYS_HOME))
    assert ask(daemon.port, "cn.test", source=COFFEE).rcode() == dns.rcode.NOERROR
    assert daemon.rows(1)[0]["confidence"] == "medium"
    status = daemon.status()
    said = daemon.cli("status")[1]
    for database in status["databases"]:
        assert database["old"] == (database["age_days"] >= 45)
        assert (f"{database['age_days']:,} days old, look for a newer one: {database['path']}" in said) == database["old"]
    assert any(f"{d['age_days']} days old, more than geo.max-age" in w for d in status["databases"] for w in status["warnings"])


def test_location_control_asn_and_addresses(portafilter, nsd, geo):
    daemon = portafilter(home(nsd, geo))
    ask(daemon.port, "cn.test", source=COFFEE)
    daemon.rows(1)
    endpoint = wait_until(lambda: daemon.json("endpoints", "--name", "cn.test")["endpoints"], "the endpoint is there")[0]
    asn, control = endpoint["asn"], endpoint["control"]
    assert asn and control and endpoint["organisation"]
    cases = [
        ({"location": ["CN"]}, True), ({"location": ["!CN"]}, False), ({"location": ["DE"]}, False),
        ({"control": [control]}, True), ({"control": [f"!{control}"]}, False), ({"asn": [asn]}, True), ({"asn": [asn + 1]}, False),
        ({"addresses": ["114.114.114.0/24"]}, True), ({"addresses": ["10.0.0.0/8"]}, False),
        ({"types": ["A"], "location": ["CN"]}, True), ({"types": ["AAAA"], "location": ["CN"]}, False),
    ]
    for match, expected in cases:
        daemon.write(rules=[{"name": "r", "action": "sinkhole", "reply": "nxdomain", **match}])
        assert daemon.cli("reload")[0] == 0, match
        rcode = ask(daemon.port, "cn.test", source=COFFEE).rcode()
        assert (rcode == dns.rcode.NXDOMAIN) == expected, match


def test_cnames_on_the_way(portafilter, nsd):
    daemon = portafilter({"upstreams": [nsd.upstream], "rules": [{"name": "hops", "cname": ["hop.test"], "action": "sinkhole", "reply": "nxdomain"}]})
    reply = ask(daemon.port, "hops.test")
    assert reply.rcode() == dns.rcode.NXDOMAIN and "hop.test" in ede(reply)[1]
    assert addresses(ask(daemon.port, "cn.test")) == ["114.114.114.114"]


def test_a_cname_into_a_listed_name(portafilter, nsd):
    """What stands behind a name is looked up in the lists too: a tracker under a name of the vendor's own is one all the same."""
    daemon = portafilter(ready=False)
    daemon.write(upstreams=[nsd.upstream], lists=[{"name": "l", "file": daemon.write_file("l", "hop.test\n")}],
                 rules=[{"name": "r", "lists": ["l"], "action": "sinkhole"}])
    daemon.start()
    assert addresses(ask(daemon.port, "hops.test")) == ["0.0.0.0"]
    assert addresses(ask(daemon.port, "hop.test")) == ["0.0.0.0"]
    assert addresses(ask(daemon.port, "cn.test")) == ["114.114.114.114"]
    rows = {row["name"]: row for row in daemon.rows(3)}
    assert rows["hops.test"]["source"] == "upstream" and rows["hop.test"]["source"] == "policy"
    assert "hop.test" in rows["hops.test"]["reason"] and 'list "l"' in rows["hops.test"]["reason"]


def test_hints_of_https_records_are_judged(portafilter, nsd, geo):
    daemon = portafilter(home(nsd, geo, STAYS_HOME))
    assert ask(daemon.port, "svc.test", "HTTPS", source=COFFEE).rcode() == dns.rcode.NXDOMAIN
    assert ask(daemon.port, "svc.test", "HTTPS", source=TV).rcode() == dns.rcode.NOERROR


# ---- the names stage


def test_names_first_nothing_leaves_the_house(portafilter, upstream):
    server = upstream()
    daemon = portafilter({"upstreams": [server.upstream], "devices": DEVICES, "rules": [
        {"name": "updates", "tags": ["coffee"], "names": ["*.update.test", "/^fw[0-9]+\\./"], "action": "allow"},
        {"name": "all of it", "tags": ["coffee"], "names": ["*.test", "test"], "action": "sinkhole"},
        {"name": "watch", "tags": ["tv"], "names": ["exact.test"], "action": "flag"}]})
    assert addresses(ask(daemon.port, "a.test", source=COFFEE)) == ["0.0.0.0"]
    assert addresses(ask(daemon.port, "test", source=COFFEE)) == ["0.0.0.0"]
    assert server.count() == 0
    assert addresses(ask(daemon.port, "x.update.test", source=COFFEE)) == ["192.0.2.1"]
    assert addresses(ask(daemon.port, "fw12.test", source=COFFEE)) == ["192.0.2.1"]
    assert addresses(ask(daemon.port, "update.test", source=COFFEE)) == ["0.0.0.0"]
    assert addresses(ask(daemon.port, "exact.test", source=TV)) == ["192.0.2.1"]
    ask(daemon.port, "sub.exact.test", source=TV)
    rows = {row["name"]: row for row in daemon.rows(7)}
    assert (rows["a.test"]["source"], rows["a.test"]["rule"], rows["a.test"]["action"]) == ("policy", "all of it", "sinkhole")
    assert (rows["x.update.test"]["rule"], rows["x.update.test"]["action"]) == ("updates", "allow")
    assert (rows["exact.test"]["rule"], rows["exact.test"]["action"]) == ("watch", "flag")
    assert rows["sub.exact.test"]["rule"] == "" or rows["sub.exact.test"]["rule"] is None
    steps = daemon.json("explain", "lobby coffee", "x.update.test")["rules"]
    assert [s["result"] for s in steps] == ["matches", "shadowed", "no match"]
    matches = {r["name"]: r["matches"] for r in daemon.api("/api/v1/rules")[1]["rules"]}
    assert matches == {"updates": 2, "all of it": 3, "watch": 1}


def test_allow_in_the_first_stage_ends_both(portafilter, nsd, geo):
    daemon = portafilter(home(nsd, geo, {"name": "ok", "tags": ["coffee"], "names": ["cn.test"], "action": "allow"}, STAYS_HOME))
    assert ask(daemon.port, "cn.test", source=COFFEE).rcode() == dns.rcode.NOERROR
    assert ask(daemon.port, "hop.test", source=COFFEE).rcode() == dns.rcode.NXDOMAIN


def test_a_flag_is_kept_but_a_sinkhole_behind_it_wins(portafilter, nsd, geo):
    daemon = portafilter(home(nsd, geo, {"name": "watch", "names": ["*.test"], "action": "flag"}, STAYS_HOME))
    ask(daemon.port, "us.test", source=COFFEE)
    assert ask(daemon.port, "cn.test", source=COFFEE).rcode() == dns.rcode.NXDOMAIN
    rows = daemon.rows(2)
    assert [(r["action"], r["rule"]) for r in rows] == [("flag", "watch"), ("sinkhole", "coffee stays home")]


@pytest.mark.parametrize("reply, rdtype, rcode, expected", [
    (None, "A", "NOERROR", ["0.0.0.0"]), ("null", "A", "NOERROR", ["0.0.0.0"]), ("null", "AAAA", "NOERROR", ["::"]), ("null", "TXT", "NOERROR", []),
    ("null", "HTTPS", "NOERROR", []), ("nxdomain", "A", "NXDOMAIN", []), ("nodata", "A", "NOERROR", []), ("refused", "A", "REFUSED", []),
    (["192.0.2.7", "2001:db8::7", "192.0.2.8"], "A", "NOERROR", ["192.0.2.7", "192.0.2.8"]),
    (["192.0.2.7", "2001:db8::7"], "AAAA", "NOERROR", ["2001:db8::7"]), (["192.0.2.7"], "AAAA", "NOERROR", []),
    (["192.0.2.7"], "MX", "NOERROR", []),
])
def test_replies(portafilter, upstream, reply, rdtype, rcode, expected):
    server = upstream()
    rule = {"name": "sink", "action": "sinkhole"}
    if reply:
        rule["reply"] = reply
    daemon = portafilter({"upstreams": [server.upstream], "rules": [rule]})
    for tcp in (False, True):
        got = ask(daemon.port, "a.test", rdtype, tcp=tcp)
        assert dns.rcode.to_text(got.rcode()) == rcode
        assert addresses(got) == expected and not got.flags & 0x0020, "AD is never claimed"
        code, text = ede(got)
        assert code == 15 and text.startswith('sinkholed by rule 1 "sink": a.test')
    # no EDNS, no EDE, and the same otherwise
    plain = ask(daemon.port, "a.test", rdtype, edns=False)
    assert plain.edns == -1 and dns.rcode.to_text(plain.rcode()) == rcode and addresses(plain) == expected
    rows = daemon.rows(3)
    assert {(r["action"], r["rcode"], r["source"]) for r in rows} == {("sinkhole", rcode, "policy")}
    assert server.count() == 0


def test_reply_drop(portafilter, upstream):
    server = upstream()
    daemon = portafilter({"upstreams": [server.upstream], "rules": [{"name": "sink", "names": ["drop.test"], "action": "sinkhole", "reply": "drop"}]})
    assert ask(daemon.port, "drop.test", timeout=1) is None
    assert ask(daemon.port, "a.test") is not None
    rows = daemon.rows(2)
    assert rows[0]["action"] == "sinkhole" and rows[0]["name"] == "drop.test"
    status = daemon.status()
    assert status["queries"]["dropped"] == 1 and status["queries"]["sinkhole"] == 1
    assert server.names() == ["a.test"]


def test_a_changed_rule_acts_on_what_is_in_the_cache(portafilter, nsd, geo):
    daemon = portafilter(home(nsd, geo))
    assert ask(daemon.port, "cn.test", source=COFFEE).rcode() == dns.rcode.NOERROR
    daemon.write(rules=[STAYS_HOME])
    assert daemon.cli("reload")[0] == 0
    assert ask(daemon.port, "cn.test", source=COFFEE).rcode() == dns.rcode.NXDOMAIN
    # and so does another home, though the facts were judged before
    daemon.write(home=["CN"])
    assert daemon.cli("reload")[0] == 0
    assert ask(daemon.port, "cn.test", source=COFFEE).rcode() == dns.rcode.NOERROR
    assert [r["source"] for r in daemon.rows(3)] == ["upstream", "cache", "cache"]
    assert [r["standing"] for r in daemon.rows(3)] == ["overseas", "overseas", "home"]


def test_sums_hold(portafilter, nsd, geo):
    daemon = portafilter(home(nsd, geo, STAYS_HOME, {"name": "sink", "tags": ["tv"], "names": ["sink.test"], "action": "sinkhole"},
                              {"name": "watch", "names": ["us.test"], "action": "flag"}))
    for name in ("cn.test", "us.test", "sink.test", "nothing.test", "cn.test"):
        for source in (COFFEE, TV):
            ask(daemon.port, name, source=source)
    status = daemon.status()
    queries, sources, journal = status["queries"], status["sources"], status["journal"]
    assert queries["received"] == queries["answered"] == 10
    assert queries["allow"] + queries["flag"] + queries["sinkhole"] == 10
    assert (queries["flag"], queries["sinkhole"]) == (2, 3)
    assert sum(sources.values()) == 10
    wait_until(lambda: daemon.status()["journal"]["journalled"] == 10, "all is written down")
    assert journal["dropped"] == 0 and len(daemon.rows(10)) == 10

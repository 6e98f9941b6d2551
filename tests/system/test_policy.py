"""What rules may ask for, on the real thing: cloaked names, tags, times, and rules that can not hold."""
import datetime
import json

import dns.rcode

from harness import addresses, ask, ede

TV, COFFEE = "127.0.0.12", "127.0.0.11"
DEVICES = [{"name": "lounge tv", "ip": TV, "tags": ["tv", "guest"]}, {"name": "lobby coffee", "ip": COFFEE, "tags": ["coffee"]}]


def start(portafilter, nsd, rules, lists=None, **more):
    daemon = portafilter(ready=False)
    lists = [{"name": name, "file": daemon.write_file(f"{name}.txt", text)} for name, text in (lists or {}).items()]
    daemon.write(upstreams=[nsd.upstream], devices=DEVICES, lists=lists, rules=rules, **more)
    daemon.start()
    return daemon


# ---- cloaked names


def test_a_listed_name_does_not_hide_behind_another(portafilter, nsd):
    """hops.test leads over hop.test, which is listed. EDE, journal and explain name it."""
    rules = [{"name": "trackers", "lists": "t", "action": "sinkhole"}]
    daemon = start(portafilter, nsd, rules, {"t": "# trackers\nhop.test  # a tracker\n"})
    reply = ask(daemon.port, "hops.test", source=TV)
    assert addresses(reply) == ["0.0.0.0"]
    code, sentence = ede(reply)
    assert code == 15
    assert sentence.startswith('sinkholed by rule 1 "trackers": hops.test → hop.test is on list "t"')
    assert addresses(ask(daemon.port, "hops.test", source=TV)) == ["0.0.0.0"]  # from the cache, too
    assert addresses(ask(daemon.port, "cn.test", source=TV)) == ["114.114.114.114"]
    rows = daemon.rows(3)
    assert [(row["action"], row["source"]) for row in rows] == [("sinkhole", "upstream"), ("sinkhole", "cache"), ("allow", "upstream")]
    assert rows[0]["reason"] == sentence

    told = daemon.json("explain", "lounge tv", "hops.test")
    assert told["reason"] == sentence and told["stage"] == "answers"
    (row,) = told["lists"]
    assert (row["cname"], row["entry"], row["line"], row["text"]) == ("hop.test", "hop.test", 2, "hop.test  # a tracker")
    assert told["rules"][0]["why"] == "the CNAME number 1 is on the list t: hop.test"
    text = daemon.cli("explain", "lounge tv", "hops.test")[1]
    assert "list       t holds hop.test, entry hop.test, " in text and "line 2: hop.test  # a tracker" in text


def test_ways_back(portafilter, nsd):
    """`follow-cname: off`, and an allow rule for the name on the way, which allows nothing else."""
    trackers = {"t": "hop.test\n", "other": "cn.test\n"}
    sunk = {"name": "trackers", "lists": "t", "action": "sinkhole"}
    daemon = start(portafilter, nsd, [dict(sunk, **{"follow-cname": "off"})], trackers)
    assert addresses(ask(daemon.port, "hops.test")) == ["114.114.114.114"]
    assert addresses(ask(daemon.port, "hop.test")) == ["0.0.0.0"]

    ok = {"name": "ok", "names": "hop.test", "action": "allow"}
    daemon.write(rules=[ok, sunk])
    daemon.json("reload")
    assert addresses(ask(daemon.port, "hops.test")) == ["114.114.114.114"]
    steps = daemon.json("explain", "lounge tv", "hops.test")["rules"]
    assert steps[0]["why"] == "it lets the CNAME number 1 pass: hop.test"
    daemon.write(rules=[ok, sunk, {"name": "others", "lists": "other", "action": "sinkhole", "reply": "nxdomain"}])
    daemon.json("reload")
    assert ask(daemon.port, "hops.test").rcode() == dns.rcode.NXDOMAIN


# ---- tags, times


def test_tags_of_which_some_must_be_missing(portafilter, nsd):
    rules = [{"name": "a", "tags": ["tv", "coffee", "!guest"], "names": "us.test", "action": "sinkhole"},
             {"name": "b", "tags-all": ["tv", "guest"], "names": "us.test", "types": ["!AAAA"], "action": "sinkhole", "reply": "nxdomain"}]
    daemon = start(portafilter, nsd, rules)
    assert addresses(ask(daemon.port, "us.test", source=COFFEE)) == ["0.0.0.0"]
    assert ask(daemon.port, "us.test", source=TV).rcode() == dns.rcode.NXDOMAIN
    assert ask(daemon.port, "us.test", "AAAA", source=TV).rcode() == dns.rcode.NOERROR
    assert addresses(ask(daemon.port, "us.test")) == ["6.6.6.6"]


def test_during(portafilter, nsd):
    """Windows around now, and around the same time tomorrow, in a zone without summer time."""
    now = datetime.datetime.now(datetime.timezone.utc)
    day = now.strftime("%a").lower()
    tomorrow = (now + datetime.timedelta(days=1)).strftime("%a").lower()
    other = (now + datetime.timedelta(days=3)).strftime("%a").lower()
    rules = [{"name": "now", "during": {"at": [day, tomorrow], "zone": "UTC"}, "names": "us.test", "action": "sinkhole"},
             {"name": "another day", "during": {"at": other, "zone": "UTC"}, "names": "cn.test", "action": "sinkhole"}]
    daemon = start(portafilter, nsd, rules)
    assert addresses(ask(daemon.port, "us.test")) == ["0.0.0.0"]
    assert addresses(ask(daemon.port, "cn.test")) == ["114.114.114.114"]
    why = daemon.json("explain", "lounge tv", "cn.test")["rules"][1]["why"]
    assert why.startswith("it is ") and why.endswith(f"in UTC, and the rule acts {other}")


# ---- explain, check


def test_explain_shows_what_decides_or_all(portafilter, nsd):
    rules = [{"name": f"r{i}", "names": f"n{i}.test", "action": "flag"} for i in range(12)]
    rules.append({"name": "last", "names": "us.test", "action": "flag"})
    rules.append({"name": "behind", "types": "A", "names": "*.test", "action": "sinkhole"})
    daemon = start(portafilter, nsd, rules)
    short, whole = daemon.cli("explain", "lounge tv", "us.test")[1], daemon.cli("explain", "lounge tv", "us.test", "--all")[1]
    assert short.count("\nrule ") == 2 and 'flag "last" (names): matches' in short and "shadowed; an earlier rule" in short
    assert "The other rules do not hold: --all says why." in short
    assert whole.count("\nrule ") == 14 and "no match; the name is none of n3.test" in whole
    assert len(daemon.json("explain", "lounge tv", "us.test")["rules"]) == 14


def test_check_tells_rules_that_can_not_hold(portafilter):
    daemon = portafilter(ready=False)
    config = dict(daemon.config, devices=DEVICES, lists=[{"name": "none", "file": daemon.write_file("none.txt", "# nothing\n")}], rules=[
        {"name": "wide", "names": "*.test", "action": "flag"},
        {"name": "narrow", "names": ["a.test", "*.b.test"], "tags": "tv", "action": "sinkhole"},
        {"name": "other", "names": "x.example", "action": "sinkhole"},
        {"name": "nothing", "lists": "none", "action": "sinkhole"},
        {"name": "nobody", "tags-all": ["tv", "coffee"], "action": "sinkhole"},
        {"name": "never", "tags": ["tv", "!tv"], "action": "sinkhole"},
        {"name": "but", "lists": "but", "action": "sinkhole"},
        {"name": "six", "types": "AAAA", "addresses": "203.0.112.0/24", "action": "flag"},
        {"name": "four", "types": "A", "addresses": "2a00:1::/32", "action": "flag"},
        {"name": "text", "types": "TXT", "addresses": "203.0.112.0/24", "action": "flag"}])
    config["lists"].append({"name": "but", "file": daemon.write_file("but.txt", "@@||x.test^\n")})
    daemon.write(json.dumps(config, indent=1, default=str))
    told = daemon.json("check")
    assert told["ok"]
    expected = ['"narrow" can never decide: "wide" on line', '"nothing" can not hold: its lists are empty', '"but" can not hold: its lists are empty, or hold nothing but exceptions',
                "hardly hold: answers of type AAAA", "never hold: answers of type A have IPv4", "answers of its `types` have none",
                "no device of the configuration has these tags together", "no device can have its tags and not have them"]
    for words in expected:
        assert len([line for line in told["warnings"] if words in line]) == 1, (words, told["warnings"])
    assert not [line for line in told["warnings"] if '"other"' in line or '"wide" can' in line]

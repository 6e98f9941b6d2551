"""What lists say besides names, on the real daemon against a real NSD: adblock's modifiers, and a response policy zone
with all triggers and actions."""
import dns.flags
import dns.rcode
import dns.rdatatype
import pytest

from harness import addresses, ask, ede

ADBLOCK = r"""! Title: modifiers
||block.test^
@@||ok.block.test^
||hard.block.test^$important
||v6only.test^$dnstype=AAAA
||spared.test^$denyallow=good.spared.test
||tv-only.test^$ctag=tv
||far.test^$client=127.0.0.9
||nx.test^$dnsrewrite=NXDOMAIN
||refused.test^$dnsrewrite=REFUSED;;
||empty.test^$dnsrewrite=NOERROR
||there.test^$dnsrewrite=NOERROR;A;192.0.2.7
||named.test^$dnsrewrite=wall.test
||hbbtv.*.test^
/^stats[0-9]+\./
||odd.test^$popup
||other.test^$dnsrewrite=192.0.2.1
||other.test^$dnsrewrite=192.0.2.2
"""

ZONE = """$TTL 60
$ORIGIN rpz.lab.
@ IN SOA a. b. ( 1 2
    3 4 5 )
  NS a.
nx.test           CNAME .
*.nx.test         CNAME .
ok.nx.test        CNAME rpz-passthru.
empty.test        CNAME *.
gone.test         CNAME rpz-drop.
tcp.test          CNAME rpz-tcp-only.
local.test        A     192.0.2.7
                  AAAA  2001:db8::7
                  TXT   "walled off"
wild.test         CNAME *.wall.test.
32.9.0.0.127.rpz-client-ip  CNAME *.
32.6.6.6.6.rpz-ip           CNAME .
us.test                     CNAME rpz-passthru.
"""


def listing(portafilter, nsd, text, list_format=None, rule=None, **more):
    daemon = portafilter(ready=False)
    entry = {"name": "l", "file": daemon.write_file("l.txt", text)}
    if list_format:
        entry["format"] = list_format
    daemon.write(upstreams=[nsd.upstream], lists=[entry], rules=[dict({"name": "listed", "lists": "l", "action": "sinkhole"}, **(rule or {}))], **more)
    daemon.start()
    return daemon


def rcode(reply):
    return dns.rcode.to_text(reply.rcode())


def test_adblock_modifiers(portafilter, nsd):
    devices = [{"name": "living room", "ip": "127.0.0.3", "tags": ["tv"]}]
    daemon = listing(portafilter, nsd, ADBLOCK, devices=devices)

    def sinkholed(name, rdtype="A", source="127.0.0.1"):
        return daemon.json("explain", source, name, rdtype)["action"] == "sinkhole"
    assert addresses(ask(daemon.port, "a.block.test")) == ["0.0.0.0"]
    assert rcode(ask(daemon.port, "a.ok.block.test")) == "NXDOMAIN" and not sinkholed("a.ok.block.test")
    assert addresses(ask(daemon.port, "hard.block.test")) == ["0.0.0.0"]
    assert sinkholed("v6only.test", "AAAA") and not sinkholed("v6only.test", "A")
    assert sinkholed("bad.spared.test") and not sinkholed("x.good.spared.test")
    assert addresses(ask(daemon.port, "tv-only.test", source="127.0.0.3")) == ["0.0.0.0"]
    assert rcode(ask(daemon.port, "tv-only.test", source="127.0.0.2")) == "NXDOMAIN"
    assert addresses(ask(daemon.port, "far.test", source="127.0.0.9")) == ["0.0.0.0"]
    assert rcode(ask(daemon.port, "far.test", source="127.0.0.8")) == "NXDOMAIN"
    assert rcode(ask(daemon.port, "nx.test")) == "NXDOMAIN" and sinkholed("nx.test")
    assert rcode(ask(daemon.port, "refused.test")) == "REFUSED"
    reply = ask(daemon.port, "empty.test")
    assert rcode(reply) == "NOERROR" and not reply.answer
    assert addresses(ask(daemon.port, "there.test")) == ["192.0.2.7"]
    assert sorted(addresses(ask(daemon.port, "other.test"))) == ["192.0.2.1", "192.0.2.2"]
    assert not ask(daemon.port, "there.test", "AAAA").answer
    assert ask(daemon.port, "named.test", "CNAME").answer[0][0].target.to_text() == "wall.test."
    assert sinkholed("hbbtv.zdf.test") and sinkholed("stats7.x.test") and not sinkholed("stats.x.test")
    assert not sinkholed("odd.test")
    told = daemon.json("explain", "127.0.0.1", "stats7.x.test")["lists"][0]
    assert (told["line"], told["entry"], told["text"]) == (15, r"/^stats[0-9]+\./", r"/^stats[0-9]+\./")
    info = daemon.json("lists")["lists"][0]
    assert (info["format"], info["names"], info["patterns"], info["exceptions"]) == ("adblock", 13, 2, 1)
    assert [s["lines"] for s in info["skipped"]] == [[16]]


@pytest.mark.parametrize("text", ["||block.test^$dnsrewrite=hop.test\n", "$ORIGIN rpz.lab.\n@ 60 IN SOA a. b. 1 2 3 4 5\nblock.test CNAME hop.test.\n"])
def test_a_cname_reply_is_the_whole_answer(portafilter, nsd, text):
    daemon = listing(portafilter, nsd, text)
    for _ in range(2):
        reply = ask(daemon.port, "block.test")
        assert [dns.rdatatype.to_text(rrset.rdtype) for rrset in reply.answer] == ["CNAME", "CNAME", "A"]
        assert addresses(reply) == ["114.114.114.114"]
        assert ede(reply)[0] == 15
    told = daemon.json("explain", "127.0.0.1", "block.test")
    assert (told["action"], told["rcode"], told["stage"], told["reason"]) == ("sinkhole", "NOERROR", "names", ede(reply)[1])
    rows = daemon.rows(2)
    assert [(r["action"], r["source"], r["rcode"]) for r in rows] == [("sinkhole", "policy", "NOERROR")] * 2


def test_an_explicit_reply_wins(portafilter, nsd):
    daemon = listing(portafilter, nsd, ADBLOCK, rule={"reply": "nodata"})
    for name in ("nx.test", "there.test", "a.block.test"):
        reply = ask(daemon.port, name)
        assert rcode(reply) == "NOERROR" and not reply.answer
    daemon = listing(portafilter, nsd, ADBLOCK, rule={"reply": "list"})
    assert rcode(ask(daemon.port, "nx.test")) == "NXDOMAIN"


def test_explain_knows_where_a_device_asks_from(portafilter, nsd):
    """rpz-client-ip and $client: by the address that is given, the one that was seen, or the one of the configuration."""
    devices = [{"name": "seen", "ip": "127.0.0.8/30"}, {"name": "there", "ip": "127.0.0.9"}, {"name": "net", "ip": "127.0.1.0/24"}]
    for text in (ZONE, ADBLOCK):
        daemon = listing(portafilter, nsd, text, devices=devices)
        name = "cn.test" if text is ZONE else "far.test"

        def about(device):
            told = daemon.json("explain", device, name)
            return told["action"], told["client"], [row["entry"] for row in told["lists"]]
        assert about("127.0.0.9")[:2] == ("sinkhole", "127.0.0.9")
        assert about("there") == ("sinkhole", "127.0.0.9", about("127.0.0.9")[2])
        assert about("127.0.0.10") == ("allow", "127.0.0.10", [])
        assert about("net") == ("allow", None, [])
        assert about("seen") == ("allow", None, [])
        assert daemon.cli("explain", "there", name)[1].count("asking from 127.0.0.9\n") == 1
        assert [row["text"] for row in daemon.json("explain", "there", name)["lists"]] == [line for line in text.splitlines() if "127.0.0.9" in line or "9.0.0.127" in line]


def test_zone_names_and_actions(portafilter, nsd):
    daemon = listing(portafilter, nsd, ZONE)
    info = daemon.json("lists")["lists"][0]
    assert (info["format"], info["names"], info["networks"], info["exceptions"], info["skipped"]) == ("rpz", 7, 2, 2, [])
    for name in ("nx.test", "a.nx.test"):
        reply = ask(daemon.port, name)
        assert rcode(reply) == "NXDOMAIN" and "listed" in reply.to_text()
    assert "sinkhole" not in daemon.json("explain", "127.0.0.1", "ok.nx.test")["action"]
    reply = ask(daemon.port, "empty.test")
    assert rcode(reply) == "NOERROR" and not reply.answer
    assert ask(daemon.port, "gone.test", timeout=0.3) is None
    reply = ask(daemon.port, "tcp.test")
    assert reply.flags & dns.flags.TC and not reply.answer
    assert addresses(ask(daemon.port, "local.test")) == ["192.0.2.7"]
    assert addresses(ask(daemon.port, "local.test", "AAAA")) == ["2001:db8::7"]
    assert ask(daemon.port, "local.test", "TXT").answer[0][0].strings == (b"walled off",)
    assert not ask(daemon.port, "local.test", "MX").answer
    assert ask(daemon.port, "wild.test", "CNAME").answer[0][0].target.to_text() == "wild.test.wall.test."


def test_zone_clients_and_addresses(portafilter, nsd):
    daemon = listing(portafilter, nsd, ZONE)
    reply = ask(daemon.port, "cn.test", source="127.0.0.9")
    assert rcode(reply) == "NOERROR" and not reply.answer
    assert addresses(ask(daemon.port, "cn.test", source="127.0.0.8")) == ["114.114.114.114"]
    assert rcode(ask(daemon.port, "short.test")) == "NXDOMAIN"  # 6.6.6.6
    assert addresses(ask(daemon.port, "us.test")) == ["6.6.6.6"]  # the same address; the name passes
    told = daemon.json("explain", "127.0.0.1", "short.test")
    assert told["stage"] == "answers" and told["reason"].endswith('short.test → 6.6.6.6 is on list "l" (entry 6.6.6.6/32)')
    assert told["lists"][0]["text"] == "32.6.6.6.6.rpz-ip           CNAME ."
    assert sum(step["result"] == "matches" for step in told["rules"]) == 1
    daemon.rows(4)
    assert daemon.journal("select count(*) as count from v_queries where action = 'sinkhole' and reason like '%6.6.6.6/32%'") == [{"count": 1}]


@pytest.mark.parametrize("owner, entry", [("ns.lab.invalid.rpz-nsdname", "name server ns.lab.invalid"),
                                          ("*.lab.invalid.rpz-nsdname", "name server *.lab.invalid"),
                                          ("8.0.0.0.127.rpz-nsip", "name server 127.0.0.0/8")])
def test_zone_name_servers(portafilter, nsd, owner, entry):
    daemon = listing(portafilter, nsd, f"{owner} CNAME .\nok.test CNAME .\n", "rpz")
    assert rcode(ask(daemon.port, "cn.test")) == "NXDOMAIN"
    assert entry in daemon.json("explain", "127.0.0.1", "cn.test")["reason"]


def test_networks(portafilter, nsd):
    daemon = listing(portafilter, nsd, "# networks\n114.114.114.0/24\n192.0.2.0-192.0.2.255\n")
    info = daemon.json("lists")["lists"][0]
    assert (info["format"], info["networks"]) == ("cidr", 2)
    assert addresses(ask(daemon.port, "cn.test")) == ["0.0.0.0"]
    assert addresses(ask(daemon.port, "us.test")) == ["6.6.6.6"]
    assert addresses(ask(daemon.port, "hop.test")) == ["0.0.0.0"]


FORMS = {"plain": "same.test\n", "adblock": "||same.test^\n", "dnsmasq": "address=/same.test/#\n", "unbound": 'local-zone: "same.test" always_null\n',
         "regex": r"(^|\.)same\.test$" + "\n"}


@pytest.mark.parametrize("form", FORMS)
def test_the_same_in_each_format(portafilter, nsd, form):
    daemon = listing(portafilter, nsd, FORMS[form])
    assert daemon.json("lists")["lists"][0]["format"] == form
    for name in ("same.test", "a.same.test"):
        assert addresses(ask(daemon.port, name)) == ["0.0.0.0"]
    assert rcode(ask(daemon.port, "notsame.test")) == "NXDOMAIN"

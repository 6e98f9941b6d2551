"""Response policy zones over the wire: whole and as differences, signed, noticed, expired; from a real NSD and a real BIND."""
import base64
import datetime
import re
import time
from unittest import mock

import dns.flags
import dns.message
import dns.opcode
import dns.query
import dns.rcode
import dns.rrset
import dns.tsig
import dns.tsigkeyring
import pytest

from harness import addresses, answer, ask, find_program, send_udp, wait_until
from primary import KEY, SECRET, ZONE, BindPrimary, LyingPrimary, NsdPrimary, sink
from test_subscriptions import source, wait_error

KINDS = {"nsd": NsdPrimary, "bind": BindPrimary}
RULES = [{"name": "sink", "lists": ["feed"], "action": "sinkhole"}]
# One entry more than these: the zone's own `ns`.
FIRST = sink(*(f"n{i}.listed.test" for i in range(60)))


@pytest.fixture
def start(portafilter, upstream):
    """start(Primary class, records, …) → (daemon, primary); more keys go to the primary."""
    primaries = []
    server = upstream(lambda query, transport: answer(query, "192.0.2.1"))

    def begin(kind, records=FIRST, rpz=(), keys=(), wait=True, **more):
        daemon = portafilter({"upstreams": [server.upstream]}, ready=False)
        known = kind if not isinstance(kind, type) else None
        if not known:
            if not find_program("named" if kind is BindPrimary else "nsd"):
                pytest.skip("the primary is not installed")
            known = kind(records, **{"notify": daemon.port, **more})
        primaries.append(known)
        secret = daemon.write_file("secret", getattr(known, "secret", SECRET) + "\n")
        zone = {"zone": ZONE, "primary": known.primary}
        if getattr(known, "tsig", False):
            zone["tsig"] = {"name": KEY, "algorithm": "hmac-sha256", "secret-file": secret}
        zone.update(rpz)
        daemon.write(lists=[{"name": "feed", "rpz": zone, **dict(keys)}], rules=RULES)
        daemon.start()
        if wait:
            wait_sunk(daemon, "n1.listed.test")
        return daemon, known

    begin.primaries = primaries
    begin.upstream = server
    yield begin
    for known in primaries:
        known.stop()


def seconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def is_sunk(daemon, name):
    reply = ask(daemon.port, name)
    return addresses(reply) != ["192.0.2.1"]


def wait_sunk(daemon, name, sunk=True):
    wait_until(lambda: is_sunk(daemon, name) == sunk, f"{name} is {'' if sunk else 'not '}sinkholed:\n" + daemon.log())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tsig", [True, False])
def test_a_zone_and_its_changes(start, kind, tsig):
    daemon, known = start(KINDS[kind], tsig=tsig)
    assert source(daemon)["serial"] == 1
    daemon.wait_log(r"fetched from rpz.example of .*, whole: serial 1, 61 entries")
    assert not is_sunk(daemon, "new.listed.test")
    changed = dict(FIRST)
    del changed["n2.listed.test"]
    changed.update(sink("new.listed.test"))
    known.change(changed)  # NOTIFY
    wait_sunk(daemon, "new.listed.test")
    wait_sunk(daemon, "n2.listed.test", sunk=False)
    assert is_sunk(daemon, "n1.listed.test")
    assert source(daemon)["serial"] == 2 and source(daemon)["error"] is None
    daemon.wait_log(r"as differences: serial 2, 61 entries")
    assert daemon.status()["queries"]["notified"] >= 1
    known.change({**changed, "third.listed.test": "CNAME ."})
    wait_sunk(daemon, "third.listed.test")
    daemon.wait_log(r"as differences: serial 3, 62 entries")


@pytest.mark.parametrize("kind", KINDS)
def test_a_large_zone_in_many_messages(start, kind):
    """Some hundred messages: NSD signs one in 96, BIND each."""
    many = sink(*(f"name-that-is-somewhat-long-{i}.{'x' * 60}.listed.test" for i in range(60000)))
    daemon, _ = start(KINDS[kind], {**FIRST, **many})
    assert is_sunk(daemon, f"name-that-is-somewhat-long-59999.{'x' * 60}.listed.test")
    daemon.wait_log("whole: serial 1, 60061 entries")


# What stands behind the names that no rule about the name itself speaks of
ANSWERS = {"ip.test": "203.0.113.66", "target.test": "198.51.100.9"}
ALL_OF_IT = {
    "nxdomain.test": "CNAME .", "*.below.test": "CNAME .", "nodata.test": "CNAME *.", "*.pass.test": "CNAME .", "ok.pass.test": "CNAME rpz-passthru.",
    "gone.test": "CNAME rpz-drop.", "tcp.test": "CNAME rpz-tcp-only.", "local.test": "A 198.51.100.7", "text.test": 'TXT "a text; with ) signs"',
    "walled.test": "CNAME target.test.", "32.7.0.0.127.rpz-client-ip": "CNAME .", "32.66.113.0.203.rpz-ip": "CNAME *.",
    "ns.bad.test.rpz-nsdname": "A 198.51.100.8", "32.77.113.0.203.rpz-nsip": "CNAME ."}


def shows_servers(query, transport):
    """An upstream whose answers show the name servers of two zones."""
    name = query.question[0].name.to_text(omit_final_dot=True)
    reply = answer(query, ANSWERS.get(name, "192.0.2.1"))
    for zone, server, address in (("nsdname.test", "ns.bad.test.", None), ("nsip.test", "ns.elsewhere.test.", "203.0.113.77")):
        if name.endswith(zone):
            reply.authority.append(dns.rrset.from_text(zone + ".", 60, "IN", "NS", server))
            if address:
                reply.additional.append(dns.rrset.from_text(server, 60, "IN", "A", address))
    return reply


@pytest.mark.parametrize("kind", KINDS)
def test_the_triggers_and_actions_of_a_zone(start, kind):
    """All five triggers and all six actions, as a real primary sends them."""
    start.upstream.handler = shows_servers
    daemon, known = start(KINDS[kind], {**FIRST, **ALL_OF_IT})

    def asked(name, rdtype="A", **more):
        reply = ask(daemon.port, name, rdtype, **more)
        return dns.rcode.to_text(reply.rcode()), addresses(reply)
    assert asked("nxdomain.test") == asked("a.below.test") == asked("not.pass.test") == ("NXDOMAIN", [])
    assert asked("below.test") == asked("ok.pass.test") == asked("free.test") == ("NOERROR", ["192.0.2.1"])
    assert asked("nodata.test") == ("NOERROR", [])
    assert ask(daemon.port, "gone.test", timeout=0.3) is None
    reply = ask(daemon.port, "tcp.test")
    assert reply.flags & dns.flags.TC and not reply.answer
    assert asked("local.test") == ("NOERROR", ["198.51.100.7"]) and asked("local.test", "AAAA") == ("NOERROR", [])
    assert ask(daemon.port, "text.test", "TXT").answer[0][0].strings == (b"a text; with ) signs",)
    assert asked("walled.test") == ("NOERROR", ["198.51.100.9"])
    assert asked("free.test", source="127.0.0.7") == ("NXDOMAIN", [])
    assert asked("ip.test") == ("NOERROR", [])
    assert asked("x.nsdname.test") == ("NOERROR", ["198.51.100.8"])
    assert asked("x.nsip.test") == ("NXDOMAIN", [])
    # one of each kind goes with the differences
    gone = {"32.7.0.0.127.rpz-client-ip", "32.66.113.0.203.rpz-ip", "ns.bad.test.rpz-nsdname", "32.77.113.0.203.rpz-nsip", "local.test"}
    known.change({**FIRST, **{name: data for name, data in ALL_OF_IT.items() if name not in gone}})
    wait_sunk(daemon, "local.test", sunk=False)
    assert asked("ip.test")[1] == ["203.0.113.66"]
    assert asked("x.nsdname.test") == asked("x.nsip.test") == asked("free.test", source="127.0.0.7") == ("NOERROR", ["192.0.2.1"])
    daemon.wait_log("as differences: serial 2")


@pytest.mark.parametrize("kind", KINDS)
def test_the_timers_of_the_soa(start, kind):
    """Without NOTIFY: a change is found when a refresh is due, or a retry when the primary was away then."""
    daemon, known = start(KINDS[kind], refresh=1, retry=1, notify=None)
    begun = source(daemon)
    assert 8 <= seconds(begun["next"]) - seconds(begun["checked"]) <= 10.1  # a primary may not ask for more than one in ten seconds
    known.quit()
    assert daemon.cli("lists", "update")[0] == 1
    away = source(daemon)
    assert 0 <= seconds(away["next"]) - time.time() <= 2.1 and is_sunk(daemon, "n1.listed.test")
    known.serial += 1
    known.write({**FIRST, **sink("new.listed.test")})
    known.start()
    wait_sunk(daemon, "new.listed.test")  # by a retry
    assert daemon.status()["queries"]["notified"] == 0


# ---- kept


def test_a_restart_without_the_primary(start):
    daemon, known = start(NsdPrimary)
    daemon.stop()
    known.quit()
    daemon.start()
    assert is_sunk(daemon, "n1.listed.test")  # from its very first answer on
    assert source(daemon)["serial"] == 1


def test_a_change_while_we_were_away(start):
    daemon, known = start(BindPrimary)
    daemon.stop()
    known.change({**FIRST, **sink("new.listed.test")})
    daemon.start()
    assert daemon.cli("lists", "update", "feed")[0] == 0
    assert is_sunk(daemon, "new.listed.test")
    daemon.wait_log("as differences: serial 2")


def test_a_copy_that_somebody_has_changed(start):
    """The differences do not fit: the whole zone is asked for."""
    daemon, known = start(BindPrimary)
    daemon.stop()
    copy, = [p for p in (daemon.folder / "lists").iterdir() if p.suffix != ".state"]
    copy.write_text(copy.read_text().replace("n5.listed", "x5.listed"))  # of the same length
    changed = dict(FIRST)
    del changed["n5.listed.test"]
    known.change(changed)
    daemon.start()
    assert daemon.cli("lists", "update", "feed")[0] == 0
    daemon.wait_log("whole: serial 2, 60 entries")
    assert not is_sunk(daemon, "x5.listed.test")


def test_an_expired_zone(start):
    daemon, known = start(NsdPrimary, expire=3, refresh=10)
    known.quit()
    wait_sunk(daemon, "n1.listed.test", sunk=False)
    daemon.wait_log("the list `feed`: its zone has expired, its primary was silent for 3 s")
    assert source(daemon)["expired"] and "EXPIRED" in daemon.cli("lists")[1]
    daemon.stop()
    daemon.start()
    assert not is_sunk(daemon, "n1.listed.test")
    assert source(daemon)["expired"]
    known.start()
    assert daemon.cli("lists", "update")[0] == 0
    assert is_sunk(daemon, "n1.listed.test") and not source(daemon)["expired"]


def test_a_zone_that_expired_while_we_were_away(start):
    daemon, known = start(NsdPrimary, expire=1, refresh=10)
    daemon.kill()
    known.quit()
    state, = (daemon.folder / "lists").glob("*.state")
    wait_until(lambda: time.time() > state.stat().st_mtime + 1.5, "a second and a half has passed")
    daemon.start()
    assert not is_sunk(daemon, "n1.listed.test")
    daemon.wait_log("its zone has expired")


# ---- who may say what


def notify(zone=ZONE):
    message = dns.message.make_query(zone, "SOA", use_edns=False)
    message.set_opcode(dns.opcode.NOTIFY)
    message.flags |= dns.flags.AA
    return message


def test_notify_from_a_stranger(start):
    daemon, known = start(NsdPrimary)
    asked = source(daemon)["checked"]
    for source_address, zone, expected in (("127.0.0.2", ZONE, dns.rcode.NOTIMP), ("127.0.0.1", "other.example", dns.rcode.NOTIMP),
                                           ("127.0.0.1", ZONE, dns.rcode.NOERROR)):
        before = daemon.status()["queries"]
        reply = dns.message.from_wire(send_udp(daemon.port, notify(zone).to_wire(), source_address, timeout=6))
        assert reply.opcode() == dns.opcode.NOTIFY and reply.flags & dns.flags.QR
        assert reply.rcode() == expected, (source_address, zone)
        after = daemon.status()["queries"]
        assert after["notified"] - before["notified"] == (expected == dns.rcode.NOERROR)
        assert after["malformed"] - before["malformed"] == (expected == dns.rcode.NOTIMP)
        if expected == dns.rcode.NOTIMP:
            assert source(daemon)["checked"] == asked
    wait_until(lambda: source(daemon)["checked"] > asked, "the primary was asked again")
    tcp = dns.query.tcp(notify(), "127.0.0.1", port=daemon.port, timeout=6)
    assert tcp.rcode() == dns.rcode.NOERROR


@pytest.mark.parametrize("what", ["right", "secret", "name", "late", "not ours"])
def test_signed_notify(start, what):
    """The answer is signed as the NOTIFY was; what is signed wrongly is refused and does not count."""
    daemon, known = start(NsdPrimary)
    secret = base64.b64encode(b"another secret, as long as it has").decode() if what == "secret" else SECRET
    name = "another.key" if what == "name" else KEY
    message = notify()
    message.use_tsig(dns.tsigkeyring.from_text({name: secret}), algorithm=dns.tsig.HMAC_SHA256)
    key, asked = message.keyring, source(daemon)["checked"]
    now = time.time() - (1000 if what == "late" else 0)
    before = daemon.status()["queries"]["notified"]
    with mock.patch("time.time", return_value=now):
        wire = message.to_wire()
    packet = send_udp(daemon.port, wire, "127.0.0.2" if what == "not ours" else "127.0.0.1", timeout=6)
    if what == "right":
        reply = dns.message.from_wire(packet, keyring={key.name: key}, request_mac=message.mac)
        assert reply.had_tsig and reply.rcode() == dns.rcode.NOERROR and reply.opcode() == dns.opcode.NOTIFY
        wait_until(lambda: source(daemon)["checked"] > asked, "the primary was asked again")
    elif what == "not ours":
        assert dns.message.from_wire(packet).rcode() == dns.rcode.NOTIMP
    else:
        error = {"secret": dns.tsig.PeerBadSignature, "name": dns.tsig.PeerBadKey, "late": dns.tsig.PeerBadTime}[what]
        with pytest.raises(error):
            dns.message.from_wire(packet, keyring={key.name: key}, request_mac=message.mac)
        assert packet[3] & 15 == dns.rcode.NOTAUTH
        assert source(daemon)["checked"] == asked
    assert daemon.status()["queries"]["notified"] == before + (what != "not ours")


@pytest.mark.parametrize("kind", KINDS)
def test_primaries_take_the_answer_to_their_notify(start, kind):
    """One NOTIFY a change: neither of them asks again, nor complains."""
    daemon, known = start(KINDS[kind])
    for number in range(1, 4):
        before = daemon.status()["queries"]["notified"]
        known.change({**FIRST, **sink(f"v{number}.listed.test")})
        wait_sunk(daemon, f"v{number}.listed.test")
        assert daemon.status()["queries"]["notified"] == before + 1
    assert not re.search(r"(?i)notify.*(fail|timed out|tsig|bad|expected)", known.read_log()), known.read_log()


def test_a_flood_of_notify(start):
    primary = LyingPrimary(lambda query: [reply_to(query, soa(1))] if query.question[0].rdtype == 6 else [reply_to(query, soa(1), "a CNAME .", soa(1))])
    daemon, known = start(primary, wait=False)
    wait_until(lambda: source(daemon)["serial"] == 1, "the zone is there")
    for _ in range(200):
        send_udp(daemon.port, notify().to_wire(), timeout=6)
    assert known.queries.count("SOA") < 20  # once a second at most, and one that was due
    assert daemon.status()["queries"]["notified"] == 200


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("what", ["secret", "name", "none"])
def test_wrong_keys(start, kind, what):
    daemon, known = start(KINDS[kind])
    daemon.stop()
    for path in (daemon.folder / "lists").iterdir():
        path.unlink()
    zone = dict(daemon.config["lists"][0]["rpz"])
    if what == "none":
        del zone["tsig"]
    elif what == "name":
        zone["tsig"] = {**zone["tsig"], "name": "another.key"}
    else:
        (daemon.folder / "secret").write_text("d3Jvbmcgd3Jvbmcgd3Jvbmcgd3Jvbmcgd3Jvbmcgd3Jv")
    daemon.write(lists=[{"name": "feed", "rpz": zone}])
    daemon.start()
    wait_error(daemon, {"none": "answers (REFUSED|NOTAUTH)", "name": "BADKEY|answers (NOTAUTH|REFUSED)", "secret": "BADSIG|signature is wrong"}[what])
    assert not is_sunk(daemon, "n1.listed.test")


# ---- a primary that lies


def soa(serial):
    return f"@ SOA ns.{ZONE}. host.{ZONE}. {serial} 3600 2 86400 60"


def reply_to(query, *records, rcode=0, question=True):
    reply = dns.message.make_response(query)
    reply.set_rcode(rcode)
    if not question:
        reply.question = []
    origin = dns.name.from_text(ZONE)
    for record in records:
        owner, rdtype, data = record.split(" ", 2)
        reply.answer.append(dns.rrset.from_text(dns.name.from_text(owner, origin), 60, "IN", rdtype, data))
    return reply


def endless(query):
    yield reply_to(query, soa(2))
    piece = reply_to(query, *(f"n{j}.{'y' * 60} CNAME ." for j in range(400)), question=False).to_wire(max_size=65535)
    while True:
        yield piece


LIES = {
    "not signed": (True, lambda q: [reply_to(q, soa(2), "a CNAME .", soa(2))], "not signed, though a key is given"),
    "garbage": (False, lambda q: [b"\xff" * 40], "no answer to the question"),
    "another id": (False, lambda q: [b"\0\0" + reply_to(q, soa(2)).to_wire()[2:]], "no answer to the question"),
    "no zone": (False, lambda q: [reply_to(q)], "does not know the zone|empty"),
    "refuses": (False, lambda q: [reply_to(q, rcode=5)], "answers REFUSED"),
    "outside": (False, lambda q: [reply_to(q, soa(2), "www.example.com. CNAME .", soa(2))], "not of the zone"),
    "hangs up": (False, lambda q: [reply_to(q, soa(2))] if q.question[0].rdtype == 6 else (_ for _ in ()).throw(OSError()), "ended the connection"),
    "no end": (False, endless, "larger than allowed"),
    "silence": (False, lambda q: [], "longer than allowed"),
}


@pytest.mark.parametrize("what", LIES)
def test_a_primary_that_lies(start, what):
    signed, lie, pattern = LIES[what]

    def handler(query):
        if query.question[0].rdtype == 6 and what in ("outside", "no end"):
            return [reply_to(query, soa(2))]
        return lie(query)

    liar = LyingPrimary(handler)
    liar.tsig = signed
    daemon, _ = start(liar, wait=False, keys={"timeout": "3s", "max-size": "1M"})
    wait_error(daemon, pattern)
    lists = daemon.folder / "lists"
    assert not lists.exists() or not [p for p in lists.iterdir() if p.suffix not in (".state", ".new")]


def test_an_older_zone(start):
    serial = [5]

    def handler(query):
        if query.question[0].rdtype == 6:
            return [reply_to(query, soa(serial[0]))]
        return [reply_to(query, soa(serial[0]), "n1.listed.test CNAME .", soa(serial[0]))]

    daemon, known = start(LyingPrimary(handler))
    serial[0] = 4
    assert daemon.cli("lists", "update")[0] == 1
    wait_error(daemon, "serial 4 is older than ours, 5; .*remove .*/lists/feed-")
    assert is_sunk(daemon, "n1.listed.test")
    assert known.queries.count("IXFR") == 0


def test_a_primary_without_differences(start):
    """It does not know IXFR, and hangs up on it."""
    serial = [1]

    def handler(query):
        if query.question[0].rdtype == 6:
            return [reply_to(query, soa(serial[0]))]
        if query.question[0].rdtype == 251:
            raise OSError
        return [reply_to(query, soa(serial[0]), "n1.listed.test CNAME .", f"v{serial[0]}.listed.test CNAME .", soa(serial[0]))]

    daemon, known = start(LyingPrimary(handler))
    serial[0] = 2
    assert daemon.cli("lists", "update")[0] == 0
    assert is_sunk(daemon, "v2.listed.test") and not is_sunk(daemon, "v1.listed.test")
    assert known.queries[-2:] == ["IXFR", "AXFR"]

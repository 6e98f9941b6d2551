"""Tags at run time: by people and by rules, from the next query on, over reloads and restarts, beside the configuration."""
import json
import time

import dns.edns
import dns.rcode

from harness import answer, ask, wait_until
from web import Web

RULES = [{"name": "guests", "tags": ["guest"], "action": "sinkhole", "reply": "nxdomain"},
         {"name": "strangers", "tags": ["unknown"], "action": "sinkhole", "reply": "refused"}]
DEVICES = [{"name": "lobby coffee", "ip": "127.0.0.11", "tags": ["coffee"]}]
CONFIG = {"devices": DEVICES, "tags": ["guest"], "rules": RULES}


def rcode(daemon, source, **more):
    return ask(daemon.port, "a.test", source=source, **more).rcode()


def device(daemon, key, value):
    return next(d for d in daemon.json("devices")["devices"] if d[key] == value)


def test_a_tag_acts_on_the_very_next_query(portafilter, upstream):
    daemon = portafilter({"upstreams": [upstream().upstream], **CONFIG})
    assert rcode(daemon, "127.0.0.9") == dns.rcode.REFUSED
    for _ in range(20):
        assert daemon.cli("tag", "127.0.0.9", "guest")[0] == 0
        assert rcode(daemon, "127.0.0.9") == dns.rcode.NXDOMAIN
        assert daemon.cli("untag", "127.0.0.9", "guest")[0] == 0
        assert rcode(daemon, "127.0.0.9") == dns.rcode.REFUSED
    assert rcode(daemon, "127.0.0.11") == dns.rcode.NOERROR
    assert daemon.cli("tag", "lobby coffee", "guest", "vip")[0] == 0
    assert rcode(daemon, "127.0.0.11") == dns.rcode.NXDOMAIN


def test_it_says_who_set_each(portafilter, upstream):
    daemon = portafilter({"upstreams": [upstream().upstream], **CONFIG})
    told = daemon.json("tag", "lobby coffee", "guest", "vip")
    assert told["tags"] == ["all", "guest", "coffee", "vip"]
    assert {t: o["by"] for t, o in told["tag_origins"].items()} == {
        "all": "built-in", "guest": "person", "coffee": "configuration", "vip": "person"}
    assert told["tag_origins"]["vip"]["since"].endswith("Z")
    code, text, _ = daemon.cli("devices")
    assert code == 0 and "guest(person)" in text and "coffee(" not in text
    code, _, error = daemon.cli("untag", "lobby coffee", "coffee")
    assert code == 1 and "from `devices` of the configuration" in error
    code, _, error = daemon.cli("untag", "lobby coffee", "nothing")
    assert code == 1 and 'no tag "nothing"' in error
    code, _, error = daemon.cli("tag", "nobody", "guest")
    assert code == 1 and 'no device "nobody"' in error


def test_all_tags_of_a_request_or_none(portafilter, upstream):
    daemon = portafilter({"upstreams": [upstream().upstream], **CONFIG})
    for bad in ("Big", "all", "unknown", "new", "a b", "x" * 32):
        code, _, error = daemon.cli("tag", "lobby coffee", "one", bad)
        assert code == 1 and bad in error, bad
    assert device(daemon, "name", "lobby coffee")["tags"] == ["all", "coffee"]
    assert daemon.api("/api/v1/tag?device=lobby%20coffee", "POST")[0] == 400
    assert daemon.api("/api/v1/tag?device=lobby%20coffee&tags=a", "GET")[0] == 405


def test_tags_survive_reloads_and_restarts(portafilter, upstream):
    daemon = portafilter({"upstreams": [upstream().upstream], **CONFIG})
    assert daemon.cli("tag", "127.0.0.9", "guest")[0] == 0
    assert daemon.cli("tag", "lobby coffee", "vip")[0] == 0
    # tags get other numbers: the guest must stay a guest
    daemon.write(tags=["a", "b", "guest"], devices=[{"name": "zoo", "ip": "127.0.0.77", "tags": ["zoo"]}] + DEVICES)
    assert daemon.cli("reload")[0] == 0
    assert rcode(daemon, "127.0.0.9") == dns.rcode.NXDOMAIN
    assert "vip" in device(daemon, "name", "lobby coffee")["tags"]
    daemon.stop()
    daemon.start()
    assert rcode(daemon, "127.0.0.9") == dns.rcode.NXDOMAIN
    assert "vip" in device(daemon, "name", "lobby coffee")["tags"]
    # what was tagged a moment before a crash is there as well
    assert daemon.cli("tag", "127.0.0.8", "guest")[0] == 0
    daemon.kill()
    daemon.start()
    assert rcode(daemon, "127.0.0.8") == dns.rcode.NXDOMAIN


def test_a_damaged_memory_is_put_aside(portafilter, upstream):
    daemon = portafilter({"upstreams": [upstream().upstream], **CONFIG})
    assert daemon.cli("tag", "127.0.0.9", "guest")[0] == 0
    daemon.stop()
    path = daemon.folder / "devices.json"
    for text in ("", "{", "[]", '{"version": 2, "devices": []}', '{"version": 1}'):
        path.write_text(text)
        daemon.start()
        daemon.wait_log("devices.json.damaged")
        assert (daemon.folder / "devices.json.damaged").read_text() == text
        daemon.stop()
        assert json.loads(path.read_text())["version"] == 1
    # devices that are none are left out, the others stay
    path.write_text(json.dumps({"version": 1, "devices": [
        {"id": "nonsense"}, {"id": "x" * 500}, {}, 7,
        {"id": "ip:127.0.0.9", "tags": [{"name": "guest", "set_us": 1}, {"name": "No"}, {}, 3]}]}))
    daemon.start()
    daemon.wait_log("4 devices of .*devices.json could not be taken over")
    assert rcode(daemon, "127.0.0.9") == dns.rcode.NXDOMAIN


def test_a_folder_that_can_not_be_written_is_told(portafilter, upstream):
    daemon = portafilter({"upstreams": [upstream().upstream], "state": "/proc", **CONFIG})
    code, _, error = daemon.cli("tag", "lobby coffee", "guest")
    assert code == 1 and "can not be remembered in /proc/devices.json" in error
    assert rcode(daemon, "127.0.0.11") == dns.rcode.NOERROR


def test_rules_give_tags(portafilter, upstream):
    daemon = portafilter({
        "upstreams": [upstream().upstream], "rules": RULES[:1], "devices": DEVICES,
        "tag-rules": [{"tag": "guest", "asks": "*.tuya*.com", "times": 3}]})
    for _ in range(3):
        assert ask(daemon.port, "a3.tuyaeu.com", source="127.0.0.9").rcode() == dns.rcode.NOERROR
    assert ask(daemon.port, "www.tuya.example", source="127.0.0.9").rcode() == dns.rcode.NOERROR
    wait_until(lambda: "ip:127.0.0.9" in [d["id"] for d in daemon.json("devices")["devices"]], "it has a row")

    def tagged():
        ask(daemon.port, "a3.TUYAeu.com", source="127.0.0.9")
        return "guest" in device(daemon, "id", "ip:127.0.0.9")["tags"]

    wait_until(tagged, "more than three times within an hour gives the tag")
    row = device(daemon, "id", "ip:127.0.0.9")
    assert row["tag_origins"]["guest"] == {"by": "rule", "rule": "asks *.tuya*.com more than 3 times an hour"}
    assert rcode(daemon, "127.0.0.9") == dns.rcode.NXDOMAIN and not row["known"]
    code, _, error = daemon.cli("untag", "127.0.0.9", "guest")
    assert code == 1 and "tag-rules" in error
    assert "guest" not in device(daemon, "name", "lobby coffee")["tags"]
    # whoever was heard is no other after a restart, and is one when the rule has gone
    daemon.stop()
    daemon.start()
    assert rcode(daemon, "127.0.0.9") == dns.rcode.NXDOMAIN
    daemon.write(**{"tag-rules": [{"tag": "guest", "asks": "*.other.example"}]})
    assert daemon.cli("reload")[0] == 0
    assert rcode(daemon, "127.0.0.9") == dns.rcode.NOERROR


# ---- what forwarders say

MAC = dns.edns.GenericOption(65001, bytes.fromhex("64bc0c807e1f"))
OTHER = dns.edns.GenericOption(65001, bytes.fromhex("24 0a c4 00 00 07"))
MADE_UP = dns.edns.GenericOption(65001, bytes.fromhex("02 0a c4 00 00 07"))


def text(value):
    return dns.edns.GenericOption(65073, value)


def subnet(address, bits=32):
    return dns.edns.ECSOption(address, bits)


def test_only_trusted_forwarders_name_their_clients(portafilter, upstream):
    server = upstream()
    daemon = portafilter({
        "upstreams": [server.upstream], "trusted-forwarders": ["127.0.1.1", "127.0.2.0/24"],
        "devices": [{"name": "lobby coffee", "mac": "64:bc:0c:80:7e:1f", "tags": ["coffee"]},
                    {"name": "yard", "ip": "10.9.9.9", "tags": ["yard"]},
                    {"name": "net", "ip": "10.8.0.0/16"}, {"name": "shed", "ip": "127.0.2.0/24"}]})
    cases = [
        ("127.0.1.1", [MAC], "lobby coffee"),
        ("127.0.2.9", [MAC], "lobby coffee"),
        ("127.0.1.1", [text(b"64:BC:0C:80:7E:1F")], "lobby coffee"),
        ("127.0.1.1", [text(b"ZLwMgH4f")], "lobby coffee"),
        ("127.0.1.1", [text(b"Lobby Coffee")], "lobby coffee"),
        ("127.0.1.1", [subnet("10.9.9.9")], "yard"),
        ("127.0.1.1", [subnet("10.8.7.6")], "net"),
        # the strongest word counts
        ("127.0.1.1", [subnet("10.9.9.9"), text(b"tv"), MAC], "lobby coffee"),
        ("127.0.1.1", [OTHER], "24:0a:c4:00:00:07"),
        # a MAC says who it is, not where: networks of the configuration are neither the thing's nor its forwarder's
        ("127.0.2.9", [OTHER], "24:0a:c4:00:00:07"),
        ("127.0.1.1", [MADE_UP], "02:0a:c4:00:00:07"),
        ("127.0.1.1", [text(b"tv-3")], "tv-3"),
        ("127.0.1.1", [subnet("10.7.7.7")], "10.7.7.7"),
        # words that say nothing: the forwarder itself
        ("127.0.1.1", [], "127.0.1.1"),
        ("127.0.1.1", [subnet("10.9.9.0", 24)], "127.0.1.1"),
        ("127.0.1.1", [subnet("10.0.0.0", 8)], "127.0.1.1"),
        # a network is a device's when one of its own holds all of it
        ("127.0.1.1", [subnet("10.8.7.0", 24)], "net"),
        ("127.0.1.1", [subnet("10.8.0.0", 16)], "net"),
        ("127.0.3.1", [subnet("10.8.7.0", 24)], "127.0.3.1"),
        ("127.0.1.1", [MAC, OTHER], "127.0.1.1"),
        ("127.0.1.1", [dns.edns.GenericOption(65001, b"\x64\xbc")], "127.0.1.1"),
        ("127.0.1.1", [dns.edns.GenericOption(65001, b"\xff" * 6)], "127.0.1.1"),
        ("127.0.1.1", [text(b"<script>")], "127.0.1.1"),
        ("127.0.1.1", [text(b"x" * 64)], "127.0.1.1"),
        ("127.0.1.1", [text(b"")], "127.0.1.1"),
        # a liar behind an address that nobody trusts
        ("127.0.3.1", [MAC], "127.0.3.1"),
        ("127.0.3.1", [text(b"lobby coffee")], "127.0.3.1"),
        ("127.0.3.1", [subnet("10.9.9.9")], "127.0.3.1"),
    ]
    for number, (source, options, _) in enumerate(cases):
        assert ask(daemon.port, f"n{number}.test", source=source, options=options) is not None
    rows = {r["name"]: r["device"] for r in daemon.rows(len(cases))}
    assert {n: rows[f"n{n}.test"] for n in range(len(cases))} == {n: c[2] for n, c in enumerate(cases)}
    lines = [line for line in daemon.cli("devices")[1].splitlines() if "(MAC is made up)" in line]
    # the machine itself may have such neighbours
    assert len([line for line in lines if line.startswith("02:0a:c4:00:00:07")]) == 1, lines
    assert not [line for line in lines if "lobby coffee" in line], lines
    # nothing of it leaves the house: what goes out is a cookie of our own
    assert all([option.otype for option in query.options] == [10] for query, _, _ in server.queries)
    assert len(server.queries) == len(cases)


# ---- events


def test_a_new_device_is_told_once(portafilter, upstream):
    server = Web(lambda request: request.reply(status=204))
    try:
        daemon = portafilter({"upstreams": [upstream().upstream], "devices": DEVICES, "notify": [{"webhook": server.url("/hook")}]})
        for source in ("127.0.0.9", "127.0.0.9", "127.0.0.11"):
            ask(daemon.port, "a.test", source=source)

        def told():
            return [json.loads(body)["device"]["id"] for body in server.bodies]

        wait_until(told, "the new device is told")
        event = json.loads(server.bodies[0])
        assert event["event"] == "new-device" and event["evidence"] == "vendor: not known, host name: not known"
        assert event["text"].endswith("portafilter tag ip:127.0.0.9 TAG")
        # that it was told is on the disk already
        daemon.kill()
        daemon.start()
        # one step from the event to a tag
        assert daemon.cli("tag", event["device"]["id"], "guest")[0] == 0
        for source in ("127.0.0.9", "127.0.0.8"):
            ask(daemon.port, "a.test", source=source)
        wait_until(lambda: len(told()) > 1, "the next one is told")
        assert told() == ["ip:127.0.0.9", "ip:127.0.0.8"]
    finally:
        server.stop()


def test_the_silence_of_a_known_device_is_told_once(portafilter, upstream):
    server = Web(lambda request: request.reply(status=204))
    try:
        hour_us, now_us = 3600 * 10**6, int(time.time() * 10**6)
        memory = {"version": 1, "saved_us": now_us, "devices": [
            {"id": "name:lobby coffee", "announced": True, "asked_us": now_us - 3 * hour_us},
            {"id": "name:tv", "announced": True, "asked_us": now_us - hour_us},
            {"id": "ip:127.0.0.9", "announced": True, "asked_us": now_us - 9 * hour_us}]}
        daemon = portafilter({
            "upstreams": [upstream().upstream], "silent-after": "2h", "notify": [{"webhook": server.url(), "on": "silent-device"}],
            "devices": DEVICES + [{"name": "tv", "ip": "127.0.0.12"}]}, ready=False)
        path = daemon.folder / "devices.json"
        path.write_text(json.dumps(memory))
        daemon.start()

        def told():
            return [json.loads(body) for body in server.bodies]

        wait_until(told, "the silence is told")
        event = told()[0]
        assert (event["event"], event["device"]["id"]) == ("silent-device", "name:lobby coffee")
        assert event["text"].startswith("lobby coffee has not asked for 3 hours, since 20") and event["after"].startswith("silent since 20")
        # over a restart, and for who only could not be heard meanwhile
        daemon.stop()
        memory = json.loads(path.read_text())
        for row in memory["devices"]:
            row["asked_us"] -= 5 * hour_us
            row["silent_told_us"] -= row["silent_told_us"] and 5 * hour_us
            row["quiet_from_us"] -= 5 * hour_us
        memory["saved_us"] -= 5 * hour_us
        path.write_text(json.dumps(memory))
        daemon.start()
        # a silence of an hour is no news; then it is
        assert daemon.cli("tag", "127.0.0.9", "vip")[0] == 0
        wait_until(lambda: len(told()) > 1, "whom somebody has tagged is known")
        assert [e["device"]["id"] for e in told()] == ["name:lobby coffee", "ip:127.0.0.9"]
    finally:
        server.stop()


def test_host_names_of_the_reverse_zone(portafilter, upstream):
    """The router is asked, and nobody else; what a device is called gives it a tag."""
    def pointer(query, transport):
        name = query.question[0].name.to_text()
        target = {"9.0.0.127.in-addr.arpa.": "Shelly-1.lan.", "8.0.0.127.in-addr.arpa.": "a\\000b.lan."}.get(name)
        return answer(query, target) if target else answer(query, rcode=dns.rcode.NXDOMAIN)

    router, public = upstream(pointer), upstream()
    daemon = portafilter({
        "upstreams": [public.upstream], "forward": [{"zones": ["0.0.127.in-addr.arpa"], "upstreams": [router.upstream]}],
        "hosts": [{"name": "7.0.0.127.in-addr.arpa", "ptr": "printer.lan"}],
        "rules": RULES[:1], "tag-rules": [{"tag": "guest", "hostname": "shelly*"}]})
    for source in ("127.0.0.9", "127.0.0.8", "127.0.0.7", "127.0.1.6"):
        assert ask(daemon.port, "a.test", source=source) is not None

    def names():
        # without what else the machine has for neighbours
        return {d["id"]: d["hostname"] for d in daemon.json("devices")["devices"] if d["id"].startswith("ip:127.")}

    wait_until(lambda: {"shelly-1", "printer"} <= set(names().values()), "they have names")
    wait_until(lambda: router.count("8.0.0.127.in-addr.arpa"), "all were asked for")
    assert names() == {"ip:127.0.0.9": "shelly-1", "ip:127.0.0.8": "", "ip:127.0.0.7": "printer", "ip:127.0.1.6": ""}
    row = device(daemon, "id", "ip:127.0.0.9")
    assert row["tag_origins"]["guest"] == {"by": "rule", "rule": "hostname shelly*"} and not row["known"]
    wait_until(lambda: rcode(daemon, "127.0.0.9") == dns.rcode.NXDOMAIN, "the tag acts")
    # each once, and none of it left the house
    assert sorted(router.names()) == ["8.0.0.127.in-addr.arpa", "9.0.0.127.in-addr.arpa"]
    assert not [n for n in public.names() if n.endswith("arpa")]

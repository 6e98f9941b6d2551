"""Rules that people add while the daemon runs: from the next query on, in front of the configuration, over restarts; and what is
wrong with one changes nothing."""
import json
from urllib.parse import urlencode

import dns.rcode

from harness import ask

RULES = [{"name": "coffee is fine", "tags": ["coffee"], "action": "allow"}]
CONFIG = {"devices": [{"name": "lobby coffee", "ip": "127.0.0.11", "tags": ["coffee"]}], "rules": RULES}
SINK = {"name": "no coffee", "tags": ["coffee"], "names": ["*.test"], "action": "sinkhole", "reply": "nxdomain"}


def start(portafilter, upstream, **more):
    return portafilter({"upstreams": [upstream().upstream], **CONFIG, **more})


def add(daemon, rule):
    text = rule if isinstance(rule, str) else json.dumps(rule)
    return daemon.api("/api/v1/rules/add?" + urlencode({"rule": text}), "POST")[:2]


def remove(daemon, name):
    return daemon.api("/api/v1/rules/remove?" + urlencode({"name": name}), "POST")[:2]


def rcode(daemon):
    return ask(daemon.port, "a.test", source="127.0.0.11").rcode()


def rules(daemon):
    return [(row["name"], row["added"]) for row in daemon.api("/api/v1/rules")[1]["rules"]]


def test_it_acts_at_once_and_is_taken_back(portafilter, upstream):
    daemon = start(portafilter, upstream)
    assert rcode(daemon) == dns.rcode.NOERROR
    code, told = add(daemon, SINK)
    assert code == 200 and told["added"] == ["no coffee"], told
    assert rcode(daemon) == dns.rcode.NXDOMAIN
    assert rules(daemon) == [("no coffee", True), ("coffee is fine", False)]
    assert daemon.json("explain", "lobby coffee", "a.test")["rule_name"] == "no coffee"
    assert remove(daemon, "no coffee")[1]["added"] == []
    assert rcode(daemon) == dns.rcode.NOERROR
    assert remove(daemon, "no coffee")[0] == 404
    assert remove(daemon, "coffee is fine")[0] == 404


def test_the_newest_decides_and_all_survive(portafilter, upstream):
    daemon = start(portafilter, upstream)
    assert add(daemon, SINK)[0] == 200
    # As a person would write it, and for a tag that no device has yet.
    assert add(daemon, "name: guests may not   # for now\ntags: [visitor]\nnames:\n- '*.test'\naction: sinkhole\nreply: refused\n")[0] == 200
    assert daemon.cli("tag", "lobby coffee", "visitor")[0] == 0
    assert rcode(daemon) == dns.rcode.REFUSED
    daemon.stop()
    daemon.start()
    assert rules(daemon) == [("guests may not", True), ("no coffee", True), ("coffee is fine", False)]
    assert rcode(daemon) == dns.rcode.REFUSED
    assert remove(daemon, "guests may not")[0] == 200
    assert rcode(daemon) == dns.rcode.NXDOMAIN
    assert daemon.cli("check")[0] == 0


def test_what_it_would_have_done(portafilter, upstream):
    daemon = start(portafilter, upstream)
    for _ in range(3):
        assert rcode(daemon) == dns.rcode.NOERROR
    daemon.rows(3)
    path = "/api/v1/simulate?" + urlencode({"add": json.dumps(SINK), "since": "1h"})
    code, told, _ = daemon.api(path, "POST")
    assert code == 200 and told["changes"] == [{"from": "allow", "to": "sinkhole", "queries": 3}], told
    assert [(row["name"], row["rule_name"]) for row in told["look_first"]] == [("a.test", "no coffee")]
    assert rcode(daemon) == dns.rcode.NOERROR and rules(daemon) == [("coffee is fine", False)]
    assert add(daemon, SINK)[0] == 200
    code, told, _ = daemon.api(path.replace("no+coffee", "another").replace("nxdomain", "refused"), "POST")
    assert code == 200 and told["look_first"][0]["rule_name"] == "another", told
    assert daemon.api("/api/v1/simulate?add=%5B", "POST")[0] == 422


def test_what_is_wrong_changes_nothing(portafilter, upstream):
    daemon = start(portafilter, upstream)
    assert add(daemon, SINK)[0] == 200
    path = daemon.folder / "rules.yaml"
    before = path.read_text()
    for rule, words in [({**SINK, "name": "x", "acton": "flag"}, "unknown key"),
                        ({**SINK, "name": "x", "action": "drop"}, "action"),
                        ({**SINK, "name": "x", "lists": ["nowhere"]}, "nowhere"),
                        (SINK, "no coffee"),
                        ({**SINK, "name": "coffee is fine"}, "coffee is fine"),
                        ("name: x\naction: flag\n- name: y\n  action: flag\n", ""),
                        ("name: x\naction: flag\n\nlisten: {}\n", "listen"),
                        ("[", ""), ("just text", "")]:
        code, told = add(daemon, rule)
        assert code == 422 and words in told["detail"], (rule, code, told)
        assert path.read_text() == before
        assert rcode(daemon) == dns.rcode.NXDOMAIN
    assert add(daemon, "")[0] == 400


def test_what_people_wrote_by_hand_is_theirs(portafilter, upstream):
    daemon = start(portafilter, upstream)
    assert add(daemon, SINK)[0] == 200
    path = daemon.folder / "rules.yaml"
    by_hand = "rules:\n  - name: mine\n    tags: [coffee]\n    action: sinkhole\n    reply: refused\n"
    path.write_text(by_hand)
    assert daemon.cli("reload")[0] == 0
    assert rcode(daemon) == dns.rcode.REFUSED
    code, told = add(daemon, SINK)
    assert code == 409 and "by hand" in told["detail"]
    assert path.read_text() == by_hand
    path.write_text("rules:\n- {name: broken\n")
    code, _, error = daemon.cli("check")
    assert code == 1 and str(path) in error
    code, _, error = daemon.cli("reload")
    assert code == 1 and "rules.yaml" in error
    assert rcode(daemon) == dns.rcode.REFUSED


def change(daemon, verb, **params):
    return daemon.api(f"/api/v1/rules/{verb}?" + urlencode(params), "POST")[:2]


def test_a_rule_is_written_anew_and_moved(portafilter, upstream):
    """In its place, with its comments; a change can be undone by the opposite one."""
    daemon = start(portafilter, upstream)
    assert add(daemon, SINK)[0] == 200
    text = "name: guests may not   # for now\ntags: [coffee]\nnames:\n- '*.test'\naction: sinkhole\nreply: refused\n"
    assert add(daemon, text)[0] == 200 and rcode(daemon) == dns.rcode.REFUSED

    def row(name):
        return next(one for one in daemon.api("/api/v1/rules")[1]["rules"] if one["name"] == name)

    assert row("guests may not")["text"] == text and row("coffee is fine")["text"] is None
    assert row("no coffee")["shadowed_by"] == "guests may not" and row("guests may not")["shadowed_by"] is None
    assert any("can never decide" in warning and "rules.yaml" in warning for warning in row("no coffee")["warnings"])
    assert row("coffee is fine")["file"].endswith("portafilter.yaml") and row("coffee is fine")["line"] > 1
    assert row("guests may not")["file"] == str(daemon.folder / "rules.yaml") and row("guests may not")["line"] == 3
    # moved
    code, told = change(daemon, "move", name="guests may not", place=2)
    assert code == 200 and told["added"] == ["no coffee", "guests may not"], told
    assert rcode(daemon) == dns.rcode.NXDOMAIN and row("guests may not")["text"] == text
    assert change(daemon, "move", name="no coffee", place=99)[1]["added"] == ["guests may not", "no coffee"]
    assert change(daemon, "move", name="no coffee", place=1)[1]["added"] == ["no coffee", "guests may not"]
    # written anew, with another name
    new = {**SINK, "name": "coffee sleeps", "reply": "nodata"}
    code, told = change(daemon, "replace", name="no coffee", rule=json.dumps(new))
    assert code == 200 and told["added"] == ["coffee sleeps", "guests may not"], told
    assert rcode(daemon) == dns.rcode.NOERROR
    assert change(daemon, "replace", name="coffee sleeps", rule=json.dumps(SINK), place=2)[1]["added"] == ["guests may not", "no coffee"]
    before = (daemon.folder / "rules.yaml").read_text()
    for verb, params, status in (("move", {"name": "no coffee"}, 400), ("move", {"name": "no coffee", "place": "0"}, 400), ("move", {"name": "x", "place": 1}, 404),
                                 ("replace", {"name": "no coffee"}, 400), ("replace", {"name": "coffee is fine", "rule": "name: x"}, 404),
                                 ("replace", {"name": "no coffee", "rule": "name: x\nacton: y"}, 422), ("replace", {"rule": json.dumps(SINK)}, 400),
                                 ("replace", {"name": "no coffee", "rule": json.dumps({**SINK, "name": "guests may not"})}, 422),
                                 ("move", {"name": "no coffee", "place": "-1"}, 400), ("add", {"rule": json.dumps(new), "place": "x"}, 400)):
        code, told = change(daemon, verb, **params)
        assert code == status, (verb, params, told)
        assert (daemon.folder / "rules.yaml").read_text() == before
    assert change(daemon, "add", rule=json.dumps({**SINK, "name": "in between"}), place=2)[1]["added"] == ["guests may not", "in between", "no coffee"]


def test_what_a_change_would_have_done(portafilter, upstream):
    """Of one that replaces, moves or takes away, as of one more."""
    daemon = start(portafilter, upstream)
    assert add(daemon, SINK)[0] == 200
    assert rcode(daemon) == dns.rcode.NXDOMAIN
    daemon.rows(1)

    def simulated(**params):
        code, told, _ = daemon.api("/api/v1/simulate?" + urlencode({"since": "1h", **params}), "POST")
        return told["changes"] if code == 200 else code

    assert simulated(instead="no coffee") == [{"from": "sinkhole", "to": "allow", "queries": 1}]
    assert simulated(instead="no coffee", add=json.dumps({**SINK, "action": "flag", "reply": None} | {"reply": "null"})) == 422, "a reply is for the sink"
    flag = {key: value for key, value in SINK.items() if key != "reply"} | {"action": "flag"}
    assert simulated(instead="no coffee", add=json.dumps(flag)) == [{"from": "sinkhole", "to": "flag", "queries": 1}]
    assert simulated(instead="no coffee", place=1) == []
    assert simulated(instead="nobody") == 404
    assert rules(daemon) == [("no coffee", True), ("coffee is fine", False)] and rcode(daemon) == dns.rcode.NXDOMAIN

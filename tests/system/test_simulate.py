"""`simulate` and `report` on a journal that a real daemon wrote."""
import json
import os
import subprocess

import packets
import test_replay
from harness import BUILD, LOCATION, PATIENCE_S, answer, ask, small_control

ADDRESSES = {"cn.vendor.test": "114.114.114.114", "us.vendor.test": "6.6.6.6", "plain.test": "6.6.6.6", "sunk.test": "6.6.6.6"}
RULES = [{"name": "sunk", "names": ["sunk.test"], "action": "sinkhole"}, {"name": "watch", "names": ["plain.test"], "action": "flag"}]


def start(portafilter, upstream):
    daemon = portafilter({
        "upstreams": [upstream(lambda q, t: answer(q, ADDRESSES[q.question[0].name.to_text(True)])).upstream], "home": ["US"],
        "geo": {"location": [str(p) for p in LOCATION], "control": [small_control()], "max-age": "36500d"},
        "devices": [{"name": "lobby coffee", "ip": "127.0.0.11", "tags": ["coffee"]}, {"name": "tv", "ip": "127.0.0.12", "tags": ["screen"]}], "rules": RULES})
    for name in ADDRESSES:
        for source in ("127.0.0.11", "127.0.0.11", "127.0.0.12"):
            ask(daemon.port, name, source=source)
    daemon.rows(12)
    return daemon


def simulate(daemon, rules, *arguments, form=None):
    path = daemon.folder / "new.yaml"
    path.write_text(rules if isinstance(rules, str) else json.dumps(form or {"rules": rules}))
    code, out, err = daemon.cli("simulate", path, "--json", *arguments)
    return code, json.loads(out) if out else None, err


def changes(document):
    return {(row["device"], row["name"], row["from"], row["to"], row["rule_name"]): row["count"] for row in document["rows"]}


def check_simulations(daemon):
    code, same, err = simulate(daemon, RULES)
    assert code == 0 and same["queries"] == same["same"] == 12 and not same["rows"] and not same["breaks"], err
    # By what the answers said, for one tag only
    code, document, _ = simulate(daemon, RULES + [{"name": "coffee stays home", "tags": ["coffee"], "standing": "overseas", "action": "sinkhole"}])
    assert code == 1 and document["breaks"] and changes(document) == {("lobby coffee", "cn.vendor.test", "allow", "sinkhole", "coffee stays home"): 2}
    assert [(n["name"], n["sinkholed"], n["devices"]) for n in document["look_first"]] == [("cn.vendor.test", 2, ["lobby coffee"])]
    # What is let through again breaks nothing; of what it would have led to nothing is known
    code, document, _ = simulate(daemon, [RULES[1], {"name": "all abroad", "standing": "overseas", "confidence": "low", "action": "flag"}])
    assert code == 0 and document["unseen"] == 3
    assert changes(document) == {("lobby coffee", "sunk.test", "sinkhole", "allow", ""): 2, ("tv", "sunk.test", "sinkhole", "allow", ""): 1,
                                 ("lobby coffee", "cn.vendor.test", "allow", "flag", "all abroad"): 2, ("tv", "cn.vendor.test", "allow", "flag", "all abroad"): 1}
    # Lists of their own, and a network
    (daemon.folder / "names.txt").write_text("vendor.test\n")
    code, document, _ = simulate(daemon, None, form={"lists": [{"name": "vendor", "file": "names.txt"}],
                                                     "rules": RULES + [{"name": "listed", "lists": ["vendor"], "action": "sinkhole"}]})
    assert code == 1 and {n["name"]: (n["sinkholed"], n["list"]) for n in document["look_first"]} == {"cn.vendor.test": (3, "vendor"), "us.vendor.test": (3, "vendor")}
    code, document, _ = simulate(daemon, RULES + [{"name": "net", "asn": [21859], "action": "sinkhole"}], "--device", "tv")
    assert code == 1 and changes(document) == {("tv", "cn.vendor.test", "allow", "sinkhole", "net"): 1} and document["queries"] == 4
    # At times that never were, and always
    for during, expected in (({"days": ["mon-sun"], "from": "00:00", "to": "24:00"}, 3), (None, 3)):
        rule = {"name": "night", "names": ["us.vendor.test"], "action": "sinkhole", **({"during": "00:00-24:00"} if during else {})}
        code, document, err = simulate(daemon, RULES + [rule])
        assert code == 1 and sum(changes(document).values()) == expected, err


def check_api(daemon):
    """The same over HTTP, with the rules as a body."""
    rules = RULES + [{"name": "coffee stays home", "tags": ["coffee"], "standing": "overseas", "action": "sinkhole"}]
    code, document, _ = daemon.api("/api/v1/simulate", "POST", body=json.dumps({"rules": rules}))
    assert code == 200 and document["breaks"] and changes(document) == {("lobby coffee", "cn.vendor.test", "allow", "sinkhole", "coffee stays home"): 2}, document
    code, document, _ = daemon.api("/api/v1/simulate?device=tv&since=1h&limit=1", "POST", body="rules:\n  - {name: all, action: sinkhole}\n")
    assert code == 200 and document["queries"] == 4 and len(document["rows"]) == 1 and document["cut"] == {"look_first": 2, "devices": 0, "rows": 2}
    code, document, _ = daemon.api("/api/v1/simulate?tag=coffee", "POST", body='{"rules": []}')
    assert code == 200 and document["queries"] == 8 and not document["breaks"]
    for body, http, sentence in (("", 400, "rules"), ("rules:\n  - {name: x, nams: [a.test], action: sinkhole}\n", 422, "rules:2:"), ("rules: [", 422, "rules:"),
                                 ('{"rules": [], "lists": [{"name": "x", "file": "/etc/hostname"}]}', 422, "only `rules`"), ('{"user": "root"}', 422, "only `rules`")):
        code, problem, _ = daemon.api("/api/v1/simulate", "POST", body=body)
        assert code == http and sentence in json.dumps(problem), (body[:40], code, problem)
    assert daemon.api("/api/v1/simulate?tag=nobody", "POST", body='{"rules": []}')[0] == 404
    assert daemon.api("/api/v1/simulate")[0] == 405


def test_rules_on_what_was(portafilter, upstream):
    daemon = start(portafilter, upstream)
    check_simulations(daemon)
    check_api(daemon)
    # A whole configuration stands for itself: here the coffee machine has no tag, so that the rule is not about it.
    whole = json.loads(daemon.path.read_text())
    whole["devices"] = [{"name": "lobby coffee", "ip": "127.0.0.11"}, {"name": "spare", "ip": "127.0.0.99", "tags": ["coffee"]}]
    whole["rules"] = RULES + [{"name": "coffee stays home", "tags": ["coffee"], "standing": "overseas", "action": "sinkhole"}]
    code, document, err = simulate(daemon, None, form=whole)
    assert code == 0 and not document["rows"], err
    code, document, err = simulate(daemon, "rules:\n  - {name: x, nams: [a.test], action: sinkhole}\n")
    assert code == 2 and document is None and "new.yaml:2:" in err and "nams" in err
    code, document, err = simulate(daemon, RULES, "--tag", "nobody")
    assert code == 2 and "No device has the tag" in err
    daemon.stop()
    check_simulations(daemon)


def test_a_report_of_what_was(portafilter, upstream):
    daemon = start(portafilter, upstream)
    report = daemon.json("report", "--device", "lobby coffee")
    assert report["totals"] == {"queries": 8, "allow": 4, "flag": 2, "sinkhole": 2, "names": 4, "domains": 3, "addresses": 2}
    owners = {o["domain"]: o for o in report["owners"]}
    assert owners["vendor.test"]["queries"] == 4 and owners["vendor.test"]["locations"] == {"CN": 1, "US": 1}
    assert owners["sunk.test"]["sinkhole"] == 2 and owners["sunk.test"]["addresses"] == 0
    assert {(d["name"], d["action"], d["count"]) for d in report["decided"]} == {("sunk.test", "sinkhole", 2), ("plain.test", "flag", 2)}
    assert sum(map(sum, report["hours"])) == 8 and report["unknowable"] and "DB-IP" in " ".join(report["sources"])
    code, data, _ = daemon.api("/api/v1/report?tag=coffee&since=1d")
    assert code == 200 and data["totals"] == report["totals"]
    manifest = daemon.folder / "m.json"
    texts = {}
    for form in ("text", "html"):
        extra = [] if form == "text" else ["--manifest", manifest, "--until", "2100-01-01", "--since", "2020-01-01"]
        code, texts[form], err = daemon.cli("report", "--tag", "coffee", "--format", form, *extra)
        assert code == 0 and "cn.vendor.test" in texts[form] or form == "text", err
    assert json.loads(manifest.read_text())["format"] == "html"
    assert texts["html"].startswith("<!doctype html>") and "http" not in texts["html"].replace("http-equiv", "").replace("https://db-ip.com", "")
    code, _, err = daemon.cli("report", "--format", "pdf")
    assert code == 2 and "html" in err


def simulate_offline(folder, rules):
    path = folder / "new.yaml"
    path.write_text(json.dumps({"rules": rules}))
    run = subprocess.run([BUILD / "portafilter", "simulate", "--json", "-c", folder / "portafilter.yaml", path, "--since", "2019-01-01"],
                         capture_output=True, text=True, timeout=PATIENCE_S, env=os.environ | {"TZ": "UTC"})
    assert run.returncode in (0, 1), run.stderr
    return changes(json.loads(run.stdout))


def test_rules_at_times(folder):
    """A query every half hour of a week: rules act at the time of the query, whether their schedules are few or too many to be told apart."""
    talk = test_replay.Talk()
    monday = 1572825600  # 2019-11-04 00:00:00 UTC
    for half in range(336):
        talk.at = monday + 1800 * half + 60
        talk.ask("192.168.1.11", "a.example", "198.51.100.7")
    test_replay.replay(folder, {"journal": {"path": str(folder / "journal.db"), "keep": "10000d"}},
                       [test_replay.write(folder, "week.pcap", packets.pcap(talk.frames))], "--journal", folder / "journal.db")
    night = {"name": "night", "names": ["a.example"], "during": "22:00-06:00", "action": "sinkhole"}
    work = {"name": "work", "addresses": ["198.51.100.0/24"], "during": {"at": "mon-fri 08:00-17:00", "zone": "UTC"}, "action": "flag"}
    assert {row[4]: count for row, count in simulate_offline(folder, [night, work]).items()} == {"night": 7 * 16, "work": 5 * 18}
    many = [{"name": f"rule {hour}", "names": ["a.example"], "during": f"{day} {hour % 24:02}:00-{hour % 24:02}:45", "action": "flag"}
            for hour, day in ((hour, ("mon", "tue", "wed")[hour // 24]) for hour in range(72))]
    assert {row[4]: count for row, count in simulate_offline(folder, many).items()} == {f"rule {hour}": 2 for hour in range(72)}

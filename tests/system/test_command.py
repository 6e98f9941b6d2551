"""The portafilter command: what it shows, --json, filters, exit codes, help."""
import csv
import io
import json
import signal
import subprocess
import threading

import pytest

from harness import BUILD, PATIENCE_S, WRAP, answer, ask, wait_until

COFFEE, TV = "127.0.0.11", "127.0.0.12"
VERBS = ["check", "status", "devices", "tag", "untag", "log", "explain", "endpoints", "events", "lists", "reload"]


@pytest.fixture
def busy(portafilter, nsd, geo):
    """A daemon that has seen something of everything."""
    daemon = portafilter({
        "upstreams": [nsd.upstream], "home": ["US"], "geo": geo,
        "devices": [{"name": "lobby coffee", "ip": COFFEE, "tags": ["coffee"]}, {"name": "lounge tv", "ip": TV, "tags": ["tv"]}],
        "rules": [{"name": "coffee stays home", "tags": ["coffee"], "standing": "overseas", "action": "sinkhole", "reply": "nxdomain"},
                  {"name": "watch", "tags": ["tv"], "names": ["us.test"], "action": "flag"}]})
    for name in ("cn.test", "us.test", "nothing.test"):
        for source in (COFFEE, TV, "127.0.0.99"):
            ask(daemon.port, name, source=source)
    ask(daemon.port, "us.test", "AAAA", source=TV)
    daemon.rows(10)
    return daemon


def test_status(busy):
    status = busy.json("status")
    assert status["queries"]["answered"] == 10 and status["home"] == ["US"]
    assert status["listen"] == [f"127.0.0.1:{busy.port}"] and status["snapshot"]["config"] == str(busy.path)
    assert {d["kind"] for d in status["databases"]} >= {"location", "control"}
    code, text, _ = busy.cli("status")
    assert code == 0 and "10" in text and busy.config["upstreams"][0] in text


def test_log_and_its_filters(busy):
    def names(*arguments):
        return [(q["device"], q["name"]) for q in busy.json("log", *arguments)["queries"]]
    assert len(names()) == 10
    assert names("--device", "lobby coffee") == [("lobby coffee", n) for n in ("cn.test", "us.test", "nothing.test")]
    assert names("--action", "sinkhole") == [("lobby coffee", "cn.test")]
    assert names("--action", "flag") == [("lounge tv", "us.test")] * 2
    assert len(names("--name", "cn.*")) == 3 and len(names("--name", "*.test")) == 10
    assert len(names("--since", "1h")) == 10
    assert names("--device", "nobody of that name") == []
    code, text, _ = busy.cli("log", "--action", "sinkhole")
    assert code == 0 and 'sinkholed by rule 1 "coffee stays home"' in " ".join(text.split()) or "cn.test" in text
    query = busy.json("log", "--action", "sinkhole")["queries"][0]
    assert set(query) >= {"time", "device", "client", "name", "type", "rcode", "action", "rule", "reason", "standing", "confidence",
                          "source", "upstream", "took_us"}
    assert query["client"] == COFFEE and query["took_us"] > 0


def test_log_follows(busy):
    process = subprocess.Popen([str(BUILD / "portafilter"), "log", "-c", str(busy.path), "-f", "--json"], stdout=subprocess.PIPE, text=True)
    lines = []
    threading.Thread(target=lambda: lines.extend(process.stdout), daemon=True).start()
    try:
        seen = []
        def asked_and_seen():
            ask(busy.port, "followed.test", source=TV)
            seen[:] = [line for line in lines if "followed.test" in line]
            return seen
        wait_until(asked_and_seen, "log -f shows the query")
        json.loads(seen[0])
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE_S)


def test_endpoints_in_all_formats(busy):
    rows = busy.json("endpoints", "--standing", "overseas")["endpoints"]
    assert {(r["device"], r["name"], r["address"]) for r in rows} == \
        {(d, "cn.test", "114.114.114.114") for d in ("lobby coffee", "lounge tv", "127.0.0.99")}
    row = rows[0]
    assert (row["location"], row["standing"], row["confidence"], row["type"], row["count"]) == ("CN", "overseas", "high", "A", 1)
    code, text, _ = busy.cli("endpoints", "--format", "csv", "--device", "lounge tv")
    table = list(csv.DictReader(io.StringIO(text)))
    assert code == 0 and {r["address"] for r in table} == {"114.114.114.114", "6.6.6.6"}
    code, text, _ = busy.cli("endpoints", "--format", "jsonl")
    assert code == 0 and len([json.loads(line) for line in text.splitlines()]) == 6
    code, text, _ = busy.cli("endpoints", "--format", "table")
    assert code == 0 and "114.114.114.114" in text
    assert busy.cli("endpoints", "--format", "nonsense")[0] == 2


def test_the_journal_can_be_read_without_the_daemon(busy):
    busy.stop()
    assert len(busy.json("log")["queries"]) == 10
    assert len(busy.json("endpoints")["endpoints"]) == 6


def test_exit_codes(busy):
    assert busy.cli("check")[0] == 0
    assert busy.cli("explain", "lobby coffee", "a.test")[0] == 0
    assert busy.cli("explain", "nobody of that name", "a.test")[0] in (1, 2)
    assert busy.cli("explain", "lobby coffee")[0] == 2
    assert busy.cli("nonsense")[0] == 2
    assert busy.cli("status", "--nonsense")[0] == 2
    assert busy.cli("status", "too", "much")[0] == 2
    busy.write(hoem=["US"])
    assert busy.cli("check")[0] == 1
    busy.write(hoem=None)
    busy.stop()
    for verb in ("status", "reload", "lists"):
        code, _, err = busy.cli(verb)
        assert code == 3 and err, verb
    assert subprocess.run([str(BUILD / "portafilter")], capture_output=True).returncode == 2


def test_help_with_examples():
    run = subprocess.run([str(BUILD / "portafilter"), "--help"], capture_output=True, text=True)
    assert run.returncode == 0 and all(verb in run.stdout for verb in VERBS)
    for verb in VERBS:
        run = subprocess.run([str(BUILD / "portafilter"), verb, "--help"], capture_output=True, text=True)
        assert run.returncode == 0 and f"portafilter {verb}" in run.stdout and "xample" in run.stdout, verb


def test_tag_and_untag(busy):
    code, text, _ = busy.cli("tag", COFFEE, "vip", "guest")
    assert code == 0 and "lobby coffee (name:lobby coffee):" in text
    assert "vip: given by hand at" in text and "coffee: from the configuration" in text and "all: built in" in text
    assert "vip(person)" in busy.cli("devices")[1]
    code, text, _ = busy.cli("untag", "lobby coffee", "vip")
    assert code == 0 and "vip" not in text and "guest" in text
    for arguments in (["tag"], ["tag", COFFEE], ["untag", COFFEE]):
        assert busy.cli(*arguments)[0] == 2, arguments
    code, text, error = busy.cli("untag", COFFEE, "vip")
    assert code == 1 and not text and 'no tag "vip"' in error


def test_json_for_all(busy):
    for arguments in (["check"], ["status"], ["devices"], ["tag", "lounge tv", "vip"], ["untag", "lounge tv", "vip"], ["log"], ["explain", "lounge tv", "cn.test"], ["endpoints"], ["lists"], ["reload"]):
        assert isinstance(busy.json(*arguments), (dict, list)), arguments


def test_explain_takes_devices_as_people_write_them(busy):
    for device in ("lobby coffee", "name:lobby coffee", COFFEE):
        assert busy.json("explain", device, "cn.test")["device"]["name"] == "lobby coffee"
    unknown = busy.json("explain", "127.0.0.77", "cn.test")
    assert not unknown["device"]["known"] and unknown["action"] == "allow"
    assert busy.json("explain", "lounge tv", "us.test", "AAAA")["type"] == "AAAA"
    assert busy.json("explain", "lounge tv", "us.test")["reason"].startswith('flagged by rule 2 "watch"')
    assert busy.json("explain", "lounge tv", "cn.test")["reason"] == "allowed: no rule matched"


def test_explain_says_what_is_evidence_and_what_is_not(busy):
    """A name under .cn that stands at home does; whose answer it was is told, and that another resolver may get another."""
    found = busy.json("explain", "lounge tv", "ends.cn")
    assert found["standing"] == "home" and found["client_subnet"] is False and found["upstream"] == busy.config["upstreams"][0]
    code, text, _ = busy.cli("explain", "lounge tv", "ends.cn")
    assert code == 0 and "hint       .cn says who registers the name, and nothing of where it stands\n" in text
    assert f"as {found['upstream']} answered, asked without client subnet; another resolver may be given other addresses" in text
    assert "hint" not in busy.cli("explain", "lounge tv", "cn.test")[1]
    way = busy.json("explain", "lounge tv", "hops.test")
    assert way["hops"] == ["hop.test", "cn.test"] and way["owners"] == ["hops.test", "hop.test", "cn.test"]
    assert "leads to   hop.test, a name of hop.test\n" in busy.cli("explain", "lounge tv", "hops.test")[1]


def test_hostile_names_are_escaped(portafilter, upstream):
    """Line breaks, quotes, terminal escapes and NUL in labels come out as text, everywhere."""
    daemon = portafilter({"upstreams": [upstream().upstream], "rules": [{"name": "all", "types": ["A"], "action": "flag"}]})
    name = r'\010\027[31m\"\000\{\}\<script\>.te\.st.'
    assert ask(daemon.port, name) is not None
    daemon.rows(1)
    for arguments in (["log"], ["endpoints"], ["log", "--json"], ["endpoints", "--format", "csv"], ["endpoints", "--format", "jsonl"]):
        code, text, _ = daemon.cli(*arguments)
        assert code == 0
        assert not any(c < " " and c != "\n" for c in text) and "\x7f" not in text, (arguments, text)
        assert r"\010\027" in text or r"\\010\\027" in text, (arguments, text)
    assert len(daemon.cli("log", "--json")[1]) and len(daemon.json("log")["queries"]) == 1
    assert r"\010" in daemon.rows(1)[0]["name"]

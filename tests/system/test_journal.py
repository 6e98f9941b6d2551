"""The journal: one row for each query on every path, and views for people who bring their own SQL."""
import json
import re
import signal
import stat
import threading

import dns.name
import dns.rcode
import pytest

from harness import ROOT, answer, ask, question, send_udp, wait_until

QUERIES = ["time", "device", "client", "name", "type", "rcode", "action", "rule", "reason", "standing", "confidence", "source", "upstream", "took_us", "protocol", "dnssec"]
ENDPOINTS = ["device", "name", "type", "address", "location", "control", "asn", "organisation", "standing", "confidence", "first", "last", "count", "dnssec"]
TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")


def test_the_promised_views(portafilter, nsd):
    daemon = portafilter({"upstreams": [nsd.upstream]})
    ask(daemon.port, "hops.test", source="127.0.0.11")
    row = daemon.rows(1)[0]
    assert list(row) == QUERIES
    assert TIME.match(row["time"]) and row["upstream"] == nsd.upstream and row["took_us"] > 0
    assert (row["name"], row["type"], row["rcode"], row["action"], row["client"]) == ("hops.test", "A", "NOERROR", "allow", "127.0.0.11")
    endpoint = wait_until(lambda: daemon.journal("SELECT * FROM v_endpoints"), "the endpoint is there")[0]
    assert list(endpoint) == ENDPOINTS
    assert (endpoint["address"], endpoint["name"], endpoint["count"]) == ("114.114.114.114", "hops.test", 1)
    assert TIME.match(endpoint["first"]) and endpoint["first"] == endpoint["last"]


def test_it_is_sqlite_in_wal_with_strict_tables(portafilter, upstream):
    daemon = portafilter({"upstreams": [upstream().upstream]})
    ask(daemon.port, "a.test")
    daemon.rows(1)
    assert daemon.journal("PRAGMA journal_mode")[0]["journal_mode"] == "wal"
    tables = daemon.journal("SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    assert tables and all(re.search(r"\)\s*(WITHOUT ROWID\s*,\s*)?STRICT(\s*,\s*WITHOUT ROWID)?\s*$", t["sql"]) for t in tables), tables
    assert stat.S_IMODE((daemon.folder / "journal.db").stat().st_mode) & 0o007 == 0


def test_one_row_on_every_path(portafilter, upstream):
    def handler(query, transport):
        name = query.question[0].name.to_text()
        if name.startswith("silent"):
            return None
        return answer(query, rcode=dns.rcode.NXDOMAIN, soa=60) if name.startswith("none") else answer(query, "192.0.2.1")

    daemon = portafilter({"upstreams": [upstream(handler).upstream], "rules": [
        {"name": "sink", "names": ["sink.test"], "action": "sinkhole"}, {"name": "drop", "names": ["drop.test"], "action": "sinkhole", "reply": "drop"},
        {"name": "refuse", "names": ["refuse.test"], "action": "sinkhole", "reply": "refused"}, {"name": "flag", "names": ["flag.test"], "action": "flag"}]})
    for name in ("a.test", "a.test", "none.test", "none.test", "sink.test", "drop.test", "refuse.test", "flag.test", "silent.test"):
        ask(daemon.port, name, timeout=0.5 if name == "drop.test" else 20)
        if name == "a.test":
            ask(daemon.port, name, tcp=True)
    rows = daemon.rows(11)
    assert [(r["name"], r["source"], r["action"], r["rcode"]) for r in rows] == [
        ("a.test", "upstream", "allow", "NOERROR"), ("a.test", "cache", "allow", "NOERROR"), ("a.test", "cache", "allow", "NOERROR"),
        ("a.test", "cache", "allow", "NOERROR"), ("none.test", "upstream", "allow", "NXDOMAIN"), ("none.test", "cache", "allow", "NXDOMAIN"),
        ("sink.test", "policy", "sinkhole", "NOERROR"), ("drop.test", "policy", "sinkhole", rows[7]["rcode"]),
        ("refuse.test", "policy", "sinkhole", "REFUSED"), ("flag.test", "upstream", "flag", "NOERROR"), ("silent.test", "upstream", "allow", "SERVFAIL")]
    status = daemon.status()
    assert status["queries"]["answered"] == 11 and status["journal"]["journalled"] == 11


def test_endpoints_are_kept_once(portafilter, upstream):
    daemon = portafilter({"upstreams": [upstream(lambda q, t: answer(q, "192.0.2.1", "192.0.2.2", ttl=1)).upstream]})
    for _ in range(10):
        ask(daemon.port, "a.test", source="127.0.0.11")
    ask(daemon.port, "a.test", source="127.0.0.12")
    daemon.rows(11)
    rows = wait_until(lambda: (lambda r: r if len(r) == 4 else None)(daemon.journal("SELECT * FROM v_endpoints ORDER BY device, address")), "four endpoints")
    assert [(r["address"], r["count"]) for r in rows] == [("192.0.2.1", 10), ("192.0.2.2", 10), ("192.0.2.1", 1), ("192.0.2.2", 1)]


def test_an_answer_that_changes_is_kept_anew(portafilter, upstream):
    """The same question, another answer: both places are endpoints, and none is lost."""
    addresses = iter(f"198.51.100.{i}" for i in range(1, 200))
    daemon = portafilter({"upstreams": [upstream(lambda q, t: answer(q, next(addresses), ttl=0)).upstream]})
    for _ in range(20):
        ask(daemon.port, "a.test")
    daemon.rows(20)
    wait_until(lambda: len(daemon.journal("SELECT DISTINCT address FROM v_endpoints")) == 20, "all twenty addresses are endpoints")


def test_it_goes_on_after_a_restart(portafilter, upstream):
    daemon = portafilter({"upstreams": [upstream().upstream]})
    ask(daemon.port, "a.test")
    daemon.stop()
    daemon.start()
    ask(daemon.port, "a.test")
    rows = daemon.rows(2)
    assert [r["source"] for r in rows] == ["upstream", "upstream"]
    assert daemon.journal("SELECT count FROM v_endpoints") == [{"count": 2}]


def test_kill_9_loses_only_the_last_moment(portafilter, upstream):
    daemon = portafilter({"upstreams": [upstream().upstream]})
    for i in range(50):
        ask(daemon.port, f"n{i}.test")
    daemon.rows(50)
    daemon.kill()
    daemon.expected = -signal.SIGKILL
    assert len(daemon.rows()) == 50
    assert daemon.journal("PRAGMA integrity_check") == [{"integrity_check": "ok"}]


def test_journal_off(portafilter, upstream):
    daemon = portafilter({"upstreams": [upstream().upstream], "journal": "off"})
    assert ask(daemon.port, "a.test").rcode() == dns.rcode.NOERROR
    status = daemon.status()
    assert status["journal"]["enabled"] is False and status["queries"]["answered"] == 1
    assert not [p.name for p in daemon.folder.iterdir() if "journal" in p.name]
    code, data, _ = daemon.api("/api/v1/queries")
    assert code >= 400 and "journal" in data["detail"]
    code, _, err = daemon.cli("log")
    assert code != 0 and "journal" in err


def test_no_toil_for_refused_and_malformed(portafilter, upstream):
    """Who may not ask, and who does not know how, leaves no row."""
    daemon = portafilter({"upstreams": [upstream().upstream], "allow-from": ["127.0.0.1/32"]})
    ask(daemon.port, "a.test", source="127.0.0.12")
    send_udp(daemon.port, question("a.test").to_wire()[:-3], timeout=5)
    ask(daemon.port, "b.test")
    assert [r["name"] for r in daemon.rows(1)] == ["b.test"]


def test_readers_do_not_stop_the_writer(portafilter, upstream):
    """Somebody holds a long read transaction while queries come in."""
    import sqlite3
    daemon = portafilter({"upstreams": [upstream().upstream]})
    ask(daemon.port, "a.test")
    daemon.rows(1)
    base = sqlite3.connect(f"file:{daemon.folder}/journal.db?mode=ro", uri=True)
    base.execute("BEGIN")
    assert base.execute("SELECT count(*) FROM v_queries").fetchone() == (1,)
    for i in range(100):
        ask(daemon.port, f"n{i}.test")
    daemon.rows(101)
    assert base.execute("SELECT count(*) FROM v_queries").fetchone() == (1,)
    base.close()


@pytest.mark.parametrize("content", [b"this is no database at all" * 100, b""])
def test_a_file_that_is_no_journal(portafilter, upstream, content):
    daemon = portafilter(ready=False)
    path = daemon.write_file("journal.db", content)
    daemon.write(upstreams=[upstream().upstream])
    if ROOT:
        import os
        import pwd
        os.chown(path, pwd.getpwnam("nobody").pw_uid, -1)
    if content:
        with pytest.raises(AssertionError, match="has ended with 1"):
            daemon.start()
        assert "journal.db" in daemon.log()
        daemon.process = None
        assert (daemon.folder / "journal.db").read_bytes() == content, "it is not touched"
    else:
        daemon.start()
        ask(daemon.port, "a.test")
        daemon.rows(1)


def test_many_workers_one_journal(portafilter, upstream):
    daemon = portafilter({"upstreams": [upstream().upstream], "workers": 4})
    threads = [threading.Thread(target=lambda t=t: [ask(daemon.port, f"n{i}.test", source=f"127.0.0.{t}") for i in range(50)]) for t in range(11, 19)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rows = daemon.rows(400)
    assert len(rows) == 400 and len({(r["client"], r["name"]) for r in rows}) == 400


def test_json_lines_beside_it(portafilter, upstream):
    """The same rows, one JSON object a line, whatever a device asks for."""
    daemon = portafilter(ready=False)
    lines = daemon.folder / "queries.jsonl"
    daemon.write(upstreams=[upstream(lambda query, transport: answer(query, "192.0.2.1")).upstream],
                 journal={"path": f"{daemon.folder}/journal.db", "also": [{"jsonl": str(lines)}]},
                 rules=[{"name": 'a "rule"', "names": ["*.sink.test"], "action": "sinkhole"}])
    daemon.start()
    hostile = dns.name.Name([b'"},{\n\0\\', b"sink", b"test", b""])
    for name in ("a.test", "a.test", "b.sink.test", hostile):
        ask(daemon.port, name, source="127.0.0.11")
    rows = daemon.rows(4)
    wait_until(lambda: lines.read_text().count("\n") == 4, "all are written")
    objects = [json.loads(line) for line in lines.read_text().splitlines()]
    assert [o.pop("device_id") for o in objects] == ["ip:127.0.0.11"] * 4
    # the view says in words that no rule matched; a line leaves it open
    assert objects == [row | {"reason": row["reason"] if row["rule"] else None} for row in rows]
    sinks = daemon.status()["journal"]["sinks"]
    assert [(s["name"], s["journalled"], s["dropped"]) for s in sinks] == [("sqlite", 4, 0), ("jsonl", 4, 0)]

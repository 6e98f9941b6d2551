"""What the journal does not know of those of whom less is recorded: the files' own bytes are searched."""
import contextlib
import sqlite3

from harness import ask, wait_until

DEVICES = [{"name": "bedroom tablet", "ip": "127.0.0.11", "tags": ["child"]}, {"name": "visitor phone", "ip": "127.0.0.12", "tags": ["guest"]},
           {"name": "kitchen radio", "ip": "127.0.0.13", "tags": ["radio"]}]
HIDDEN = [b"bedroom tablet", b"127.0.0.11", bytes([127, 0, 0, 11])]


def endpoints(daemon):
    return {(e["device"], e["name"]): e["count"] for e in daemon.journal("SELECT * FROM v_endpoints")}


def contents(daemon):
    """All that stands on the disk of it, rings and -wal too."""
    return {p.name: p.read_bytes() for p in daemon.folder.iterdir() if p.name.startswith(("journal", "also")) and p.is_file()}


def test_less_is_recorded_by_tag(portafilter, upstream):
    daemon = portafilter({"upstreams": [upstream().upstream], "rules": [{"name": "says who asks", "tags": ["child"], "action": "flag"}]}, ready=False)
    daemon.write(devices=DEVICES, journal={"path": f"{daemon.folder}/journal.db", "privacy": "full", "also": [{"jsonl": f"{daemon.folder}/also.jsonl"}],
                                           "tags": {"child": "pseudonym", "guest": "endpoints-only"}})
    daemon.start()
    for source in ("127.0.0.11", "127.0.0.12", "127.0.0.13"):
        for name in ("a.test", "a.test", f"only{source[-2:]}.test"):
            ask(daemon.port, name, source=source)
    seen = wait_until(lambda: (lambda found: found if sum(found.values()) == 9 else None)(endpoints(daemon)), "all endpoints are counted")
    hashed = next(device for device, _ in seen if device.startswith("device-"))
    assert seen == {(who, name): count for who, own in ((hashed, "only11.test"), ("visitor phone", "only12.test"), ("kitchen radio", "only13.test"))
                    for name, count in (("a.test", 2), (own, 1))}
    assert sorted(row["device"] for row in daemon.rows(6)) == sorted([hashed] * 3 + ["kitchen radio"] * 3), "no single query of the visitor"
    assert not daemon.journal("SELECT 1 FROM v_sums WHERE device = 'visitor phone'") and not daemon.journal("SELECT 1 FROM v_queries WHERE name = 'only12.test'")
    found = contents(daemon)
    assert {"journal.db", "also.jsonl"} < set(found)
    for file, data in found.items():
        assert not [secret for secret in HIDDEN if secret in data], f"{file} knows who it is"
    assert any(b"kitchen radio" in data for file, data in found.items() if file.startswith("journal.db")), "the search finds what is there"
    assert b"only12.test" not in found["also.jsonl"] and b"only11.test" in found["also.jsonl"]

    key = next(daemon.folder.rglob("pseudonym.key"))
    daemon.stop()
    daemon.start()
    ask(daemon.port, "a.test", source="127.0.0.11")
    assert {row["device"] for row in daemon.rows(7)} == {hashed, "kitchen radio"}, "the same key, the same pseudonym"
    daemon.stop()
    key.unlink()
    daemon.start()
    ask(daemon.port, "a.test", source="127.0.0.11")
    other = {row["device"] for row in daemon.rows(8)} - {hashed, "kitchen radio"}
    assert len(other) == 1 and other.pop().startswith("device-"), "without the key nothing tells that it is the same one"
    daemon.stop()
    with contextlib.closing(sqlite3.connect(daemon.folder / "journal.db")) as base:
        assert base.execute("SELECT count(DISTINCT client) FROM v_queries WHERE device LIKE 'device-%'").fetchone() == (2,)
        assert base.execute("SELECT count(*) FROM merged").fetchone() == (0,)
    assert not [file for file, data in contents(daemon).items() for secret in HIDDEN if secret in data]

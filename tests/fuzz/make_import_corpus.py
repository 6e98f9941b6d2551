#!/usr/bin/python3
"""make_import_corpus FOLDER     writes the corpus of fuzz_import: databases of Pi-hole and configurations of AdGuard Home, also hostile ones."""
import pathlib
import sqlite3
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))

TABLES = """
CREATE TABLE "group" (id INTEGER PRIMARY KEY, enabled BOOLEAN, name TEXT);
CREATE TABLE domainlist (id INTEGER PRIMARY KEY, type INTEGER, domain TEXT, enabled BOOLEAN DEFAULT 1);
CREATE TABLE domainlist_by_group (domainlist_id INTEGER, group_id INTEGER);
CREATE TABLE adlist (id INTEGER PRIMARY KEY, address TEXT, enabled BOOLEAN DEFAULT 1, comment TEXT, type INTEGER DEFAULT 0);
CREATE TABLE adlist_by_group (adlist_id INTEGER, group_id INTEGER);
CREATE TABLE client (id INTEGER PRIMARY KEY, ip TEXT, comment TEXT);
CREATE TABLE client_by_group (client_id INTEGER, group_id INTEGER);
INSERT INTO "group" VALUES (0, 1, 'Default'), (1, 1, 'Kids');
"""
HOSTILE = ['x", tags: [all], action: allow}\n  - {name: "y', "a\\", "a\n# b: c", "\u2028", "\x85", "\x1b[31m", "'", "{}[]&*!|>%@`", "\ud7ff", "é" * 200, "x" * 5000,
           "", " ", "-", ".", "..", "a..b", "*", "*.x", "!x", "/x/", "x:1", "-x.example", "xn--a", "☕.example", "a" * 63 + "." + "b" * 64]


def gravity(fill):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "x.db"
        with sqlite3.connect(path) as made:
            made.execute("PRAGMA page_size = 1024")
            made.executescript(TABLES)
            fill(made)
        made.close()
        return path.read_bytes()


def usual(db):
    db.executescript("""
        INSERT INTO client VALUES (1, '64:bc:0c:80:7e:1f', 'coffee'), (2, '192.168.1.0/24', NULL), (3, 'host', NULL);
        INSERT INTO client_by_group VALUES (1, 1), (2, 0);
        INSERT INTO domainlist (type, domain) VALUES (0, 'a.example'), (1, 'b.example'), (2, '^x'), (3, 'y;querytype=A;reply=NODATA'), (3, '(a');
        INSERT INTO domainlist_by_group SELECT id, id % 2 FROM domainlist;
        INSERT INTO adlist (address, comment) VALUES ('https://x.example/y', 'list'), ('x', NULL);
        INSERT INTO adlist_by_group VALUES (1, 0), (2, 1);""")


def hostile(db):
    for i, text in enumerate(HOSTILE):
        db.execute("INSERT INTO \"group\" VALUES (?, 1, ?)", (i + 10, text))
        db.execute("INSERT INTO client VALUES (?, ?, ?)", (i + 10, f"10.0.0.{i}", text))
        db.execute("INSERT INTO client_by_group VALUES (?, ?)", (i + 10, i + 10))
        for kind in range(5):
            row = db.execute("INSERT INTO domainlist (type, domain) VALUES (?, ?)", (kind, text)).lastrowid
            db.execute("INSERT INTO domainlist_by_group VALUES (?, ?)", (row, i + 10))
        for address in ("https://" + text, text):
            row = db.execute("INSERT INTO adlist (address, comment) VALUES (?, ?)", (address, text)).lastrowid
            db.execute("INSERT INTO adlist_by_group VALUES (?, ?)", (row, i + 10))


def yaml_quote(text):
    return '"' + "".join(c if c.isascii() and c.isprintable() and c not in '"\\' else f"\\u{ord(c):04x}" for c in text) + '"'


def adguard():
    texts = [text for text in HOSTILE if text.isprintable() or "\u2028" in text or "\ud7ff" in text]  # others are refused as a whole
    quoted = [yaml_quote(text) for text in texts]
    lines = ["schema_version: 28", "filters:"]
    lines += [f"- {{enabled: true, url: {q}, name: {q}}}\n- {{enabled: true, url: {yaml_quote('https://x.example/' + t)}, name: {q}}}" for q, t in zip(quoted, texts)]
    lines += ["user_rules: [" + ", ".join(quoted) + "]", "filtering:", "  rewrites:"]
    lines += [f"  - {{domain: {q}, answer: {q}}}\n  - {{domain: {q}, answer: 10.0.0.1}}\n  - {{domain: n{i}.example, answer: {q}}}" for i, q in enumerate(quoted)]
    lines += ["dns:", "  upstream_dns: [" + ", ".join(quoted) + "]", "clients:", "  persistent:"]
    lines += [f"  - {{name: {q}, ids: [{q}, 10.0.0.{i}], tags: [{q}], filtering_enabled: false, use_global_settings: false}}" for i, q in enumerate(quoted)]
    return "\n".join(lines).encode()


def main(folder):
    import re
    text = (pathlib.Path(__file__).resolve().parents[1] / "system/test_import.py").read_text()
    corpus = {
        "gravity": gravity(usual), "gravity-hostile": gravity(hostile), "gravity-empty": gravity(lambda db: None),
        "gravity-cut": gravity(usual)[:6000],
        "adguard": re.search(r'ADGUARD = r"""(.*?)"""', text, re.S).group(1).encode(), "adguard-hostile": adguard(), "none": b"a: b\n",
        "adguard-old": b"filters: []\nclients:\n- {name: old, ip: 10.0.0.7, mac: 64:bc:0c:80:7e:1f}\ndns: {rewrites: [{domain: a, answer: b.c}]}\n",
    }
    (pathlib.Path(folder) / "import").mkdir(parents=True, exist_ok=True)
    for name, content in corpus.items():
        (pathlib.Path(folder) / "import" / name).write_bytes(content)


main(sys.argv[1])

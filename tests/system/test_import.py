"""`portafilter import`: databases of Pi-hole, made by SQL as Pi-hole makes them, and configurations of AdGuard Home."""
import json
import os
import re
import sqlite3
import subprocess

import pytest

from harness import BUILD, PATIENCE_S

GROUPS_AND_DOMAINS = """
CREATE TABLE "group" (id INTEGER PRIMARY KEY AUTOINCREMENT, enabled BOOLEAN NOT NULL DEFAULT 1, name TEXT UNIQUE NOT NULL, description TEXT);
INSERT INTO "group" (id, enabled, name) VALUES (0, 1, 'Default'), (1, 1, 'Smart TVs'), (2, 0, 'Holidays'), (3, 1, 'all');
CREATE TABLE domainlist (id INTEGER PRIMARY KEY AUTOINCREMENT, type INTEGER NOT NULL DEFAULT 0, domain TEXT NOT NULL,
                         enabled BOOLEAN NOT NULL DEFAULT 1, comment TEXT, UNIQUE(domain, type));
CREATE TABLE domainlist_by_group (domainlist_id INTEGER NOT NULL, group_id INTEGER NOT NULL, PRIMARY KEY (domainlist_id, group_id));
CREATE TABLE adlist_by_group (adlist_id INTEGER NOT NULL, group_id INTEGER NOT NULL, PRIMARY KEY (adlist_id, group_id));
CREATE TABLE client (id INTEGER PRIMARY KEY AUTOINCREMENT, ip TEXT NOT NULL UNIQUE, comment TEXT);
CREATE TABLE client_by_group (client_id INTEGER NOT NULL, group_id INTEGER NOT NULL, PRIMARY KEY (client_id, group_id));
"""
ADLIST_5 = "CREATE TABLE adlist (id INTEGER PRIMARY KEY AUTOINCREMENT, address TEXT UNIQUE NOT NULL, enabled BOOLEAN NOT NULL DEFAULT 1, comment TEXT);"
ADLIST_6 = """CREATE TABLE adlist (id INTEGER PRIMARY KEY AUTOINCREMENT, address TEXT NOT NULL, enabled BOOLEAN NOT NULL DEFAULT 1, comment TEXT,
                                   type INTEGER NOT NULL DEFAULT 0, UNIQUE(address, type));"""
NETWORK = """
CREATE TABLE network (id INTEGER PRIMARY KEY NOT NULL, hwaddr TEXT UNIQUE NOT NULL, interface TEXT NOT NULL);
CREATE TABLE network_addresses (network_id INTEGER NOT NULL, ip TEXT UNIQUE NOT NULL, name TEXT);
INSERT INTO network VALUES (1, '64:bc:0c:80:7e:1f', 'eth0'), (2, 'ip-192.168.1.9', 'eth0');
INSERT INTO network_addresses VALUES (1, '192.168.1.7', 'coffee'), (1, 'fd00::7', NULL), (2, '192.168.1.9', NULL);
"""
QUERIES_6 = """
CREATE TABLE query_storage (id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp INTEGER NOT NULL, type INTEGER NOT NULL, status INTEGER NOT NULL,
    domain INTEGER NOT NULL, client INTEGER NOT NULL, forward INTEGER, additional_info INTEGER, reply_type INTEGER, reply_time REAL, dnssec INTEGER);
CREATE TABLE domain_by_id (id INTEGER PRIMARY KEY, domain TEXT NOT NULL);
CREATE TABLE client_by_id (id INTEGER PRIMARY KEY, ip TEXT NOT NULL, name TEXT);
CREATE TABLE forward_by_id (id INTEGER PRIMARY KEY, forward TEXT NOT NULL);
CREATE VIEW queries AS SELECT id, timestamp, type, status,
    CASE typeof(domain) WHEN 'integer' THEN (SELECT domain FROM domain_by_id d WHERE d.id = q.domain) ELSE domain END domain,
    CASE typeof(client) WHEN 'integer' THEN (SELECT ip FROM client_by_id c WHERE c.id = q.client) ELSE client END client,
    CASE typeof(forward) WHEN 'integer' THEN (SELECT forward FROM forward_by_id f WHERE f.id = q.forward) ELSE forward END forward,
    additional_info, reply_type, reply_time, dnssec FROM query_storage q;
"""
QUERIES_OLD = """CREATE TABLE queries (id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp INTEGER NOT NULL, type INTEGER NOT NULL, status INTEGER NOT NULL,
    domain TEXT NOT NULL, client TEXT NOT NULL, forward TEXT, additional_info TEXT);"""


def run(*arguments, code=0):
    done = subprocess.run([BUILD / "portafilter", *arguments], capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout, done.stderr


def database(path, *statements):
    with sqlite3.connect(path) as made:
        for statement in statements:
            made.executescript(statement)
    made.close()
    return path


def checked(folder, text):
    """What `portafilter check` says of it."""
    path = folder / "checked.yaml"
    path.write_text(text)
    out, _ = run("check", "-c", path)
    return out


def gravity(folder, *more, adlist=ADLIST_6):
    return database(folder / "gravity.db", GROUPS_AND_DOMAINS, adlist, *more)


def notes(text):
    return text.partition("# Not taken over:\n")[2].splitlines()


def test_gravity(folder):
    made = gravity(folder, """
        INSERT INTO client VALUES (1, '64:BC:0C:80:7E:1F', 'coffee "lobby" \\ ☕'), (2, '192.168.40.7/24', NULL), (3, 'tv.lan', 'a host'),
                                  (4, ':eth1', NULL), (5, 'fd00::5', 'coffee "lobby" \\ ☕'), (6, '192.168.40.0/24', 'twice');
        INSERT INTO client_by_group VALUES (1, 0), (1, 1), (2, 1), (3, 0), (5, 3), (5, 2);
        INSERT INTO domainlist (id, type, domain, enabled) VALUES (1, 0, 'good.example', 1), (2, 1, 'bad.example', 1), (3, 1, 'worse.example', 1),
            (4, 3, '(^|\\.)ads[0-9]+\\.example$', 1), (5, 2, '^cdn\\.', 1), (6, 1, 'off.example', 0), (7, 3, '(a)\\1', 1), (8, 1, '*.wild.example', 1),
            (9, 3, 'v6only;querytype=AAAA;reply=NXDOMAIN', 1), (10, 3, 'x;invert', 1), (11, 1, 'nobody.example', 1), (12, 1, 'tv.example', 1);
        INSERT INTO domainlist_by_group VALUES (1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (5, 1), (6, 0), (7, 0), (8, 0), (9, 1), (10, 0), (11, 2), (12, 0), (12, 1);
        INSERT INTO adlist VALUES (1, 'https://lists.example.net/hosts.txt', 1, 'main list', 0), (2, 'https://lists.example.net/tv.txt', 1, NULL, 0),
            (3, 'http://lists.example.net/allow.txt', 1, 'main list', 1), (4, 'https://off.example.net/x', 0, NULL, 0), (5, 'ftp://x.example/y', 1, NULL, 0),
            (6, 'file:///etc/pihole/own.txt', 1, 'own', 0), (7, 'https://lists.example.net/none.txt', 1, NULL, 0);
        INSERT INTO adlist_by_group VALUES (1, 0), (2, 1), (3, 0), (4, 0), (5, 0), (6, 0), (6, 3);""")
    out, err = run("import", "pihole", made)
    assert "3 devices, 4 lists and 10 rules; 12 not taken over" in err
    assert "3 devices, 4 lists" in checked(folder, out)
    # who allows comes first, expressions that deny come last
    order = re.findall(r"name: \"([^\"]+)\", tags: \[([^]]+)\], action: (\w+)", out)
    assert order == [("allowed domains", "default, unknown", "allow"), ("allowed expressions", "default, unknown, smart-tvs", "allow"),
                     ("denied domains", "default, unknown", "sinkhole"), ("denied domains 2", "default, unknown, smart-tvs", "sinkhole"),
                     ("allow list", "default, unknown", "allow"), ("blocklist", "default, unknown", "sinkhole"), ("blocklist 2", "smart-tvs", "sinkhole"),
                     ("blocklist 3", "default, unknown, all-2", "sinkhole"), ("denied expressions", "default, unknown", "sinkhole"),
                     ("denied expressions 2", "smart-tvs", "sinkhole")]
    assert '["bad.example", "worse.example"]' in out and '["/v6only/"]' in out and "types: [AAAA], reply: nxdomain" in out
    assert '{name: "coffee \\"lobby\\" \\\\ ☕", mac: "64:bc:0c:80:7e:1f", tags: [default, smart-tvs]}' in out
    assert '{name: "192.168.40.7/24", ip: ["192.168.40.0/24"], tags: [smart-tvs]}' in out
    assert '{name: "coffee \\"lobby\\" \\\\ ☕ 2", ip: ["fd00::5"], tags: [all-2]}' in out
    assert '{name: "main list", url: "https://lists.example.net/hosts.txt"}' in out and '{name: "main list 2", url: "http://' in out
    assert '{name: "lists.example.net tv.txt", url:' in out
    said = "\n".join(notes(out))
    for what in ('group "Holidays": it is switched off', '"tv.lan" of "a host": devices are known by MAC', '":eth1"', "another device has this address",
                 '"off.example": it is switched off', '"(a)\\1": it can not be used here', '"*.wild.example": it is no domain name', "`;invert` has no equal",
                 '"nobody.example": it is in no group that is switched on', "off.example.net/x: it is switched off", "ftp://x.example/y: lists come by",
                 "none.txt: it is in no group"):
        assert what in said, what
    assert len(notes(out)) == 12


def test_gravity_ties_what_is_one_client(folder):
    """Pi-hole's network table says which addresses are one client; who is in other groups, or of nobody, stays apart."""
    made = gravity(folder, """
        INSERT INTO client VALUES (1, '192.168.1.7', 'coffee'), (2, 'fd00::7', NULL), (3, '192.168.1.9', 'lamp'), (4, 'fd00::8', 'tv v6'), (5, '64:bc:0c:80:7e:20', 'tv'),
                                  (6, 'fd00::9', 'other groups');
        INSERT INTO client_by_group VALUES (1, 1), (2, 1), (3, 0), (4, 1), (5, 1), (6, 0);""")
    apart, _ = run("import", "pihole", made)
    assert apart.count("- {name: ") == 6
    database(folder / "pihole-FTL.db", NETWORK, """INSERT INTO network VALUES (3, '64:bc:0c:80:7e:20', 'eth0');
        INSERT INTO network_addresses VALUES (3, 'fd00::8', NULL), (3, 'fd00::9', NULL);""")
    out, err = run("import", "pihole", made)
    assert "3 devices" in err and "3 devices" in checked(folder, out)
    assert '{name: "coffee", mac: "64:bc:0c:80:7e:1f", ip: ["192.168.1.7", "fd00::7"], tags: [smart-tvs]}' in out
    assert '{name: "tv", mac: "64:bc:0c:80:7e:20", ip: ["fd00::8"], tags: [smart-tvs]}' in out
    assert '{name: "lamp", ip: ["192.168.1.9"], tags: [default]}' in out
    assert [note for note in notes(out) if "fd00::9" in note and "other groups" in note]


def test_gravity_acts_as_it_did(folder, portafilter, upstream):
    """The imported rules in force: a device of the group, one that is in another, and one that nobody knows."""
    made = gravity(folder, """
        INSERT INTO client VALUES (1, '127.0.0.21', 'tv'), (2, '127.0.0.22', 'kid');
        INSERT INTO client_by_group VALUES (1, 1), (2, 0);
        INSERT INTO domainlist (id, type, domain) VALUES (1, 1, 'bad.example'), (2, 3, 'ads'), (3, 0, 'good-ads.example'), (4, 1, 'tv.example');
        INSERT INTO domainlist_by_group VALUES (1, 0), (2, 0), (3, 0), (4, 1);""", adlist=ADLIST_5)
    rules, _ = run("import", "pihole", made)
    server = upstream()
    daemon = portafilter(ready=False)
    own = {key: value for key, value in daemon.config.items() if key in ("listen", "workers", "geo", "journal", "state", "user")}
    daemon.write(text="\n".join(f"{key}: {json.dumps(value, default=str)}" for key, value in own.items()) + f"\nupstreams: [\"{server.upstream}\"]\n" + rules)
    daemon.start()
    sunk = {(last, name) for last in (21, 22, 23) for name in ("bad.example", "ads.example", "good-ads.example", "tv.example")
            if str(daemon.ask(name, source=f"127.0.0.{last}").answer[0][0]) == "0.0.0.0"}
    assert sunk == {(22, "bad.example"), (23, "bad.example"), (22, "ads.example"), (23, "ads.example"), (21, "tv.example")}


def test_gravity_without_clients_is_for_all(folder):
    made = gravity(folder, """INSERT INTO domainlist (id, type, domain) VALUES (1, 1, 'bad.example');
                              INSERT INTO domainlist_by_group VALUES (1, 0);""", adlist=ADLIST_5)
    out, err = run("import", "pihole", made)
    assert 'name: "denied domains", tags: [all], action: sinkhole' in out and "0 devices, 0 lists and 1 rule" in err
    checked(folder, out)
    path = folder / "new.yaml"
    run("import", "pihole", made, "--output", path)
    assert path.read_text() == out
    _, err = run("import", "pihole", made, "--output", path, code=1)
    assert "is there already, and is left as it is" in err


@pytest.mark.parametrize("schema", ["6", "old"])
def test_queries(folder, schema):
    rows = [(1700000000.25, 1, 2, "www.example.com", "192.168.1.7", "9.9.9.9#53", 4, 0.012), (1700000001, 2, 1, "ads.example.com", "fd00::7", None, 4, 0.0001),
            (1700000002, 16, 3, "www.example.com", "192.168.1.9", None, 2, 0), (1700000003, 165, 17, "x.example", "10.0.0.1", "2620:fe::fe#5353", 7, 0),
            (1700000004, 1, 8, "y.example", "10.0.0.1", "[not]", 2, 0), (1700000005, 14, 2, "other.example", "10.0.0.1", None, 1, 0),
            (1700000006, 1, 2, "x" * 70 + ".example", "10.0.0.1", None, 1, 0), (1700000007, 1, 2, "z.example", "pi.hole", None, 1, 0), (-5, 1, 2, "z.example", "10.0.0.1", None, 1, 0)]
    made = database(folder / "pihole-FTL.db", NETWORK, QUERIES_6 if schema == "6" else QUERIES_OLD)
    with sqlite3.connect(made) as db:
        for i, (at, kind, status, domain, client, forward, reply, took) in enumerate(rows):
            if schema == "old":
                db.execute("INSERT INTO queries (timestamp, type, status, domain, client, forward) VALUES (?, ?, ?, ?, ?, ?)", (at, kind, status, domain, client, forward))
                continue
            ids = [None if value is None else i for value in (domain, client, forward)]
            for table, column, value in (("domain_by_id", "domain", domain), ("client_by_id", "ip", client), ("forward_by_id", "forward", forward)):
                if value is not None:
                    db.execute(f"INSERT INTO {table} (id, {column}) VALUES (?, ?)", (i, value))
            db.execute("INSERT INTO query_storage (timestamp, type, status, domain, client, forward, reply_type, reply_time) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                       (at, kind, status, *ids, reply, took))
    before = made.read_bytes()
    out, _ = run("import", "pihole", made, "--journal", folder / "out.db", "--json")
    assert json.loads(out) == {"journal": str(folder / "out.db"), "taken": 5, "sinkholed": 1, "first": "2023-11-14T22:13:20.250Z",
                               "last": "2023-11-14T22:13:24.000Z", "left_out": {"name": 1, "client": 1, "time": 1, "type": 1}}
    with sqlite3.connect(f"file:{folder}/out.db?mode=ro", uri=True) as journal:
        seen = journal.execute("SELECT time, device, client, name, type, rcode, action, source, upstream, took_us, reason FROM v_queries ORDER BY time").fetchall()
    six = schema == "6"
    none = "allowed: no rule matched"
    assert seen == [
        ("2023-11-14T22:13:20.250Z", "64:bc:0c:80:7e:1f", "192.168.1.7", "www.example.com", "A", "NOERROR", "allow", "upstream", "9.9.9.9:53", 12000 if six else 0, none),
        ("2023-11-14T22:13:21.000Z", "64:bc:0c:80:7e:1f", "fd00::7", "ads.example.com", "AAAA", "NOERROR", "sinkhole", "policy", None, 100 if six else 0, "sinkholed by Pi-hole: a list of its gravity"),
        ("2023-11-14T22:13:22.000Z", "192.168.1.9", "192.168.1.9", "www.example.com", "HTTPS", "NXDOMAIN" if six else "NOERROR", "allow", "cache", None, 0, none),
        ("2023-11-14T22:13:23.000Z", "10.0.0.1", "10.0.0.1", "x.example", "HTTPS", "SERVFAIL" if six else "NOERROR", "allow", "stale", "[2620:fe::fe]:5353", 0, none),
        ("2023-11-14T22:13:24.000Z", "10.0.0.1", "10.0.0.1", "y.example", "A", "NXDOMAIN" if six else "NOERROR", "allow", "upstream", None, 0, "blocked by Pi-hole's upstream: NXDOMAIN without RA")]
    assert made.read_bytes() == before
    _, err = run("import", "pihole", made, code=2)
    assert "say with --journal OUT.db where they go" in err


def test_what_is_no_database(folder):
    for content, said in ((b"", "is neither gravity.db"), (b"hello" * 1000, "is no SQLite database")):
        (folder / "x.db").write_bytes(content)
        _, err = run("import", "pihole", folder / "x.db", code=1)
        assert said in err
    _, err = run("import", "pihole", folder / "none.db", code=1)
    assert "none.db can not be read: No such file" in err
    assert not (folder / "none.db").exists()
    _, err = run("import", "unbound", "x", code=2)
    assert "neither pihole nor adguard" in err
    made = gravity(folder, "INSERT INTO domainlist (type, domain) SELECT 1, 'name-' || value || '.example' FROM json_each('[" + ",".join(map(str, range(4000))) + "]');"
                           "INSERT INTO domainlist_by_group SELECT id, 0 FROM domainlist;")
    whole = bytearray(made.read_bytes())
    out, _ = run("import", "pihole", made)
    assert "4 rules" in checked(folder, out)
    for at in range(4096 * 9, len(whole), 4096):
        whole[at:at + 64] = b"\xff" * 64
    made.write_bytes(whole)
    out, err = run("import", "pihole", made, code=1)
    assert "is damaged" in err and not out
    # queries that are damaged in the middle: what stood before is in the journal, and told
    made = database(folder / "ftl.db", QUERIES_OLD, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)"
                    " INSERT INTO queries SELECT i, 1700000000 + i, 1, 2, 'a.example', '10.0.0.1', NULL, NULL FROM n;")
    whole = bytearray(made.read_bytes())
    middle = len(whole) * 3 // 4 // 4096 * 4096
    whole[middle:middle + 4096] = b"\xff" * 4096
    made.write_bytes(whole)
    out, err = run("import", "pihole", made, "--journal", folder / "out.db", code=1)
    assert "is damaged" in err and "queries are in" in out


ADGUARD = r"""
http: {address: 0.0.0.0:80}
users:
  - name: admin
    password: $2y$10$abcdefg
dns:
  bind_hosts: [0.0.0.0]
  upstream_dns: [9.9.9.9, "https://dns10.quad9.net/dns-query", "[/lan/]192.168.1.1", "udp://149.112.112.112:53", 9.9.9.9]
  protection_enabled: true
tls: {enabled: false}
filters:
  - {enabled: true, url: "https://adguardteam.github.io/HostlistsRegistry/assets/filter_1.txt", name: AdGuard DNS filter, id: 1}
  - {enabled: false, url: "https://off.example.net/x.txt", name: off, id: 2}
  - {enabled: true, url: /opt/own.txt, name: own, id: 3}
whitelist_filters:
  - {enabled: true, url: "https://lists.example.net/allow.txt", name: allow, id: 4}
user_rules:
  - "! mine"
  - '||bad.example^'
  - '@@||good.example^'
  - /^ads\d+\./
  - '||rewritten.example^$dnsrewrite=10.0.0.1'
  - '||important.example^$important'
filtering:
  parental_enabled: false
  safebrowsing_enabled: true
  blocked_services: {schedule: {time_zone: UTC}, ids: [tiktok]}
  rewrites:
    - {domain: nas.lan, answer: 192.168.1.5}
    - {domain: alias.lan, answer: nas.lan}
    - {domain: '*.lan', answer: 192.168.1.6}
clients:
  runtime_sources: {whois: true}
  persistent:
    - name: Lobby Coffee
      ids: ["64:bc:0c:80:7e:1f", 192.168.1.7, my-client-id, "64-BC-0C-80-7E-20"]
      tags: [device_other, user_regular]
      upstreams: ["1.1.1.1"]
      use_global_settings: true
      use_global_blocked_services: true
    - name: server
      ids: [192.168.2.0/24]
      tags: []
      use_global_settings: false
      filtering_enabled: false
      blocked_services: {ids: [youtube]}
schema_version: 28
"""


def test_adguard(folder):
    (folder / "AdGuardHome.yaml").write_text(ADGUARD)
    path = folder / "new.yaml"
    _, err = run("import", "adguard", folder / "AdGuardHome.yaml", "--output", path)
    text = path.read_text()
    assert "3 devices, 4 lists and 4 rules; 12 not taken over" in err, err
    out, _ = run("check", "-c", path)
    assert "3 devices, 4 lists" in out
    assert (folder / "new-block.txt").read_text().splitlines() == ["! mine", "||bad.example^", "/^ads\\d+\\./", "||important.example^$important"]
    assert (folder / "new-allow.txt").read_text() == "||good.example^\n"
    assert re.findall(r"name: \"([^\"]+)\", tags: \[([^]]+)\], action: (\w+)", text) == [
        ("allowed by the user", 'all, "!unfiltered"', "allow"), ("denied by the user", 'all, "!unfiltered"', "sinkhole"),
        ("allow", 'all, "!unfiltered"', "allow"), ("AdGuard DNS filter", 'all, "!unfiltered"', "sinkhole")]
    assert '  - "9.9.9.9:53"\n  - "149.112.112.112:53"\n' in text
    assert '{name: "Lobby Coffee", mac: "64:bc:0c:80:7e:1f", ip: ["192.168.1.7"], tags: [device_other, user_regular]}' in text
    assert '{name: "Lobby Coffee 2", mac: "64:bc:0c:80:7e:20", tags: [device_other, user_regular]}' in text
    assert '{name: "server", ip: ["192.168.2.0/24"], tags: [unfiltered]}' in text
    assert '{name: "nas.lan", ip: "192.168.1.5"}' in text and '{name: "alias.lan", cname: "nas.lan"}' in text
    said = "\n".join(notes(text))
    for what in ('"my-client-id" of "Lobby Coffee"', "`upstreams` of the client", "`blocked_services` of the client \"server\"", '"https://dns10.quad9.net/dns-query"',
                 "[/lan/]192.168.1.1", "rewrite of \"*.lan\"", "`safebrowsing_enabled`", "`blocked_services`: name lists", "dnsrewrite", "`important` of the rule",
                 '"off" (https://off.example.net/x.txt): it is switched off', "/opt/own.txt: lists come by"):
        assert what in said, what
    # on standard output there is no place for the user's rules: they are listed
    out, _ = run("import", "adguard", folder / "AdGuardHome.yaml")
    assert "`||bad.example^`: with --output" in out and "new-block" not in out
    checked(folder, out)
    # nothing is written over
    before = {p: p.read_bytes() for p in folder.iterdir()}
    _, err = run("import", "adguard", folder / "AdGuardHome.yaml", "--output", path, code=1)
    os.unlink(path)
    _, err = run("import", "adguard", folder / "AdGuardHome.yaml", "--output", path, code=1)
    assert "new-allow.txt is there already" in err and not path.exists()
    assert all(p.read_bytes() == content for p, content in before.items() if p != path)


def test_adguard_of_old_and_what_is_none(folder):
    path = folder / "AdGuardHome.yaml"
    path.write_text("dns: {rewrites: [{domain: a.lan, answer: 10.0.0.1}], filtering_enabled: false}\nfilters: []\nclients:\n- {name: old, ip: 10.0.0.7, mac: '', ids: []}\nschema_version: 6\n")
    out, _ = run("import", "adguard", path)
    assert '{name: "old", ip: ["10.0.0.7"]}' in out and '{name: "a.lan", ip: "10.0.0.1"}' in out and "filtering was switched off" in out
    checked(folder, out)
    for content, said in (("a: b\n", "is no AdGuardHome.yaml"), ("filters: [\n", "AdGuardHome.yaml:"), ("", "is no AdGuardHome.yaml"), ("\x00", "AdGuardHome.yaml:"),
                          ("a: &x [1]\nb: *x\n", "AdGuardHome.yaml:")):
        path.write_text(content)
        _, err = run("import", "adguard", path, code=1)
        assert said in err, (content, err)

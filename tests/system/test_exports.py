"""Exports, read back by programs that we did not write: sqlite3, jq, a JSON schema check, Graphviz, and Zeek's own list of fields."""
import hashlib
import json
import re
import subprocess
import xml.etree.ElementTree

import dns.rrset
import jsonschema

from harness import BUILD, LOCATION, answer, ask, small_control
from schemas import COF, GEOJSON, MUD

# What strangers put into names and answers: formulas, markup, quotes, separators, controls
HOSTILE = ["\\=1+1.vendor.test", "\\@sum.vendor.test", "<script>alert(1)</script>.vendor.test", "a\\044b\\\".vendor.test", "tab\\009nl\\010.vendor.test",
           "}\\;node.vendor.test", "\\\\N\\\\L.vendor.test"]
DEVICE = "=HYPERLINK(\"http://x\"),<b>tv"


def upstream_answer(query, transport):
    name = query.question[0].name.to_text(True)
    if name == "local.vendor.test":
        return answer(query, "192.168.7.7")
    if not name.startswith("chain"):
        return answer(query, "114.114.114.114", "9.9.9.9") if query.question[0].rdtype == 1 else answer(query, "2620:fe::fe")
    reply = answer(query)
    reply.answer += [dns.rrset.from_text(f"{name}.", 60, "IN", "CNAME", "e7.cdn.test."), dns.rrset.from_text("e7.cdn.test.", 60, "IN", "CNAME", "x.edge.test."),
                     dns.rrset.from_text("x.edge.test.", 60, "IN", "A", "114.114.114.114", "9.9.9.9")]
    return reply


def start(portafilter, upstream):
    daemon = portafilter({
        "upstreams": [upstream(upstream_answer).upstream], "home": ["US"], "rebinding": "off",
        "geo": {"location": [str(LOCATION[0])], "control": [small_control()], "max-age": "36500d"},
        "devices": [{"name": DEVICE, "ip": "127.0.0.11"}, {"name": "lobby coffee", "ip": "127.0.0.12", "tags": ["coffee"]}],
        "rules": [{"name": "=evil(),\"x\"", "names": ["sink.vendor.test"], "action": "sinkhole"}]})
    names = HOSTILE + ["chain.vendor.test", "plain.vendor.test", "local.vendor.test", "sink.vendor.test"]
    for name in names:
        ask(daemon.port, name, source="127.0.0.11")
    for name in ("chain.vendor.test", "plain.vendor.test", "plain.vendor.test"):
        ask(daemon.port, name, source="127.0.0.12")
    ask(daemon.port, "plain.vendor.test", "AAAA", source="127.0.0.12")
    daemon.rows(len(names) + 4)
    daemon.stop()
    return daemon


def export(daemon, verb, *arguments):
    """The bytes of an export; it must succeed."""
    run = subprocess.run([str(BUILD / "portafilter"), verb, "-c", str(daemon.path), *arguments], capture_output=True, timeout=60)
    assert run.returncode == 0, run.stderr
    return run.stdout


def sqlite(folder, script):
    run = subprocess.run(["sqlite3", ":memory:"], input=script, capture_output=True, text=True, timeout=60, cwd=folder)
    assert run.returncode == 0 and not run.stderr, run.stderr
    return run.stdout


def check_csv(daemon):
    """sqlite3 reads the CSV: as many rows and values as the journal has, and no cell that a spreadsheet would calculate."""
    for verb, view in (("endpoints", "v_endpoints"), ("log", "v_queries")):
        data = export(daemon, verb, "--format", "csv")
        (daemon.folder / f"{verb}.csv").write_bytes(data)
        rows = json.loads(sqlite(daemon.folder, f".mode csv\n.import {verb}.csv t\n.mode json\nSELECT * FROM t;"))
        kept = daemon.journal(f"SELECT * FROM {view}")
        assert len(rows) == len(kept) > 10
        assert sorted(r["name"] for r in rows) == sorted(r["name"] for r in kept)
        assert all(not str(cell).startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())
        assert {r["device"] for r in rows} == {"'" + DEVICE, "lobby coffee"}
        assert all(c >= 0x20 or c in (13, 10) for c in data) and data.count(b"\n") == data.count(b"\r\n") == len(rows) + 1


def check_jsonl(daemon):
    for verb, view in (("endpoints", "v_endpoints"), ("log", "v_queries")):
        data = export(daemon, verb, "--format", "jsonl")
        run = subprocess.run(["jq", "-c", "[.device, .name, .type]"], input=data, capture_output=True, timeout=60)
        assert run.returncode == 0, run.stderr
        rows = [tuple(json.loads(line)) for line in run.stdout.splitlines()]
        assert sorted(rows) == sorted((r["device"], r["name"], r["type"]) for r in daemon.journal(f"SELECT * FROM {view}"))


def check_cof(daemon):
    data = export(daemon, "endpoints", "--format", "cof", "--sensor", "lab-7", "--origin", "https://dns.example.net/pdns")
    rows = [json.loads(line) for line in data.splitlines()]
    for row in rows:
        jsonschema.validate(row, COF)
    found = {(r["rrname"], r["rrtype"], r["rdata"]): r for r in rows}
    assert len(found) == len(rows)
    assert found["chain.vendor.test", "CNAME", "e7.cdn.test"]["count"] == 2, "two devices asked once each, for two addresses"
    assert found["e7.cdn.test", "CNAME", "x.edge.test"]["bailiwick"] == "cdn.test"
    assert {r["rdata"] for r in rows if r["rrname"] == "x.edge.test"} == {"114.114.114.114", "9.9.9.9"}
    assert not any(r["rrname"] == "chain.vendor.test" and r["rrtype"] == "A" for r in rows)
    assert found["plain.vendor.test", "A", "9.9.9.9"]["count"] == 3 and found["plain.vendor.test", "AAAA", "2620:fe::fe"]["count"] == 1
    assert all(r["sensor_id"] == "lab-7" and r["origin"] == "https://dns.example.net/pdns" for r in rows)
    for secret in (b"lobby", b"HYPERLINK", b"127.0.0.1", b"192.168.7.7"):
        assert secret not in data


def check_dot(daemon):
    data = export(daemon, "endpoints", "--format", "dot")
    run = subprocess.run(["dot", "-Tsvg"], input=data, capture_output=True, timeout=60)
    assert run.returncode == 0 and not run.stderr, run.stderr
    drawing = xml.etree.ElementTree.fromstring(run.stdout)
    svg = [e.text for e in drawing.iter("{http://www.w3.org/2000/svg}text")]
    assert {e.tag.split("}")[1] for e in drawing.iter()} <= {"svg", "g", "title", "text", "path", "polygon", "polyline", "ellipse"}
    for text in (DEVICE, "lobby coffee", "chain.vendor.test", "e7.cdn.test", "x.edge.test", "114.114.114.114", "CN", "US"):
        assert text in svg, (text, svg)
    assert any(text.startswith("AS19281 ") for text in svg) and any("script" in text for text in svg)
    plain = subprocess.run(["dot", "-Tplain"], input=data, capture_output=True, timeout=60, text=False).stdout.decode()
    edges = re.findall(r"^edge (\"[^\"]*\"|\S+) (\"[^\"]*\"|\S+) ", plain, re.M)
    assert ('"device lobby coffee"', '"name chain.vendor.test"') in edges and ('"name x.edge.test"', '"address 114.114.114.114"') in edges
    assert ('"address 114.114.114.114"', '"country CN"') in edges


def check_geojson(daemon):
    document = json.loads(export(daemon, "endpoints", "--format", "geojson"))
    jsonschema.validate(document, GEOJSON)
    assert len(document["features"]) == len(daemon.journal("SELECT * FROM v_endpoints"))
    places = {f["properties"]["location"]: f["geometry"] for f in document["features"]}
    assert places["CN"]["coordinates"] == [103.8, 36.6] and places["US"]["coordinates"] == [-99.1, 39.5] and places[""] is None


def check_mud(daemon):
    document = json.loads(export(daemon, "endpoints", "--format", "mud", "--device", "lobby coffee"))
    jsonschema.validate(document, MUD)
    mud, acls = document["ietf-mud:mud"], document["ietf-access-control-list:acls"]["acl"]
    assert mud["is-supported"] is False and "observed by DNS only" in mud["systeminfo"]
    named = {a["name"]: a for a in acls}
    for policy in ("from-device-policy", "to-device-policy"):
        assert all(entry["name"] in named for entry in mud[policy]["access-lists"]["access-list"])
    assert [a["matches"]["ipv4"]["ietf-acldns:dst-dnsname"] for a in named["from-v4"]["aces"]["ace"]] == ["chain.vendor.test", "plain.vendor.test"]
    assert [a["matches"]["ipv6"]["ietf-acldns:src-dnsname"] for a in named["to-v6"]["aces"]["ace"]] == ["plain.vendor.test"]
    code, out, err = daemon.cli("endpoints", "--format", "mud")
    assert code == 1 and not out and "one device" in err


# The fields and types of Zeek's DNS::Info, in their order (base/protocols/dns/main.zeek)
ZEEK = [("ts", "time"), ("uid", "string"), ("id.orig_h", "addr"), ("id.orig_p", "port"), ("id.resp_h", "addr"), ("id.resp_p", "port"), ("proto", "enum"),
        ("trans_id", "count"), ("rtt", "interval"), ("query", "string"), ("qclass", "count"), ("qclass_name", "string"), ("qtype", "count"),
        ("qtype_name", "string"), ("rcode", "count"), ("rcode_name", "string"), ("AA", "bool"), ("TC", "bool"), ("RD", "bool"), ("RA", "bool"),
        ("Z", "count"), ("answers", "vector[string]"), ("TTLs", "vector[interval]"), ("rejected", "bool")]


def check_zeek(daemon):
    lines = export(daemon, "log", "--format", "zeek").decode("ascii").split("\n")
    assert lines.pop() == "" and lines[0] == "#separator \\x09"
    heads = dict(line.split("\t", 1) for line in lines[1:] if line.startswith("#"))
    assert list(zip(heads["#fields"].split("\t"), heads["#types"].split("\t"))) == ZEEK
    assert heads["#path"] == "dns" and heads["#unset_field"] == "-" and heads["#set_separator"] == ","
    rows = [dict(zip((f for f, _ in ZEEK), line.split("\t"))) for line in lines if not line.startswith("#")]
    assert len(rows) == len(daemon.journal("SELECT * FROM v_queries")) and all(len(row) == len(ZEEK) for row in rows)
    assert len({row["uid"] for row in rows}) == len(rows)
    assert {row["id.orig_h"] for row in rows} == {"127.0.0.11", "127.0.0.12"} and {row["qtype_name"] for row in rows} == {"A", "AAAA"}
    assert all(re.fullmatch(r"\d+\.\d{6}", row["ts"]) and row["rcode"] == "0" and row["rcode_name"] == "NOERROR" for row in rows)
    assert "tab\\x5c009nl\\x5c010.vendor.test" in {row["query"] for row in rows}


def test_each_format_is_read_back(portafilter, upstream):
    daemon = start(portafilter, upstream)
    for check in (check_csv, check_jsonl, check_cof, check_dot, check_geojson, check_mud, check_zeek, check_pseudonyms, check_manifest):
        check(daemon)


def check_pseudonyms(daemon):
    key = daemon.folder / "key"
    seen = set()
    for verb, form in (("endpoints", "csv"), ("endpoints", "jsonl"), ("endpoints", "dot"), ("endpoints", "geojson"), ("log", "csv"), ("log", "jsonl"), ("log", "zeek")):
        data = export(daemon, verb, "--format", form, "--pseudonym", "--key", str(key))
        assert data == export(daemon, verb, "--format", form, "--pseudonym", "--key", str(key))
        for secret in (b"lobby coffee", b"HYPERLINK", b"127.0.0.11", b"127.0.0.12"):
            assert secret not in data, (verb, form)
        seen.add(frozenset(re.findall(rb"device-[0-9a-f]{16}", data)))
    assert seen == {min(seen, key=len), max(seen, key=len)} and len(max(seen, key=len)) == 2, "the same two devices everywhere"
    assert key.stat().st_mode & 0o077 == 0
    before = export(daemon, "endpoints", "--format", "jsonl", "--pseudonym", "--key", str(key))
    key.unlink()
    assert export(daemon, "endpoints", "--format", "jsonl", "--pseudonym", "--key", str(key)) != before, "without the key nobody can tell who was who"
    key.write_text("no key\n")
    code, out, err = daemon.cli("endpoints", "--format", "csv", "--pseudonym", "--key", str(key))
    assert code == 1 and not out and "no key for pseudonyms" in err


def check_manifest(daemon):
    path = daemon.folder / "manifest.json"
    question = ["endpoints", "--since", "2020-01-01", "--until", "2100-01-01", "--device", "lobby coffee"]
    data = export(daemon, *question, "--format", "cof", "--manifest", str(path))
    first = path.read_bytes()
    assert export(daemon, *question, "--format", "cof", "--manifest", str(path)) == data and path.read_bytes() == first
    manifest = json.loads(first)
    lines = export(daemon, *question, "--format", "jsonl")
    assert manifest["rows"] == {"count": len(lines.splitlines()), "left_out": 0, "jsonl_sha256": hashlib.sha256(lines).hexdigest()}
    assert manifest["output"] == {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    assert manifest["range"] == {"since": "2020-01-01T00:00:00.000Z", "until": "2100-01-01T00:00:00.000Z"}
    assert manifest["command"][:2] == ["portafilter", "endpoints"] and manifest["command"][-2:] == ["--manifest", str(path)]
    inputs = manifest["inputs"]
    for entry in [inputs["configuration"], *inputs["databases"]]:
        if entry.get("built_in"):
            continue
        content = open(entry["path"], "rb").read()
        assert entry["sha256"] == hashlib.sha256(content).hexdigest() and entry["bytes"] == len(content)
    assert len(inputs["databases"]) == 3 and all(re.fullmatch(r"\d{4}-\d\d-\d\d", d["built"]) for d in inputs["databases"])
    code, out, err = daemon.cli("endpoints", "--format", "csv", "--manifest", str(daemon.folder / "nowhere/m.json"))
    assert code == 1 and "nowhere" in err

"""`portafilter geo`, audits of address lists, and databases that change under the daemon."""
import ipaddress
import json
import os
import shutil
import random
import subprocess

import pytest

from conftest import CN, US
from harness import BUILD, CONTROL, LOCATION, SHARED, TOP, Daemon, answer, wait_until

GEO = {"location": [str(p) for p in LOCATION], "control": [str(p) for p in CONTROL]}


@pytest.fixture(scope="module")
def geo():
    """A configuration with the pinned databases, and no daemon. The age of the databases does not matter here."""
    house = Daemon({"home": ["US"], "geo": {**GEO, "max-age": "3650d"}}, ready=False)
    yield house
    house.clean()


def audit(house, text, *arguments, environment=None):
    path = house.write_file("addresses.txt", text)
    run = subprocess.run([str(BUILD / "portafilter"), "-c", str(house.path), "geo", "--audit", str(path), *arguments],
                         capture_output=True, text=True, env={**os.environ, **(environment or {})})
    assert run.returncode == 0, run.stderr
    return run.stdout


def lab_addresses():
    path = SHARED / "data/iot-lab/answers.tsv"
    if not path.exists():
        pytest.skip(f"no {path}")
    return sorted({line.split("\t")[1] for line in path.read_text().splitlines()[1:]})


def published():
    lines = (TOP / "contrib/anycast-published.txt").read_text().splitlines()
    return [ipaddress.ip_network(line.split("#")[0].strip()) for line in lines if line.split("#")[0].strip()]


def test_each_source_is_shown(geo):
    document = geo.json("geo", CN, US, "192.168.1.1", "::ffff:" + CN, "8.8.8.8")
    assert document["home"] == ["US"]
    assert [s["kind"] for s in document["sources"]] == ["location"] * 2 + ["control"] * 2 + ["anycast"]
    assert "DB-IP" in document["sources"][0]["credit"]
    cn, us, special, mapped, anycast = document["addresses"]
    assert cn["standing"] == "overseas" and cn["confidence"] == "high" and set(cn["locations"].values()) == {"CN"}
    assert us["standing"] == "home" and cn["asn"] and cn["control"]
    assert special["special"] and special["standing"] == "unknown" and not any(special["locations"].values())
    assert mapped["locations"] == cn["locations"]
    assert anycast["anycast"] and anycast["standing"] == "indeterminate"
    code, out, err = geo.cli("geo", CN, US)
    assert code == 0 and "AS" in out and "DB-IP" in out and "2026" in out and "client subnet" in err
    assert geo.cli("geo")[0] == 2 and geo.cli("geo", "nonsense")[0] == 2 and geo.cli("geo", CN, "--audit", "x")[0] == 2


def test_audit_of_the_lab(geo):
    """Byte-identical whatever the order, the time zone and the day; nothing with high confidence is disputed."""
    addresses = lab_addresses()
    first = audit(geo, "hostname\taddress\n" + "".join(f"x.example\t{a}\n" for a in addresses), "--json")
    random.Random(1).shuffle(addresses)
    second = audit(geo, "hostname\taddress\n" + "".join(f"x.example\t{a}\n" for a in addresses), "--json",
                   environment={"TZ": "Asia/Shanghai", "LC_ALL": "C"})
    assert first == second
    document = json.loads(first)
    assert document["addresses"] == len(set(addresses)) > 20000
    assert document["high_where_databases_differ"] == 0
    assert not [d for d in document["disputed"] if d["confidence"] == "high"]
    assert len(document["disputed"]) == document["databases_differ"] > 0
    assert sum(sum(row.values()) for row in document["standings"].values()) == document["addresses"]


def test_all_of_listed_anycast_is_indeterminate(geo):
    addresses = [str(net[i]) for net in published() for i in sorted({0, net.num_addresses // 2, net.num_addresses - 1})]
    document = json.loads(audit(geo, "\n".join(addresses), "--json"))
    assert document["anycast"] == document["addresses"] == len(set(addresses))
    assert sum(document["standings"]["indeterminate"].values()) == document["addresses"]


def test_special_use_reaches_no_database(geo):
    """The second database answers AU for 192.168/16; none of that may be seen."""
    special = [f"{net[-2]}" for net in map(ipaddress.ip_network, [
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4", "::/127", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "3fff::/20",
        "fc00::/7", "fe80::/10", "ff00::/8"])]
    special += ["::ffff:192.168.1.1", "2002:c0a8:101::1", "64:ff9b::192.168.1.1"]
    for row in geo.json("geo", *special)["addresses"]:
        assert row["special"] and row["standing"] == "unknown", row
        assert not any(row["locations"].values()) and not row["asn"] and not row["control"], row


def test_what_moves_is_shown(portafilter, upstream):
    """A name that moves abroad is an event, with before, after and evidence; with and without the daemon."""
    stands = [US]
    server = upstream(lambda query, transport: answer(query, *stands, ttl=0))
    house = portafilter({"upstreams": [server.upstream], "home": ["US"], "devices": [{"name": "yard camera", "ip": "127.0.0.11"}],
                         "geo": {"location": GEO["location"], "max-age": "3650d"}})
    assert house.ask("cam.test", source="127.0.0.11").answer
    stands[:] = [CN]
    assert house.ask("cam.test", source="127.0.0.11").answer
    events = wait_until(lambda: house.api("/api/v1/events")[1]["events"], "it is known that the name moved")
    assert [(e["kind"], e["device"], e["name"], e["before"], e["after"], e["cause"]) for e in events] == [
        ("standing-changed", "yard camera", "cam.test", "US (home, high)", "CN (overseas, high)", "moved"),
        ("new-country", "yard camera", "cam.test", "", "CN", "moved")]
    answered = f"; as {server.upstream} answered, asked without client subnet"
    assert all(e["evidence"] == f"{CN}: dbip 2026-06 CN, geo-whois 2026-06 CN{answered}" for e in events)
    assert house.json("events")["events"] == events
    assert house.api("/api/v1/events?kind=new-country&device=yard%20camera&since=1h&limit=1")[1]["events"] == events[1:]
    house.stop()
    assert house.json("events")["events"] == events
    assert house.json("events", "--kind", "standing-changed", "--device", "yard camera", "--since", "1h")["events"] == events[:1]
    code, out, err = house.cli("events")
    assert code == 0 and "US (home, high)" in out and "moved" in out and "CAUSE" in out and answered in out and "Another resolver may be given other addresses" in err
    assert house.cli("events", "--kind", "flagged")[0] == 2 and house.cli("events", "--name", "x")[0] == 2


def test_databases_are_watched(nsd):
    """A new file is in force without anybody saying so; a corrupt one never is; no query is lost, and cached answers are
    judged anew."""
    folder = Daemon(ready=False)
    for path in LOCATION + CONTROL:
        shutil.copy2(path, folder.folder / path.name)
    folder.config = {**folder.config, "upstreams": [nsd.upstream], "home": ["US"], "geo": {
        "location": [str(folder.folder / LOCATION[0].name)], "control": [str(folder.folder / CONTROL[0].name)],
        "max-age": "3650d"}}
    folder.write()
    folder.start()
    try:
        name = folder.folder / LOCATION[0].name
        assert folder.ask("cn.test").answer
        asked = nsd.answers()

        broken = folder.folder / "broken.part"
        broken.write_bytes(LOCATION[0].read_bytes()[:3_000_000])
        broken.rename(name)
        folder.wait_log("new databases refused")
        assert "can not be used" in folder.log() and str(name) in folder.log()
        assert folder.ask("cn.test").answer

        other = folder.folder / "other.part"
        shutil.copy2(LOCATION[1], other)
        other.rename(name)
        folder.wait_log("new databases: snapshot")
        built = [d["built"] for d in folder.status()["databases"] if d["kind"] == "location"]
        assert built == ["2026-06-17"]
        assert folder.ask("cn.test").answer and nsd.answers() == asked
    finally:
        folder.clean()

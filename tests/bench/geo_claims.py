#!/usr/bin/python3
"""What the geo room claims, shown: the tables for a paper, and each claim with its figures. Ends with 1 when one does not hold.

    PF_BUILD=build PF_GEOIP=build/GeoIP tests/bench/geo_claims.py [audit] [anycast] [special] [maxmind] [homes]

audit    the addresses of the 2019 labs (answers.tsv of the shared data): twice, in another order, zone and locale, byte for byte the same,
         and the same as on other machines
anycast  of each published prefix the first, the middle and the last address: all indeterminate
special  all blocks of the IANA registries, in every form that wraps an IPv4 address: calls into the databases are counted
maxmind  MaxMind's test databases as location and as control: read, or refused with a reason
homes    two devices, one name, two homes by tag: two verdicts from one cached answer
"""
import collections
import hashlib
import ipaddress
import json
import os
import pathlib
import random
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "system"))

import harness  # noqa: E402

GEO = {"location": harness.LOCATION, "control": harness.CONTROL, "max-age": "36500d"}
SHARED = pathlib.Path(os.environ.get("PF_SHARED", harness.SHARED))
CN = "114.114.114.114"
# What the audit prints, as SHA-256, of these addresses and the pinned databases (contrib/geoip.sha256): the same on every machine. It
# moves when contrib/anycast-published.txt does, or what the audit says.
ANSWERS_SHA256 = "655c1085b3892dbed56ef5b14627625d81f611155996382fe2b1a60983992297"
AUDIT_SHA256 = "a32612bc747db68247badd09782e13eb0167cb96b64487bf6ea70bdc7a1f7f6a"


def demand(holds, what):
    print(("holds: " if holds else "DOES NOT HOLD: ") + what)
    failed.append(what) if not holds else None


def portafilter(house, *arguments, environment=None):
    run = subprocess.run([harness.BUILD / "portafilter", "-c", house.path, *arguments], capture_output=True, text=True,
                         env={**os.environ, "NO_COLOR": "1", **(environment or {})})
    return run.returncode, run.stdout, run.stderr


def audit_file(house, lines, *more, environment=None):
    path = house.write_file("addresses.txt", "".join(f"{line}\n" for line in lines))
    code, out, err = portafilter(house, "geo", "--audit", path, *more, environment=environment)
    assert code == 0, err
    return out


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def is_pinned():
    """Are these the addresses and databases that the digest is of?"""
    pinned = dict(reversed(line.split()) for line in (harness.TOP / "contrib/geoip.sha256").read_text().splitlines())
    return sha256((SHARED / "data/iot-lab/answers.tsv").read_bytes()) == ANSWERS_SHA256 and \
        all(sha256(path.read_bytes()) == pinned[path.name] for path in GEO["location"] + GEO["control"])


def audit(house):
    lines = (SHARED / "data/iot-lab/answers.tsv").read_text().splitlines()
    first = audit_file(house, lines)
    random.Random(1).shuffle(lines)
    second = audit_file(house, lines, environment={"TZ": "Asia/Shanghai", "LC_ALL": "C"})
    print(first.split("databases differ\n")[0].split("\ndatabases differ  ")[0])
    demand(first == second, "two runs are byte for byte the same")
    if is_pinned():
        demand(sha256(first.encode()) == AUDIT_SHA256, f"the output is that of other machines: sha256 {sha256(first.encode())}")
    else:
        print("not held against other machines: other addresses or databases than the pinned ones; sha256", sha256(first.encode()))
    document = json.loads(audit_file(house, lines, "--json"))
    demand(document["high_where_databases_differ"] == 0, "0 of high confidence where the location databases differ")


def anycast(house):
    lines = [line.split("#")[0].strip() for line in (harness.TOP / "contrib/anycast-published.txt").read_text().splitlines()]
    nets = [ipaddress.ip_network(line) for line in lines if line]
    addresses = [str(net[i]) for net in nets for i in (0, net.num_addresses // 2, net.num_addresses - 1)]
    document = json.loads(audit_file(house, addresses, "--json"))
    indeterminate = sum(document["standings"]["indeterminate"].values())
    demand(indeterminate == document["addresses"], f"{indeterminate} of {document['addresses']} addresses in {len(nets)} anycast prefixes are indeterminate")


def special(_):
    run = subprocess.run([harness.BUILD / "tests/unit/geo/test_counting"], capture_output=True, text=True, env={**os.environ, "PF_GEOIP": str(harness.GEOIP)})
    print("\n".join(line for line in (run.stdout + run.stderr).splitlines() if not line.startswith("[")))
    demand(run.returncode == 0 and "SKIPPED" not in run.stderr + run.stdout, "no special-use address reaches a database")


def maxmind(house):
    outcomes = collections.Counter()
    print(f"{'database':48}{'as location':14}{'as control':14}reason")
    for path in sorted((SHARED / "data/mmdb").glob("*.mmdb")):
        said = []
        for key in ("location", "control"):
            house.config["geo"] = {key: [str(path)], "max-age": "36500d", **({} if key == "location" else {"location": []})}
            house.write()
            code, _, err = portafilter(house, "geo", "2.125.160.216")
            said.append(("read" if code == 0 else "refused", err if code else ""))
            if code not in (0, 1) or (code and "can not be used" not in err):
                demand(False, f"{path.name} ends with {code}: {err}")
        reason = next((err.split("can not be used: ")[1].splitlines()[0][:90] for word, err in said if word == "refused"), "")
        outcomes[tuple(word for word, _ in said)] += 1
        print(f"{path.name:48}{said[0][0]:14}{said[1][0]:14}{reason}")
    demand(sum(outcomes.values()) >= 40, f"each is read or refused with a reason: {dict(outcomes)} (location, control)")


def homes(_):
    upstream = harness.Upstream(lambda query, transport: harness.answer(query, CN))
    house = harness.Daemon({"upstreams": [upstream.upstream], "home": {"all": ["US"], "coffee": ["CN"]}, "geo": GEO,
                            "devices": [{"name": "lobby coffee", "ip": "127.0.0.11", "tags": ["coffee"]}, {"name": "laptop", "ip": "127.0.0.12", "tags": ["laptop"]}],
                            "rules": [{"name": "stays home", "standing": "overseas", "action": "sinkhole", "reply": "nxdomain"}]})
    try:
        coffee, laptop = (house.ask("a.test", source=source) for source in ("127.0.0.11", "127.0.0.12"))
        house.rows(2)
        print(house.cli("log")[1].rstrip())
        demand(harness.addresses(coffee) == [CN] and laptop.rcode() == 3 and upstream.count() == 1, "two verdicts, and the upstream was asked once")
    finally:
        house.clean()
        upstream.stop()


failed = []


def main():
    parts = {"audit": audit, "anycast": anycast, "special": special, "maxmind": maxmind, "homes": homes}
    house = harness.Daemon({"home": ["US"], "geo": GEO}, ready=False)
    try:
        for name in sys.argv[1:] or parts:
            print(f"\n== {name}", flush=True)
            parts[name](house)
    finally:
        house.clean()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()

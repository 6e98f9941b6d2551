#!/usr/bin/python3
"""select.py DATA [--geo FOLDER] > names.tsv

Makes names.tsv from the facts of two labs full of things (README says whose they are). DATA holds
iot-lab/answers.tsv, iot-lab/address-facts-2019.tsv and vendors.tsv. It was run once and its result is
kept; it stands here so that every line of names.tsv can be traced, and it gives the same file each time.

A host name is taken when
  - vendors.tsv lists it, or it stands at or below a domain of owners.tsv (the longest domain names the vendor),
  - it is a whole host name: not cut off by the capture, no name server, not of the local network,
  - and it has at least one public address.
Of an address family at most ADDRESSES_MAX are taken, in numerical order: the captures hold the answers of
months, and no server gives sixty addresses at once.

--geo tells how many names stand where, by two location databases (needs python3-maxminddb); it decides
nothing.
"""
import argparse
import collections
import csv
import ipaddress
import pathlib
import re
import sys

ADDRESSES_MAX = 6
LABEL = re.compile(r"^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$")
CUT_OFF = re.compile(r"\.(elb\.amaz\w*|amazonaws\.co?|us-east-1\.amazona|gstatic\.c)$")
NAME_SERVER = re.compile(r"^(ns[0-9]*|ns-[^.]*|dns[0-9]*|[a-h]\.ns)\.")
LOCAL = (".local", ".arpa", ".lan", ".home")
INTL_IOT = "NEU-SNS/intl-iot 2019"
UNNAMED = "stored-index"  # a source of vendors.tsv that nobody could look up


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        lines = (line for line in file if not line.startswith("#"))
        yield from csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)


def read_answers(data):
    answers = collections.defaultdict(set)
    for host, address in list(rows(data / "iot-lab/answers.tsv"))[1:]:
        answers[host.lower()].add(ipaddress.ip_address(address))
    return answers


def read_vendors(data):
    """Host name → (vendor, kind, source); of several rows the first in the file."""
    vendors = {}
    for vendor, host, kind, source, _ in list(rows(data / "vendors.tsv"))[1:]:
        vendors.setdefault(host.lower(), (vendor, kind, source))
    return vendors


def owner_of(host, owners):
    labels = host.split(".")
    for start in range(len(labels)):
        vendor = owners.get(".".join(labels[start:]))
        if vendor:
            return vendor
    return None


def whole(host):
    if host.endswith(LOCAL) or CUT_OFF.search(host) or NAME_SERVER.match(host):
        return False
    labels = host.split(".")
    return len(labels) > 1 and len(host) <= 253 and all(LABEL.match(label) for label in labels)


def public(addresses):
    """At most ADDRESSES_MAX of each family, in order."""
    taken = []
    for version in (4, 6):
        family = sorted(a for a in addresses if a.version == version and a.is_global)
        taken += family[:ADDRESSES_MAX]
    return taken


def choose(answers, vendors, owners):
    """[(host, vendor, kind, source, addresses)]"""
    chosen = []
    for host in sorted(answers):
        addresses = public(answers[host])
        if not addresses or not whole(host):
            continue
        if host in vendors:
            vendor, kind, source = vendors[host]
            if source.startswith("NEU-SNS/intl-iot") or UNNAMED in source:
                source = INTL_IOT
            else:
                source = f"{INTL_IOT}; {source.removeprefix('issues: ')}"
        elif owner_of(host, owners):
            vendor, kind, source = owner_of(host, owners), "unknown", INTL_IOT
        else:
            continue
        chosen.append((host, vendor, kind, source, addresses))
    return chosen


def tally(chosen, folder):
    import maxminddb
    paths = sorted(folder.rglob("dbip-country.mmdb")) + sorted(folder.rglob("geo-whois-asn-country.mmdb"))
    databases = [maxminddb.open_database(str(path)) for path in paths]
    countries = collections.Counter()
    for _, _, _, _, addresses in chosen:
        found = {(db.get(str(a)) or {}).get("country_code", "?") for db in databases for a in addresses}
        countries["/".join(sorted(found)) if len(found) < 3 else "three or more"] += 1
    for where, count in countries.most_common():
        print(f"{count:5} names stand in {where}", file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--geo", type=pathlib.Path)
    options = parser.parse_args()
    here = pathlib.Path(__file__).resolve().parent
    owners = dict(rows(here / "owners.tsv"))
    facts = {a: (country, asn) for a, country, asn, *_ in
             list(rows(options.data / "iot-lab/address-facts-2019.tsv"))[1:]}
    chosen = choose(read_answers(options.data), read_vendors(options.data), owners)
    print("# Host names that real things asked for, and the addresses that they got, in 2019. Made by select.py;")
    print("# README.md names the sources and their licence. country and asn are those of 2019, where known.")
    print("# hostname\taddress\tvendor\tkind\tcountry\tasn\tsource")
    for host, vendor, kind, source, addresses in chosen:
        for address in addresses:
            country, asn = facts.get(str(address), ("", ""))
            country = {"UK": "GB"}.get(country, country)
            print(host, address, vendor, kind, country, asn, source, sep="\t")
    print(f"{len(chosen)} names, {sum(len(c[4]) for c in chosen)} addresses", file=sys.stderr)
    if options.geo:
        tally(chosen, options.geo)


main()

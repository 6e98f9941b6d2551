"""blocklists/ of this tree: made from the facts, safe in what they claim, and taken whole by the daemon."""
import csv
import re
import subprocess

import pytest

from harness import BUILD, TOP

BLOCKLISTS = sorted((TOP / "blocklists").glob("*.txt"))
FACTS = TOP / "contrib/facts"
PUBLIC_SUFFIXES = "/usr/share/publicsuffix/public_suffix_list.dat"
LINE = re.compile(r"([a-z0-9._-]+)  # kind=([a-z]+) evidence=([ABC]) vendor=([a-z0-9-]+) source=(\S+)\n")
KINDS = {"telemetry", "required", "update", "unknown", "resolver"}


def rows(path):
    with open(path, encoding="utf-8", newline="") as file:
        lines = [line for line in file if not line.startswith("#")]
    return list(csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def entries(path):
    """[(name, kind, grade, vendor, sources)]; a line that is neither comment nor of the one form is an error."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
        if not line.startswith("#"):
            match = LINE.fullmatch(line)
            assert match, (path.name, line)
            found.append((*match.groups()[:4], match[5].split(",")))
    return found


ALL = [(path.stem, *entry) for path in BLOCKLISTS for entry in entries(path)]
CORRECTED = {name: kind for name, kind, _ in rows(FACTS / "corrections.tsv")}


def parents(name):
    labels = name.split(".")
    return [".".join(labels[start:]) for start in range(len(labels))]


@pytest.fixture(scope="module")
def registered():
    """name → its registered domain, None for a public suffix"""
    with open(PUBLIC_SUFFIXES, encoding="utf-8") as file:
        rules = {line.strip() for line in file if line.strip() and not line.startswith("//")}

    def domain(name):
        tails = parents(name)
        for at, tail in enumerate(tails):
            if "!" + tail in rules:
                return tail
            if tail in rules or "*." + tail.partition(".")[2] in rules:
                return tails[at - 1] if at else None
        return tails[-2] if len(tails) > 1 else None
    return domain


def test_the_script_makes_them_again_byte_for_byte(tmp_path):
    subprocess.run([TOP / "contrib/make-blocklists", tmp_path], check=True, capture_output=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == [path.name for path in BLOCKLISTS]
    for path in BLOCKLISTS:
        assert (tmp_path / path.name).read_bytes() == path.read_bytes(), path.name


def test_the_script_tells_a_changed_file(tmp_path):
    for path in BLOCKLISTS:
        (tmp_path / path.name).write_bytes(path.read_bytes())
    command = [TOP / "contrib/make-blocklists", "--check", tmp_path]
    assert subprocess.run(command, check=False).returncode == 0
    (tmp_path / "vacuums.txt").write_bytes(b"changed.test\n")
    (tmp_path / "surplus.txt").write_bytes(b"")
    told = subprocess.run(command, check=False, capture_output=True, text=True)
    assert told.returncode == 1 and "surplus.txt, vacuums.txt" in told.stderr


def test_every_entry_is_in_the_facts_with_that_kind_and_source():
    facts = {}
    for vendor, name, kind, source, _ in rows(FACTS / "vendors.tsv")[1:]:
        facts.setdefault(name, []).append((kind, source))
    resolvers = {name: documentation for name, _, documentation in rows(FACTS / "resolvers.tsv")}
    for file, name, kind, _, _, sources in ALL:
        if kind == "resolver":
            assert sources == [resolvers[name]] and sources[0].startswith("https://"), name
            continue
        assert {source for _, source in facts[name]} - {"unnamed"} == set(sources), name
        assert kind == CORRECTED.get(name) or kind in {said for said, _ in facts[name]}, name


def test_a_file_holds_one_kind():
    assert {kind for _, _, kind, *_ in ALL} == KINDS
    for file, name, kind, *_ in ALL:
        suffix = {"required": "-required", "update": "-update"}.get(kind, "")
        assert file.endswith(suffix) and (suffix or not file.endswith(("-required", "-update"))), (file, name)
        assert (kind == "unknown") == (file == "unknown") and (kind == "resolver") == (file == "doh-dot"), (file, name)


def test_grades():
    """A needs a capture or the vendor's own word, B two publishers; resolvers are documented by their operators."""
    seen = {(name, source) for _, name, _, source, evidence in rows(FACTS / "vendors.tsv")[1:]
            if evidence.startswith(("capture", "experiment"))}
    for _, name, kind, grade, _, sources in ALL:
        publishers = {source.split(":")[0] for source in sources}
        witnessed = kind == "resolver" or any((name, source) in seen for source in sources) or \
            "XiaoMi/ha_xiaomi_home" in publishers
        assert grade == ("A" if witnessed else "B" if len(publishers) > 1 else "C"), name


def test_no_name_has_two_kinds_and_none_is_above_a_needed_one():
    kinds = {}
    for _, name, kind, *_ in ALL:
        assert kinds.setdefault(name, kind) == kind, name
    for name, kind in kinds.items():
        if kind in ("required", "update"):
            assert not [parent for parent in parents(name) if kinds.get(parent) == "telemetry"], name


def test_telemetry_takes_no_public_suffix_and_no_vendors_whole_domain(registered):
    owned = {domain for domain, _ in rows(TOP / "contrib/lab/owners.tsv")}
    other = {registered(name) for _, name, kind, *_ in ALL if kind not in ("telemetry", "resolver")}
    for _, name, kind, *_ in ALL:
        assert registered(name), f"{name} is a public suffix"
        if kind == "telemetry" and name == registered(name):
            assert name not in owned and name not in other, name


def test_all_are_installed():
    said = (TOP / "contrib/Makefile.inc").read_text(encoding="utf-8")
    assert [path.name for path in BLOCKLISTS if f"blocklists/{path.name}" not in said] == []


def test_nothing_is_invented_for_the_coffee_machines_of_the_story():
    text = (TOP / "blocklists/coffee-kitchen.txt").read_text(encoding="utf-8")
    assert "endpoint of that vendor was ever published" in text
    known = {"delonghi", "haier", "home-connect", "electric-imp", "jura", "keurig", "midea"}
    assert {vendor for file, *_, vendor, _ in ALL if file.startswith("coffee-kitchen")} == known


def test_the_daemon_takes_every_line(portafilter, upstream):
    lists = [{"name": path.stem, "file": str(path)} for path in BLOCKLISTS]
    sunk = [entry["name"] for entry in lists if not entry["name"].endswith(("-required", "-update", "unknown"))]
    needed = [entry["name"] for entry in lists if entry["name"].endswith(("-required", "-update"))]
    daemon = portafilter({"upstreams": [upstream().upstream], "lists": lists, "rules": [
        {"name": "needed", "lists": needed, "action": "allow"}, {"name": "sunk", "lists": sunk, "action": "sinkhole"},
        {"name": "who knows", "lists": ["unknown"], "action": "flag"}]})
    told = {info["name"]: info for info in daemon.json("lists")["lists"]}
    for path in BLOCKLISTS:
        info = told[path.stem]
        assert info["names"] == len(entries(path)) == info["lines"] - info["comments"] > 0 and not info["skipped"], info
    for name, action in (("scribe.logs.roku.com", "sinkhole"), ("x.dns.google", "sinkhole"), ("www.roku.com", "allow"),
                         ("fw.ring.com", "allow"), ("m1.tuyaus.com", "flag")):
        assert daemon.json("explain", "127.0.0.1", name)["action"] == action, name


def test_the_configuration_check_takes_them(folder):
    config = folder / "portafilter.yaml"
    lists = "\n".join(f"  - {{name: {path.stem}, file: {path}}}" for path in BLOCKLISTS)
    names = ", ".join(path.stem for path in BLOCKLISTS)
    config.write_text(f"listen: {{dns: '127.0.0.1:5353'}}\nupstreams: [127.0.0.1]\njournal: off\nlists:\n{lists}\n"
                      f"rules:\n  - {{name: r, tags: [all], lists: [{names}], action: flag}}\n")
    assert subprocess.run([BUILD / "portafilterd", "-n", "-c", config], check=False).returncode == 0
    told = subprocess.run([BUILD / "portafilter", "check", "-c", config], check=False, capture_output=True, text=True)
    count = re.search(r"(\d+) lists with ([0-9, ]+) names", told.stdout)
    assert count and int(count[1]) == len(BLOCKLISTS) and int(re.sub("[^0-9]", "", count[2])) == len(ALL), told.stdout

#!/usr/bin/python3
"""User-space instructions for one query, counted by callgrind: a figure that does not depend on how busy the machine is.

    PF_BUILD=build PF_GEOIP=build/GeoIP tests/bench/instructions.py [--json]
    PF_BUILD=build tests/bench/instructions.py --gate [--full] [--write]

The daemon runs as a household has it and more: one worker, 200 devices, 20 rules of which four ask for the standing, two location
databases, the AS ranges, a list of 100,000 names. 1,000 names are asked, once and 21 times: the difference is what a cached or
sinkholed answer costs, without the start and the misses.
Printed are the instructions of the worker from the packet to the reply, and of the journal's thread, for each query.

--gate holds the worker's against those of instructions.json, and fails when one has grown by over a tenth: with neither databases nor a
long list, which take long to read under valgrind and of which a hit sees nothing, and fewer rounds, of which the first is misses;
with the journal on, or with --full both ways. What a miss takes besides, from its departure to its reply, is a figure of its own. --write writes them down
anew, for a change that is meant.
"""
import functools
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "system"))

os.environ["PF_WRAP"] = "valgrind"
os.environ.setdefault("PF_PATIENCE_S", "900")  # databases are read for a minute, on a machine that does nothing else

import harness  # noqa: E402

NAMES, ROUNDS = 1000, 20
GATE, GATE_ROUNDS, GROWTH_MAX = pathlib.Path(__file__).with_name("instructions.json"), 6, 0.10
WORKER, QUERY, WRITER = "on_readable", ("pipeline_admit", "pipeline_run"), "writer_drain"
DEPARTS, RETURNS = "depart", "exchange_readable"  # what a miss takes besides: within QUERY, and when its answer is there
RULES = [{"name": f"overseas {i}", "tags": [f"t{i}"], "standing": "overseas", "action": "flag"} for i in range(4)] + \
        [{"name": f"names {i}", "tags": [f"t{i % 4}"], "names": [f"*.never{i}.test"], "action": "sinkhole"} for i in range(15)] + \
        [{"name": "listed", "lists": ["bench"], "action": "sinkhole"}]
DEVICES = [{"name": f"device {i}", "ip": f"127.9.{i // 100}.{i % 100 + 1}", "tags": [f"t{i % 4}"]} for i in range(200)]


@functools.cache
def questions(domain):
    return [harness.question(f"n{i}.{domain}").to_wire() for i in range(NAMES)]


def ask_all(port, domain, source="127.9.0.5"):
    """Each name once, eight on their way at a time."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((source, 0))
        sock.connect(("127.0.0.1", port))
        sock.settimeout(harness.PATIENCE_S)
        wires = questions(domain)
        for at in range(0, NAMES, 8):
            for wire in wires[at:at + 8]:
                sock.send(wire)
            for _ in wires[at:at + 8]:
                sock.recv(4096)


def inclusive(folder, functions):
    """Instructions in each of the functions and all that it calls."""
    files = [str(f) for f in folder.glob("callgrind.out*")]
    text = subprocess.run(["callgrind_annotate", "--inclusive=yes", "--threshold=100", *files], capture_output=True, text=True, check=True).stdout
    found = {f: re.search(rf"^\s*([\d,]+)\b.*:{f}(?:'2)?(?: \[|\s|$)", text, re.M) for f in functions}
    return {f: int(line.group(1).replace(",", "")) if line else 0 for f, line in found.items()}


def house(upstream, change):
    """The daemon of these benches, not started: the databases, the devices, the list; and what `change` says."""
    daemon = harness.Daemon({"upstreams": [upstream.upstream], "home": ["US"], "devices": DEVICES,
                             "geo": {"location": [str(p) for p in harness.LOCATION], "control": [str(p) for p in harness.CONTROL], "max-age": "36500d"}},
                            ready=False)
    names = daemon.write_file("list", "".join(f"n{i}.listed.test\n" for i in range(100_000)))
    daemon.write(lists=[{"name": "bench", "file": names}], **change)
    return daemon


def run(domain, journal, rounds, rules, handler, prove, small=False):
    """Instructions in all: of the worker, of the queries in it (without packets, of which there are more or fewer in one batch), of the writer."""
    upstream = harness.Upstream(handler)
    daemon = house(upstream, {"rules": rules, **({} if journal else {"journal": "off"}), **({"geo": {"location": [], "control": []}} if small else {})})
    if small:
        daemon.write_file("list", "".join(f"n{i}.listed.test\n" for i in range(NAMES)))
    profile = harness.make_folder()
    try:
        # made as root, written to as the user whom the daemon becomes
        (profile / "callgrind.out").touch()
        (profile / "callgrind.out").chmod(0o666)
        toggles = [f"--toggle-collect={function}" for function in ((*QUERY, RETURNS) if small else (WORKER, WRITER))]
        harness.WRAP[:] = ["valgrind", "-q", "--vgdb=no", "--tool=callgrind", f"--callgrind-out-file={profile}/callgrind.out", "--separate-threads=no", *toggles]
        daemon.start()
        for _ in range(rounds):
            ask_all(daemon.port, domain)
        if prove:
            prove(daemon)
        daemon.signal(15)
        daemon.process.wait(harness.PATIENCE_S)
        if small:
            total = int(re.search(r"^totals: (\d+)", (profile / "callgrind.out").read_text(), re.M).group(1))
            of = inclusive(profile, (DEPARTS, RETURNS))
            return {"query": total - of[RETURNS], "miss": of[DEPARTS] + of[RETURNS]}
        of = inclusive(profile, (WORKER, *QUERY, WRITER))
        return {"worker": of[WORKER], "query": sum(of[part] for part in QUERY), "journal": of[WRITER]}
    finally:
        daemon.clean()
        upstream.stop()
        shutil.rmtree(profile)


def measure(domain, journal, rules=RULES, handler=None, prove=None):
    once, often = (run(domain, journal, rounds, rules, handler, prove) for rounds in (1, 1 + ROUNDS))
    return {part: (often[part] - once[part]) / (NAMES * ROUNDS) for part in once}


def gate(write, full):
    """True: no query has become dearer by over a tenth. Without `full` only with the journal, which shows all that the others show."""
    figures, good = {}, True
    for what, domain in (("cached", "cached.test"), ("sinkholed", "listed.test")):
        for journal in (False, True) if full else (True,):
            total = run(domain, journal, GATE_ROUNDS, RULES, None, None, small=True)
            log = "on" if journal else "off"
            figures[f"{what}, journal {log}"] = round(total["query"] / (NAMES * GATE_ROUNDS))
            if total["miss"]:
                figures[f"missed besides, journal {log}"] = round(total["miss"] / NAMES)
    if write:
        GATE.write_text(json.dumps(figures, indent=1) + "\n")
    for what, limit in json.loads(GATE.read_text()).items():
        if what not in figures:
            continue
        grown = figures[what] / limit - 1
        print(f"{what:28}{figures[what]:10} instructions a query, {limit} are written down: {grown:+.1%}", flush=True)
        good = good and grown <= GROWTH_MAX
    return good


def main():
    if not shutil.which("valgrind"):
        sys.exit("valgrind is not installed")
    if "--gate" in sys.argv[1:]:
        write = "--write" in sys.argv[1:]
        sys.exit(not gate(write, write or "--full" in sys.argv[1:]))
    results = {}
    for what, domain in (("cached", "cached.test"), ("sinkholed", "listed.test")):
        for journal in (False, True):
            results[f"{what}, journal {'on' if journal else 'off'}"] = measure(domain, journal)
    if "--json" in sys.argv[1:]:
        print(json.dumps(results))
        return
    print(f"{'instructions a query':28}{'worker':>10}{'journal':>10}")
    for what, figures in results.items():
        print(f"{what:28}{figures['worker']:10.0f}{figures['journal']:10.0f}")


if __name__ == "__main__":
    main()

#!/usr/bin/python3
"""What four rules on where an answer stands cost a cached answer, beside the same daemon without them.

    PF_BUILD=build PF_GEOIP=build/GeoIP tests/bench/geo_rules.py [--instructions] [--speed]

The four rules ask for the standing, the location, the control and the network, are for all devices, and hold of none of the answers, so that
each answer is held against all four; before anything is measured `explain --all` must say so. Both daemons have the same databases, devices
and answers.

--instructions  user-space instructions of the worker for one query (callgrind)
--speed         queries a second and CPU time for each query: two daemons at once, asked by dnsperf in turns
--bare          beside no other rule at all: the worst case, since nobody else asks for the answer either
Without one of the first two, both.
"""
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

import instructions
from instructions import NAMES, harness

GEO_RULES = [{"name": "standing", "standing": "overseas", "confidence": "low", "action": "flag"},
             {"name": "location", "location": ["CN", "RU"], "action": "flag"},
             {"name": "control", "control": ["CN", "RU"], "action": "flag"},
             {"name": "network", "asn": [37963, 45090], "action": "flag"}]
OTHER_RULES = [] if "--bare" in sys.argv else [r for r in instructions.RULES if "standing" not in r]
US, DOMAIN = "6.6.6.6", "cached.test"
TURNS, TURN_S = 10, 2
LIMIT = 3.0  # per cent


def answers_at_home(query, transport):
    return harness.answer(query, US) if query.question[0].rdtype == 1 else harness.answer(query, soa=60)


def house(upstream, rules):
    return instructions.house(upstream, {"rules": rules, "journal": "off"})


def prove(daemon, rules):
    """All rules are asked of the answer, and none holds."""
    answer = daemon.json("explain", "127.9.0.5", f"n1.{DOMAIN}", "--all")
    walked = {r["name"]: r for r in answer["rules"]}
    assert answer["action"] == "allow" and answer["standing"] == "home", answer
    for rule in rules:
        found = walked[rule["name"]]
        assert found["stage"] == "answers" and found["result"] == "no match", found


def measure_instructions():
    figures = {}
    for what, rules in (("without", []), ("with four", GEO_RULES)):
        figures[what] = instructions.measure(DOMAIN, False, OTHER_RULES + rules, answers_at_home, lambda daemon: prove(daemon, rules))["query"]
        print(f"instructions a query, {what:10}{figures[what]:10.0f}", flush=True)
    more = 100 * (figures["with four"] / figures["without"] - 1)
    print(f"instructions: {more:+.2f} % (at most {LIMIT} %)")
    return more


def cpu_s(process):
    """CPU time of all threads of a process so far, as the scheduler counts it."""
    return sum(int(stat.read_text().split()[0]) for stat in pathlib.Path(f"/proc/{process.pid}/task").glob("*/schedstat")) / 1e9


def turn(daemon, file):
    """One burst: (queries a second, µs of CPU a query)."""
    before = cpu_s(daemon.process)
    run = subprocess.run(["dnsperf", "-s", "127.0.0.1", "-p", str(daemon.port), "-d", file, "-l", str(TURN_S), "-c", "4", "-q", "200", "-a", "127.9.0.5"],
                         capture_output=True, text=True, check=True)
    completed = int(re.search(r"Queries completed:\s+(\d+)", run.stdout).group(1))
    return completed / TURN_S, 1e6 * (cpu_s(daemon.process) - before) / completed


def measure_speed():
    upstream = harness.Upstream(answers_at_home)
    daemons = {"without": house(upstream, OTHER_RULES), "with four": house(upstream, OTHER_RULES + GEO_RULES)}
    turns = {what: [] for what in daemons}
    try:
        for daemon in daemons.values():
            daemon.start()
            instructions.ask_all(daemon.port, DOMAIN)
        prove(daemons["with four"], GEO_RULES)
        with tempfile.NamedTemporaryFile("w", suffix=".dnsperf") as file:
            file.write("".join(f"n{i}.{DOMAIN} A\n" for i in range(NAMES)))
            file.flush()
            for number in range(TURNS):
                for what in sorted(daemons, reverse=number % 2):
                    turns[what].append(turn(daemons[what], file.name))
        assert upstream.count() < 3 * NAMES, "the answers came from the cache"
    finally:
        for daemon in daemons.values():
            daemon.clean()
        upstream.stop()
    for what, figures in turns.items():
        qps, cpu = (statistics.median(column) for column in zip(*figures))
        print(f"{what:10} {qps:10.0f} queries/s {cpu:8.3f} µs of CPU a query   (medians of {TURNS} turns)")
    pairs = list(zip(turns["with four"], turns["without"]))
    for index, what in ((0, "queries/s"), (1, "CPU a query")):
        print(f"{what}: {100 * (statistics.median(a[index] / b[index] for a, b in pairs) - 1):+.2f} % (median of {TURNS} pairs; at most {LIMIT} %)")


def main():
    wanted = set(sys.argv[1:]) - {"--bare"} or {"--instructions", "--speed"}
    if "--instructions" in wanted:
        measure_instructions()
    if "--speed" in wanted:
        harness.WRAP[:] = []
        measure_speed()


if __name__ == "__main__":
    main()

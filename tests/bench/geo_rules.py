#!/usr/bin/python3
"""What four rules on where an answer stands cost a cached answer, beside the same daemon without them.

    PF_BUILD=build PF_GEOIP=build/GeoIP tests/bench/geo_rules.py [--instructions] [--speed]

The four rules ask for the standing, the location, the control and the network, are for all devices, and hold of none of the answers, so that
each answer is held against all four; before anything is measured `explain --all` must say so. Both daemons have the same databases, devices
and answers.

--instructions  user-space instructions of the worker for one query (callgrind)
--speed         queries a second and CPU time for each query: three daemons at once, asked by dnsperf in turns for as many answers each. The
                third has no such rules either: what it differs from the first is what the machine does by itself
--bare          beside no other rule at all: the worst case, since nobody else asks for the answer either
Without one of the first two, both. Ends with 1 when instructions or queries a second differ by more than 3 %.
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
TURNS, ROUNDS = 30, 60  # rounds of turns, and how often each name is asked in one
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
    """One burst, of the same number of answers for everybody: (queries a second, µs of CPU a query)."""
    before = cpu_s(daemon.process)
    run = subprocess.run(["dnsperf", "-s", "127.0.0.1", "-p", str(daemon.port), "-d", file, "-n", str(ROUNDS), "-c", "4", "-q", "200", "-a", "127.9.0.5"],
                         capture_output=True, text=True, check=True)
    completed, lost = (int(re.search(rf"Queries {word}:\s+(\d+)", run.stdout).group(1)) for word in ("completed", "lost"))
    took_s = float(re.search(r"Run time \(s\):\s+([\d.]+)", run.stdout).group(1))
    assert completed + lost == NAMES * ROUNDS and lost * 1000 < completed, run.stdout
    return completed / took_s, 1e6 * (cpu_s(daemon.process) - before) / completed


def take_turns(daemons, file):
    """All in each round, in another order each time, so that what else the machine does meets all of them."""
    turns = {what: [] for what in daemons}
    order = list(daemons)
    for daemon in daemons.values():
        turn(daemon, file)  # warm
    for number in range(TURNS):
        for what in order if number % 2 else reversed(order):
            turns[what].append(turn(daemons[what], file))
        order.append(order.pop(0))
    return turns


def compare(turns, what, index):
    """Against `without`, round by round: the median in per cent, and the quarters beside it."""
    quarters = statistics.quantiles((100 * (a[index] / b[index] - 1) for a, b in zip(turns[what], turns["without"])), n=4)
    return quarters[1], f"{quarters[1]:+.2f} % (half of the rounds between {quarters[0]:+.2f} and {quarters[2]:+.2f})"


def measure_speed():
    upstream = harness.Upstream(answers_at_home)
    rules = {"without": [], "with four": GEO_RULES, "the same": []}
    daemons = {what: house(upstream, OTHER_RULES + more) for what, more in rules.items()}
    try:
        for what, daemon in daemons.items():
            daemon.start()
            instructions.ask_all(daemon.port, DOMAIN)
            prove(daemon, rules[what])
        asked = upstream.count()
        with tempfile.NamedTemporaryFile("w", suffix=".dnsperf") as file:
            file.write("".join(f"n{i}.{DOMAIN} A\n" for i in range(NAMES)))
            file.flush()
            turns = take_turns(daemons, file.name)
        assert upstream.count() == asked, "all answers came from the caches"
    finally:
        for daemon in daemons.values():
            daemon.clean()
        upstream.stop()
    for what, figures in turns.items():
        qps, cpu = (statistics.median(column) for column in zip(*figures))
        print(f"{what:10} {qps:10.0f} queries/s {cpu:8.3f} µs of CPU a query   (medians of {TURNS} rounds of {NAMES * ROUNDS} answers)")
    slower, text = compare(turns, "with four", 0)
    print(f"queries/s, four rules:        {text}; at most {LIMIT} % less")
    print(f"queries/s, the same twice:    {compare(turns, 'the same', 0)[1]}: what the machine does by itself")
    print(f"CPU a query, four rules:      {compare(turns, 'with four', 1)[1]}")
    print(f"CPU a query, the same twice:  {compare(turns, 'the same', 1)[1]}")
    return -slower


def main():
    wanted = set(sys.argv[1:]) - {"--bare"} or {"--instructions", "--speed"}
    costs = []
    if "--instructions" in wanted:
        costs.append(measure_instructions())
    if "--speed" in wanted:
        harness.WRAP[:] = []
        costs.append(measure_speed())
    sys.exit(1 if max(costs) > LIMIT else 0)


if __name__ == "__main__":
    main()

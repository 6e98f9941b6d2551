#!/usr/bin/python3
"""What a question that nobody has asked yet waits for, besides the upstream: `make bench-latency`.

    PF_BUILD=build tests/bench/latency.py [--servers portafilter,unbound] [--names 100000] [--rounds 5] [--seconds 4] [--rate N]

First each server is asked for new names as fast as it answers; then, in turns, at half of that rate (or --rate), once through it and once the
upstream itself. Added latency is the difference of the two, percentile by percentile, the median of all rounds. The server runs on the first
core, the upstream (NSD) and the generator (generator.c) on the last. Journals are off, with --logs in their way.
"""
import argparse
import os
import statistics

from lists import draw_names
from speed import LAST, Questions, finish, generate, geoip_here, harness, start_all, stop_all

PERCENTILES = ["p50", "p90", "p99"]
GOAL_US = 150


def run(port, questions, seconds, rate=0):
    result = finish(generate(port, questions.file_for("misses"), seconds, rate))
    if result["lost"] > result["sent"] / 1000:
        print(f"  ! {result['lost']:,} of {result['sent']:,} were lost", flush=True)
    return result


def measure(server, internet, questions, arguments):
    full = run(server.port, questions, arguments.seconds)["rate"]
    rate = arguments.rate or full / 2
    added, rounds = {p: [] for p in PERCENTILES}, []
    for _ in range(arguments.rounds):
        through, direct = run(server.port, questions, arguments.seconds, rate), run(internet.port, questions, arguments.seconds, rate)
        rounds.append((through, direct))
        for p in PERCENTILES:
            added[p].append(through[p] - direct[p])
    cells = []
    for p in PERCENTILES:
        own, other = (statistics.median(r[i][p] for r in rounds) for i in (0, 1))
        cells.append(f"{p} {statistics.median(added[p]):.0f} ({own:.0f} and {other:.0f})")
    goal = f"; goal: p99 {GOAL_US}" if server.title == "portafilter" else ""
    print(f"{server.title}, {server.log}: {full:,.0f} new names a second; at {rate:,.0f} added, µs (through it, and the upstream alone): {', '.join(cells)}{goal}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--servers", default="portafilter", type=lambda text: text.split(","))
    parser.add_argument("--names", type=int, default=100_000)
    parser.add_argument("--logs", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--rate", type=float, default=0)
    arguments = parser.parse_args()
    os.environ["PATH"] += ":/usr/sbin:/usr/local/sbin"
    folder, names = harness.make_folder(), draw_names(arguments.names)
    os.sched_setaffinity(0, {LAST})
    internet, servers = harness.Nsd("* 86400 A 198.51.100.7\n"), []
    try:
        servers = start_all(arguments, folder, names, (internet.address, internet.port), geoip_here())
        questions = Questions(folder, names)
        for server in servers:
            measure(server, internet, questions, arguments)
    finally:
        stop_all(servers, internet, folder)


if __name__ == "__main__":
    main()

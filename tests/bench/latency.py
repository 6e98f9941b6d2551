#!/usr/bin/python3
"""What a question that nobody has asked yet waits for, besides the upstream: `make bench-latency`.

    PF_BUILD=build tests/bench/latency.py [--servers portafilter,unbound] [--names 100000] [--rounds 10] [--seconds 2] [--rate N]

First each server is asked for new names as fast as it answers, which tells what one takes of its core. Half load is the rate that fills half of that
core; or less (which is said), so that the upstream (NSD) and the generator (generator.c), which share the last core, do not fill more than half of theirs.
Then, in turns, at that rate or --rate, whether answers come or not: once through the server, and once the upstream itself. Added latency is
the difference of the two, percentile by percentile, the median of all rounds. Journals are off, with --logs in their way.

A machine that has other work adds to latency what no server can help. So it is told what each of them has waited for its core (the kernel's schedstat,
for each answer), how late the generator was with its questions, and the percentiles of the calmer half of the rounds: those in which the three have
waited the least.
"""
import argparse
import os
import statistics

from lists import draw_names
from speed import LAST, Questions, finish, generate, geoip_here, harness, start_all, stop_all, threads_of

PERCENTILES = ["p50", "p90", "p99"]
GOAL_US = 150
WINDOW = 1024  # on each socket: the rate does not wait for answers
FULL = 0.5     # of a core


def scheduled(pid):
    """Nanoseconds that all threads of a process and of its children have run, and have waited to."""
    ran = waited = 0
    for task in threads_of(pid):
        first, second, _ = map(int, (task / "schedstat").read_text().split())
        ran, waited = ran + first, waited + second
    return ran, waited


def run(port, file, seconds, watched, rate=0):
    """What the generator says; with the time on a core of each process that is watched, and its wait for one (µs an answer)."""
    before = {name: scheduled(pid) for name, pid in watched.items()}
    window = {"window": WINDOW} if rate else {}
    result = finish(generate(port, file, seconds, rate, **window))
    for name, pid in watched.items():
        result[name] = [(b - a) / 1000 / max(result["answered"], 1) for a, b in zip(before[name], scheduled(pid))]
    if result["lost"] > result["sent"] / 1000:
        print(f"  ! {result['lost']:,} of {result['sent']:,} were lost", flush=True)
    return result


def half_load(full):
    """The rate that fills half of the server's core, and the one that fills half of the other."""
    return FULL * 1e6 / full["server"][0], FULL * 1e6 / (full["nsd"][0] + full["own_us"])


def waits(pair):
    through, direct = pair
    return through["server"][1] + through["nsd"][1] + through["wait_us"] + direct["nsd"][1] + direct["wait_us"]


def told(rounds):
    cells = []
    for p in PERCENTILES:
        own, other = (statistics.median(pair[i][p] for pair in rounds) for i in (0, 1))
        cells.append(f"{p} {statistics.median(through[p] - direct[p] for through, direct in rounds):.0f} ({own:.0f} and {other:.0f})")
    return ", ".join(cells)


def middle(results, get):
    return statistics.median(map(get, results))


def measure(server, internet, questions, arguments):
    watched = {"server": server.process.pid, "nsd": internet.process.pid}
    for _ in range(2):  # the first time is the start's
        full = run(server.port, questions.file_for("misses"), arguments.seconds, watched)
    own, other = half_load(full)
    rate = arguments.rate or min(own, other)
    rounds = []
    for _ in range(arguments.rounds):
        through = run(server.port, questions.file_for("misses"), arguments.seconds, watched, rate)
        rounds.append((through, run(internet.port, questions.folder / "warm", arguments.seconds, watched, rate)))
    goal = f"; goal: p99 {GOAL_US}" if server.title == "portafilter" else ""
    first, second = zip(*rounds)
    used = [middle(first, lambda r: r["server"][0]), middle(first, lambda r: r["nsd"][0]), middle(first, lambda r: r["own_us"])]
    print(f"{server.title}, {server.log}: {full['rate']:,.0f} new names a second at {full['server'][0]:.1f} µs of its core; "
          f"half load {own:,.0f}, of the upstream's core {other:,.0f}; asked {rate:,.0f} a second")
    print(f"  used of the server's core {used[0] * rate / 1e4:.0f} %, of the last one by NSD {used[1] * rate / 1e4:.0f} %, by the generator {used[2] * rate / 1e4:.0f} %")
    print(f"  added, µs (through it, and the upstream alone): {told(rounds)}{goal}")
    print(f"  in the calmer half of the rounds:               {told(sorted(rounds, key=waits)[:max(len(rounds) // 2, 1)])}")
    print(f"  waited for a core, µs an answer: the server {middle(first, lambda r: r['server'][1]):.1f}, NSD {middle(first, lambda r: r['nsd'][1]):.1f} "
          f"(alone {middle(second, lambda r: r['nsd'][1]):.1f}), the generator {middle(first, lambda r: r['wait_us']):.1f} "
          f"({middle(second, lambda r: r['wait_us']):.1f}); questions went out late by p99 {middle(first, lambda r: r['late_p99']):.0f} "
          f"({middle(second, lambda r: r['late_p99']):.0f}) µs", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--servers", default="portafilter", type=lambda text: text.split(","))
    parser.add_argument("--names", type=int, default=100_000)
    parser.add_argument("--logs", action="store_true")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seconds", type=int, default=2)
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
            if server.log != "off" and not arguments.logs:
                continue
            measure(server, internet, questions, arguments)
    finally:
        stop_all(servers, internet, folder)


if __name__ == "__main__":
    main()

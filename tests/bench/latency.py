#!/usr/bin/python3
"""What a question that nobody has asked yet waits for, besides the upstream: `make bench-latency`.

    PF_BUILD=build tests/bench/latency.py [--servers portafilter,unbound] [--names 100000] [--rounds 10] [--seconds 2] [--rate N]

First each server is asked for new names as fast as it answers, which tells what one takes of its core. Half load is the rate that fills half of that
core; or less (which is said), so that the upstream (NSD) and the generator (generator.c), which share the last core, do not fill more than half of theirs.
Then, in turns, at that rate or --rate, whether answers come or not: through the server; through a bare relay (relay.c), which does nothing but hand
each question on from a port of its own; and the upstream itself. Added latency is the difference to the upstream itself, percentile by percentile,
the median of all rounds: what the server adds beyond the relay is its own, what the relay adds is the kernel's and the machine's. A generator that was
late does not ask at once for what it missed (its rate slips). Journals are off, with --logs in their way.

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


def waits(way):
    through, _, direct = way
    return through["server"][1] + through["nsd"][1] + through["wait_us"] + direct["nsd"][1] + direct["wait_us"]


def told(rounds, which):
    """What the server (0) or the relay (1) has added, and in brackets what was measured through it."""
    cells = []
    for p in PERCENTILES:
        own = statistics.median(way[which][p] for way in rounds)
        cells.append(f"{p} {statistics.median(way[which][p] - way[2][p] for way in rounds):.0f} ({own:.0f})")
    return ", ".join(cells)


def middle(results, get):
    return statistics.median(map(get, results))


def show(server, rounds):
    goal = f"; goal: p99 {GOAL_US}" if server.title == "portafilter" else ""
    calm = sorted(rounds, key=waits)[:max(len(rounds) // 2, 1)]
    for title, which in (("all rounds", rounds), ("the calmer half", calm)):
        print(f"  added, µs (measured), {title}: by {server.title} {told(which, 0)}{goal}")
        print(f"    by the bare relay {told(which, 1)}; the upstream itself {', '.join(f'{p} {middle(which, lambda way: way[2][p]):.0f}' for p in PERCENTILES)}")
    first, _, last = zip(*rounds)
    print(f"  waited for a core, µs an answer: the server {middle(first, lambda r: r['server'][1]):.1f}, NSD {middle(first, lambda r: r['nsd'][1]):.1f} "
          f"(alone {middle(last, lambda r: r['nsd'][1]):.1f}), the generator {middle(first, lambda r: r['wait_us']):.1f} "
          f"({middle(last, lambda r: r['wait_us']):.1f}); questions went out late by p99 {middle(first, lambda r: r['late_p99']):.0f} "
          f"({middle(last, lambda r: r['late_p99']):.0f}) µs", flush=True)


def measure(server, relay, internet, questions, arguments):
    def watched(which):
        return {"server": which.process.pid, "nsd": internet.process.pid}
    for _ in range(2):  # the first time is the start's
        full = run(server.port, questions.file_for("misses"), arguments.seconds, watched(server))
    own, other = half_load(full)
    rate = arguments.rate or min(own, other)
    print(f"{server.title}, {server.log}: {full['rate']:,.0f} new names a second at {full['server'][0]:.1f} µs of its core; "
          f"half load {own:,.0f}, of the upstream's core {other:,.0f}; asked {rate:,.0f} a second")
    rounds = [(run(server.port, questions.file_for("misses"), arguments.seconds, watched(server), rate),
               run(relay.port, questions.folder / "misses", arguments.seconds, watched(relay), rate),
               run(internet.port, questions.folder / "warm", arguments.seconds, watched(relay), rate)) for _ in range(arguments.rounds)]
    used = [[middle(rounds, lambda way: get(way[which]) * way[which]["rate"] / 1e4)
             for get in (lambda r: r["server"][0], lambda r: r["nsd"][0], lambda r: r["own_us"])] for which in (0, 1)]
    print("  used of the server's core {:.0f} % (by the relay {:.0f}), of the last one by NSD {:.0f} %, by the generator {:.0f} %".format(
        used[0][0], used[1][0], *used[0][1:]))
    show(server, rounds)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--servers", default="portafilter", type=lambda text: ["relay", *text.split(",")])
    parser.add_argument("--names", type=int, default=100_000)
    parser.add_argument("--logs", action="store_true")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--rate", type=float, default=0)
    arguments = parser.parse_args()
    os.environ["PATH"] += ":/usr/sbin:/usr/local/sbin"
    folder, names = harness.make_folder(), draw_names(arguments.names)
    os.sched_setaffinity(0, {LAST})
    internet, started = harness.Nsd("* 86400 A 198.51.100.7\n"), []
    try:
        started = start_all(arguments, folder, names, (internet.address, internet.port), geoip_here())
        questions = Questions(folder, names)
        relay, *servers = started
        for server in servers:
            if server.log != "off" and not arguments.logs:
                continue
            measure(server, relay, internet, questions, arguments)
    finally:
        stop_all(started, internet, folder)


if __name__ == "__main__":
    main()

#!/usr/bin/python3
"""Do two workers do the work of two? `make bench-workers`.

    PF_BUILD=build tests/bench/workers.py [--log off] [--names 100000] [--rounds 5] [--seconds 3]

Asked in turns, with 1,000 names out of the cache: one daemon with one worker; one daemon with two; and two daemons with one worker each, which
share nothing. Each worker has a core of its own, the first and the last of the machine, with a generator (generator.c) on the same core, so
that all are full. What is compared is the processor time of the workers for an answer: a worker that waits for the other's cache lines
takes longer for each. Two workers are worth 2 × (an answer of one that is alone) ÷ (an answer of one of two) workers. The lone daemons
tell what the machine itself gives, whose cores share memory, and often more. Two cores at least.
"""
import argparse
import os
import pathlib
import statistics

from lists import draw_names
from speed import FIRST, LAST, SOCKETS, Questions, Server, dnsperf, finish, generate, geoip_here, harness, stop_all
from speed_servers import portafilter

GOAL = 1.9
CORES = [FIRST, LAST]


def worker_threads(daemon):
    for task in pathlib.Path(f"/proc/{daemon.process.pid}/task").iterdir():
        name = (task / "comm").read_text().strip()
        if name.startswith("worker "):
            yield int(name.split()[1]), task


class SetUp:
    """Daemons, of whose workers each has one of the cores."""

    def __init__(self, title, daemons):
        self.title, self.daemons, self.costs, self.rates = title, daemons, [], []
        cores = iter(CORES)
        self.workers = [(next(cores), daemon, task) for daemon in daemons for _, task in sorted(worker_threads(daemon))]
        for core, _, task in self.workers:
            os.sched_setaffinity(int(task.name), {core})

    def spent_ns(self):
        return sum(int((task / "schedstat").read_text().split()[0]) for _, _, task in self.workers)

    def measure(self, file, seconds):
        before = self.spent_ns()
        # more sockets, of which the kernel gives each to one of the workers
        running = [generate(daemon.port, file, seconds, sockets=4 * SOCKETS, core=core) for core, daemon, _ in self.workers]
        answered, rate = (sum(numbers) for numbers in zip(*((r["answered"], r["rate"]) for r in map(finish, running))))
        self.costs.append((self.spent_ns() - before) / 1000 / answered)
        self.rates.append(rate)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--log", default="off", choices=["off", "sqlite"])
    parser.add_argument("--names", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    arguments = parser.parse_args()
    if FIRST == LAST:
        parser.error("two workers need two cores")
    folder, names = harness.make_folder(), draw_names(arguments.names)
    internet, servers = harness.Nsd("* 86400 A 198.51.100.7\n"), []
    try:
        questions = Questions(folder, names)
        for place, workers in [("one", 1), ("two", 2), ("apart", 1), ("apart as well", 1)]:
            (folder / place).mkdir(mode=0o755)
            servers.append(Server("portafilter", portafilter, arguments.log, folder / place, names, (internet.address, internet.port), geoip_here(), workers))
            servers[-1].wait()
            dnsperf(servers[-1].port, questions.file_for("cached"))
        one, two, *apart = servers
        set_ups = [SetUp("one worker", [one]), SetUp("two workers", [two]), SetUp("two daemons", apart)]
        for number in range(arguments.rounds):
            for set_up in set_ups if number % 2 == 0 else set_ups[::-1]:
                set_up.measure(questions.file_for("saturated"), arguments.seconds)
        for set_up in set_ups:
            print(f"{set_up.title:12} {statistics.median(set_up.costs):6.2f} µs an answer, {statistics.median(set_up.rates):9,.0f} answers a second beside their generators")
        alone, together, neighbours = (set_up.costs for set_up in set_ups)
        worth, bare = (statistics.median(2 * a / b for a, b in zip(first, together)) for first in (alone, neighbours))
        print(f"two workers are worth {worth:.2f} of one that has the machine for itself, {bare:.2f} of one beside another daemon (goal: {GOAL})")
    finally:
        stop_all(servers, internet, folder)


if __name__ == "__main__":
    main()

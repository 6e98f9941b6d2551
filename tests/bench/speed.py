#!/usr/bin/python3
"""What an answer costs, here and elsewhere: `make bench`.

    PF_BUILD=build tests/bench/speed.py [--servers portafilter,unbound] [--works cached,blocked,mixed,misses,saturated]
                                        [--names 100000] [--logs] [--rounds 2] [--seconds 2] [--json FILE]

Measured is the processor time of all threads of a server for each query that was answered, as a multiple of what a bare echo of
packets takes (echo.c) on the same machine in the same minute: that holds still where answers a second do not. All servers run at the
same time, each on the first core; NSD behind them and dnsperf on the last one; they are asked in turn, and of all rounds the median
counts. All names but the misses have been asked for before. What a server does behind its answers is waited for and counted. portafilter runs as a household has it (speed_servers.py), with its journal off, in SQLite (all threads counted), with dnstap alone, and with both;
others with --logs in their own way too. What is not installed is left out with a line that says so. Also printed: answers a second, which the
generator bounds, and user-space time.

Works: 1,000 names out of the cache; names that are all on the list; four in five from the cache by Zipf's law; names that nobody has asked for;
and, saturated, the 1,000 names once more from a lighter generator (generator.c), so that the server's core is what is full.
"""
import argparse
import contextlib
import json
import os
import pathlib
import random
import re
import shutil
import sqlite3
import statistics
import subprocess
import sys
import time
import types

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "system"))

import harness  # noqa: E402
from lists import draw_names  # noqa: E402
from speed_servers import BESIDE, CEILINGS, SERVERS  # noqa: E402

WORKS = ["cached", "blocked", "mixed", "misses", "saturated"]
HOT, SITES, MISSES = 1000, 60_000, 400_000
FIRST, LAST = 0, (os.cpu_count() or 1) - 1
START_S = 120
WINDOW, SOCKETS = 24, 4  # of the lighter generator: so many questions wait on each of so many sockets
SETTLE_S, SETTLE_MAX_S, REST = 0.5, 40, 0.01  # looked at so often, for so long; of a core it takes less than this part


def on_core(core):
    return lambda: os.sched_setaffinity(0, {core})


def threads_of(pid):
    """All threads of a process and of its children."""
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*"):
        yield task
        for child in (task / "children").read_text().split():
            yield from threads_of(int(child))


def spent(pid):
    """Nanoseconds on a core of each thread, and their share in user space by the clock's ticks."""
    total = user = system = 0
    for task in threads_of(pid):
        total += int((task / "schedstat").read_text().split()[0])
        fields = (task / "stat").read_text().rsplit(")", 1)[1].split()
        user, system = user + int(fields[11]), system + int(fields[12])
    return total, user, system


# ---- questions


class Questions:
    """Files for dnsperf. No name of `misses` comes twice."""

    def __init__(self, folder, names):
        self.folder, self.missed = folder, 0
        self.draw = random.Random(7)
        self.sites = [f"www.site{i}.example" for i in range(SITES)]
        self.write("cached", (f"www.hot{i}.example" for i in range(HOT)))
        self.write("blocked", self.draw.sample(names, min(len(names), 100_000)))
        self.write("warm", self.sites)
        listed = self.draw.choices(names, self.zipf(len(names)), k=40_000)
        allowed = self.draw.choices(self.sites, self.zipf(SITES), k=160_000)
        mixed = listed + allowed
        self.draw.shuffle(mixed)
        self.write("mixed", mixed)

    @staticmethod
    def zipf(count):
        return [1 / (i + 1) for i in range(count)]

    def write(self, work, names):
        with open(self.folder / work, "w") as file:
            file.writelines(f"{name} A\n" for name in names)

    def file_for(self, work):
        if work == "saturated":
            return self.folder / "cached"
        if work == "misses":
            self.missed += 1
            self.write(work, (f"m{self.missed}x{i:x}.miss{i % 977}.example" for i in range(MISSES)))
        return self.folder / work


def dnsperf(port, file, seconds=None):
    length = ["-l", str(seconds)] if seconds else ["-n", "1"]
    run = subprocess.run(["dnsperf", "-s", "127.0.0.1", "-p", str(port), "-d", str(file), "-c", "8", "-q", "100", "-T", "1", "-t", "2", *length],
                         capture_output=True, text=True, preexec_fn=on_core(LAST))

    def number(what):
        found = re.search(what + r":\s+([\d.]+)", run.stdout)
        return float(found.group(1)) if found else 0.0
    return {"answered": number("Queries completed"), "lost": number("Queries lost"), "rate": number("Queries per second")}


def generate(port, file, seconds, rate=0, window=WINDOW, sockets=SOCKETS, core=LAST):
    """The lighter generator, started; finish() of it is what it says."""
    return subprocess.Popen([str(harness.BUILD / "tests/bench/generator"), *map(str, (port, file, seconds, window, rate, sockets))],
                            stdout=subprocess.PIPE, text=True, preexec_fn=on_core(core))


def finish(generator):
    out, _ = generator.communicate()
    if generator.returncode:
        raise RuntimeError(f"the generator has ended with {generator.returncode}")
    return json.loads(out)


# ---- servers


class Server:
    def __init__(self, title, make, log, folder, names, upstream, geoip, workers=1):
        self.title, self.log = title, log
        self.folder = folder / f"{title}-{log}".replace(" ", "-")
        self.folder.mkdir()
        self.port, self.collector = harness.free_port(), None
        self.listed = names[-1]
        command = make(types.SimpleNamespace(folder=self.folder, port=self.port, log=log, names=names, upstream=upstream, build=harness.BUILD, geoip=geoip,
                                             workers=workers))
        if log.endswith("dnstap"):
            self.collector = subprocess.Popen(["fstrm_capture", "-t", "protobuf:dnstap.Dnstap", "-u", str(self.folder / "tap.sock"), "-w", "/dev/null"],
                                              stderr=subprocess.DEVNULL, preexec_fn=on_core(LAST))
            harness.wait_until(lambda: (self.folder / "tap.sock").exists(), "the collector listens")
            (self.folder / "tap.sock").chmod(0o666)
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=open(self.folder / "err", "wb"), preexec_fn=on_core(FIRST))

    def is_up(self):
        """A name that is not listed has an address, and one that is listed is blocked."""
        if self.process.poll() is not None:
            raise RuntimeError((self.folder / "err").read_text()[-400:])
        if self.title in (title for title, _, _ in CEILINGS):
            return harness.ask(self.port, "www.hot0.example", timeout=0.2) is not None
        open_, blocked = (harness.ask(self.port, name, timeout=0.3) for name in ("www.hot0.example", self.listed))
        return bool(open_ and blocked and open_.answer and (not blocked.answer or blocked.answer[0][0].to_text() == "0.0.0.0"))

    def wait(self):
        until = time.monotonic() + START_S
        while not self.is_up():
            if time.monotonic() > until:
                raise RuntimeError(f"does not answer as it should after {START_S} s")
            time.sleep(0.05)

    def has_summed(self):
        """The journal's sums hold every query that it has; what has no journal has nothing to sum."""
        if not self.log.startswith("sqlite"):
            return True
        with contextlib.closing(sqlite3.connect(f"file:{self.folder}/journal.db?mode=ro", uri=True)) as journal:
            return journal.execute(harness.SUMMED).fetchone()[0]

    def settle(self):
        """Until all threads rest: what is done behind the answers (journals) belongs to the questions before."""
        last, until = spent(self.process.pid)[0], time.monotonic() + SETTLE_MAX_S
        while time.monotonic() < until:
            time.sleep(SETTLE_S)
            now = spent(self.process.pid)[0]
            if now - last < SETTLE_S * 1e9 * REST and self.has_summed():
                return
            last = now

    def measure(self, work, file, seconds):
        self.settle()
        before = spent(self.process.pid)
        result = finish(generate(self.port, file, seconds)) if work == "saturated" else dnsperf(self.port, file, seconds)
        self.settle()
        total, user, system = (b - a for a, b in zip(before, spent(self.process.pid)))
        answered = max(result["answered"], 1)
        result["cpu_us"] = total / 1000 / answered
        result["user_us"] = result["cpu_us"] * user / max(user + system, 1)
        return result

    def stop(self):
        for process in filter(None, (self.process, self.collector)):
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def geoip_here():
    """The databases, or None: there are none."""
    if not all(path.exists() for path in harness.LOCATION + harness.CONTROL):
        return None
    return {"location": [str(p) for p in harness.LOCATION], "control": [str(p) for p in harness.CONTROL]}


def start_all(arguments, folder, names, upstream, geoip):
    started = []
    for title, make, logs in CEILINGS + SERVERS:
        if title not in arguments.servers:
            continue
        for log in logs if title == "portafilter" or arguments.logs else logs[:1]:
            try:
                server = Server(title, make, log, folder, names, upstream, geoip)
                started.append(server)
                server.wait()
            except FileNotFoundError:
                print(f"{title:14} is not installed{' with ' + BESIDE[title] if title in BESIDE else ''}: skipped", flush=True)
                break
            except RuntimeError as trouble:
                print(f"{title:14} {log}: {trouble}: skipped", flush=True)
                started.pop().stop()
    return started


# ---- the table


def stop_all(servers, internet, folder):
    for server in servers:
        server.stop()
    internet.stop()
    shutil.rmtree(folder, ignore_errors=True)


def warm(server, questions, work):
    if server.title == "echo" or work == "misses":
        return
    if work == "mixed":
        dnsperf(server.port, questions.folder / "warm")
    dnsperf(server.port, questions.file_for(work))


def measure_all(servers, questions, arguments):
    """{(server, work): [results]}; each round begins with the echo."""
    results = {}
    for work in arguments.works:
        for server in servers:
            warm(server, questions, work)
        for number in range(arguments.rounds):
            echo, *others = servers
            for server in [echo, *(others if number % 2 == 0 else others[::-1])]:
                file = questions.file_for("cached" if server is echo else work)
                result = server.measure(work, file, arguments.seconds)
                results.setdefault((server, work), []).append(result)
        told = (f"{s.title} ({s.log}) {multiple_of(servers, results, s, work):.2f}" for s in servers[1:])
        print(f"{work}: {', '.join(told)}", file=sys.stderr, flush=True)
    return results


def median(results, what):
    return statistics.median(result[what] for result in results)


def multiple_of(servers, results, server, work):
    return statistics.median(a["cpu_us"] / b["cpu_us"] for a, b in zip(results[server, work], results[servers[0], work]))


def show_markdown(servers, results, arguments):
    """The same as README has it."""
    print(f"\n| | {' | '.join(arguments.works)} |\n|{' --- |' * (len(arguments.works) + 1)}")
    for server in servers[1:]:
        title = f"**{server.title}**" if server.title == "portafilter" and server.log == "off" else server.title
        cells = (f"{multiple_of(servers, results, server, work):.2f}" for work in arguments.works)
        print(f"| {title}, {'no log' if server.log == 'off' else server.log} | {' | '.join(cells)} |")
    print(flush=True)


def show(servers, results, arguments):
    print(f"\nprocessor time an answer, as a multiple of the echo's (in user space, µs; answers a second), {arguments.names:,} names on the list")
    print(f"{'':30}" + "".join(f"{work:>26}" for work in arguments.works))
    for server in servers:
        cells = []
        for work in arguments.works:
            own = results[server, work]
            multiple = multiple_of(servers, results, server, work)
            lost = " !" if any(r["lost"] > r["answered"] / 1000 for r in own) else ""
            cells.append(f"{multiple:9.2f} ({median(own, 'user_us'):.2f} µs; {median(own, 'rate') / 1000:.0f} k){lost}")
        print(f"{server.title + (', ' + server.log if server.log != 'off' else ''):30}" + "".join(f"{cell:>26}" for cell in cells), flush=True)
    show_markdown(servers, results, arguments)
    for work in arguments.works:
        print(f"the echo beside {work}: {median(results[servers[0], work], 'cpu_us'):.2f} µs")
    print("! more than one query in a thousand was lost. Pi-hole is no package of Debian: no figure here.")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--servers", default=",".join(title for title, _, _ in SERVERS), type=lambda text: ["echo", *text.split(",")])
    parser.add_argument("--works", default=",".join(WORKS), type=lambda text: text.split(","))
    parser.add_argument("--names", type=int, default=100_000)
    parser.add_argument("--logs", action="store_true", help="the others' logs too")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--json", type=pathlib.Path)
    arguments = parser.parse_args()
    os.environ["PATH"] += ":/usr/sbin:/usr/local/sbin"
    for program in ("dnsperf", "nsd"):
        if not shutil.which(program):
            sys.exit(f"{program} is not installed, and nothing can be measured without it.")
    folder, names = harness.make_folder(), draw_names(arguments.names)
    os.sched_setaffinity(0, {LAST})
    internet = harness.Nsd("* 86400 A 198.51.100.7\n")
    servers = []
    try:
        servers = start_all(arguments, folder, names, (internet.address, internet.port), geoip_here())
        results = measure_all(servers, Questions(folder, names), arguments)
        show(servers, results, arguments)
        if arguments.json:
            arguments.json.write_text(json.dumps([{"server": s.title, "log": s.log, "work": w, "results": r} for (s, w), r in results.items()]))
    finally:
        stop_all(servers, internet, folder)


if __name__ == "__main__":
    main()

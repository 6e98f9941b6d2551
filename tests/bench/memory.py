#!/usr/bin/python3
"""Memory: the daemon with nothing to do, an answer in the cache, and whether it grows: `make bench-memory`.

    PF_BUILD=build PF_GEOIP=build/GeoIP tests/bench/memory.py [--answers 100000] [--soak MINUTES [--rate 2000]]

Resident is what the kernel counts for the process, libraries' code that all programs share included; own is what nobody else has (private and
not of a file). It is told when the daemon says that it is ready, after an answer, and after 100,000 of a thousand names, a reload and a look at its API. An answer is measured by the cache's own account and by what the process grows while so many of them come in; beside it stand
the bytes of the message. It fails when the account is over the goal, or less than nine tenths of what the process has grown. --soak fills what is bounded first and then asks for MINUTES, one name in five not seen before, with the journal on, a reload each minute, and fails when the last third
has grown by over 2 % of the first's end.
"""
import argparse
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "system"))

import harness  # noqa: E402

BASE_GOAL_MB, GROWTH_MAX, ACCOUNT_MIN = 12, 0.02, 0.9
FILL_NAMES, FILL_ROUNDS_MAX = 50_000, 30
NO_GEO = {"location": [], "control": []}


def memory_kb(daemon):
    """(resident, own)"""
    fields = dict(line.split()[:2] for line in pathlib.Path(f"/proc/{daemon.process.pid}/smaps_rollup").read_text().splitlines()[1:])
    return int(fields["Rss:"]), int(fields["Anonymous:"])


def tell_base(daemon, what, more=""):
    resident, own = memory_kb(daemon)
    print(f"{what:32}{resident / 1024:7.1f} MB resident, {own / 1024:5.1f} MB own{more}", flush=True)


def show_base(internet, folder):
    (folder / "base").write_text("".join(f"n{i}.example.test A\n" for i in range(1000)))
    geo = {"location": [str(p) for p in harness.LOCATION], "control": [str(p) for p in harness.CONTROL], "max-age": "36500d"}
    whats = [("no journal, no geo", {"journal": "off", "geo": NO_GEO}), ("SQLite, no geo", {"geo": NO_GEO})]
    if all(path.exists() for path in harness.LOCATION + harness.CONTROL):
        whats.append(("no journal, geo", {"journal": "off", "home": ["US"], "geo": geo}))
    for what, change in whats:
        daemon = harness.Daemon({"upstreams": [internet.upstream], "rate-limit": "off", "vendors": None, **change})
        try:
            tell_base(daemon, f"{what}, ready")
            daemon.ask("www.example.test")
            tell_base(daemon, f"{what}, an answer", f" (goal: {BASE_GOAL_MB} MB resident)")
            dnsperf(daemon, folder / "base", "-n", "100")
            daemon.cli("reload")
            for path in "status", "devices", "queries", "endpoints":
                daemon.api(f"/api/v1/{path}")
            tell_base(daemon, f"{what}, at work")
        finally:
            daemon.clean()


def dnsperf(daemon, file, *more):
    command = ["dnsperf", "-s", "127.0.0.1", "-p", str(daemon.port), "-d", str(file), "-c", "4", "-q", "50", *more]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def show_answers(internet, folder, count):
    """True: the account keeps the goal, and is true."""
    daemon = harness.Daemon({"upstreams": [internet.upstream], "journal": "off", "geo": NO_GEO, "cache": {"size": "256M"}})
    names = [f"www.site{i}.example.test" for i in range(count)]
    (folder / "names").write_text("".join(f"{name} A\n" for name in names))
    (folder / "others").write_text("".join(f"no{i}.example.test AAAA\n" for i in range(FILL_NAMES)))
    try:
        wire = statistics.mean(len(harness.ask(daemon.port, name).to_wire()) - 11 for name in names[:50])  # without our OPT
        dnsperf(daemon, folder / "others", "-n", "1")  # what grows with queries, and is bounded, has grown
        before, (_, own) = daemon.status()["cache"], memory_kb(daemon)
        dnsperf(daemon, folder / "names", "-n", "1")
        cache, (_, after) = daemon.status()["cache"], memory_kb(daemon)
        entries = cache["entries"] - before["entries"]
        account, grown, goal = (cache["bytes"] - before["bytes"]) / entries, (after - own) * 1024 / entries, 1.5 * wire + 64
        print(f"{entries:,} answers of {wire:.0f} bytes: {account:.0f} bytes each by the cache's account, {grown:.0f} by what the process has grown "
              f"(goal: {goal:.0f})", flush=True)
        return account <= goal and account >= ACCOUNT_MIN * grown
    finally:
        daemon.clean()


def fill(daemon, folder):
    """Asks for new names, as fast as it answers, until all that keeps something is full: the cache has lost some, and a round adds hardly anything."""
    own = memory_kb(daemon)[1]
    for number in range(FILL_ROUNDS_MAX):
        (folder / "fill").write_text("".join(f"f{number}x{i}.example.test A\n" for i in range(FILL_NAMES)))
        dnsperf(daemon, folder / "fill", "-n", "1")
        before, own = own, memory_kb(daemon)[1]
        cache = daemon.status()["cache"]
        print(f"filling, {(number + 1) * FILL_NAMES:,} names: {own / 1024:.1f} MB own, {cache['entries']:,} answers in the cache", flush=True)
        if cache["entries"] < (number + 1) * FILL_NAMES // 2 and own / before - 1 <= GROWTH_MAX / 2:
            return
    print("it has not come to rest: what it holds is not bounded, or larger than this")


def soak(internet, folder, minutes, rate):
    """True: it has not grown."""
    daemon = harness.Daemon({"upstreams": [internet.upstream], "geo": NO_GEO, "cache": {"size": "4M", "save": "60s"}, "journal": {"keep": "10m"}, "rate-limit": "off"})
    samples = []
    try:
        fill(daemon, folder)
        for minute in range(minutes):
            (folder / "soak").write_text("".join(f"m{minute}x{i}.example.test A\n" if i % 5 == 0 else f"hot{i % 700}.example.test A\n" for i in range(rate * 60)))
            dnsperf(daemon, folder / "soak", "-n", "1", "-Q", str(rate))
            daemon.cli("reload")
            resident, own = memory_kb(daemon)
            samples.append(own)
            print(f"minute {minute + 1}: {resident / 1024:.1f} MB resident, {own / 1024:.1f} own", flush=True)
        first, last = statistics.median(samples[:-(-minutes // 3)][-3:]), statistics.median(samples[-(-minutes // 3):])
        print(f"own memory: {first / 1024:.1f} MB after the first third, {last / 1024:.1f} MB in the last: {last / first - 1:+.1%}")
        return last / first - 1 <= GROWTH_MAX
    finally:
        daemon.clean()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--answers", type=int, default=100_000)
    parser.add_argument("--soak", type=int, metavar="MINUTES")
    parser.add_argument("--rate", type=int, default=2000)
    arguments = parser.parse_args()
    if arguments.soak is not None and arguments.soak < 3:
        parser.error("thirds are compared: --soak needs 3 minutes or more")
    internet, folder = harness.Nsd("* 86400 A 198.51.100.7\n", minimal=True), harness.make_folder()
    try:
        if arguments.soak:
            sys.exit(not soak(internet, folder, arguments.soak, arguments.rate))
        show_base(internet, folder)
        sys.exit(not show_answers(internet, folder, arguments.answers))
    finally:
        internet.stop()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()

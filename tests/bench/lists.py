"""What large lists cost, here and elsewhere: `make bench-lists`.

First the name index by itself (bench_lists): synthetic lists of a million names, in one file and in 200, ten million with
--full, and the lists of PF_SHARED when they are there. Then one list against 200 (compare_lists): both in one process, asked in turn, the
median of many rounds; and the same in instructions, which is the steadier proof. Then whole servers (list_servers.py).

Processor time is what holds still on a machine that does other things too; the time until the answer is what a person waits.
"""
import argparse
import json
import os
import pathlib
import random
import re
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile

from list_servers import PATIENCE_S, bench_servers, write

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("PF_BUILD", TOP / "build")).resolve()
SHARED = pathlib.Path(os.environ.get("PF_SHARED", TOP.parent / "shared"))
ZONES = ["com", "net", "org", "io", "xyz", "info"]
WORDS = ["ads", "track", "metrics", "pixel", "cdn", "stats", "t", "a"]
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


def draw_names(count):
    """Different names of two and three labels, the same ones each time; `listed.example` is the last."""
    draw, names = random.Random(20251123), set()
    while len(names) < count - 1:
        base = "".join(draw.choices(LETTERS, k=draw.randint(6, 14))) + "." + draw.choice(ZONES)
        names.add(base if draw.random() < 0.6 else draw.choice(WORDS) + "." + base)
    return sorted(names, key=hash_of) + ["listed.example"]


def hash_of(name):
    return struct.unpack("!Q", (name.encode() * 8)[-8:])[0] * 0x9E3779B97F4A7C15 % 2**64


# ---- the index by itself


def run_index(files):
    run = subprocess.run([str(BUILD / "tests/bench/bench_lists"), *files], capture_output=True, text=True)
    if run.returncode:
        sys.exit(run.stderr)
    return json.loads(run.stdout)


def from_cache(row):
    return f"{row['cache_s'] * 1000:.1f} ms" if row["cache_s"] < PATIENCE_S else "not kept"


def print_row(title, row):
    print(f"{title:24} {row['names']:9d} {row['load_s']:11.3f} s {row['load_cpu_s']:5.3f} s {from_cache(row):>11} "
          f"{row['bytes_a_name']:9.2f} {both(row, 'hit')} {both(row, 'miss')} {both(row, 'kept_hit')} {both(row, 'kept_miss')} {both(row, 'hit_chained')} {both(row, 'memory')} "
          f"{row['hit_median_ns'] / row['memory_median_ns']:9.2f} {row['miss_median_ns'] / row['memory_median_ns']:8.2f}", flush=True)


def both(row, figure):
    """The best of the rounds and the median, in nanoseconds."""
    return f"{row[figure + '_ns']:5.0f} {row[figure + '_median_ns']:5.0f}"


def draw_expressions(count):
    """Of the kinds that lists have: a domain, numbered hosts, something between two texts, one in a hundred that says no text."""
    draw = random.Random(3)

    def word(least, most):
        return "".join(draw.choices(LETTERS, k=draw.randint(least, most)))
    for i in range(count):
        zone = draw.choice(ZONES)
        if i % 100 == 99:
            yield f"^[a-{draw.choice('rstuvw')}]{{{10 + i // 100 % 30},60}}$\n"
        else:
            yield [f"(^|\\.){word(6, 12)}\\.{zone}$\n", f"^ad[sx]?[0-9]*[.-]{word(5, 10)}\\.{zone}$\n", f"^{word(4, 8)}-.*\\.{word(4, 10)}\\.{zone}$\n",
                   f"(track|pixel)[0-9]+\\.{word(5, 9)}\\.\n"][i % 4]


def draw_wildcards(count):
    draw = random.Random(4)
    for _ in range(count):
        yield f"||{''.join(draw.choices(LETTERS, k=draw.randint(3, 6)))}*.{''.join(draw.choices(LETTERS, k=draw.randint(4, 10)))}.{draw.choice(ZONES)}^\n"


def print_on_top(title, row, plain):
    print(f"{title:24} {row['patterns']:9d} ready in {row['load_cpu_s'] - plain['load_cpu_s']:.2f} s of the processor; a name takes {row['hit_ns'] - plain['hit_ns']:.0f} ns more "
          f"when it is listed, {row['miss_ns'] - plain['miss_ns']:.0f} ns when not; from the cache {from_cache(row)}", flush=True)


# ---- one list against many


COMPARE_RUNS, COMPARE_ROUNDS, COMPARE_QUESTIONS = 4, 15, 100_000
COUNTED_QUESTIONS = 20_000


def compare_command(names, few, many, rounds, questions):
    return [str(BUILD / "tests/bench/compare_lists"), str(rounds), str(questions), names, *few, "--", *many]


def compare(one, parts):
    """Several processes, since where the kernel puts an index in memory is decided once in each; every other one loads the many first."""
    rounds = []
    for run in range(COMPARE_RUNS):
        turned = run % 2
        sides = (parts, [one]) if turned else ([one], parts)
        said = json.loads(subprocess.run(compare_command(one, *sides, COMPARE_ROUNDS, COMPARE_QUESTIONS), capture_output=True, text=True, check=True).stdout)
        rounds += [{key: pair[::-1] if turned else pair for key, pair in row.items()} for row in said]
    print(f"\n{'200 lists to 1':24} {'1 list':>9} {'200 lists':>10} {'ratio':>7}   medians of {len(rounds)} rounds in {COMPARE_RUNS} processes, the same names asked in turn")
    for key, title in (("hit", "hits"), ("miss", "misses")):
        few, many = (statistics.median(row[key][side] for row in rounds) for side in (0, 1))
        ratios = sorted(row[key][1] / row[key][0] for row in rounds)
        middle, quarter = statistics.median(ratios), len(ratios) // 4
        print(f"{title:24} {few:6.0f} ns {many:7.0f} ns {middle:7.3f}   half of the rounds between {ratios[quarter]:.3f} and {ratios[-1 - quarter]:.3f}: "
              f"{'within' if 0.9 <= middle <= 1.1 else 'NOT within'} 10 %", flush=True)


def count_instructions(one, parts):
    if not shutil.which("callgrind_annotate"):
        print("valgrind is not installed: instructions are not counted")
        return
    with tempfile.TemporaryDirectory() as folder:
        out = f"{folder}/callgrind.out"
        subprocess.run(["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={out}", "--toggle-collect=ask_few*", "--toggle-collect=ask_many*",
                        *compare_command(one, [one], parts, 1, COUNTED_QUESTIONS)], capture_output=True, check=True)
        text = subprocess.run(["callgrind_annotate", "--inclusive=yes", "--threshold=100", out], capture_output=True, text=True, check=True).stdout
    few, many = (int(re.search(rf"^\s*([\d,]+)\b.*:{name}\b", text, re.M)[1].replace(",", "")) / (4 * COUNTED_QUESTIONS) for name in ("ask_few", "ask_many"))
    print(f"{'instructions a look-up':24} {few:9.1f} {many:10.1f} {many / few:7.3f}   hits and misses alike, with the loop around them", flush=True)


def bench_ratio(one, parts):
    compare(one, parts)
    count_instructions(one, parts)


# ---- all of it


def split(folder, names):
    """The names in one list; each in one of 200; and the same 200 again, one name in five in a second list, one in 25 in a third."""
    one = write(folder / "one.txt", (name + "\n" for name in names))
    draw, several = random.Random(7), [[] for _ in range(200)]
    for name in names:
        several[draw.randrange(200)].append(name + "\n")
    parts = [write(folder / f"part{i}.txt", lines) for i, lines in enumerate(several)]
    for name in names:
        for number in {draw.randrange(200) for _ in range((draw.random() < 0.2) + (draw.random() < 0.04))}:
            several[number].append(name + "\n")
    return one, parts, [write(folder / f"shared{i}.txt", lines) for i, lines in enumerate(several)]


def bench_index(folder, one, parts, shared):
    print(f"\n{'the name index':24} {'names':>9} {'text → index':>13} {'cpu':>7} {'from cache':>11} {'B a name':>9} {'hit':>11} {'miss':>11} {'mapped: hit':>11} {'miss':>11} {'chained':>11} {'a line':>11} {'hit/line':>9} {'miss/line':>8}"
          "\nnanoseconds: the best of nine rounds and the median; mapped: of an index from the cache; chained: each name is known only after the answer before; a line: what memory takes for one in the same rounds")
    plain = run_index([one])
    print_row("1 list", plain)
    print_row("200 lists, each a part", run_index(parts))
    print_row("200 lists that overlap", run_index(shared))
    print_on_top("expressions", run_index([write(folder / "regex.txt", draw_expressions(10_000)), one]), plain)
    print_on_top("wildcards", run_index([write(folder / "wildcards.txt", draw_wildcards(10_000)), one]), plain)
    strange = ("LICENSE", "regex.list", "dnsmasq-spy.conf", "firewall-ip-spy.txt")
    real = [str(p) for p in sorted((SHARED / "data/lists").glob("*/*")) if p.name not in strange]
    if real:
        print_row(f"{len(real)} real lists", run_index(real))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="ten million names, too")
    parser.add_argument("--names", type=int, default=1_000_000)
    parser.add_argument("--only", choices=["index", "ratio", "servers"], help="one part alone")
    arguments = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="bench-lists-"))
    folder.chmod(0o755)
    wanted = [arguments.only] if arguments.only else ["index", "ratio", "servers"]
    try:
        names = draw_names(arguments.names)
        one, parts, shared = split(folder, names)
        if "index" in wanted:
            bench_index(folder, one, parts, shared)
        if "ratio" in wanted:
            bench_ratio(one, parts)
        if "servers" in wanted:
            bench_servers(BUILD, folder, names)
        del names
        if arguments.full:
            many = draw_names(10_000_000)
            print_row("\n1 list", run_index([write(folder / "big.txt", (name + "\n" for name in many))]))
            bench_servers(BUILD, folder, many, ["portafilter"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()

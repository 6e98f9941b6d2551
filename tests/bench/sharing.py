#!/usr/bin/python3
"""Which cache lines do two workers share while they answer? `make bench-sharing`.

    PF_BUILD=build tests/bench/sharing.py [--journal] [--rounds 3]

Valgrind's lackey tells of each access to memory, and which thread runs: so all cache lines are seen that one worker writes and another
reads or writes, whether or not they would have met at the same time. 500 names out of the cache, and 500 that a rule sinkholes, are asked again and
again over 64 sockets, which the kernel spreads over two workers. What is written for each query must be nobody else's: it fails when a
line that a worker writes for more than one query in a hundred is touched by the other worker. What is written once a second for each client, who is seen
(device/roster.h), is not for each query: valgrind is slow, and many seconds go by. It takes some minutes. With --journal the lines that the
writer's thread reads are shown too; they are how records come to it.
"""
import argparse
import collections
import contextlib
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "system"))

fifo = pathlib.Path(f"/tmp/portafilter-lackey-{os.getpid()}")
os.environ["PF_WRAP"] = f"valgrind --tool=lackey --trace-mem=yes --trace-sched=yes --log-file={fifo}"
os.environ.setdefault("PF_PATIENCE_S", "1800")

import harness  # noqa: E402

NAMES, SOCKETS, TOGETHER, CLIENTS = 500, 64, 16, 4
OFTEN = 0.01  # of the queries
REST_S = 3


def ask_all(port, rounds):
    """Each name so often; how many questions that were."""
    wires = [harness.question(name).to_wire() for i in range(NAMES) for name in (f"n{i}.test", f"n{i}.sunk.test")]
    asked = 0
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in range(SOCKETS)]
        for i, sock in enumerate(sockets):
            sock.bind((f"127.0.9.{i % CLIENTS + 1}", 0))
            sock.connect(("127.0.0.1", port))
            sock.settimeout(harness.PATIENCE_S)
        for number in range(rounds):
            for at in range(0, len(wires), TOGETHER):
                # not the same pairs of socket and name each time
                turn = [(sockets[(at // TOGETHER + 7 * number + k) % SOCKETS], wire) for k, wire in enumerate(wires[at:at + TOGETHER])]
                for sock, wire in turn:
                    sock.send(wire)
                for sock, _ in turn:
                    sock.recv(4096)
                asked += len(turn)
    return asked


def place_of(pid, address):
    """Function and line of an instruction."""
    for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
        fields = line.split()
        begin, end = (int(part, 16) for part in fields[0].split("-"))
        if begin <= address < end and len(fields) == 6:
            offset = address - begin + int(fields[2], 16)
            if "portafilter" not in fields[5]:
                return pathlib.Path(fields[5]).name
            run = subprocess.run(["addr2line", "-f", "-s", "-e", fields[5], hex(offset)], capture_output=True, text=True)
            return " ".join(run.stdout.split())
    return "?"


def read(text):
    """({thread: accesses}, [(line, writer, {thread: (reads, writes)})])"""
    threads, lines = {}, []
    for row in text.splitlines():
        kind, *fields = row.split()
        if kind == "thread":
            threads[int(fields[0])] = int(fields[1]) + int(fields[2])
        else:
            touched = {int(t): (int(r), int(w)) for t, r, w in re.findall(r"(\d+):(\d+)/(\d+)", row)}
            lines.append((int(fields[0], 16), int(fields[1], 16), touched))
    return threads, lines


def show(daemon, text, asked, seconds):
    threads, lines = read(text)
    workers = sorted(threads, key=threads.get)[-2:]
    print(f"{asked:,} queries in {seconds:.0f} s; accesses of each worker: " + " and ".join(f"{threads[w]:,}" for w in workers) + f"; cache lines of more than one thread: {len(lines):,}")
    between, others = collections.Counter(), collections.Counter()
    bad, most = 0, max(asked * OFTEN, 2 * CLIENTS * seconds)  # two words once a second
    for line, writer, touched in lines:
        written = max((touched.get(w, (0, 0))[1] for w in workers))
        if not written:
            continue
        both = all(w in touched for w in workers)
        bad += both and written > most
        (between if both else others)[place_of(daemon.process.pid, writer)] += sum(touched.get(w, (0, 0))[1] for w in workers)
    for what, counter in (("written by a worker, touched by the other", between), ("written by a worker, touched by another thread", others)):
        print(f"{what}: {sum(counter.values()):,} writes, {sum(counter.values()) / asked:.4f} a query")
        for place, count in counter.most_common(12):
            print(f"    {count:8,}  {count / asked:.4f}  {place}")
    print(f"lines of both workers that one writes for more than {OFTEN:.0%} of the queries, and more than once a second for each client: {bad} (goal: none)")
    return not bad


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--journal", action="store_true")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    internet = harness.Nsd("*.test. 86400 A 198.51.100.7\n")
    os.mkfifo(fifo)
    reader = subprocess.Popen([str(harness.BUILD / "tests/bench/shared_lines")], stdin=os.open(fifo, os.O_RDWR), stdout=subprocess.PIPE, text=True)
    daemon = None
    try:
        begin = time.monotonic()
        daemon = harness.Daemon({"upstreams": [internet.upstream], "workers": 2, "recognise": "off", "rules": [{"name": "sunk", "names": ["*.sunk.test"], "action": "sinkhole"}],
                                 "devices": [{"name": f"device {i}", "ip": f"127.0.9.{i}"} for i in range(1, 3)]} | ({} if arguments.journal else {"journal": "off"}), ready=False)
        daemon.start()
        print(f"ready after {time.monotonic() - begin:.0f} s", flush=True)
        ask_all(daemon.port, 2)  # the cache, and what each worker makes at first
        time.sleep(REST_S)
        reader.send_signal(signal.SIGUSR1)
        begin = time.monotonic()
        asked = ask_all(daemon.port, arguments.rounds)
        time.sleep(REST_S)
        seconds = time.monotonic() - begin
        reader.send_signal(signal.SIGUSR2)
        text, _ = reader.communicate(timeout=harness.PATIENCE_S)
        good = show(daemon, text, asked, seconds)
    finally:
        if daemon:
            daemon.kill()
        reader.kill()
        fifo.unlink()
        internet.stop()
    sys.exit(not good)


if __name__ == "__main__":
    main()

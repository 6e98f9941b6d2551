#!/usr/bin/python3
"""tls.py BUILD [SECONDS [ROUNDS [IDLE]]]: what DNS over TLS and HTTPS cost on warm connections, beside dnsdist where it is installed; whole handshakes; and
the memory of connections that only wait.

Each answers the name by itself. The servers take turns, round by round, with dnsperf on the same machine; what counts is their processor time for a
query. Prints the median of the rounds, and the ratio. Ends with 1 when it is over 1.3, or 10,000 idle connections would take over 300 MB.
"""
import collections
import os
import re
import select
import socket
import ssl
import statistics
import subprocess
import sys
import time

from encrypted import NAME, Dnsdist, Portafilter

import http2_cases

RATIO = 1.3
CONNECTIONS = 20
WAITING = {"dot": 100, "doh": CONNECTIONS}  # dnsdist 1.7 stalls when dnsperf has several requests on one connection
IDLE, IDLE_WANTED, IDLE_MB = 1000, 10000, 300
ASKED = 20  # by a connection before it waits
AGAIN_S = 7  # so that none is idle for 10 seconds
PER_ADDRESS = 10
TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def cpu_s(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_S


def resident_kb(pid):
    with open(f"/proc/{pid}/status") as file:
        return int(re.search(r"VmRSS:\s+(\d+)", file.read())[1])


def queries(server, mode, seconds):
    """(queries a second, microseconds of its processor for one)"""
    names = server.folder / "names"
    names.write_text(f"{NAME} A\n")
    port = server.tls if mode == "dot" else server.https
    before = cpu_s(server.pid)
    run = subprocess.run(["dnsperf", "-m", mode, "-s", "127.0.0.1", "-p", str(port), "-d", names, "-l", str(seconds), "-c", str(CONNECTIONS), "-q",
                          str(WAITING[mode]), "-t", "5"], capture_output=True, text=True)
    done = int(re.search(r"Queries completed:\s+(\d+)", run.stdout)[1])
    if not done:
        sys.exit(f"{server.name} answers nothing: {run.stdout}{run.stderr}")
    return done / seconds, (cpu_s(server.pid) - before) / done * 1e6


def handshakes(server, seconds):
    """The same for whole handshakes, each with a connection of its own."""
    before = cpu_s(server.pid)
    run = subprocess.run(["openssl", "s_time", "-connect", f"127.0.0.1:{server.tls}", "-new", "-time", str(seconds)], capture_output=True, text=True)
    done = int(re.search(r"(\d+) connections in \d+ real seconds", run.stdout)[1])
    return done / seconds, (cpu_s(server.pid) - before) / done * 1e6


class Waiting:
    """A connection that has asked, and waits."""

    def __init__(self, server, port, made, alpn, source):
        sock = socket.create_connection(("127.0.0.1", port), source_address=(source, 0), timeout=20)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.server, self.sock = server, made.wrap_socket(sock)
        self.file = self.sock.makefile("rb", 512)
        self.ask_all, self.stream = (self.ask_frames if alpn == "dot" else self.ask_http), 1
        if alpn == "h2":
            self.sock.sendall(http2_cases.PREFACE + http2_cases.f(http2_cases.SETTINGS))
        self.ask(ASKED)

    def ask(self, asked):
        self.ask_all(asked)
        self.asked_s = time.monotonic()

    def ask_frames(self, asked):
        query = http2_cases.query()
        self.sock.sendall((len(query).to_bytes(2, "big") + query) * asked)
        for _ in range(asked):
            self.check(self.file.read(int.from_bytes(self.file.read(2), "big")))

    def ask_http(self, asked):
        self.sock.sendall(b"".join(http2_cases.get(self.stream + 2 * i) for i in range(asked)))
        self.stream += 2 * asked
        ended = 0
        while ended < asked:
            head = self.file.read(9)
            self.check(head)
            self.file.read(int.from_bytes(head[:3], "big"))
            ended += head[3] == http2_cases.DATA and head[4] & http2_cases.END

    def check(self, some):
        if not some:
            sys.exit(f"{self.server.name} has given up a connection meanwhile: the machine is too slow for this")


def idle(server, port, alpn, count):
    """KiB for each of so many connections. At the end none has anything to read, and so none was closed."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    made.set_alpn_protocols([alpn])
    first = Waiting(server, port, made, alpn, "127.0.9.1")  # what the first one of all takes is not of each
    before, held = resident_kb(server.pid), collections.deque()  # who has waited longest stands first
    for i in range(count):
        held.append(Waiting(server, port, made, alpn, f"127.0.{10 + i // PER_ADDRESS // 250}.{1 + i // PER_ADDRESS % 250}"))
        while time.monotonic() - held[0].asked_s > AGAIN_S:
            held.rotate(-1)
            held[-1].ask(1)
    each = (resident_kb(server.pid) - before) / count
    ended = select.poll()
    for one in held:
        ended.register(one.sock, select.POLLIN)
    held[0].check(not ended.poll(0))
    for one in [first, *held]:
        one.sock.close()
    return each


def main():
    seconds, rounds = (float(sys.argv[2]) if len(sys.argv) > 2 else 5), (int(sys.argv[3]) if len(sys.argv) > 3 else 5)
    seconds = int(seconds)
    servers = [Portafilter(sys.argv[1], "workers: 1\n")] + ([Dnsdist()] if Dnsdist().is_there() else [])
    bad = False
    for server in servers:
        server.__enter__()
    try:
        for what, measure in (("DNS over TLS", lambda s: queries(s, "dot", seconds)), ("DNS over HTTPS", lambda s: queries(s, "doh", seconds)),
                              ("handshakes", lambda s: handshakes(s, seconds))):
            found = {server.name: [] for server in servers}
            for _ in range(rounds):
                for server in servers:
                    found[server.name].append(measure(server))
            middle = {name: [statistics.median(column) for column in zip(*rows)] for name, rows in found.items()}
            for name, (rate, cost) in middle.items():
                print(f"{what}: {name}: {cost:.1f} us of its processor for one, {rate:.0f} a second")
            if "dnsdist" in middle:
                ratio = middle["portafilter"][1] / middle["dnsdist"][1]
                print(f"{what}: {ratio:.2f} x dnsdist")
                bad |= ratio > RATIO and what != "handshakes"
    finally:
        for server in servers:
            server.__exit__()
    return bad


def memory(build, count):
    """In servers that have just begun: what was freed meanwhile hides what is taken."""
    bad = False
    for what, port, alpn in (("TLS", "tls", "dot"), ("HTTPS", "https", "h2")):
        with Portafilter(build, "workers: 1\n", 4 * count) as server:
            each = idle(server, getattr(server, port), alpn, count)
        total = each * IDLE_WANTED / 1024
        print(f"idle over {what}: {each:.1f} KiB for each of {count} connections, {total:.0f} MB for {IDLE_WANTED}", flush=True)
        bad |= total > IDLE_MB
    return bad


if __name__ == "__main__":
    sys.exit(memory(sys.argv[1], int(sys.argv[4]) if len(sys.argv) > 4 else IDLE) | main())

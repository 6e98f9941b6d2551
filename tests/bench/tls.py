#!/usr/bin/python3
"""tls.py BUILD [SECONDS [ROUNDS]]: what DNS over TLS and HTTPS cost on warm connections, beside dnsdist where it is installed; whole handshakes; and
the memory of connections that only wait.

Each answers the name by itself. The servers take turns, round by round, with dnsperf on the same machine; what counts is their processor time for a
query. Prints the median of the rounds, and the ratio. Ends with 1 when it is over 1.3, or 10,000 idle connections would take over 300 MB.
"""
import os
import re
import socket
import ssl
import statistics
import subprocess
import sys

from encrypted import NAME, Dnsdist, Portafilter

RATIO = 1.3
CONNECTIONS = 20
WAITING = {"dot": 100, "doh": CONNECTIONS}  # dnsdist 1.7 stalls when dnsperf has several requests on one connection
IDLE, IDLE_WANTED, IDLE_MB = 1000, 10000, 300
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


def idle(server, port, alpn):
    """KiB for a connection that has asked once and waits."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    made.set_alpn_protocols([alpn])
    before, held = resident_kb(server.pid), []
    for i in range(IDLE):
        source = f"127.0.{1 + i // PER_ADDRESS // 250}.{1 + i // PER_ADDRESS % 250}"
        held.append(made.wrap_socket(socket.create_connection(("127.0.0.1", port), source_address=(source, 0), timeout=20)))
        if alpn == "dot":
            query = bytes(2) + b"\1\0\0\1\0\0\0\0\0\0" + b"".join(bytes([len(p)]) + p.encode() for p in NAME.split(".")) + b"\0\0\1\0\1"
            held[-1].sendall(len(query).to_bytes(2, "big") + query)
        held[-1].recv(4096)
    each = (resident_kb(server.pid) - before) / IDLE
    for sock in held:
        sock.close()
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


def memory(build):
    """In servers that have just begun: what was freed meanwhile hides what is taken."""
    bad = False
    for what, port, alpn in (("TLS", "tls", "dot"), ("HTTPS", "https", "h2")):
        for server in (Portafilter(build, "workers: 1\n"), Dnsdist()):
            if not server.is_there() or (server.name == "dnsdist" and alpn == "h2"):
                continue
            with server:
                each = idle(server, getattr(server, port), alpn)
            total = each * IDLE_WANTED / 1024
            print(f"idle over {what}: {server.name}: {each:.1f} KiB a connection, {total:.0f} MB for {IDLE_WANTED}", flush=True)
            bad |= server.name == "portafilter" and alpn == "dot" and total > IDLE_MB
    return bad


if __name__ == "__main__":
    sys.exit(memory(sys.argv[1]) | main())

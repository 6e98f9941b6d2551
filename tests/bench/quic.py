#!/usr/bin/python3
"""What DNS over QUIC costs: instructions for one cached query on a warm connection, and memory of an idle one.

    PF_BUILD=build tests/bench/quic.py

Instructions are all those of the process (callgrind, journal off), of a connection with 100 queries and of one with 900, one after
the other: the difference, by 800. Memory is what the process has of its own (RssAnon), with and without 120 connections.
"""
import os
import pathlib
import re
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "system"))
os.environ.setdefault("PF_PATIENCE_S", "600")

import harness  # noqa: E402
from test_quic import Quic  # noqa: E402

FEW, MANY, IDLE = 100, 900, 120


def daemon_of(upstream):
    port = harness.free_port()
    daemon = harness.Daemon({"upstreams": [upstream.upstream], "journal": "off", "workers": 1, "listen": {"quic": [f"127.0.0.1:{port}"]}}, ready=False)
    daemon.quic = port
    return daemon


def instructions(upstream, count):
    profile = harness.make_folder()
    (profile / "callgrind.out").touch()
    (profile / "callgrind.out").chmod(0o666)
    harness.WRAP[:] = ["valgrind", "-q", "--vgdb=no", "--tool=callgrind", f"--callgrind-out-file={profile}/callgrind.out"]
    daemon = daemon_of(upstream)
    try:
        daemon.start()
        with Quic(daemon.quic) as client:
            for _ in range(count):
                client.ask("us.test")
        daemon.signal(15)
        daemon.process.wait(harness.PATIENCE_S)
        return int(re.search(r"^(?:totals|summary): (\d+)", (profile / "callgrind.out").read_text(), re.M).group(1))
    finally:
        harness.WRAP[:] = []
        daemon.clean()
        shutil.rmtree(profile)


def memory(upstream):
    daemon = daemon_of(upstream)

    def kib():
        return int(re.search(r"RssAnon:\s*(\d+)", pathlib.Path(f"/proc/{daemon.process.pid}/status").read_text())[1])

    try:
        daemon.start()
        with Quic(daemon.quic) as client:
            client.ask("us.test")
        before = kib()
        clients = []
        for i in range(IDLE):
            clients.append(Quic(daemon.quic, source=f"127.0.1.{i + 1}"))
            clients[-1].ask("us.test")
        after = kib()
        for client in clients:
            client.__exit__()
        return (after - before) / IDLE
    finally:
        daemon.clean()


def main():
    upstream = harness.Upstream()
    try:
        print(f"{memory(upstream):.0f} KiB for an idle connection")
        few, many = (instructions(upstream, count) for count in (FEW, MANY))
        print(f"{(many - few) / (MANY - FEW):.0f} instructions for a cached query on a warm connection")
    finally:
        upstream.stop()


main()

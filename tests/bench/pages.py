#!/usr/bin/python3
"""pages.py BUILD [RECORDS | JOURNAL.db]: how long does each question take that a page of the dashboard asks?

The journal is the month of bench_journal (ten million queries unless said otherwise), which is run first and prints its own figures, or a copy
of it that was kept. The daemon is asked over listen.web, as a browser does; since the month of the bench is not this one, "the last 7 days" are
those before its end. Prints the first time, the median of the next ones and the CPU time of the daemon for one, and ends with 1 when a median is over 100 ms.
"""
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse

LIMIT_MS = 100
ROUNDS = 7
DAY_S = 86400
# What src/web/app asks, by page. {day} and {week}: since then, until the end of the journal.
PAGES = {
    "overview": ["overview?{day}", "devices", "events?{day}&limit=100", "status", "endpoints?new=1&{day}&limit=200"],
    "overview, a country": ["endpoints?location=CN&{day}&limit=200"],
    "devices": ["devices", "proposals?device={thing}", "proposals?device={device}", "overview?{week}"],
    "a device": ["devices", "overview?device={device}&{week}", "names?device={device}&{week}&limit=1", "endpoints?device={device}&{week}"],
    "a thing": ["overview?device={thing}&{week}", "names?device={thing}&{week}&limit=1", "endpoints?device={thing}&{week}"],
    "endpoints": ["endpoints?standing=overseas&limit=500", "endpoints?standing=overseas&name=*.cn&limit=500", "endpoints?country=CN&limit=500"],
    "the log": ["queries?limit=200", "queries?limit=200&action=sinkhole", "queries?limit=200&device={thing}"],
    "rules": ["rules", "status"],
    "lists": ["lists"],
    "health": ["status"],
    "evidence": ["explain?device={device}&name=host7.vendor7.example.com&type=A"],
}


def stamp(ms):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ms / 1000))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def journal_of(build, wanted, folder):
    path = folder / "journal.db"
    if wanted.isdigit():
        subprocess.run([build / "tests/bench/bench_journal", wanted, "1000", path], check=False)
    else:
        shutil.copy(wanted, path)
    with sqlite3.connect(path) as db:
        end_ms = db.execute("SELECT max(last) FROM endpoint").fetchone()[0]
        devices = [row[0] for row in db.execute("SELECT device FROM endpoint GROUP BY device ORDER BY count(*) DESC")]
        keys = dict(db.execute("SELECT id, key FROM device"))
        rows = db.execute("SELECT count(*) FROM v_queries").fetchone()[0] if wanted.isdigit() and int(wanted) < 2000000 else None
    return end_ms, keys[devices[0]], keys[devices[-1]], rows


class Daemon:
    def __init__(self, build, folder):
        self.port = free_port()
        config = {"listen": {"dns": [f"127.0.0.1:{free_port()}"], "web": f"127.0.0.1:{self.port}", "control": str(folder / "control.sock")},
                  "upstreams": ["127.0.0.1:1"], "home": ["US"], "geo": {"location": []}, "state": str(folder), "leases": [],
                  "recognise": str(pathlib.Path(__file__).parents[2] / "src/recognise/evidence.tsv"),
                  "rules": [{"name": "things", "names": ["*.vendor7.example.com"], "action": "sinkhole"}],
                  "journal": {"path": str(folder / "journal.db"), "keep": "3650d"}}
        if os.getuid() == 0:
            config["user"] = "nobody"
            folder.chmod(0o755)
            for own in (folder, folder / "journal.db"):
                shutil.chown(own, "nobody")
        path = folder / "portafilter.yaml"
        path.write_text(json.dumps(config))
        self.log = open(folder / "log", "w+")
        self.process = subprocess.Popen([build / "portafilterd", "-c", path], stderr=self.log)
        end = time.monotonic() + 60
        while subprocess.run([build / "portafilter", "-c", path, "status"], capture_output=True).returncode:
            if self.process.poll() is not None or time.monotonic() > end:
                self.log.seek(0)
                sys.exit(self.log.read())
            time.sleep(0.1)
        with socket.socket(socket.AF_UNIX) as control:
            control.connect(str(folder / "control.sock"))
            control.sendall(b"POST /api/v1/tokens/new?name=bench&may=read HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            answer = b"".join(iter(lambda: control.recv(65536), b""))
        self.token = json.loads(answer.split(b"\r\n\r\n", 1)[1])["token"]

    def ask(self, connection, path):
        begun = time.monotonic()
        connection.request("GET", "/api/v1/" + path, headers={"Authorization": f"Bearer {self.token}"})
        response = connection.getresponse()
        text = response.read()
        took_ms = (time.monotonic() - begun) * 1000
        if response.status != 200:
            print(f"  {path}: {response.status} {text[:200]!r}")
        return took_ms, len(text)

    def cpu_ms(self):
        tasks = pathlib.Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[0]) for task in tasks) / 1e6

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    wanted = sys.argv[2] if len(sys.argv) > 2 else "10000000"
    slow = 0
    with tempfile.TemporaryDirectory(dir=build) as folder:
        folder = pathlib.Path(folder)
        end_ms, device, thing, rows = journal_of(build, wanted, folder)
        words = {"device": urllib.parse.quote(device), "thing": urllib.parse.quote(thing)}
        for word, days in (("day", 1), ("week", 7)):
            words[word] = f"since={stamp(end_ms - days * DAY_S * 1000)}&until={stamp(end_ms)}"
        print(f"the journal ends at {stamp(end_ms)}" + (f" and has {rows:,} queries" if rows else "") + f"; {(folder / 'journal.db').stat().st_size >> 20} MiB")
        daemon = Daemon(build, folder)
        try:
            connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=120)
            for page, paths in PAGES.items():
                for path in paths:
                    path = path.format(**words)
                    first, size = daemon.ask(connection, path)
                    before = daemon.cpu_ms()
                    median = statistics.median(daemon.ask(connection, path)[0] for _ in range(ROUNDS))
                    cpu = (daemon.cpu_ms() - before) / ROUNDS
                    slow += median > LIMIT_MS
                    print(f"{page:20} {first:8.1f} {median:8.1f} {cpu:8.1f} ms {size >> 10:6} KiB  {path.split('&until')[0]}{'   SLOW' if median > LIMIT_MS else ''}")
        finally:
            daemon.stop()
    print(f"{slow} questions took longer than {LIMIT_MS} ms")
    sys.exit(bool(slow))


if __name__ == "__main__":
    main()

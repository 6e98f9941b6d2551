"""Signals and reloads: a good one acts at once, a bad one changes nothing, and none loses a query."""
import itertools
import os
import re
import signal
import socket
import struct
import subprocess
import threading
import time

import dns.message
import dns.rcode
import pytest

from harness import ANSWER_S, CONTROL, LOCATION, PATIENCE_S, SHARED, TOP, WRAP, addresses, answer, ask, question, wait_until

SINK = [{"name": "sink", "names": ["*.test"], "action": "sinkhole"}]


def test_a_good_reload(portafilter, upstream):
    daemon = portafilter({"upstreams": [upstream().upstream]})
    assert addresses(ask(daemon.port, "a.test")) == ["192.0.2.1"]
    daemon.write(rules=SINK)
    code, out, _ = daemon.cli("reload")
    assert code == 0, out
    assert addresses(ask(daemon.port, "a.test")) == ["0.0.0.0"]
    status = daemon.status()
    assert status["snapshot"]["epoch"] == 2
    daemon.wait_log(r"reloaded: snapshot 2 is in force")


def test_sighup(portafilter, upstream):
    daemon = portafilter({"upstreams": [upstream().upstream]})
    daemon.write(rules=SINK)
    daemon.signal(signal.SIGHUP)
    daemon.wait_log(r"reloaded: snapshot 2 is in force")
    assert addresses(ask(daemon.port, "a.test")) == ["0.0.0.0"]


def test_upstreams_can_change(portafilter, upstream):
    first, second = (upstream(lambda query, transport, a=a: answer(query, a)) for a in ("192.0.2.1", "192.0.2.2"))
    daemon = portafilter({"upstreams": [first.upstream]})
    assert addresses(ask(daemon.port, "a.test")) == ["192.0.2.1"]
    daemon.write(upstreams=[second.upstream])
    assert daemon.cli("reload")[0] == 0
    assert addresses(ask(daemon.port, "b.test")) == ["192.0.2.2"]


@pytest.mark.parametrize("fault", ["syntax", "unknown key", "unknown list", "missing list", "corrupt database", "missing database", "gone"])
def test_a_bad_reload_keeps_the_old(portafilter, upstream, fault):
    daemon = portafilter({"upstreams": [upstream().upstream], "rules": SINK})
    good = dict(daemon.config)
    if fault == "syntax":
        daemon.write(text="listen: [\n")
    elif fault == "unknown key":
        daemon.write(ruless=[])
    elif fault == "unknown list":
        daemon.write(rules=[{"name": "r", "lists": ["nowhere"], "action": "flag"}])
    elif fault == "missing list":
        daemon.write(lists=[{"name": "l", "file": "/nowhere/at/all.txt"}])
    elif fault == "corrupt database":
        source = SHARED / "data/mmdb/MaxMind-DB-test-broken-search-tree-24.mmdb"
        if not source.exists():
            pytest.skip(f"{source} is not there")
        daemon.write(geo={"location": [daemon.write_file("broken.mmdb", source.read_bytes())]})
    elif fault == "missing database":
        daemon.write(geo={"location": ["/nowhere/at/all.mmdb"]})
    else:
        daemon.path.unlink()
    code, _, err = daemon.cli("reload") if fault != "gone" else (1, "", "portafilter.yaml")
    assert code == 1, err
    if fault == "gone":
        assert daemon.api("/api/v1/reload", "POST")[0] == 422
    elif fault != "corrupt database":
        assert re.search(r"portafilter\.yaml:\d+:\d+: error: ", err), err
    daemon.signal(signal.SIGHUP)
    daemon.wait_log("reload refused")
    assert daemon.status()["snapshot"]["epoch"] == 1
    assert addresses(ask(daemon.port, "a.test")) == ["0.0.0.0"]
    daemon.config = good
    daemon.write(rules=[])
    assert daemon.cli("reload")[0] == 0
    assert addresses(ask(daemon.port, "a.test")) == ["192.0.2.1"]


class Sender(threading.Thread):
    """Sends `rate` queries a second, each once, until it is told to stop, and counts what comes back."""

    QUERIES_MAX = 60000  # each has an id of its own

    def __init__(self, port, rate, name):
        super().__init__()
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.sock.connect(("127.0.0.1", port))
        self.sock.settimeout(2)
        self.wire = question(name, edns=False).to_wire()[2:]
        self.rate, self.sent, self.got, self.wrong = rate, 0, set(), 0
        self.enough = threading.Event()

    def run(self):
        reader = threading.Thread(target=self.read)
        reader.start()
        begin = time.monotonic()
        while not self.enough.is_set() and self.sent < self.QUERIES_MAX:
            self.sock.send(struct.pack("!H", self.sent) + self.wire)
            self.sent += 1
            ahead = begin + self.sent / self.rate - time.monotonic()
            if ahead > 0.002:
                time.sleep(ahead)
        self.enough.set()
        self.seconds = time.monotonic() - begin
        reader.join()
        self.sock.close()

    def read(self):
        try:
            while not (self.enough.is_set() and len(self.got) == self.sent):
                reply = self.sock.recv(4096)
                self.got.add(struct.unpack("!H", reply[:2])[0])
                self.wrong += reply[3] & 15 != 0
        except socket.timeout:
            pass


@pytest.mark.slow
@pytest.mark.skipif(bool(WRAP), reason="needs speed")
def test_sighup_under_load_loses_none(portafilter, nsd):
    """2,000 queries a second, and meanwhile three reloads of a list, rules and the databases."""
    geo = {"location": LOCATION, "control": CONTROL, "max-age": "3650d"} if all(p.exists() for p in LOCATION + CONTROL) else {"location": []}
    lists = [{"name": "l", "file": str(TOP / "blocklists/phones.txt")}]
    daemon = portafilter({"upstreams": [nsd.upstream], "geo": geo, "home": ["US"], "workers": None, "lists": lists, "rules": [
        {"name": "listed", "lists": ["l"], "action": "sinkhole"}, {"name": "r", "standing": "overseas", "action": "flag"}]})
    sender = Sender(daemon.port, 2000, "cn.test")
    sender.start()
    for i in range(3):
        daemon.signal(signal.SIGHUP)
        daemon.wait_log("reloaded: snapshot", count=i + 1)
    wait_until(lambda: sender.sent >= 4000, "it has sent for two seconds")
    sender.enough.set()
    sender.join()
    assert sender.sent / sender.seconds > 1800, "the load was as high as it should be"
    assert (len(sender.got), sender.wrong) == (sender.sent, 0)
    count = "SELECT count(*) AS n FROM v_queries"
    wait_until(lambda: daemon.journal(count)[0]["n"] >= sender.sent, "all is written down")
    assert daemon.journal(count)[0]["n"] == sender.sent
    assert daemon.status()["journal"]["dropped"] == 0


# PF_STORM=100 pytest -k a_storm, with a build of ThreadSanitizer: `make check-tsan`
STORM = int(os.environ.get("PF_STORM", "4"))
STORM_RULES = [[{"name": "sunk", "names": ["*.sunk.test"], "action": "sinkhole"}],
               [{"name": "tagged", "tags": ["odd"], "lists": ["l"], "action": "sinkhole"}, {"name": "seen", "standing": "overseas", "action": "flag"}]]


def test_a_storm_of_reloads(portafilter, nsd):
    """Rules, lists and devices change while all kinds of queries come in from many devices over both transports: each has one answer."""
    daemon = portafilter({"upstreams": [nsd.upstream], "workers": 2, "rules": STORM_RULES[0], "rate-limit": "off", "cache": {"size": "1M"}})
    enough, numbers, trouble = threading.Event(), itertools.count(), []

    def client(first):
        while not enough.is_set():
            number = next(numbers)
            name = ("us.test", f"n{number}.us.test", f"a{number % 9}.sunk.test", "hop.test", f"t{number % 5}.listed.test")[number % 5]
            if not ask(daemon.port, name, source=f"127.0.{first}.{number % 200 + 1}", tcp=number % 11 == 0, timeout=PATIENCE_S):
                trouble.append(name)

    clients = [threading.Thread(target=client, args=(i + 1,)) for i in range(4)]
    for thread in clients:
        thread.start()
    try:
        for i in range(STORM):
            path = daemon.write_file("list.txt", f"listed.test\nonly{i}.test\n")
            daemon.write(lists=[{"name": "l", "file": path}], rules=STORM_RULES[i % 2],
                         devices=[{"name": f"d{k}", "ip": f"127.0.1.{k + 1}", "tags": ["odd"]} for k in range(i % 40 + 1)])
            code, out, err = daemon.cli("reload")
            assert code == 0, out + err
            if i % 2:
                daemon.json("explain", "127.0.1.1", "t1.listed.test")
                daemon.json("devices")
    finally:
        enough.set()
        for thread in clients:
            thread.join()
    assert not trouble
    queries = daemon.status()["queries"]
    assert queries["answered"] == queries["received"] >= 4


def test_sigterm_finishes_what_is_in_flight(portafilter, upstream):
    asked, release = threading.Event(), threading.Event()

    def handler(query, transport):
        asked.set()
        release.wait(PATIENCE_S)
        return answer(query, "192.0.2.1")

    daemon = portafilter({"upstreams": [upstream(handler).upstream]})
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(ANSWER_S)
        query = question("a.test")
        sock.sendto(query.to_wire(), ("127.0.0.1", daemon.port))
        assert asked.wait(PATIENCE_S)
        daemon.signal(signal.SIGTERM)
        daemon.wait_log("SIGTERM")
        release.set()
        assert addresses(dns.message.from_wire(sock.recv(4096))) == ["192.0.2.1"]
    wait_until(lambda: daemon.process.poll() is not None, "the daemon has ended")
    assert daemon.process.returncode == 0
    assert [row["name"] for row in daemon.rows()] == ["a.test"], "and it was written down"


def test_sigterm_does_not_wait_for_a_silent_upstream_for_ever(portafilter, upstream):
    asked = threading.Event()
    daemon = portafilter({"upstreams": [upstream(lambda query, transport: asked.set()).upstream]})
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(ANSWER_S)
        sock.sendto(question("a.test").to_wire(), ("127.0.0.1", daemon.port))
        assert asked.wait(PATIENCE_S)
        daemon.signal(signal.SIGTERM)
        assert dns.message.from_wire(sock.recv(4096)).rcode() == dns.rcode.SERVFAIL
    wait_until(lambda: daemon.process.poll() is not None, "the daemon has ended")
    assert len(daemon.rows()) == 1


def test_the_journal_is_whole_after_sigterm(portafilter, upstream):
    daemon = portafilter({"upstreams": [upstream().upstream]})
    for i in range(200):
        ask(daemon.port, f"n{i}.test")
    daemon.signal(signal.SIGTERM)
    wait_until(lambda: daemon.process.poll() is not None, "the daemon has ended")
    assert len(daemon.rows()) == 200


@pytest.mark.slow
@pytest.mark.skipif(bool(WRAP), reason="needs speed")
def test_dnsperf(portafilter, nsd):
    """Another program's opinion of the same: nothing is lost, over UDP and over TCP."""
    daemon = portafilter({"upstreams": [nsd.upstream], "workers": None})
    names = daemon.write_file("names", "".join(f"{n} A\n" for n in ("us.test", "cn.test", "hops.test", "none.test")))
    for mode in ("udp", "tcp"):
        run = subprocess.run(["dnsperf", "-s", "127.0.0.1", "-p", str(daemon.port), "-d", names, "-l", "2", "-Q", "2000", "-m", mode, "-c", "4"],
                             capture_output=True, text=True, timeout=PATIENCE_S)
        assert re.search(r"Queries lost:\s+0 ", run.stdout), run.stdout + run.stderr
        assert int(re.search(r"Queries completed:\s+(\d+)", run.stdout).group(1)) > 2000

"""Signals and reloads: a good one acts at once, a bad one changes nothing, and none loses a query."""
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

from harness import ANSWER_S, CONTROL, LOCATION, PATIENCE_S, SHARED, WRAP, addresses, answer, ask, question, wait_until

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
    elif fault not in ("corrupt database",):
        assert re.search(r"portafilter\.yaml:\d+:\d+: error: ", err), err
    daemon.signal(signal.SIGHUP)
    daemon.wait_log("reload refused", count=2)
    assert daemon.status()["snapshot"]["epoch"] == 1
    assert addresses(ask(daemon.port, "a.test")) == ["0.0.0.0"]
    daemon.config = good
    daemon.write(rules=[])
    assert daemon.cli("reload")[0] == 0
    assert addresses(ask(daemon.port, "a.test")) == ["192.0.2.1"]


class Sender(threading.Thread):
    """Sends `rate` queries a second for `seconds`, each once, and counts what comes back."""

    def __init__(self, port, rate, seconds, name):
        super().__init__()
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.sock.connect(("127.0.0.1", port))
        self.sock.settimeout(2)
        self.wire = question(name, edns=False).to_wire()[2:]
        self.rate, self.total, self.got, self.wrong = rate, int(rate * seconds), set(), 0

    def run(self):
        reader = threading.Thread(target=self.read)
        reader.start()
        begin = time.monotonic()
        for i in range(self.total):
            self.sock.send(struct.pack("!H", i) + self.wire)
            ahead = begin + i / self.rate - time.monotonic()
            if ahead > 0.002:
                time.sleep(ahead)
        reader.join()
        self.sock.close()

    def read(self):
        try:
            while len(self.got) < self.total:
                reply = self.sock.recv(4096)
                self.got.add(struct.unpack("!H", reply[:2])[0])
                self.wrong += reply[3] & 15 != 0
        except socket.timeout:
            pass


@pytest.mark.slow
@pytest.mark.skipif(bool(WRAP), reason="needs speed")
def test_sighup_under_load_loses_none(portafilter, nsd):
    """2,000 queries a second for three seconds, three reloads with lists and databases meanwhile."""
    geo = {"location": LOCATION, "control": CONTROL, "max-age": "3650d"} if all(p.exists() for p in LOCATION + CONTROL) else {"location": []}
    daemon = portafilter({"upstreams": [nsd.upstream], "geo": geo, "home": ["US"], "rules": [
        {"name": "r", "standing": "overseas", "action": "flag"}]})
    sender = Sender(daemon.port, 2000, 3, "cn.test")
    sender.start()
    for i in range(3):
        daemon.signal(signal.SIGHUP)
        daemon.wait_log("reloaded: snapshot", count=i + 1)
    assert sender.is_alive(), "the reloads were to happen while it sends"
    sender.join()
    assert (len(sender.got), sender.wrong) == (6000, 0)
    assert len(daemon.rows(6000)) == 6000
    journal = daemon.status()["journal"]
    assert journal["dropped"] == 0


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
    daemon = portafilter({"upstreams": [nsd.upstream]})
    names = daemon.write_file("names", "".join(f"{n} A\n" for n in ("us.test", "cn.test", "hops.test", "none.test")))
    for mode in ("udp", "tcp"):
        run = subprocess.run(["dnsperf", "-s", "127.0.0.1", "-p", str(daemon.port), "-d", names, "-l", "2", "-Q", "2000", "-m", mode, "-c", "4"],
                             capture_output=True, text=True, timeout=PATIENCE_S)
        assert re.search(r"Queries lost:\s+0 ", run.stdout), run.stdout + run.stderr
        assert int(re.search(r"Queries completed:\s+(\d+)", run.stdout).group(1)) > 2000

"""All names of the two labs of 2019, asked once by each of six devices: 25,278 rows, none lost or double, and
every address of every answer among the endpoints."""
import collections
import select
import socket
import struct
import time

import dns.exception
import dns.name
import pytest

from harness import ANSWER_S, PATIENCE_S, SHARED, WRAP, Nsd, question, wait_until

ANSWERS = SHARED / "data/iot-lab/answers.tsv"
DEVICES = 6
WINDOW = 100  # questions under way of one device: its socket must hold the answers


def to_name(host):
    """Some host names of a capture are none: a dot at the start is part of the first label."""
    return host.replace(".", "\\.", 1) if host.startswith(".") else host


def read_names():
    names = collections.defaultdict(lambda: {"A": set(), "AAAA": set()})
    for line in ANSWERS.read_text().splitlines()[1:]:
        host, address = line.split("\t")
        names[to_name(host.lower())]["AAAA" if ":" in address else "A"].add(address)
    return names


class Client:
    """One device: asks each question once and never again."""

    def __init__(self, port, address, questions):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.sock.bind((address, 0))
        self.sock.connect(("127.0.0.1", port))
        self.sock.setblocking(False)
        self.questions = questions
        self.sent = 0
        self.replies = {}
        self.doubles = 0

    def step(self):
        while self.sent < len(self.questions) and self.sent - len(self.replies) < WINDOW:
            name, rdtype = self.questions[self.sent]
            query = question(dns.name.from_text(name + "."), rdtype, payload=4096)
            query.id = self.sent
            self.sock.send(query.to_wire())
            self.sent += 1
        try:
            while True:
                reply = self.sock.recv(65535)
                ident = struct.unpack("!H", reply[:2])[0]
                self.doubles += ident in self.replies
                self.replies[ident] = reply[3] & 15
        except BlockingIOError:
            pass


def question_of(names, name, device):
    """Half of the devices ask for IPv4, half for IPv6, where a name has both."""
    known = names[name]
    return "A" if not known["AAAA"] or (known["A"] and device % 2 == 0) else "AAAA"


# Zones that never leave the house of themselves.
INSIDE = ["local", "localhost", "invalid", "onion", "home.arpa", "10.in-addr.arpa", "168.192.in-addr.arpa", "254.169.in-addr.arpa"]


@pytest.mark.slow
@pytest.mark.skipif(not ANSWERS.exists(), reason=f"{ANSWERS} is not there: the data of ../shared is not part of the tree")
@pytest.mark.skipif(bool(WRAP), reason="needs speed")
def test_all_names_from_six_devices(portafilter):
    names = read_names()
    order = sorted(names)
    assert len(order) == 4213
    zone = "".join(f"{name}. {rdtype} {address}\n" for name in order for rdtype in ("A", "AAAA") for address in sorted(names[name][rdtype]))
    nsd = Nsd(zone)
    try:
        devices = [{"name": f"device {i}", "ip": f"127.0.0.{11 + i}", "tags": [f"tag{i}"]} for i in range(DEVICES)]
        # The labs' routers knew names of the house and gave private addresses: as an owner with such a router would have it.
        daemon = portafilter({"upstreams": [nsd.upstream], "devices": devices, "workers": None, "rebinding": "off", "escape-hatches": "off",
                              "forward": [{"zones": INSIDE, "upstreams": [nsd.upstream]}]})
        clients = [Client(daemon.port, f"127.0.0.{11 + i}", [(name, question_of(names, name, i)) for name in order]) for i in range(DEVICES)]
        end = time.monotonic() + PATIENCE_S + 60
        while any(len(c.replies) < len(order) for c in clients):
            select.select([c.sock for c in clients], [], [], 0.05)
            for client in clients:
                client.step()
            assert time.monotonic() < end, [(c.sent, len(c.replies)) for c in clients]
        for client in clients:
            client.sock.close()
            assert client.doubles == 0
            assert not {order[i]: rcode for i, rcode in client.replies.items() if rcode}, "every name has an answer"

        total = len(order) * DEVICES
        wait_until(lambda: daemon.journal("SELECT count(*) AS n FROM v_queries")[0]["n"] >= total, f"the journal has {total} rows")
        rows = daemon.journal("SELECT device, name, type, count(*) AS n FROM v_queries GROUP BY device, name, type")
        expected = {(f"device {i}", name, question_of(names, name, i)) for i in range(DEVICES) for name in order}
        found = {(r["device"], r["name"], r["type"]) for r in rows}
        assert sum(r["n"] for r in rows) == total == 25278
        assert found == expected, (len(found), list(found ^ expected)[:5])
        assert all(r["n"] == 1 for r in rows)

        served = {(device, name, address) for device, name, rdtype in expected for address in names[name][rdtype]}
        daemon.summed(patience_s=60)
        endpoints = {(r["device"], r["name"], r["address"]) for r in daemon.journal("SELECT device, name, address FROM v_endpoints")}
        lost, more = served - endpoints, endpoints - served
        assert not lost, f"{len(lost)} of {len(served)} endpoints are missing, such as {sorted(lost)[:3]}; " \
            f"they are of {len({(d, n) for d, n, _ in lost})} answers"
        assert not more, f"nobody was sent to {sorted(more)[:3]}"
        assert ANSWER_S and daemon.status()["journal"]["dropped"] == 0
    finally:
        nsd.stop()

"""A network of its own: two ends of a veth pair in two namespaces, so that the MAC comes from a real
neighbour table, for IPv4 and for IPv6."""
import json
import shutil
import subprocess
import uuid

import pytest

import harness
from harness import ROOT, Daemon, wait_until

MAC = "64:bc:0c:80:7e:1f"
pytestmark = [pytest.mark.skipif(not ROOT, reason="network namespaces need root"),
              pytest.mark.skipif(not shutil.which("ip"), reason="there is no ip (package iproute2)")]

CLIENT = """
import sys
sys.path.insert(0, {folder!r})
from harness import ask
for server, source in {pairs!r}:
    reply = ask({port}, {name!r}, source=source, server=server, timeout=10)
    print(source, reply is not None and reply.rcode())
"""


def ip(*arguments, check=True):
    return subprocess.run(["ip", *arguments], check=check, capture_output=True, text=True)


class Net:
    """Namespaces `server` and `thing`, joined by a veth pair."""

    def __init__(self):
        tag = uuid.uuid4().hex[:6]
        self.server, self.thing = f"pfs{tag}", f"pft{tag}"
        for name in (self.server, self.thing):
            run = ip("netns", "add", name, check=False)
            if run.returncode:
                self.remove()
                pytest.skip(f"no network namespaces here: {run.stderr.strip()}")
        ip("link", "add", f"v{tag}s", "netns", self.server, "type", "veth", "peer", "name", f"v{tag}t", "netns", self.thing)
        for name, device, number in ((self.server, f"v{tag}s", 1), (self.thing, f"v{tag}t", 2)):
            ip("-n", name, "link", "set", "lo", "up")
            if number == 2:
                ip("-n", name, "link", "set", device, "address", MAC)
            ip("-n", name, "addr", "add", f"10.77.0.{number}/24", "dev", device)
            ip("-n", name, "link", "set", device, "up")
            ip("-n", name, "addr", "add", f"fd77::{number}/64", "dev", device, "nodad", check=False)
        self.device, self.server_device = f"v{tag}t", f"v{tag}s"
        self.ipv6 = "fd77::1" in ip("-n", self.server, "addr").stdout

    def remove(self):
        for name in (self.server, self.thing):
            ip("netns", "del", name, check=False)

    def knows_the_server(self):
        """The thing need not ask for the server's MAC: so the server hears of the thing's only when it answers."""
        mac = json.loads(ip("-j", "-n", self.server, "link", "show", self.server_device).stdout)[0]["address"]
        for address in ["10.77.0.1"] + (["fd77::1"] if self.ipv6 else []):
            ip("-n", self.thing, "neigh", "replace", address, "lladdr", mac, "dev", self.device, "nud", "permanent")

    def asks(self, port, name, pairs):

        script = CLIENT.format(folder=str(harness.TOP / "tests/system"), pairs=pairs, port=port, name=name)
        run = subprocess.run(["ip", "netns", "exec", self.thing, "/usr/bin/python3", "-B", "-c", script], capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
        return run.stdout.split("\n")


@pytest.fixture
def net():
    created = Net()
    yield created
    created.remove()


@pytest.fixture
def start(net):
    """start(devices, rules) runs the daemon in the server's namespace; its upstream stands there as well."""
    daemons = []

    def run(**config):
        daemon = Daemon(config, ready=False, namespace=net.server)
        daemons.append(daemon)
        listen = [f"10.77.0.1:{daemon.port}"] + ([f"[fd77::1]:{daemon.port}"] if net.ipv6 else [])
        # the verdicts are of the names stage: no upstream is needed
        daemon.write(listen={"dns": listen})
        daemon.start()
        return daemon

    yield run
    for daemon in daemons:
        daemon.clean()


SINK = [{"name": "sink", "action": "sinkhole"}]


def test_the_mac_decides(net, start):
    """MAC wins over address, for IPv4 and for IPv6, and for an address that was taken a moment ago."""
    ip("-n", net.thing, "addr", "add", "10.77.0.9/24", "dev", net.device)
    daemon = start(rules=SINK, devices=[{"name": "lobby coffee", "mac": MAC, "tags": ["coffee"]},
                                        {"name": "an address", "ip": "10.77.0.0/24"}])
    pairs = [("10.77.0.1", "10.77.0.2"), ("10.77.0.1", "10.77.0.9")] + ([("fd77::1", "fd77::2")] if net.ipv6 else [])

    def by_mac():
        net.asks(daemon.port, "a.test", pairs)
        daemon.rows(len(pairs))
        last = {row["client"]: row["device"] for row in daemon.rows()}
        return len(last) == len(pairs) and set(last.values()) == {"lobby coffee"}

    # the first packet of an address may come before the kernel has told its MAC
    wait_until(by_mac, "the MAC decides for all addresses")
    assert daemon.journal("SELECT count(*) AS n FROM v_queries")[0]["n"] % len(pairs) == 0
    device = next(d for d in daemon.json("devices")["devices"] if d["name"] == "lobby coffee")
    assert device["id"] == f"mac:{MAC}" and device["mac"] == MAC
    assert "10.77.0.2" in " ".join(device["addresses"])
    told = daemon.json("explain", "10.77.0.2", "a.test")
    assert told["device"]["name"] == "lobby coffee"
    assert daemon.json("explain", MAC, "a.test")["device"]["name"] == "lobby coffee"


def test_first_packets_are_the_devices_afterwards(net, start):
    daemon = start(rules=SINK, devices=[{"name": "lobby coffee", "mac": MAC, "tags": ["coffee"]}])
    pairs = [("10.77.0.1", "10.77.0.2")] + ([("fd77::1", "fd77::2")] if net.ipv6 else [])
    net.knows_the_server()
    net.asks(daemon.port, "a.test", pairs)
    daemon.rows(len(pairs))
    # the first packets were journalled under the addresses: they are the device's now, and so are the sums
    wait_until(lambda: [r["device"] for r in daemon.journal("SELECT DISTINCT device FROM v_queries")] == ["lobby coffee"],
               "all that was asked is the device's")
    total = daemon.journal("SELECT count(*) AS n FROM v_queries")[0]["n"]
    assert len(daemon.rows()) == total
    sums = [(d["id"], d["queries"]) for d in daemon.json("devices")["devices"] if d["queries"]]
    assert sums == [(f"mac:{MAC}", total)]
    changes = daemon.journal("SELECT kind, former, id, why FROM v_device_changes")
    assert {(c["kind"], c["former"], c["id"], c["why"]) for c in changes} == {
        ("merged", f"ip:{source}", f"mac:{MAC}", "the MAC address behind the address became known") for _, source in pairs}


def test_an_unknown_device_is_known_by_its_mac(net, start):
    daemon = start(rules=SINK, devices=[])

    def unknown():
        net.asks(daemon.port, "a.test", [("10.77.0.1", "10.77.0.2")])
        return [d for d in daemon.json("devices", "--unknown")["devices"] if d["id"] == f"mac:{MAC}" and d["queries"] > 0]

    device = wait_until(unknown, "it has an id by its MAC")[0]
    assert not device["known"] and "unknown" in device["tags"] and device["mac"] == MAC
    # naming it later keeps its history
    daemon.write(devices=[{"name": "lobby coffee", "mac": MAC}])
    assert daemon.cli("reload")[0] == 0
    named = next(d for d in daemon.json("devices")["devices"] if d["id"] == f"mac:{MAC}")
    assert named["name"] == "lobby coffee" and named["queries"] >= device["queries"]


def test_a_network_of_the_configuration_is_one_device_by_ipv6_too(net, start):
    """`all cameras` are those of the network, also when one of them asks from an address of which nobody has said anything."""
    if not net.ipv6:
        pytest.skip("no IPv6 here")
    daemon = start(rules=SINK, devices=[{"name": "camera net", "ip": "10.77.0.0/24", "tags": ["camera"]}])
    pairs = [("10.77.0.1", "10.77.0.2"), ("fd77::1", "fd77::2")]

    def both():
        net.asks(daemon.port, "a.test", pairs)
        last = {row["client"]: row["device"] for row in daemon.rows(len(pairs))}
        return last == {"10.77.0.2": "camera net", "fd77::2": "camera net"}

    wait_until(both, "it is the same device by both")
    # the MAC with a tag of its own is a device of its own, one step away
    assert daemon.cli("tag", MAC, "front-door")[0] == 0
    net.asks(daemon.port, "b.test", pairs)
    assert {row["device"] for row in daemon.rows(len(pairs), "name = ?", "b.test")} == {MAC}


def test_a_new_mac_behind_an_old_address(net, start):
    """The thing is swapped for another one that gets the same address: the kernel tells, and it counts."""
    daemon = start(rules=SINK, devices=[{"name": "first", "mac": MAC}, {"name": "second", "mac": "02:00:00:00:00:22"}])

    def asked_by(name):
        net.asks(daemon.port, "a.test", [("10.77.0.1", "10.77.0.2")])
        daemon.rows(1)
        return daemon.rows()[-1]["device"] == name

    wait_until(lambda: asked_by("first"), "the first asks")
    ip("-n", net.thing, "link", "set", net.device, "down")
    ip("-n", net.thing, "link", "set", net.device, "address", "02:00:00:00:00:22")
    ip("-n", net.thing, "link", "set", net.device, "up")
    wait_until(lambda: asked_by("second"), "the second asks")


def test_addresses_that_rotate_are_one_device(net, start):
    """Privacy extensions: a new IPv6 address each day, and its MAC by ND; a MAC is never lost, whatever it asks from."""
    if not net.ipv6:
        pytest.skip("no IPv6 here")
    daemon = start(rules=SINK, devices=[{"name": "lobby coffee", "mac": MAC}])
    net.knows_the_server()
    rotating = ["fd77::a1", "fd77::b2:1", "fd77::c3:2:1"]
    for number, address in enumerate(rotating):
        ip("-n", net.thing, "addr", "add", f"{address}/64", "dev", net.device, "nodad")
        net.asks(daemon.port, f"n{number}.test", [("fd77::1", address)])
        ip("-n", net.thing, "addr", "del", f"{address}/64", "dev", net.device)
    net.asks(daemon.port, "v4.test", [("10.77.0.1", "10.77.0.2")])
    wait_until(lambda: len(daemon.rows(4)) == 4 and {r["device"] for r in daemon.rows(4)} == {"lobby coffee"}, "all of it is the device's")
    assert {r["client"] for r in daemon.rows()} == {*rotating, "10.77.0.2"}
    assert [(d["id"], d["queries"]) for d in daemon.json("devices")["devices"] if d["queries"]] == [(f"mac:{MAC}", 4)]
    # and one of these addresses changes hands: the next thing there is not the coffee machine
    ip("-n", net.thing, "link", "set", net.device, "down")
    ip("-n", net.thing, "link", "set", net.device, "address", "02:00:00:00:00:33")
    ip("-n", net.thing, "link", "set", net.device, "up")
    # it asks for the server's MAC now, and tells its own by that
    ip("-n", net.thing, "neigh", "flush", "dev", net.device, "nud", "all", check=False)
    ip("-n", net.thing, "addr", "add", f"{rotating[0]}/64", "dev", net.device, "nodad")

    def other():
        net.asks(daemon.port, "other.test", [("fd77::1", rotating[0])])
        return [r for r in daemon.rows(1, "name = ?", "other.test") if r["device"] == "02:00:00:00:00:33"]

    wait_until(other, "it is another device")

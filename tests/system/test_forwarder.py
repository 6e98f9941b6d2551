"""A house with a real router: dnsmasq with `add-mac` stands between the things and the daemon. A thing behind it is known by its
own MAC; the same options from somebody who is no trusted forwarder change nothing. And leases: files that are rewritten,
rotated, truncated and replaced while they are read."""
import itertools
import os
import shutil
import subprocess
import threading
import time
import uuid

import pytest

from harness import ROOT, TOP, Daemon, ask, find_program, wait_until

COFFEE, CAMERA = "64:bc:0c:80:7e:1f", "24:0a:c4:00:00:07"
SINK = [{"name": "sink", "action": "sinkhole"}]
needs_root = pytest.mark.skipif(not ROOT or not shutil.which("ip"), reason="network namespaces need root and iproute2")
needs_dnsmasq = pytest.mark.skipif(not find_program("dnsmasq"), reason="there is no dnsmasq (package dnsmasq-base)")

CLIENT = """
import sys
sys.path.insert(0, {folder!r})
import dns.edns
from harness import ask
mac = dns.edns.GenericOption(65001, bytes.fromhex({mac!r})) if {mac!r} else None
print(ask({port}, {name!r}, server={server!r}, source=None, timeout=10, options=[mac] if mac else []) is not None)
"""


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)


class House:
    """`server` (the daemon) and `thing`, with `router` between them: 10.78.0.0/24 to the server, 10.79.0.0/24 to the thing."""

    def __init__(self):
        tag = uuid.uuid4().hex[:5]
        self.names = {role: f"pf{role[0]}{tag}" for role in ("server", "router", "thing")}
        self.dnsmasq = None
        for name in self.names.values():
            ip("netns", "add", name)
            ip("-n", name, "link", "set", "lo", "up")
        self.join("server", "10.78.0.1/24", "router", "10.78.0.2/24", f"a{tag}")
        self.thing = self.join("router", "10.79.0.1/24", "thing", "10.79.0.9/24", f"b{tag}")

    def join(self, left, left_address, right, right_address, tag):
        devices = f"v{tag}l", f"v{tag}r"
        ip("link", "add", devices[0], "netns", self.names[left], "type", "veth", "peer", "name", devices[1], "netns", self.names[right])
        for role, device, address in ((left, devices[0], left_address), (right, devices[1], right_address)):
            ip("-n", self.names[role], "addr", "add", address, "dev", device)
            ip("-n", self.names[role], "link", "set", device, "up")
        return devices[1]

    def be(self, mac, address="10.79.0.9/24"):
        """The thing has this MAC and this address from now on."""
        ip("-n", self.names["thing"], "addr", "flush", "dev", self.thing)
        ip("-n", self.names["thing"], "link", "set", self.thing, "down")
        ip("-n", self.names["thing"], "link", "set", self.thing, "address", mac)
        ip("-n", self.names["thing"], "link", "set", self.thing, "up")
        ip("-n", self.names["thing"], "addr", "add", address, "dev", self.thing)

    def forward(self, port, *options):
        self.dnsmasq = subprocess.Popen(
            ["ip", "netns", "exec", self.names["router"], find_program("dnsmasq"), "--keep-in-foreground", "--conf-file=/dev/null",
             "--no-resolv", "--no-hosts", "--cache-size=0", "--user=root", "--pid-file=", "--listen-address=10.79.0.1",
             "--bind-interfaces", f"--server=10.78.0.1#{port}", *options],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def ask(self, role, server, port, name, mac=""):
        script = CLIENT.format(folder=str(TOP / "tests/system"), mac=mac, port=port, name=name, server=server)
        run = subprocess.run(["ip", "netns", "exec", self.names[role], "/usr/bin/python3", "-B", "-c", script], capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
        return run.stdout == "True\n"

    def remove(self):
        if self.dnsmasq:
            self.dnsmasq.terminate()
            self.dnsmasq.wait(10)
        for name in self.names.values():
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


@pytest.fixture
def house():
    created = House()
    yield created
    created.remove()


def who(daemon, name):
    return daemon.rows(1, "name = ?", name)[-1]["device"]


@needs_root
@needs_dnsmasq
def test_a_thing_behind_a_real_dnsmasq(house):
    daemon = Daemon({"trusted-forwarders": ["10.78.0.2"], "rules": SINK,
                     "devices": [{"name": "lobby coffee", "mac": COFFEE, "tags": ["coffee"]}]}, ready=False, namespace=house.names["server"])
    try:
        daemon.write(listen={"dns": [f"10.78.0.1:{daemon.port}"]})
        daemon.start()
        house.be(COFFEE)
        house.forward(daemon.port, "--add-mac", "--strip-mac", "--strip-subnet")
        wait_until(lambda: house.ask("thing", "10.79.0.1", 53, "a.test"), "dnsmasq answers")
        assert who(daemon, "a.test") == "lobby coffee"
        # another thing (at an address of its own: dnsmasq remembers MACs for a minute and a half)
        house.be(CAMERA, "10.79.0.10/24")
        assert house.ask("thing", "10.79.0.1", 53, "b.test")
        assert who(daemon, "b.test") == CAMERA
        # a client that lies to the router: `strip-mac` takes its word away
        assert house.ask("thing", "10.79.0.1", 53, "c.test", mac=COFFEE.replace(":", ""))
        assert who(daemon, "c.test") in (CAMERA, "10.78.0.2")
    finally:
        daemon.clean()


@needs_root
@needs_dnsmasq
def test_a_liar_behind_an_address_that_nobody_trusts(house):
    daemon = Daemon({"trusted-forwarders": ["10.78.0.77"], "rules": SINK,
                     "devices": [{"name": "lobby coffee", "mac": COFFEE}]}, ready=False, namespace=house.names["server"])
    try:
        daemon.write(listen={"dns": [f"10.78.0.1:{daemon.port}"]})
        daemon.start()
        house.be(COFFEE)
        house.forward(daemon.port, "--add-mac")
        wait_until(lambda: house.ask("thing", "10.79.0.1", 53, "a.test"), "dnsmasq answers")
        assert who(daemon, "a.test") != "lobby coffee"
        assert house.ask("router", "10.78.0.1", daemon.port, "b.test", mac=COFFEE.replace(":", ""))
        assert who(daemon, "b.test") != "lobby coffee"
    finally:
        daemon.clean()


# ---- leases


def device_of(daemon, address):
    return next((d for d in daemon.json("devices")["devices"] if address in d["addresses"]), None)


def lease(mac, address, host, until=0):
    return f"{until} {mac} {address} {host} *\n"


@pytest.fixture
def leased(portafilter, upstream):
    daemon = portafilter({"upstreams": [upstream().upstream], "devices": [{"name": "lobby coffee", "mac": COFFEE, "tags": ["coffee"]}]})
    path = daemon.folder / "leases"
    daemon.write(leases=[{"file": str(path), "format": "dnsmasq"}], **{"tag-rules": [{"tag": "shelly", "hostname": "shelly*"}]})
    assert daemon.cli("reload")[0] == 0
    return daemon, path


def test_a_lease_is_seen_when_it_is_written(leased):
    daemon, path = leased
    path.write_text(lease(COFFEE, "127.0.0.50", "coffee"))
    wait_until(lambda: (device_of(daemon, "127.0.0.50") or {}).get("name") == "lobby coffee", "the lease is read")
    assert device_of(daemon, "127.0.0.50")["hostname"] == "coffee"
    assert ask(daemon.port, "a.test", source="127.0.0.50") and who(daemon, "a.test") == "lobby coffee"
    # appended to, replaced by another file, and a line that is torn
    with open(path, "a") as file:
        file.write(lease(CAMERA, "127.0.0.51", "shellyplug"))
    camera = wait_until(lambda: device_of(daemon, "127.0.0.51"), "what was appended is read")
    assert camera["tag_origins"]["shelly"] == {"by": "rule", "rule": "hostname shelly*"}
    assert camera["vendor"] == "" or "Espressif" in camera["vendor"]
    fresh = daemon.folder / "leases.new"
    fresh.write_text(lease(CAMERA, "127.0.0.52", "shellyplug") + "0 " + COFFEE + " 127.0.0.5")
    os.rename(fresh, path)
    wait_until(lambda: device_of(daemon, "127.0.0.52") and not device_of(daemon, "127.0.0.50"), "the new file counts")


def test_rotated_truncated_and_gone(leased):
    daemon, path = leased
    path.write_text(lease(COFFEE, "127.0.0.50", "coffee"))
    wait_until(lambda: device_of(daemon, "127.0.0.50"), "the lease is read")
    os.rename(path, daemon.folder / "leases.old")
    daemon.wait_log("leases can not be read: No such file")
    assert device_of(daemon, "127.0.0.50")["name"] == "lobby coffee"
    path.write_text(lease(CAMERA, "127.0.0.51", "cam"))
    wait_until(lambda: device_of(daemon, "127.0.0.51") and not device_of(daemon, "127.0.0.50"), "its successor counts")
    os.truncate(path, 0)
    wait_until(lambda: not device_of(daemon, "127.0.0.51"), "an empty file has no leases")


def test_rewritten_while_it_is_read(leased):
    """A writer that never rests: what is read is always one whole state, and the last one counts in the end."""
    daemon, path = leased
    stop = threading.Event()

    def write():
        for number in itertools.count():
            text = "".join(lease(f"02:00:00:00:{i >> 8:02x}:{i & 255:02x}", f"10.3.{i >> 8}.{i & 255}", f"h{number}") for i in range(2000))
            if number % 2:
                path.write_text(text)
            else:
                fresh = daemon.folder / "leases.new"
                fresh.write_text(text)
                os.rename(fresh, path)
            if stop.is_set():
                path.write_text(text + lease(COFFEE, "10.3.99.99", "end"))
                return

    writer = threading.Thread(target=write)
    writer.start()
    end = time.monotonic() + 2
    while time.monotonic() < end:
        reply = ask(daemon.port, "a.test", source="127.0.0.9")
        assert reply is not None
    stop.set()
    writer.join()
    wait_until(lambda: (device_of(daemon, "10.3.99.99") or {}).get("name") == "lobby coffee", "the last state counts")
    leased_now = [d for d in daemon.json("devices")["devices"] if any(a.startswith("10.3.") for a in d["addresses"])]
    assert len(leased_now) == 2001

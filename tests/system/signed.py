"""A small internet that is signed: a root, a top level and zones below it in a network namespace of their own, on three NSDs at port 53.

    root      10.53.0.1     .
    registry  10.53.0.2     example.
    hosts     10.53.0.3     everything below example.
    old       10.53.0.5     the root once more, for who asks for it (`serve`)

`Internet.run(function)` calls a function inside of the namespace."""
import base64
import concurrent.futures
import ctypes
import datetime
import os
import random
import re
import shutil
import signal
import struct
import subprocess
import uuid

import pytest

from harness import ROOT, ask, find_program, make_folder, wait_until

CLONE_NEWNET = 0x40000000
ADDRESSES = {"root": "10.53.0.1", "registry": "10.53.0.2", "hosts": "10.53.0.3", "old": "10.53.0.5"}
HEAD = """$ORIGIN {zone}
$TTL 300
@ SOA ns.hosts.example. hostmaster.example. 1 3600 900 604800 60
"""
# what stands below the name servers of each zone
HOSTS = {
    "secure.example.": "www A 198.51.100.1\n* A 198.51.100.9\nalias CNAME www.plain.example.\ntxt TXT \"signed\"\n",
    "nsec3.example.": "www A 198.51.100.2\n*.wild A 198.51.100.10\n",
    "expired.example.": "www A 198.51.100.3\n",
    "future.example.": "www A 198.51.100.4\n",
    "wrongds.example.": "www A 198.51.100.5\n",
    "stripped.example.": "www A 198.51.100.6\n",
    # `many` is said to stand on forty name servers, of which none has an address
    "plain.example.": "www A 198.51.100.7\n" + "".join(f"many NS n{i}.nowhere\n" for i in range(40)),
    "rolled.example.": "www A 198.51.100.8\n",
    "trap.example.": "www A 198.51.100.11\n",
    "hosts.example.": "ns A 10.53.0.3\n",
}
UNSIGNED = ("plain.example.",)


def day(offset):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=offset)).strftime("%Y%m%d%H%M%S")


TRAP_KEYS, TRAP_TAG, TRAP_BYTES = 100, 4711, 500


def trap_keys():
    """Keys of RSA that are another each, and have one tag: who has a signature of it can try all of them."""
    noise = random.Random(1)
    for _ in range(TRAP_KEYS):
        modulus = bytearray(b"\x80" + noise.randbytes(TRAP_BYTES - 2) + b"\1")
        modulus[10:12] = b"\0\0"
        total = sum(struct.unpack(f"!{TRAP_BYTES // 2}H", modulus)) + sum(struct.unpack("!4H", b"\1\0\3\x08\3\1\0\1"))
        word = next(word for more in range(TRAP_BYTES) if (word := (TRAP_TAG - total - more) & 0xffff) + 1
                    and (total + word + (total + word >> 16)) & 0xffff == TRAP_TAG)
        modulus[10:12] = struct.pack("!H", word)
        yield f"@ DNSKEY 256 3 8 {base64.b64encode(bytes([3, 1, 0, 1]) + modulus).decode()}\n"


def trap_signatures():
    return "".join(f"www.trap.example. 300 IN RRSIG A 8 3 300 {day(30)} {day(-1)} {TRAP_TAG} trap.example. "
                   f"{base64.b64encode(struct.pack('!H', i) + bytes(TRAP_BYTES - 2)).decode()}\n" for i in range(TRAP_KEYS))


class Zones:
    """Zone files in a folder, signed where they are."""

    def __init__(self, folder):
        self.folder = folder
        self.ds = {}
        self.signed_with = {}

    def path(self, zone):
        return self.folder / f"{zone.strip('.') or 'root'}.zone"

    def keys(self, zone, algorithms):
        keys = []
        for algorithm in algorithms:
            for flags in (["-k"], []):
                run = subprocess.run(["ldns-keygen", "-a", algorithm, "-r", "/dev/urandom", *flags, zone], cwd=self.folder,
                                     capture_output=True, text=True, check=True)
                keys.append(run.stdout.strip())
        return keys

    def sign(self, zone, algorithms=("ECDSAP256SHA256",), inception=-1, expiration=30, nsec3=False, ds_of=None, keys=None):
        keys = keys or self.keys(zone, algorithms)
        options = ["-n"] if nsec3 else []
        subprocess.run(["ldns-signzone", *options, "-i", day(inception), "-e", day(expiration), "-o", zone, self.path(zone), *keys],
                       cwd=self.folder, check=True, capture_output=True)
        source = self.keys(zone, algorithms) if ds_of == "other" else keys
        self.ds[zone] = "".join((self.folder / f"{key}.ds").read_text() for key in source[::2])
        self.signed_with[zone] = keys

    def write(self, zone, text):
        self.path(zone).write_text(HEAD.format(zone=zone) + text)

    def served(self, zone):
        signed = self.path(zone).with_suffix(".zone.signed")
        return signed if signed.exists() else self.path(zone)


def make_zones(folder):
    zones = Zones(folder)
    registry = "@ NS ns.registry.example.\nns.registry A 10.53.0.2\n"
    for zone, text in HOSTS.items():
        zones.write(zone, "@ NS ns.hosts.example.\n" + text + ("".join(trap_keys()) if zone == "trap.example." else ""))
        if zone not in UNSIGNED:
            zones.sign(zone, **{"expired.example.": {"inception": -30, "expiration": -1}, "future.example.": {"inception": 10},
                                "nsec3.example.": {"nsec3": True}, "wrongds.example.": {"ds_of": "other"},
                                "rolled.example.": {"algorithms": ("RSASHA256", "ECDSAP256SHA256")}}.get(zone, {}))
        registry += f"{zone} NS ns.hosts.example.\n{zones.ds.get(zone, '')}"
    for zone, instead in (("stripped.example.", ""), ("trap.example.", trap_signatures())):
        signed = zones.served(zone)
        signed.write_text("".join(line for line in signed.read_text().splitlines(True) if "RRSIG\tA " not in line) + instead)
    zones.write("example.", registry + "ns.hosts A 10.53.0.3\n")
    zones.sign("example.")
    zones.write(".", "@ NS ns.root.\nns.root. A 10.53.0.1\nexample. NS ns.registry.example.\nns.registry.example. A 10.53.0.2\n"
                + zones.ds["example."])
    zones.sign(".")
    return zones


class Internet:
    def __init__(self):
        if not ROOT or not shutil.which("ip"):
            pytest.skip("network namespaces need root, and ip (package iproute2)")
        if not shutil.which("ldns-signzone"):
            pytest.skip("there is no ldns-signzone (package ldnsutils)")
        self.namespace = "pfd" + uuid.uuid4().hex[:6]
        if subprocess.run(["ip", "netns", "add", self.namespace], capture_output=True).returncode:
            pytest.skip("no network namespaces here")
        self.folder = make_folder()
        self.servers = []
        self.inside = concurrent.futures.ThreadPoolExecutor(8, initializer=self.enter)
        subprocess.run(["ip", "-n", self.namespace, "link", "set", "lo", "up"], check=True)
        for address in ADDRESSES.values():
            subprocess.run(["ip", "-n", self.namespace, "addr", "add", f"{address}/32", "dev", "lo"], check=True)
        self.zones = make_zones(self.folder)
        (self.folder / "root.hints").write_text(". 3600 NS ns.root.\nns.root. 3600 A 10.53.0.1\n")
        (self.folder / "root.key").write_text(self.zones.ds["."])
        os.chmod(self.folder, 0o755)
        below = [zone for zone in HOSTS]
        for name, zones in (("root", ["."]), ("registry", ["example."]), ("hosts", below)):
            self.serve(name, zones)

    def enter(self):
        """This thread is in the namespace from now on."""
        with open(f"/run/netns/{self.namespace}") as file:
            if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")

    def run(self, function, *arguments, **more):
        return self.inside.submit(function, *arguments, **more).result()

    def serve(self, name, zones):
        folder = self.folder / name
        folder.mkdir()
        config = folder / "nsd.conf"
        config.write_text(f"""
server:
  ip-address: {ADDRESSES[name]}
  username: "nobody"
  chroot: ""
  zonesdir: "{self.folder}"
  database: ""
  pidfile: "{folder}/nsd.pid"
  xfrdfile: "{folder}/xfrd.state"
  zonelistfile: "{folder}/zone.list"
  cookie-secret-file: "{folder}/cookie.secrets"
  server-count: 1
  rrl-ratelimit: 0
remote-control:
  control-enable: no
""" + "".join(f'zone:\n  name: "{zone}"\n  zonefile: "{self.zones.served(zone)}"\n' for zone in zones))
        folder.chmod(0o777)
        log = open(folder / "log", "wb")
        process = subprocess.Popen(["ip", "netns", "exec", self.namespace, find_program("nsd"), "-d", "-c", config],
                                   stdout=log, stderr=log, start_new_session=True)
        self.servers.append((process, log))
        wait_until(lambda: self.run(ask, 53, zones[0], "SOA", source="10.53.0.1", server=ADDRESSES[name], timeout=0.2) is not None,
                   f"NSD of {name} answers: " + (folder / "log").read_text(errors="replace"))

    def roll_root(self, keys):
        """Signs the root with these keys; its server has it when this returns."""
        path = self.zones.path(".")
        serial = int(re.search(r"hostmaster.example. (\d+)", path.read_text())[1]) + 1
        path.write_text(re.sub(r"(hostmaster.example.) \d+", rf"\g<1> {serial}", path.read_text()))
        self.zones.sign(".", keys=keys)
        self.servers[0][0].send_signal(signal.SIGHUP)
        wait_until(lambda: self.run(ask, 53, ".", "SOA", source="10.53.0.1", server=ADDRESSES["root"], timeout=0.2).answer[0][0].serial == serial,
                   "the root is another one")

    def stop(self):
        for process, log in self.servers:
            process.terminate()
            process.wait()
            log.close()
        self.inside.shutdown()
        subprocess.run(["ip", "netns", "del", self.namespace], capture_output=True)
        shutil.rmtree(self.folder)

"""The recursor as a process: what it can still do, what its end costs, and how it keeps the root's key and name servers."""
import contextlib
import errno
import os
import pathlib
import platform
import re
import signal
import socket
import subprocess

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest

from harness import BUILD, PATIENCE_S, ROOT, WRAP, addresses, ede, wait_until
from signed import ADDRESSES, Internet
from test_recursion import check, children, inside, internet, recursion  # noqa: F401
from test_supervisor import call_instead

ETH_P_IP = 0x0800
SYS_OPEN, SYS_MKDIR, SYS_CHROOT, SIGSYS = 2, 83, 161, 31

pytestmark = pytest.mark.skipif(not (BUILD / "portafilter-recursor").exists(), reason="built without libunbound")


def facts(pid):
    """What the kernel says of a process."""
    with open(f"/proc/{pid}/status") as file:
        return dict(re.findall(r"^(\w+):\s*(.*)$", file.read(), re.M))


def child_of(daemon):
    return wait_until(lambda: children(daemon), "there is one that asks")[0]


def is_answered(internet, daemon, label):  # noqa: F811
    return addresses(inside(internet, daemon, f"{label}.secure.example")) == ["198.51.100.9"]


@pytest.mark.skipif(not ROOT or bool(WRAP) or platform.machine() != "x86_64", reason="makes another user's process do something")
def test_it_has_no_rights(portafilter, internet):  # noqa: F811
    """All of the signed lab is asked behind its fences; a call that it has no use for, if only the daemon has, is its end, and it is begun anew."""
    daemon = portafilter(recursion(internet), namespace=internet.namespace)
    sandbox = daemon.status()["sandbox"]
    if sandbox["missing"]:
        pytest.skip(sandbox["missing"])
    check(internet, daemon)
    child = child_of(daemon)
    assert daemon.status()["recursion"]["restarts"] == 0
    for pid in (child, int(facts(child)["PPid"])):
        fact = facts(pid)
        assert (fact["Seccomp"], fact["NoNewPrivs"]) == ("2", "1")
        assert {int(fact[name], 16) for name in ("CapPrm", "CapEff", "CapInh", "CapAmb")} == {0} and "0" not in fact["Uid"].split()
    state = os.path.dirname(daemon.config["state"] + "/")
    for path, rights, result in (("/etc/passwd", os.O_RDONLY, -errno.EACCES), (f"{state}/made", os.O_CREAT | os.O_WRONLY, -errno.EACCES),
                                 (daemon.config["journal"]["path"], os.O_RDWR, -errno.EACCES), (f"{state}/recursor/root.key", os.O_RDWR, 0)):
        assert min(call_instead(child, SYS_OPEN, path.encode(), rights), 0) == result, path
    for count, number in ((1, SYS_CHROOT), (2, SYS_MKDIR)):
        child = child_of(daemon)
        assert is_answered(internet, daemon, f"n{count}")
        assert call_instead(child, number, b"/nowhere") is None
        wait_until(lambda: daemon.status()["recursion"]["restarts"] == count, "it is counted")
        assert is_answered(internet, daemon, f"m{count}") and child_of(daemon) != child
    assert daemon.log().count(f"the recursor ended by signal {SIGSYS}") == 2


class Load:
    """dnsperf within the namespace: so many queries at a rate, none of which is asked again, and at most `waiting` in flight."""

    def __init__(self, internet, daemon, what, names, rate, waiting):  # noqa: F811
        path = daemon.write_file(f"names-{what}", "".join(f"{name} A\n" for name in names))
        self.process = subprocess.Popen(["ip", "netns", "exec", internet.namespace, "dnsperf", "-s", "127.0.0.1", "-p", str(daemon.port), "-d", path,
                                         "-n", "1", "-Q", str(rate), "-q", str(waiting), "-c", "4", "-t", str(PATIENCE_S)], stdout=subprocess.PIPE, text=True)

    def is_on(self):
        return self.process.poll() is None

    def failed(self):
        """How many had no good answer."""
        out = self.process.communicate(timeout=PATIENCE_S)[0]
        good = re.search(r"NOERROR (\d+)", out)
        return int(re.search(r"Queries sent:\s+(\d+)", out)[1]) - (int(good[1]) if good else 0)


@pytest.mark.slow
@pytest.mark.skipif(bool(WRAP), reason="needs speed")
def test_its_end_under_load_costs_no_other(portafilter, internet):  # noqa: F811
    """600 queries a second wait for the recursor, which is killed twice; what is forwarded and what is known is answered as ever."""
    daemon = portafilter({**recursion(internet), "forward": [{"zones": ["secure.example"], "upstreams": ["10.53.0.3"]}]}, namespace=internet.namespace)
    assert addresses(inside(internet, daemon, "www.plain.example")) == ["198.51.100.7"]
    waiting, kills = 40, 2
    recursed = Load(internet, daemon, "recursed", (f"r{i}.wild.nsec3.example" for i in range(900)), 600, waiting)
    forwarded = Load(internet, daemon, "forwarded", (f"f{i}.secure.example" for i in range(300)), 200, waiting)
    known = Load(internet, daemon, "known", ["www.plain.example"] * 300, 200, waiting)
    for count in range(kills):
        received = daemon.status()["queries"]["received"]
        wait_until(lambda: daemon.status()["queries"]["received"] > received + 200, "they ask")
        assert recursed.is_on()
        os.kill(child_of(daemon), signal.SIGKILL)
        wait_until(lambda: daemon.status()["recursion"]["restarts"] == count + 1, "it is counted")
    assert (forwarded.failed(), known.failed()) == (0, 0)
    failed = recursed.failed()
    print(f"{failed} of 900 without an answer")
    assert failed <= kills * waiting
    assert is_answered(internet, daemon, "after")


def test_one_that_hangs_is_begun_anew(portafilter, internet):  # noqa: F811
    """Within ten seconds and their like; meanwhile what is forwarded is answered, and an end of the daemon is not held up for good."""
    daemon = portafilter({**recursion(internet), "forward": [{"zones": ["secure.example"], "upstreams": ["10.53.0.3"]}]}, namespace=internet.namespace)
    assert addresses(inside(internet, daemon, "www.plain.example")) == ["198.51.100.7"]
    os.kill(child_of(daemon), signal.SIGSTOP)
    assert is_answered(internet, daemon, "meanwhile")
    wait_until(lambda: daemon.status()["recursion"]["restarts"] == 1, "it is ended, and counted", patience_s=60)
    assert "has hung for 10 seconds" in daemon.log()
    assert addresses(inside(internet, daemon, "a.wild.nsec3.example"))


class Questions:
    """What the name servers of the lab are asked, seen on its only interface: (server's address, name, type), none twice."""

    def __init__(self, internet):  # noqa: F811
        self.internet = internet
        self.sock = internet.run(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP)))
        self.sock.setblocking(False)

    def seen(self):
        found = set()
        with contextlib.suppress(BlockingIOError):
            while True:
                packet = self.sock.recv(65536)
                udp = packet[(packet[0] & 15) * 4:]
                if packet[9] == socket.IPPROTO_UDP and udp[2:4] == b"\0\x35":
                    asked = dns.message.from_wire(udp[8:]).question[0]
                    found.add((socket.inet_ntoa(packet[16:20]), asked.name.to_text().lower(), dns.rdatatype.to_text(asked.rdtype)))
        return found

    def close(self):
        self.sock.close()


@pytest.fixture
def questions(internet):  # noqa: F811
    created = Questions(internet)
    yield created
    created.close()


def test_many_name_servers_without_addresses_are_not_all_asked_for(portafilter, internet, questions):  # noqa: F811
    """NXNS: a delegation to forty names would be eighty questions for each query; libunbound gives up after a few."""
    daemon = portafilter(recursion(internet), namespace=internet.namespace)
    assert addresses(inside(internet, daemon, "www.plain.example")) == ["198.51.100.7"]
    questions.seen()
    for i in range(3):
        assert inside(internet, daemon, f"n{i}.many.plain.example").rcode() == dns.rcode.SERVFAIL
        seen = questions.seen()
        print(f"{len(seen)} questions")
        assert len(seen) <= 40 and (i or any(name.endswith(".nowhere.plain.example.") for _, name, _ in seen)), seen


@pytest.mark.skipif(bool(WRAP), reason="looks at processor time")
def test_a_hundred_keys_of_one_tag_are_not_all_tried(portafilter, internet):  # noqa: F811
    """KeyTrap: a hundred signatures that a hundred keys might have made are ten thousand to verify, most of a second."""
    daemon = portafilter(recursion(internet), namespace=internet.namespace)
    assert is_answered(internet, daemon, "before")
    child = child_of(daemon)
    reply = inside(internet, daemon, "www.trap.example", do=True)
    assert reply.rcode() == dns.rcode.SERVFAIL and ede(reply)[0] == 6, reply
    with open(f"/proc/{child}/stat") as file:
        taken_s = sum(map(int, file.read().rpartition(")")[2].split()[11:13])) / os.sysconf("SC_CLK_TCK")
    print(f"{taken_s} s")
    assert taken_s < 0.4
    assert is_answered(internet, daemon, "after") and child_of(daemon) == child


def test_nobody_hears_more_than_needed(portafilter, internet, questions):  # noqa: F811
    """QNAME minimisation (RFC 9156): those above hear the name of the next zone only. Aggressive NSEC (RFC 8198): what is proved not to be is not
    asked for again."""
    daemon = portafilter(recursion(internet), namespace=internet.namespace)
    assert addresses(inside(internet, daemon, "a.long.name.secure.example")) == ["198.51.100.9"]
    seen = questions.seen()
    heard = {server: {name for at, name, _ in seen if at == server} for server in ADDRESSES.values()}
    assert "example." in heard[ADDRESSES["root"]] and "secure.example." in heard[ADDRESSES["registry"]], seen
    assert not any(name.endswith("secure.example.") for name in heard[ADDRESSES["root"]]), seen
    assert not any(name.endswith(".secure.example.") for name in heard[ADDRESSES["registry"]]), seen
    assert "a.long.name.secure.example." in heard[ADDRESSES["hosts"]], seen
    for name, rcode in (("nobody.example", dns.rcode.NXDOMAIN), ("nobodz.example", dns.rcode.NXDOMAIN), ("nobodx.example", dns.rcode.NXDOMAIN)):
        reply = inside(internet, daemon, name, do=True)
        assert reply.rcode() == rcode and reply.flags & dns.flags.AD
        asked = {asked for _, asked, _ in questions.seen()}
        assert (f"{name}." in asked) == (name == "nobody.example"), (name, asked)


def test_root_hints_are_a_beginning(portafilter, internet):  # noqa: F811
    """The hints name one old server of the root; it is asked who serves the root (RFC 8109), and not needed any more."""
    internet.serve("old", ["."])
    hints = internet.folder / "old.hints"
    hints.write_text(". 3600 NS old.root.\nold.root. 3600 A 10.53.0.5\n")
    daemon = portafilter(recursion(internet, **{"root-hints": str(hints)}), namespace=internet.namespace)
    assert is_answered(internet, daemon, "first")
    process, log = internet.servers.pop()
    process.terminate()
    process.wait()
    log.close()
    reply = inside(internet, daemon, "there.is.no.such.top", do=True)
    assert reply.rcode() == dns.rcode.NXDOMAIN and reply.flags & dns.flags.AD


@pytest.mark.slow
def test_the_root_rolls_its_key(portafilter):
    """RFC 5011: a new key that the old one has signed is looked at for 30 days, is believed then, and is enough when the old one has gone. What was
    seen is kept over the end of the recursor and of the daemon."""
    internet = Internet()  # noqa: F811
    try:
        daemon = portafilter(recursion(internet), namespace=internet.namespace)
        key = pathlib.Path(daemon.config["state"], "recursor", "root.key")
        numbers = iter(range(1 << 30))

        def states():
            return sorted(re.findall(r"\[\s*(\w+)\s*\]", key.read_text()))

        def has_seen(*expected):
            """A recursor that begins anew looks at the root's keys with its first question."""
            os.kill(child_of(daemon), signal.SIGKILL)
            wait_until(lambda: is_answered(internet, daemon, f"n{next(numbers)}") and states() == sorted(expected), f"{expected}: {states()}")

        assert is_answered(internet, daemon, "n") and states() == ["VALID"]
        old, new = internet.zones.signed_with["."], internet.zones.keys(".", ["ECDSAP256SHA256"])
        internet.roll_root([*old, *new])
        has_seen("ADDPEND", "VALID")
        daemon.stop()
        assert states() == ["ADDPEND", "VALID"]
        seen_s = int(re.search(r"ADDPEND.*;;lastchange=(\d+)", key.read_text())[1])
        key.write_text(key.read_text().replace(f"lastchange={seen_s}", f"lastchange={seen_s - 31 * 86400}"))
        daemon.start()
        has_seen("VALID", "VALID")
        internet.roll_root(new)
        has_seen("MISSING", "VALID")
        assert inside(internet, daemon, "www.secure.example", do=True).flags & dns.flags.AD
        # who knows the old key only finds that nothing is right
        other = portafilter(recursion(internet, address="127.0.0.1:5339"), namespace=internet.namespace)
        assert inside(internet, other, "www.secure.example").rcode() == dns.rcode.SERVFAIL
    finally:
        internet.stop()

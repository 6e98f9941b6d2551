"""Response policy zones over the wire: whole and as differences, signed, noticed, expired; from a real NSD and a real BIND."""
import dns.flags
import dns.message
import dns.opcode
import dns.query
import dns.rcode
import dns.rrset
import pytest

import primary as primary_module
from harness import addresses, answer, ask, find_program, send_udp, wait_until
from primary import KEY, SECRET, ZONE, BindPrimary, LyingPrimary, NsdPrimary, sink
from test_subscriptions import source, wait_error

KINDS = {"nsd": NsdPrimary, "bind": BindPrimary}
RULES = [{"name": "sink", "lists": ["feed"], "action": "sinkhole"}]
FIRST = sink(*(f"n{i}.listed.test" for i in range(60)))


@pytest.fixture
def start(portafilter, upstream):
    """start(Primary class, records, …) → (daemon, primary); more keys go to the primary."""
    primaries = []
    server = upstream(lambda query, transport: answer(query, "192.0.2.1"))

    def begin(kind, records=FIRST, rpz=(), keys=(), wait=True, **more):
        daemon = portafilter({"upstreams": [server.upstream]}, ready=False)
        known = kind if not isinstance(kind, type) else None
        if not known:
            if not find_program("named" if kind is BindPrimary else "nsd"):
                pytest.skip("the primary is not installed")
            known = kind(records, notify=daemon.port, **more)
        primaries.append(known)
        secret = daemon.write_file("secret", getattr(known, "secret", SECRET) + "\n")
        zone = {"zone": ZONE, "primary": known.primary}
        if getattr(known, "tsig", False):
            zone["tsig"] = {"name": KEY, "algorithm": "hmac-sha256", "secret-file": secret}
        zone.update(rpz)
        daemon.write(lists=[{"name": "feed", "rpz": zone, **dict(keys)}], rules=RULES)
        daemon.start()
        if wait:
            wait_sunk(daemon, "n1.listed.test")
        return daemon, known

    begin.primaries = primaries
    yield begin
    for known in primaries:
        known.stop()


def is_sunk(daemon, name):
    reply = ask(daemon.port, name)
    return addresses(reply) != ["192.0.2.1"]


def wait_sunk(daemon, name, sunk=True):
    wait_until(lambda: is_sunk(daemon, name) == sunk, f"{name} is {'' if sunk else 'not '}sinkholed:\n" + daemon.log())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tsig", [True, False])
def test_a_zone_and_its_changes(start, kind, tsig):
    daemon, known = start(KINDS[kind], tsig=tsig)
    assert source(daemon)["serial"] == 1
    assert not is_sunk(daemon, "new.listed.test")
    changed = dict(FIRST)
    del changed["n2.listed.test"]
    changed.update(sink("new.listed.test"))
    known.change(changed)  # NOTIFY
    wait_sunk(daemon, "new.listed.test")
    wait_sunk(daemon, "n2.listed.test", sunk=False)
    assert is_sunk(daemon, "n1.listed.test")
    assert source(daemon)["serial"] == 2 and source(daemon)["error"] is None
    known.change({**changed, "third.listed.test": "CNAME ."})
    wait_sunk(daemon, "third.listed.test")

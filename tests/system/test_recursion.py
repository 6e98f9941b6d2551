"""Recursion and validation, on a small signed internet (signed.py), held against unbound-host."""
import base64
import os
import re
import shutil
import signal
import subprocess
import types

import dns.flags
import dns.rcode
import pytest

from harness import ANSWER_S, BUILD, Stream, addresses, ask, ede, free_port, make_folder, wait_until
from test_metrics import metrics
from signed import Internet
from test_tls import make_certificate

# name, type, what unbound-host calls it, extended error, addresses
TABLE = [
    ("www.secure.example", "A", "secure", None, ["198.51.100.1"]),
    ("any.thing.secure.example", "A", "secure", None, ["198.51.100.9"]),
    ("txt.secure.example", "AAAA", "secure", None, []),
    ("www.nsec3.example", "A", "secure", None, ["198.51.100.2"]),
    ("x.wild.nsec3.example", "A", "secure", None, ["198.51.100.10"]),
    ("nobody.nsec3.example", "A", "secure", None, []),
    ("nobody.example", "A", "secure", None, []),
    ("www.rolled.example", "A", "secure", None, ["198.51.100.8"]),
    ("www.plain.example", "A", "insecure", None, ["198.51.100.7"]),
    ("alias.secure.example", "A", "insecure", None, ["198.51.100.7"]),
    ("www.expired.example", "A", "BOGUS", {7}, []),
    ("www.future.example", "A", "BOGUS", {8}, []),
    ("www.wrongds.example", "A", "BOGUS", {6, 9}, []),
    ("www.stripped.example", "A", "BOGUS", {6, 10}, []),
]

pytestmark = pytest.mark.skipif(not (BUILD / "portafilter-recursor").exists(), reason="built without libunbound")


@pytest.fixture(scope="module")
def internet():
    created = Internet()
    yield created
    created.stop()


def recursion(internet, **more):
    return {"upstreams": ["recursive"], "recursion": {"root-hints": f"{internet.folder}/root.hints",
                                                      "trust-anchor": f"{internet.folder}/root.key", **more}}


def inside(internet, daemon, name, rdtype="A", **more):
    return internet.run(ask, daemon.port, name, rdtype, timeout=ANSWER_S, **more)


def children(daemon):
    """The processes that the daemon's recursor consists of: its keeper, and the one that asks."""
    keeper = subprocess.run(["pgrep", "-P", str(daemon_pid(daemon))], capture_output=True, text=True).stdout.split()
    return [int(pid) for one in keeper for pid in subprocess.run(["pgrep", "-P", one], capture_output=True, text=True).stdout.split()]


def daemon_pid(daemon):
    # `ip netns exec` becomes the program that it runs
    return daemon.process.pid


def check_evidence(daemon):
    """What was validated stands in the journal, and with the endpoints; an address of an answer that was authenticated is better evidence."""
    trusted = {(name, rdtype): trust.lower() for name, rdtype, trust, _, _ in TABLE}
    rows = daemon.rows(len(TABLE))
    assert {(row["name"], row["type"]): row["dnssec"] for row in rows} == trusted
    told = {(row["name"], row["type"]): row["dnssec"] for row in daemon.json("endpoints")["endpoints"]}
    assert told == {(name, rdtype): trust.lower() for name, rdtype, trust, _, found in TABLE if found}
    for name, words in (("www.secure.example", "authenticated"), ("www.plain.example", "could have made it up"), ("www.expired.example", "bogus")):
        code, out, err = daemon.cli("explain", "10.53.0.1", name)
        assert f"DNSSEC     {trusted[name, 'A']}; " in out and words in out, out + err


def check(internet, daemon):
    for name, rdtype, trust, errors, expected in TABLE:
        reply = inside(internet, daemon, name, rdtype, do=True)
        said = (name, rdtype, reply)
        assert addresses(reply) == expected, said
        assert bool(reply.flags & dns.flags.AD) == (trust == "secure"), said
        assert (reply.rcode() == dns.rcode.SERVFAIL) == (trust == "BOGUS"), said
        if errors:
            assert ede(reply)[0] in errors, said


def test_it_tells_apart_what_unbound_host_does(portafilter, internet):
    daemon = portafilter(recursion(internet), namespace=internet.namespace)
    check(internet, daemon)
    check_evidence(daemon)
    if not shutil.which("unbound-host"):
        pytest.skip("there is no unbound-host: the table was not held against it")
    config = internet.folder / "host.conf"
    config.write_text(f'server:\n  root-hints: "{internet.folder}/root.hints"\n')
    for name, rdtype, trust, _, _ in TABLE:
        run = subprocess.run(["ip", "netns", "exec", internet.namespace, "unbound-host", "-v", "-C", config, "-f",
                              internet.folder / "root.key", "-t", rdtype, name], capture_output=True, text=True)
        assert f"({trust}" in run.stdout.split("\n")[0 if trust != "insecure" else -2] or f"({trust}" in run.stdout, run.stdout


def test_a_forwarder_is_validated(portafilter, internet):
    """What a forwarder says is believed when its signatures are right; one that does not validate gets no AD through."""
    forwarder = portafilter({**recursion(internet), "dnssec": "off"}, namespace=internet.namespace)
    reply = inside(internet, forwarder, "www.expired.example", do=True)
    assert addresses(reply) == ["198.51.100.3"] and not reply.flags & dns.flags.AD
    daemon = portafilter({"upstreams": [f"127.0.0.1:{forwarder.port}"], "dnssec": "validate",
                          "recursion": {"trust-anchor": f"{internet.folder}/root.key", "address": "127.0.0.1:5336"}},
                         namespace=internet.namespace)
    check(internet, daemon)


@pytest.fixture
def encrypted(internet):
    """A resolver within TLS that is not ours, and that validates nothing: unbound. `tls`, `https`, and the file that its certificate is in."""
    if not shutil.which("unbound"):
        pytest.skip("there is no unbound")
    folder = make_folder()
    certificate, key = make_certificate(folder, "far", "dns.example.net")
    tls, https = free_port(), free_port()
    (folder / "unbound.conf").write_text(f"""server:
  directory: "{folder}"
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  logfile: ""
  interface: 127.0.0.1@{tls}
  interface: 127.0.0.1@{https}
  tls-port: {tls}
  https-port: {https}
  tls-service-pem: "{certificate}"
  tls-service-key: "{key}"
  root-hints: "{internet.folder}/root.hints"
  module-config: "iterator"
""")
    process = subprocess.Popen(["ip", "netns", "exec", internet.namespace, "unbound", "-d", "-c", folder / "unbound.conf"], stderr=subprocess.DEVNULL)

    def listens():
        try:
            return Stream(tls)
        except ConnectionRefusedError:
            return None

    internet.run(wait_until, listens, "unbound listens")
    yield types.SimpleNamespace(tls=f"tls://127.0.0.1:{tls}", https=f"https://127.0.0.1:{https}/dns-query", ca=certificate)
    process.terminate()
    process.wait()
    shutil.rmtree(folder)


def test_an_encrypted_forwarder_is_validated(portafilter, internet, encrypted):
    """Validation knows whom to believe, and TLS whom to ask: both hold, also after a reload."""
    def of(server, **more):
        return {"upstreams": [{"server": server, **more}], "dnssec": "validate",
                "recursion": {"trust-anchor": f"{internet.folder}/root.key", "address": "127.0.0.1:5337"}}

    daemon = portafilter(of(f"{encrypted.tls}#dns.example.net", **{"ca-file": encrypted.ca, "client-subnet": "8.8.8.0/24"}), namespace=internet.namespace)
    check(internet, daemon)
    assert daemon.json("explain", "127.0.0.1", TABLE[0][0])["client_subnet"] is True
    behind, = daemon.status()["recursion"]["upstreams"]
    assert behind["protocol"] == "dot" and behind["answers"] > len(TABLE) and not behind["failures"] and behind["client_subnet"] == "8.8.8.0/24", behind
    labels = {"address": encrypted.tls, "zones": ".", "protocol": "dot"}
    assert metrics(daemon)["portafilter_upstream_connections_total", frozenset(labels.items())] >= 1
    assert f"{encrypted.tls}: " in daemon.cli("status")[1]
    for change, rdtype, answered in ((of(f"{encrypted.https}#dns.example.net", **{"ca-file": encrypted.ca}), "TXT", True),
                                     (of(encrypted.tls, **{"pin-sha256": base64.b64encode(bytes(32)).decode()}), "MX", False),
                                     (of(f"{encrypted.tls}#other.example.net", **{"ca-file": encrypted.ca}), "SRV", False)):
        daemon.write(**change)
        assert daemon.cli("reload")[0] == 0
        reply = inside(internet, daemon, "www.plain.example", rdtype)  # whose absence nothing proves that is known already
        assert reply.rcode() == (dns.rcode.NOERROR if answered else dns.rcode.SERVFAIL), reply
    assert "does not match" in daemon.log() and "`pin-sha256`" in daemon.log()


def test_checking_disabled_shows_what_is_bogus(portafilter, internet):
    daemon = portafilter(recursion(internet), namespace=internet.namespace)
    for cd in (True, False, True):
        reply = inside(internet, daemon, "www.expired.example", cd=cd)
        assert addresses(reply) == (["198.51.100.3"] if cd else []), cd
        assert not reply.flags & dns.flags.AD
    assert inside(internet, daemon, "www.secure.example", cd=True, do=True).flags & dns.flags.CD
    assert [row["dnssec"] for row in daemon.rows(4)] == ["indeterminate", "bogus", "indeterminate", "secure"]


def test_rules_and_what_is_bogus(portafilter, internet):
    """A rule on answers has nothing to say of what is bogus, and what it sinkholes is not called authentic."""
    daemon = portafilter({**recursion(internet), "rules": [{"name": "not there", "addresses": ["198.51.100.0/24"], "action": "sinkhole"}]},
                         namespace=internet.namespace)
    reply = inside(internet, daemon, "www.expired.example", do=True)
    assert reply.rcode() == dns.rcode.SERVFAIL and ede(reply)[0] == 7 and not reply.answer
    for more in ({"do": True}, {"cd": True}, {"do": True, "cd": True}):
        reply = inside(internet, daemon, "www.secure.example", **more)
        assert addresses(reply) == ["0.0.0.0"] and not reply.flags & dns.flags.AD and ede(reply)[0] == 15, more
    assert addresses(inside(internet, daemon, "www.expired.example", cd=True)) == ["0.0.0.0"]
    rows = daemon.rows(5)
    assert [(row["action"], row["dnssec"]) for row in rows[:2]] == [("allow", "bogus"), ("sinkhole", "secure")]


def test_zones_that_are_let_off_and_stubs(portafilter, internet):
    """A reload acts on the recursor too: what was bogus a moment ago is let through once its owner says so."""
    hosts = {"zones": ["nsec3.example"], "upstreams": ["10.53.0.3"]}
    daemon = portafilter(recursion(internet, stubs=[hosts]), namespace=internet.namespace)
    assert inside(internet, daemon, "www.wrongds.example").rcode() == dns.rcode.SERVFAIL
    assert addresses(inside(internet, daemon, "www.nsec3.example")) == ["198.51.100.2"]
    daemon.write(**recursion(internet, stubs=[hosts], **{"negative-trust-anchors": ["wrongds.example"]}))
    daemon.cli("reload")
    wait_until(lambda: addresses(inside(internet, daemon, "www.wrongds.example")) == ["198.51.100.5"], "it is let off")
    assert inside(internet, daemon, "www.expired.example").rcode() == dns.rcode.SERVFAIL


def test_its_end_costs_what_was_in_flight(portafilter, internet):
    daemon = portafilter(recursion(internet), namespace=internet.namespace)
    numbers = iter(range(1 << 30))

    def answered():
        return addresses(inside(internet, daemon, f"n{next(numbers)}.secure.example")) == ["198.51.100.9"]

    assert answered()
    for count in range(1, 4):
        child, = wait_until(lambda: children(daemon), "there is one that asks")
        os.kill(child, signal.SIGKILL)
        # whoever asks meanwhile waits, and is answered by the next one
        assert all(answered() for _ in range(20))
        wait_until(lambda: daemon.status()["recursion"]["restarts"] == count, "it is counted")
        assert children(daemon) != [child]
    assert len(re.findall("the recursor ended by signal 9", daemon.log())) == 3


def test_it_outlives_a_replacement_and_ends_with_the_daemon(portafilter, internet):
    daemon = portafilter(recursion(internet), namespace=internet.namespace)
    before = children(daemon)
    daemon.starts += 1
    daemon.signal(signal.SIGUSR2)
    wait_until(daemon.is_ready, "the next program is ready")
    assert children(daemon) == before
    assert addresses(inside(internet, daemon, "www.secure.example")) == ["198.51.100.1"]
    daemon.stop()
    wait_until(lambda: not os.path.exists(f"/proc/{before[0]}"), "the recursor is gone")


def test_what_needs_a_start_is_refused(portafilter, internet):
    """A reload can not begin a recursor behind a closed sandbox; a loopback address is demanded; it stands alone."""
    daemon = portafilter({"upstreams": ["127.0.0.1:1"]}, namespace=internet.namespace)
    daemon.write(upstreams=["recursive"], dnssec="off")
    code, out, err = daemon.cli("reload")
    assert code == 1 and "begun with the daemon" in out + err
    for change, words in (({"recursion": {"address": "10.53.0.1:5335"}}, "loopback"), ({"upstreams": ["recursive", "9.9.9.9"]}, "stands alone"),
                          ({"dnssec": "perhaps"}, "one of off, validate")):
        daemon.write(**{**recursion(internet), **change})
        code, out, err = daemon.cli("check")
        assert code == 1 and words in out + err, out + err

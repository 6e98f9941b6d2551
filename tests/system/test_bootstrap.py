"""Upstreams that are known by their names: who is asked where they are, and for how long that holds."""
import os
import signal

import pytest

from harness import Nsd, addresses, ask, free_port, wait_until
from test_tls import folder, make_certificate

NAME = "far.example"


@pytest.fixture
def bootstrap():
    servers = []

    def make(records):
        servers.append(Nsd(records))
        return servers[-1]

    yield make
    for server in servers:
        if server.process.poll() is None:
            server.stop()


@pytest.fixture
def far(portafilter, nsd, folder):
    """Makes daemons of ours that others ask, on one port of several addresses: `far(address, https=…)`."""
    certificate, key = make_certificate(folder, "far", NAME)
    port = free_port()

    def make(address, kind="tls"):
        daemon = portafilter({"listen": {kind: [f"{address}:{port}"], "certificate": {"file": certificate, "key": key}}, "upstreams": [nsd.upstream]})
        daemon.url = f"{kind}://{NAME}:{port}"
        return daemon

    make.ca = certificate
    return make


def test_found_by_name_and_kept(portafilter, far, bootstrap):
    """The bootstrap servers are asked, not this daemon; what they said holds when they are gone."""
    first, server = far("127.0.0.1"), bootstrap("far.example. 1 A 127.0.0.1\n")
    near = portafilter({"bootstrap": [server.upstream], "upstreams": [{"server": first.url, "ca-file": far.ca}]})
    assert addresses(ask(near.port, "us.test")) == ["6.6.6.6"]
    upstream, = near.status()["upstreams"]
    assert upstream["address"] == first.url and upstream["connections"] and not upstream["failures"], upstream
    assert [row["name"] for row in near.rows(1)] == ["us.test"]
    server.stop()
    names = iter(range(1 << 30))

    def is_told():
        assert ask(near.port, f"n{next(names)}.nowhere.test") is not None
        return "it is looked for where it was" in near.log()

    wait_until(is_told, "its time is over, and nobody can say where it is")
    first.stop()
    first.start()
    assert ask(near.port, "cn.test").answer


def test_followed_where_it_moves(portafilter, far, bootstrap):
    """An address that nobody answers at is no end: the next one is tried. Another one counts when the time of the old one is over."""
    server = bootstrap("far.example. 1 A 127.0.0.3\nfar.example. 1 A 127.0.0.1\n")
    first, second = far("127.0.0.1", "https"), far("127.0.0.2", "https")
    near = portafilter({"bootstrap": [server.upstream], "upstreams": [{"server": first.url, "ca-file": far.ca}]})
    assert addresses(ask(near.port, "us.test")) == ["6.6.6.6"]
    assert not second.status()["queries"]["received"]
    zone = server.folder / "root.zone"
    zone.write_text(zone.read_text().replace(" 1 3600", " 2 3600").replace("A 127.0.0.3", "A 127.0.0.2").replace("far.example. 1 A 127.0.0.1\n", ""))
    os.kill(server.process.pid, signal.SIGHUP)
    names = iter(range(1 << 30))
    wait_until(lambda: ask(near.port, f"n{next(names)}.nowhere.test") and second.status()["queries"]["received"], "the other one is asked")


def test_nobody_knows_it(portafilter, far, bootstrap):
    """The next upstream answers; with none the client is told at once rather than after all patience."""
    first, server = far("127.0.0.1"), bootstrap("other.test. A 6.6.6.6\n")
    near = portafilter({"bootstrap": [server.upstream], "upstreams": [{"server": first.url, "ca-file": far.ca}, server.upstream]})
    assert addresses(ask(near.port, "other.test")) == ["6.6.6.6"]
    wait_until(lambda: f"can not say where {NAME} is" in near.log(), "the log says so")

"""Upstreams that are asked within TLS: who they must be, connections, and those that misbehave."""
import pytest

from harness import addresses, ask
from test_tls import dot, folder, make_certificate, pin_of

NAME = "dns.example.net"


@pytest.fixture
def far(portafilter, nsd, folder):
    """A daemon of ours that others ask: `upstream` and `ca`."""
    certificate, key = make_certificate(folder, "far", NAME)
    daemon = dot(portafilter, nsd.upstream, certificate={"file": certificate, "key": key})
    daemon.ca = certificate
    daemon.upstream = f"tls://127.0.0.1:{daemon.tls}#{NAME}"
    return daemon


def test_an_upstream_over_tls(portafilter, far):
    near = portafilter({"upstreams": [{"server": far.upstream, "ca-file": far.ca}]})
    for name in ("us.test", "middle.test", "hops.test"):
        assert ask(near.port, name).answer, name
    upstream = near.status()["upstreams"][0]
    assert (upstream["protocol"], upstream["answers"], upstream["connections"], upstream["failures"]) == ("dot", 3, 1, 0), upstream

"""Upstreams that are asked over QUIC: who they must be, connections, and those that misbehave."""
import pytest

from harness import addresses, ask
from test_quic import CLIENT, doq
from test_tls import folder, make_certificate  # noqa: F401 (a fixture)

pytestmark = pytest.mark.skipif(not CLIENT.exists(), reason="built without DNS over QUIC")
NAME = "dns.example.net"


@pytest.fixture
def far(portafilter, nsd, folder):
    """A daemon of ours that others ask: `upstream` and `ca`."""
    daemon = doq(portafilter, nsd.upstream, certificate=dict(zip(("file", "key"), make_certificate(folder, "far", NAME))))
    daemon.ca = str(folder / "far.pem")
    daemon.upstream = f"quic://127.0.0.1:{daemon.quic}#{NAME}"
    return daemon


def test_asked_within_one_connection(portafilter, far):
    near = portafilter({"upstreams": [{"server": far.upstream, "ca-file": far.ca}]})
    for name in ("us.test", "middle.test", "hops.test"):
        assert ask(near.port, name).answer, name
    assert len(ask(near.port, "large.test", "TXT", tcp=True).answer[0]) == 20
    upstream = near.status()["upstreams"][0]
    assert (upstream["protocol"], upstream["answers"], upstream["connections"], upstream["failures"]) == ("doq", 4, 1, 0), upstream
    assert [row["protocol"] for row in far.rows(4)] == ["doq"] * 4

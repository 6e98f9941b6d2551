"""DNS over QUIC: real clients, identity, certificates, and those who do not keep to the rules."""

from harness import free_port
from test_tls import kdig, pin_of


def doq(portafilter, upstream, config=None, **listen):
    """A daemon that speaks DNS over QUIC on `daemon.quic`."""
    port = free_port()
    daemon = portafilter({"listen": {"quic": [f"127.0.0.1:{port}"], **listen}, "upstreams": [upstream], **(config or {})})
    daemon.quic = port
    return daemon


def test_a_real_client(portafilter, nsd):
    daemon = doq(portafilter, nsd.upstream, certificate={"names": ["dns.example.net"]})
    made = str(daemon.folder / "certificate.pem")
    told = kdig("@127.0.0.1", "-p", daemon.quic, f"+tls-pin={pin_of(daemon)}", "+quic", "+padding", "us.test")
    assert "6.6.6.6" in told and "PADDING" in told

"""No descriptor is left: what needs none goes on, and the rest comes back by itself."""
import socket

import dns.rcode
import pytest

from harness import WRAP, Stream, addresses, ask, question, wait_until


@pytest.mark.skipif(bool(WRAP), reason="valgrind needs descriptors of its own")
def test_no_descriptor_is_left(portafilter, nsd):
    daemon = portafilter({"upstreams": [nsd.upstream], "workers": 1,
                          "rules": [{"name": "r", "names": ["sunk.test"], "action": "sinkhole"}]}, ready=False)
    daemon.prefix += ["prlimit", "--nofile=64:64"]
    daemon.start()
    assert addresses(ask(daemon.port, "us.test"))
    streams = []
    try:
        for i in range(100):
            streams.append(Stream(daemon.port, source=f"127.0.0.{11 + i % 4}"))
        for stream in streams[:4]:
            stream.send(question("us.test").to_wire())
            assert stream.receive()
        # from the cache and by rule, over UDP; what would need a socket fails at once and says so
        for _ in range(20):
            assert addresses(ask(daemon.port, "us.test"))
            assert addresses(ask(daemon.port, "sunk.test")) == ["0.0.0.0"]
        # a socket may be left from before; a second one there is not
        replies = [ask(daemon.port, name).rcode() for name in ("cn.test", "mixed.test")]
        assert set(replies) <= {dns.rcode.SERVFAIL, dns.rcode.NOERROR}
    finally:
        for stream in streams:
            stream.sock.close()
    wait_until(lambda: ask(daemon.port, "cn.test").rcode() == dns.rcode.NOERROR, "upstreams are asked again")
    wait_until(lambda: ask(daemon.port, "us.test", tcp=True).rcode() == dns.rcode.NOERROR, "TCP is there again")
    assert daemon.status()["queries"]["in_flight"] == 0

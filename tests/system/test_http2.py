"""HTTP/2 as RFC 9113 and RFC 7541 have it, case by case (http2_cases.py). `make check-h2` asks unbound the same."""
import http2_cases
import pytest

from harness import PATIENCE_S, free_port


def test_each_case(portafilter):
    port = free_port()
    daemon = portafilter({"listen": {"https": [f"127.0.0.1:{port}"]}, "upstreams": ["127.0.0.1:1"],
                          "rules": [{"name": "sink", "names": [http2_cases.NAME], "action": "sinkhole"}]})
    if "not in this build" in daemon.log():
        pytest.skip("built without libnghttp2")
    wrong = http2_cases.run("127.0.0.1", port, PATIENCE_S)
    print(f"{len(http2_cases.CASES) - len(wrong)} of {len(http2_cases.CASES)}")
    assert not wrong

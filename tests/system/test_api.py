"""The HTTP API on the control socket."""
import json
import os
import socket
import stat

import pytest

from harness import ask


@pytest.fixture
def daemon(portafilter, upstream):
    started = portafilter({"upstreams": [upstream().upstream], "devices": [{"name": "tv", "ip": "127.0.0.12", "tags": ["tv"]}],
                           "rules": [{"name": "r", "names": ["x.test"], "action": "flag"}]})
    ask(started.port, "x.test", source="127.0.0.12")
    started.rows(1)
    return started


@pytest.mark.parametrize("path, key", [
    ("status", "queries"), ("devices", "devices"), ("devices?unknown=1", "devices"), ("queries", "queries"), ("endpoints", "endpoints"), ("events", "events"),
    ("lists", "lists"), ("rules", "rules"), ("explain?device=tv&name=x.test", "reason"), ("explain?device=tv&name=x.test&type=AAAA", "type"),
    ("queries?device=tv&name=x.test&action=flag&type=A&since=1h&limit=5", "last_row"), ("endpoints?device=tv&standing=unknown&limit=5", "endpoints"),
])
def test_paths(daemon, path, key):
    code, data, headers = daemon.api(f"/api/v1/{path}")
    assert code == 200 and key in data
    assert headers["Content-Type"].startswith("application/json")


@pytest.mark.parametrize("path, status", [
    ("/", 404), ("/api", 404), ("/api/v1", 404), ("/api/v1/nothing", 404), ("/api/v1/status/more", 404), ("/api/v1/../status", 404),
    ("/api/v1/queries?limit=x", 400), ("/api/v1/queries?limit=-1", 400), ("/api/v1/queries?limit=100001", 400), ("/api/v1/queries?since=yesterday", 400),
    ("/api/v1/queries?nonsense=1", 400), ("/api/v1/queries?action=blok", 400), ("/api/v1/queries?after=x", 400), ("/api/v1/endpoints?standing=abroad", 400),
    ("/api/v1/explain", 400), ("/api/v1/explain?device=tv", 400), ("/api/v1/explain?device=tv&name=" + "a" * 70, 400),
    ("/api/v1/explain?device=tv&name=x.test&type=NONSENSE", 400), ("/api/v1/explain?device=nobody&name=x.test", 404),
])
def test_errors_are_problems_in_words(daemon, path, status):
    code, data, headers = daemon.api(path)
    assert code == status, data
    assert headers["Content-Type"].startswith("application/problem+json")
    assert data["status"] == status and data["type"] == "about:blank" and data["title"] and len(data["detail"]) > 10


def test_methods(daemon):
    for path, method, allow in (("/api/v1/status", "POST", "GET"), ("/api/v1/reload", "GET", "POST"), ("/api/v1/lists", "DELETE", "GET")):
        code, data, headers = daemon.api(path, method)
        assert code == 405 and allow in headers["Allow"], (path, data)


def test_a_body_that_is_too_large(daemon):
    assert daemon.api("/api/v1/reload", "POST", body="x" * 70000)[0] == 413
    assert daemon.status()["snapshot"]["epoch"] == 1


def test_reload(daemon):
    code, data, _ = daemon.api("/api/v1/reload", "POST")
    assert code == 200 and data["epoch"] == 2 and data["warnings"] == []
    daemon.write(hoem=["US"], rulez=[])
    code, data, _ = daemon.api("/api/v1/reload", "POST")
    assert code == 422 and len(data["errors"]) >= 2 and all("portafilter.yaml:" in e for e in data["errors"])


def test_after_gives_what_is_new(daemon):
    last = daemon.api("/api/v1/queries")[1]["last_row"]
    assert daemon.api(f"/api/v1/queries?after={last}")[1] == {"queries": [], "last_row": last, "before": None}
    ask(daemon.port, "new.test", source="127.0.0.12")
    daemon.rows(2)
    data = daemon.api(f"/api/v1/queries?after={last}")[1]
    assert [q["name"] for q in data["queries"]] == ["new.test"] and data["last_row"] > last


def test_parameters_are_decoded_and_bound(daemon):
    assert daemon.api("/api/v1/queries?device=%74v")[1]["queries"]
    assert daemon.api("/api/v1/queries?device=tv'%20OR%20'1'='1")[1]["queries"] == []
    assert daemon.api("/api/v1/queries?name=x.test%27%3B%20DROP%20TABLE%20query%3B--")[1]["queries"] == []
    assert daemon.api("/api/v1/queries")[1]["queries"]


def test_the_socket_is_not_for_everybody(daemon):
    mode = os.stat(daemon.folder / "control.sock").st_mode
    assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o660


def test_garbage_and_half_requests_harm_nobody(daemon):
    socks = []
    for data in (b"\x00" * 4000, b"GET /api/v1/status", b"GET / HTTP/9.9\r\n\r\n", b"POST /api/v1/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999999999999999\r\n\r\n",
                 b"GET /api/v1/status HTTP/1.1\r\nHost: x\r\n" + b"X: " + b"y" * 100000):
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(str(daemon.folder / "control.sock"))
        try:
            sock.sendall(data)
        except OSError:
            pass
        socks.append(sock)
    assert daemon.api("/api/v1/status")[0] == 200
    assert ask(daemon.port, "x.test")
    for sock in socks:
        sock.close()


def test_a_second_daemon_does_not_take_the_socket(daemon, portafilter):
    other = portafilter(ready=False)
    other.write(listen={"control": str(daemon.folder / "control.sock")})
    with pytest.raises(AssertionError, match="has ended with 1"):
        other.start()
    other.process = None
    assert daemon.api("/api/v1/status")[1]["pid"] == daemon.process.pid


def test_a_stale_socket_is_replaced(portafilter, upstream):
    daemon = portafilter({"upstreams": [upstream().upstream]})
    daemon.kill()
    assert (daemon.folder / "control.sock").exists()
    daemon.expected = -9
    daemon.stop()
    daemon.expected = 0
    daemon.start()
    assert json.dumps(daemon.status())

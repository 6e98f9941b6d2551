"""Who is told of events: real servers, real programs, and a DNS that does not care how they are."""
import hashlib
import hmac
import json
import os
import socket
import threading
import time

import dns.name
import pytest

from conftest import CN
from harness import CONTROL, LOCATION, PATIENCE_S, addresses, answer, ask, make_folder, wait_until
from web import Authority, Web

pytestmark = pytest.mark.skipif(not all(p.exists() for p in LOCATION + CONTROL), reason="the location databases are not there")

GEO = {"location": LOCATION, "control": CONTROL, "max-age": "36500d"}
FLAG = [{"name": "calls", "tags": ["camera"], "standing": "overseas", "action": "flag"}]
CAMERA = [{"name": "porch camera", "ip": "127.0.0.11", "tags": ["camera"]}]


@pytest.fixture
def web():
    servers = []

    def make(handler, **more):
        servers.append(Web(handler, **more))
        return servers[-1]

    yield make
    for server in servers:
        server.stop()


@pytest.fixture
def house(portafilter, nsd):
    def make(*targets, **more):
        return portafilter({"upstreams": [nsd.upstream], "geo": GEO, "home": ["US"], "devices": CAMERA, "rules": FLAG, "notify": [{"on": "flagged"} | target for target in targets]} | more)

    return make


def told(daemon, target=0):
    return daemon.status()["notify"]["targets"][target]


def flag(daemon, name="cn.test"):
    assert ask(daemon.port, name, source="127.0.0.11") is not None


def test_a_signed_webhook(house, web):
    server = web(lambda request: request.reply(status=204))
    daemon = house()
    daemon.write(notify=[{"on": "flagged", "webhook": server.url("/hook"), "secret-file": daemon.write_file("key", "quite secret\n")}])
    assert daemon.cli("reload")[0] == 0
    flag(daemon)
    flag(daemon)
    wait_until(lambda: told(daemon)["delivered"] == 1, "it was told")
    flag(daemon, "hop.test")  # another name: by now the second cn.test would have been told too
    wait_until(lambda: told(daemon)["delivered"] == 2, "it was told")
    assert [json.loads(body)["name"] for body in server.bodies] == ["cn.test", "hop.test"], "the same is told once a day"
    path, headers = server.requests[0]
    assert path == "/hook" and headers["content-type"] == "application/json" and headers["x-portafilter-event"] == "flagged"
    assert headers["x-portafilter-signature"] == "sha256=" + hmac.new(b"quite secret", server.bodies[0], hashlib.sha256).hexdigest()
    event = json.loads(server.bodies[0])
    assert event["event"] == "flagged" and event["device"] == {"id": "name:porch camera", "name": "porch camera"}
    assert event["after"] == "overseas, high" and event["before"] is None and event["evidence"].startswith("114.114.114.114: ") and event["evidence"].endswith("answered, asked without client subnet")
    row = daemon.rows(1, "name = 'cn.test'")[0]
    assert event["text"] == f"porch camera: {row['reason']}" and event["time"] == row["time"]
    assert daemon.cli("status")[1].count("tells      webhook ") == 1


def test_https_by_name_and_authority(portafilter, web, upstream):
    """The host is looked up at the upstreams, never by the system."""
    authority = Authority("hooks.test")
    server = web(lambda request: request.reply(), address="127.0.0.3", certificate=authority)

    def handler(query, transport):
        name = query.question[0].name.to_text(omit_final_dot=True)
        if name == "hooks.test":
            return answer(query, "127.0.0.3") if query.question[0].rdtype == 1 else answer(query, soa=60)
        return answer(query, CN)

    daemon = portafilter({"upstreams": [upstream(handler).upstream], "geo": GEO, "home": ["US"], "devices": CAMERA, "rules": FLAG, "notify": [
        {"on": "flagged", "webhook": server.url("/x", host="hooks.test"), "ca-file": str(authority.ca)},
        {"on": "flagged", "webhook": server.url("/y", host="hooks.test")}]})
    flag(daemon)
    wait_until(lambda: told(daemon)["delivered"] == 1, "it was told")
    wait_until(lambda: told(daemon, 1)["last_error"], "the other does not trust this authority")
    assert [path for path, _ in server.requests] == ["/x"]
    authority.stop()


def test_what_fails_is_tried_again(house, web):
    answers = [503, 200]
    server = web(lambda request: request.reply(status=answers.pop(0)))
    daemon = house({"webhook": server.url()})
    flag(daemon)
    wait_until(lambda: told(daemon)["last_error"] == "the server says 503.", "the first attempt fails")
    wait_until(lambda: told(daemon)["delivered"] == 1, "the second is good")
    assert told(daemon)["last_error"] == "" and len(server.bodies) == 2 and server.bodies[0] == server.bodies[1]


def test_what_can_not_become_better_is_given_up(house, web):
    server = web(lambda request: request.reply(status=400))
    daemon = house({"webhook": server.url()})
    flag(daemon)
    wait_until(lambda: told(daemon)["failed"] == 1, "it is given up at once")
    daemon.wait_log("given up: the server says 400")
    assert server.count() == 1


def test_no_redirect_is_followed(house, web):
    elsewhere = web(lambda request: request.reply())
    server = web(lambda request: request.reply(status=307, headers={"Location": elsewhere.url()}))
    daemon = house({"webhook": server.url()})
    flag(daemon)
    wait_until(lambda: told(daemon)["failed"] == 1, "a redirect is a failure")
    assert elsewhere.count() == 0


def test_a_server_that_never_answers_holds_up_nobody(house, web):
    release = threading.Event()
    server = web(lambda request: release.wait(PATIENCE_S))
    daemon = house({"webhook": server.url()})
    try:
        flag(daemon)
        wait_until(lambda: server.count() == 1, "it was asked")
        slowest = 0
        for i in range(300):
            begin = time.monotonic()
            assert addresses(ask(daemon.port, "us.test", source="127.0.0.11")) == ["6.6.6.6"]
            slowest = max(slowest, time.monotonic() - begin)
        assert slowest < 1
        for i in range(100):  # more than its queue holds
            flag(daemon, f"{i}.many.test")
        assert daemon.status()["journal"]["dropped"] == 0
    finally:
        release.set()
    daemon.signal(15)
    wait_until(lambda: daemon.process.poll() is not None, "and it ends at once")


def test_ntfy(house, web):
    server = web(lambda request: request.reply("{}"))
    daemon = house()
    daemon.write(notify=[{"on": "flagged", "ntfy": server.url("/topic"), "secret-file": daemon.write_file("token", "tk_123")}])
    assert daemon.cli("reload")[0] == 0
    flag(daemon)
    wait_until(lambda: told(daemon)["delivered"] == 1, "it was told")
    path, headers = server.requests[0]
    assert path == "/topic" and headers["title"] == "portafilter: flagged" and headers["authorization"] == "Bearer tk_123"
    assert server.bodies[0].decode().startswith("porch camera: flagged by rule 1")


def test_a_command_sees_no_shell(house, upstream):
    folder = make_folder()
    script = folder / "tell"
    script.write_text(f"#!/bin/sh\ncat >{folder}/in.new\nprintf '%s\\n' \"$PORTAFILTER_NAME\" \"$PORTAFILTER_EVENT\" \"$1\" \"$2\" >{folder}/words\n"
                      f"mv {folder}/in.new {folder}/in\n")
    script.chmod(0o755)
    abroad = upstream(lambda query, transport: answer(query, CN))
    daemon = house({"command": [str(script), f"$(touch {folder}/pwned)", "a; b"]}, upstreams=[abroad.upstream])
    # all that a shell would like
    label = f"$(touch {folder}/pwned);`id`|&\n'\"".encode()
    flag(daemon, dns.name.Name([label, b"test", b""]))
    wait_until(lambda: told(daemon)["delivered"] == 1, "it was told")
    event = json.loads((folder / "in").read_text())
    assert dns.name.from_text(event["name"]).labels[0] == label, "escaped as RFC 1035 says, and nothing lost"
    assert (folder / "words").read_text() == f"{event['name']}\nflagged\n$(touch {folder}/pwned)\na; b\n"
    assert not (folder / "pwned").exists()


def test_a_command_that_fails(house):
    daemon = house({"command": "/bin/false"}, {"command": "/nowhere/at/all"})
    flag(daemon)
    wait_until(lambda: told(daemon)["last_error"] == "the command ended with 1.", "the first one ends badly")
    wait_until(lambda: "no such file" in told(daemon, 1)["last_error"], "the second can not be started")


def test_syslog(house):
    folder = make_folder()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(f"{folder}/log")
        os.chmod(f"{folder}/log", 0o666)
        sock.settimeout(PATIENCE_S)
        daemon = house({"syslog": f"{folder}/log"})
        flag(daemon)
        line = sock.recv(4096).decode()
    assert line.startswith("<29>1 20") and f" - portafilterd {daemon.process.pid} flagged - porch camera: flagged by rule 1" in line
    assert "\n" not in line


def test_only_what_is_asked_for(house, web):
    every, some = web(lambda request: request.reply()), web(lambda request: request.reply())
    daemon = house({"webhook": some.url(), "on": ["new-device", "silent-device"]}, {"webhook": every.url(), "on": "flagged"})
    flag(daemon)
    wait_until(lambda: told(daemon, 1)["delivered"] == 1, "it was told")
    assert all(json.loads(body)["event"] != "flagged" for body in some.bodies)


def test_a_secret_that_can_not_be_read(house):
    daemon = house()
    secret = daemon.write_file("key", "")
    daemon.write(notify=[{"webhook": "https://127.0.0.1:1/", "secret-file": secret}])
    assert daemon.cli("reload")[0] == 0
    daemon.wait_log("Nobody is told of events by webhook https://127.0.0.1:1/: the secret .* is empty")
    assert daemon.status()["notify"]["targets"] == []


@pytest.mark.parametrize("entry, error", [
    ({}, "one of the keys `webhook`, `ntfy`, `command` and `syslog`"),
    ({"webhook": "https://a.test/", "ntfy": "https://b.test/"}, "there is more than one"),
    ({"webhook": "ftp://a.test/"}, "begins with https:// or http://"),
    ({"command": "notify-me"}, "whole path of a program"),
    ({"command": []}, "command"),
    ({"syslog": "/dev/log", "secret-file": "/dev/null"}, "are for `webhook` and `ntfy`"),
    ({"webhook": "https://a.test/", "on": ["new-devise"]}, "new-device"),
    ({"webhok": "https://a.test/"}, "did you mean `webhook`"),
    ({"webhook": "https://a.test/", "secret-file": "/nowhere"}, "/nowhere"),
])
def test_config_errors(portafilter, entry, error):
    daemon = portafilter({"notify": [entry]}, ready=False)
    code, out, err = daemon.cli("check")
    assert code == 1 and error in out + err, out + err
    assert "portafilter.yaml:" in out + err

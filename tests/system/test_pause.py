"""Pauses: for a while nothing is sinkholed; they end by themselves and outlive the daemon."""
import time

import dns.rcode
import pytest

from harness import addresses, wait_until

COFFEE, TV = "127.0.0.11", "127.0.0.12"
DEVICES = [{"name": "lobby coffee", "ip": COFFEE, "tags": ["coffee"]}, {"name": "lounge tv", "ip": TV, "tags": ["tv"]}]
RULES = [
    {"name": "watched", "names": "watched.test", "action": "flag"},
    {"name": "sunk", "names": ["sunk.test", "watched.test"], "action": "sinkhole", "reply": "nxdomain"},
]
PASSED = "192.0.2.1"


def config(server, **more):
    return {"upstreams": [server.upstream], "devices": DEVICES, "rules": RULES, **more}


def sunk(daemon, source=TV):
    return daemon.ask("sunk.test", source=source).rcode() == dns.rcode.NXDOMAIN


def test_a_pause_lets_pass_and_says_so(portafilter, upstream):
    daemon = portafilter(config(upstream()))
    assert sunk(daemon)
    code, out, _ = daemon.cli("pause", "10m")
    assert code == 0 and "all devices" in out and "left" in out
    reply = daemon.ask("sunk.test", source=TV)
    assert addresses(reply) == [PASSED]
    assert daemon.ask("watched.test", source=TV).rcode() == dns.rcode.NOERROR

    rows = daemon.rows(3)
    assert [(row["name"], row["action"], row["rule"]) for row in rows] == \
        [("sunk.test", "sinkhole", "sunk"), ("sunk.test", "allow", "sunk"), ("watched.test", "flag", "watched")]
    sentence = 'paused, would have been sinkholed by rule 2 "sunk": sunk.test matches sunk.test'
    assert rows[1]["reason"] == sentence
    told = daemon.json("explain", "lounge tv", "sunk.test")
    assert told["reason"] == sentence and told["action"] == "allow" and told["rcode"] == "NOERROR"
    assert [rule["result"] for rule in told["rules"]] == ["no match", "matches"]

    pauses = daemon.status()["pauses"]
    assert [pause["tag"] for pause in pauses] == ["all"] and 590 < pauses[0]["left_s"] <= 600
    assert "paused     all devices until" in daemon.cli("status")[1]
    assert daemon.json("pause", "off") == {"pauses": [], "stored": True}
    assert sunk(daemon) and daemon.status()["pauses"] == []
    assert "Nothing is paused" in daemon.cli("pause", "off")[1]


def test_only_devices_with_the_tag(portafilter, upstream):
    daemon = portafilter(config(upstream()))
    daemon.json("pause", "1h", "--tag", "coffee")
    assert not sunk(daemon, COFFEE) and sunk(daemon, TV)
    daemon.json("pause", "1h", "--tag", "tv")
    assert not sunk(daemon, COFFEE) and not sunk(daemon, TV)
    daemon.json("pause", "off", "--tag", "coffee")
    assert sunk(daemon, COFFEE) and not sunk(daemon, TV)
    # another snapshot numbers its tags anew
    devices = [{"name": "camera", "ip": "127.0.0.13", "tags": ["camera"]}] + DEVICES
    daemon.write(devices=devices)
    daemon.json("reload")
    assert sunk(daemon, COFFEE) and sunk(daemon, "127.0.0.13") and not sunk(daemon, TV)


def test_it_ends_by_itself(portafilter, upstream):
    daemon = portafilter(config(upstream()))
    began = time.monotonic()
    daemon.json("pause", "1500ms")
    assert not sunk(daemon)
    wait_until(lambda: sunk(daemon), "the pause is over")
    assert time.monotonic() - began >= 1.5
    assert daemon.status()["pauses"] == []


def test_it_outlives_a_restart(portafilter, upstream):
    daemon = portafilter(config(upstream()))
    daemon.json("pause", "1h", "--tag", "tv")
    daemon.stop()
    daemon.start()
    assert not sunk(daemon, TV) and sunk(daemon, COFFEE)
    assert 3500 < daemon.status()["pauses"][0]["left_s"] <= 3600
    assert "still paused until" in daemon.log()
    daemon.kill()  # and a kill
    daemon.start()
    assert not sunk(daemon, TV)
    daemon.json("pause", "off", "--tag", "tv")
    daemon.stop()
    daemon.start()
    assert sunk(daemon, TV)


@pytest.mark.parametrize("content", [b"", b"\0" * 100, b"portafilter pauses 1\nall 99999999999999999\nend\n",
                                     b"portafilter pauses 1\nall", b"\xff" * 70000],
                         ids=["empty", "zeroes", "later", "cut", "large"])
def test_a_damaged_file_pauses_nothing(portafilter, upstream, content):
    daemon = portafilter(config(upstream()), ready=False)
    daemon.write_file("pauses", content)
    daemon.start()
    assert sunk(daemon) and "damaged" in daemon.log()
    daemon.json("pause", "1h")
    daemon.stop()
    daemon.start()
    assert not sunk(daemon)


def test_what_can_not_be(portafilter, upstream):
    daemon = portafilter(config(upstream()))
    for arguments, words in ((("10",), "is no duration"), (("8d",), "too long"), (("soon",), "is no duration"),
                             (("1h", "--tag", "cofee"), 'No device has the tag "cofee"')):
        code, _, err = daemon.cli("pause", *arguments)
        assert code == 1 and words in err, (arguments, err)
    assert daemon.cli("pause")[0] == 2
    assert daemon.api("/api/v1/pause")[0] == 405
    assert daemon.api("/api/v1/pause", "POST")[0] == 400
    assert daemon.status()["pauses"] == [] and sunk(daemon)


def test_where_nothing_can_be_written(portafilter, upstream):
    """It acts all the same, and says that a restart will forget it."""
    daemon = portafilter(config(upstream(), state="/proc/nothing"))
    code, _, err = daemon.cli("pause", "1h")
    assert code == 0 and "a restart of the daemon forgets it" in err
    assert not sunk(daemon)
    assert "can not be written to /proc/nothing" in daemon.log()

"""Who asks: by address, by CIDR, by nothing at all. (By MAC: test_namespace.py.)"""
import dns.rcode

from harness import ask

DEVICES = [
    {"name": "lobby coffee", "ip": "127.0.0.11", "tags": ["coffee"]},
    {"name": "camera net", "ip": ["127.0.40.0/24", "127.0.41.0/24"], "tags": ["camera"]},
    {"name": "yard camera", "ip": "127.0.40.7", "tags": ["camera", "yard"]},
    {"name": "half the net", "ip": "127.0.40.128/25"},
]


def asked_by(daemon, source):
    assert ask(daemon.port, "a.test", source=source)
    return daemon.rows(1, "client = ?", source)[-1]["device"]


def test_addresses_and_networks_the_longest_wins(portafilter, upstream):
    daemon = portafilter({"upstreams": [upstream().upstream], "devices": DEVICES})
    for source, device in (("127.0.0.11", "lobby coffee"), ("127.0.40.1", "camera net"), ("127.0.41.9", "camera net"),
                           ("127.0.40.7", "yard camera"), ("127.0.40.200", "half the net")):
        assert asked_by(daemon, source) == device, source


def test_the_unknown_get_a_stable_id(portafilter, upstream):
    daemon = portafilter({"upstreams": [upstream().upstream], "devices": DEVICES})
    for _ in range(2):
        ask(daemon.port, "a.test", source="127.0.0.99")
    ask(daemon.port, "a.test", source="127.0.0.98")
    daemon.rows(3)
    unknown = daemon.json("devices", "--unknown")["devices"]
    found = {d["id"]: d for d in unknown}
    assert {"ip:127.0.0.98", "ip:127.0.0.99"} <= set(found)
    assert found["ip:127.0.0.99"]["queries"] == 2 and not found["ip:127.0.0.99"]["known"]
    assert "unknown" in found["ip:127.0.0.99"]["tags"]
    assert "lobby coffee" not in [d["name"] for d in unknown]


def test_tags_decide_and_unknown_is_one(portafilter, upstream):
    daemon = portafilter({
        "upstreams": [upstream().upstream], "devices": DEVICES,
        "rules": [{"name": "strangers", "tags": ["unknown"], "action": "sinkhole", "reply": "refused"},
                  {"name": "yards", "tags": ["yard", "coffee"], "action": "sinkhole", "reply": "nxdomain"}]})

    for source, rcode in (("127.0.0.99", dns.rcode.REFUSED), ("127.0.40.7", dns.rcode.NXDOMAIN), ("127.0.0.11", dns.rcode.NXDOMAIN),
                          ("127.0.40.1", dns.rcode.NOERROR)):
        assert ask(daemon.port, "a.test", source=source).rcode() == rcode, source


def test_devices_as_people_see_them(portafilter, upstream):
    daemon = portafilter({"upstreams": [upstream().upstream], "devices": DEVICES})
    ask(daemon.port, "a.test", source="127.0.0.11")
    daemon.rows(1)
    rows = {d["name"]: d for d in daemon.json("devices")["devices"]}
    assert set(rows) >= {d["name"] for d in DEVICES}
    coffee = rows["lobby coffee"]
    assert coffee["id"] == "name:lobby coffee" and coffee["known"] and set(coffee["tags"]) == {"all", "coffee"}
    assert coffee["queries"] == 1 and coffee["first"] == coffee["last"] and coffee["mac"] is None
    assert rows["camera net"]["queries"] == 0 and rows["camera net"]["first"] is None
    code, text, _ = daemon.cli("devices")
    assert code == 0 and "lobby coffee" in text and "yard camera" in text

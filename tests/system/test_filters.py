"""Filters of `log`, `endpoints` and the API: the same rows whoever is asked, with the daemon and without it."""
import json

from harness import LOCATION, answer, ask, small_control

ADDRESSES = {"a.vendor.test": "114.114.114.114", "b.vendor.test": "9.9.9.9", "c.other.test": "9.9.9.9", "d.cold.test": "6.6.6.6", "sunk.test": "6.6.6.6"}
ALL, COFFEE, LED = set(ADDRESSES), {"a.vendor.test", "c.other.test", "d.cold.test", "sunk.test"}, set(ADDRESSES) - {"sunk.test"}

# Of a name that a rule on names sinkholed nobody was asked, so that it has no endpoint.
FILTERS = [
    ({"location": "CN"}, {"a.vendor.test"}), ({"country": "CN"}, {"a.vendor.test"}), ({"control": "CN"}, {"a.vendor.test"}), ({"asn": "AS19281"}, {"b.vendor.test", "c.other.test"}),
    ({"domain": "vendor.test"}, {"a.vendor.test", "b.vendor.test"}), ({"domain": "vendor.test", "asn": "19281"}, {"b.vendor.test"}),
    ({"device": "tv"}, {"b.vendor.test"}), ({"tag": "coffee"}, COFFEE), ({"tag": "coffee", "device": "lobby coffee"}, COFFEE), ({"tag": "coffee", "device": "tv"}, set()),
    ({"name": "b.vendor.test"}, {"b.vendor.test"}), ({"name": "*.vendor.test"}, {"a.vendor.test", "b.vendor.test"}), ({"name": "?.*.test", "location": "CN"}, {"a.vendor.test"}),
    ({"standing": "overseas"}, {"a.vendor.test"}), ({"standing": "home"}, {"d.cold.test"}), ({"standing": "indeterminate"}, {"b.vendor.test", "c.other.test"}),
    ({"action": "allow"}, {"b.vendor.test", "d.cold.test"}), ({"action": "flag"}, {"c.other.test"}), ({"action": "sinkhole"}, {"a.vendor.test", "sunk.test"}),
    ({"rule": "watch"}, {"c.other.test"}), ({"rule": "stay home"}, {"a.vendor.test"}), ({"rule": "sunk"}, {"sunk.test"}), ({"rule": "nobody's"}, set()),
    ({"type": "A"}, ALL), ({"type": "AAAA"}, set()), ({"location": "DE"}, set()), ({"rule": "watch", "action": "flag", "tag": "coffee", "asn": "19281"}, {"c.other.test"}),
    ({"until": "2020-01-01"}, set()), ({"until": "2100-01-01"}, ALL), ({"since": "1h"}, ALL), ({"since": "2100-01-01"}, set())]


def start(portafilter, upstream):
    daemon = portafilter({
        "upstreams": [upstream(lambda q, t: answer(q, ADDRESSES[q.question[0].name.to_text(True)])).upstream], "home": ["US"],
        "geo": {"location": [str(p) for p in LOCATION], "control": [small_control()], "max-age": "36500d"},
        "devices": [{"name": "lobby coffee", "ip": "127.0.0.11", "tags": ["coffee"]}, {"name": "tv", "ip": "127.0.0.12", "tags": ["screen"]}],
        "rules": [{"name": "watch", "names": ["c.other.test"], "action": "flag"}, {"name": "sunk", "names": ["sunk.test"], "action": "sinkhole"},
                  {"name": "stay home", "standing": "overseas", "action": "sinkhole"}]})
    for name in ADDRESSES:
        ask(daemon.port, name, source="127.0.0.12" if name.startswith("b") else "127.0.0.11")
    daemon.rows(len(ADDRESSES))
    return daemon


def found(document, verb):
    """The names of an answer, and how many queries it says that they were (endpoints do not count these)."""
    if verb == "report":
        return {name["name"] for owner in document["owners"] for name in owner["names"]}, document["totals"].get("queries", 0)
    rows = document["queries" if verb == "log" else verb]
    return {row["name"] for row in rows}, len(rows)


def asked(daemon, verb, filters):
    code, out, err = daemon.cli(verb, "--json", *[word for key, value in filters.items() for word in (f"--{key}", value)])
    assert code == 0, (verb, filters, err)
    return found(json.loads(out), verb)


def test_filters_say_the_same_everywhere(portafilter, upstream):
    daemon = start(portafilter, upstream)
    expectations = [(verb, filters, names & LED if verb == "endpoints" else names) for filters, names in FILTERS for verb in ("log", "endpoints", "report")]
    for verb, filters, names in expectations:
        query = "&".join(f"{key}={value.replace(' ', '%20')}" for key, value in filters.items())
        code, data, _ = daemon.api(f"/api/v1/{'queries' if verb == 'log' else verb}?{query}")
        assert code == 200 and found(data, verb) == (names, len(names)), (verb, filters, data)
    # The command takes them all at once; what each does alone is the same code.
    together = {"device": "lobby coffee", "tag": "coffee", "name": "c.*", "domain": "other.test", "country": "US", "location": "US", "control": "US", "asn": "AS19281",
                "standing": "indeterminate", "action": "flag", "rule": "watch", "type": "A", "since": "1h", "until": "2100-01-01"}
    for verb in ("log", "endpoints", "report"):
        assert asked(daemon, verb, together) == ({"c.other.test"}, 1), verb
    daemon.stop()
    for filters in (together, {"tag": "coffee", "rule": "watch"}):
        for verb in ("log", "endpoints", "report"):
            assert asked(daemon, verb, filters) == ({"c.other.test"}, 1), (verb, filters)


BAD = [
    ("country=china", 400, 2, "no country"), ("asn=12x", 400, 2, "no network"), ("asn=0", 400, 2, "no network"), ("tag=nobody", 404, 1, "No device has the tag"),
    ("domain=co.uk", 400, 1, "public suffix"), ("domain=a.vendor.test", 400, 1, "vendor.test")]


def test_filters_that_can_not_be(portafilter, upstream):
    daemon = portafilter({"upstreams": [upstream().upstream]})
    for text, http, code, sentence in BAD:
        answered, data, _ = daemon.api(f"/api/v1/queries?{text}")
        assert answered == http and sentence in data["detail"], text
        said, _, err = daemon.cli("endpoints", f"--{text}")
        assert said == code and sentence in err, text

"""Filters of `log`, `endpoints` and the API: the same rows whoever is asked, with the daemon and without it."""
import json

from harness import LOCATION, answer, ask, small_control

ADDRESSES = {"a.vendor.test": "114.114.114.114", "b.vendor.test": "9.9.9.9", "c.other.test": "9.9.9.9"}

FILTERS = [
    ({"location": "CN"}, {"a.vendor.test"}), ({"country": "CN"}, {"a.vendor.test"}), ({"asn": "AS19281"}, {"b.vendor.test", "c.other.test"}),
    ({"domain": "vendor.test"}, {"a.vendor.test", "b.vendor.test"}), ({"domain": "vendor.test", "asn": "19281"}, {"b.vendor.test"}),
    ({"tag": "coffee"}, {"a.vendor.test", "c.other.test"}), ({"tag": "coffee", "device": "lobby coffee"}, {"a.vendor.test", "c.other.test"}),
    ({"tag": "coffee", "device": "tv"}, set()), ({"name": "*.test", "location": "CN"}, {"a.vendor.test"}), ({"location": "DE"}, set()),
    ({"until": "2020-01-01"}, set()), ({"until": "2100-01-01"}, set(ADDRESSES))]


def start(portafilter, upstream):
    daemon = portafilter({
        "upstreams": [upstream(lambda q, t: answer(q, ADDRESSES[q.question[0].name.to_text(True)])).upstream], "home": ["US"],
        "geo": {"location": [str(LOCATION[0])], "control": [small_control()]},
        "devices": [{"name": "lobby coffee", "ip": "127.0.0.11", "tags": ["coffee"]}, {"name": "tv", "ip": "127.0.0.12", "tags": ["screen"]}],
        "rules": [{"name": "watch", "names": ["c.other.test"], "action": "flag"}]})
    for name in ADDRESSES:
        ask(daemon.port, name, source="127.0.0.12" if name.startswith("b") else "127.0.0.11")
    daemon.rows(3)
    return daemon


def names(daemon, verb, filters):
    code, out, err = daemon.cli(verb, "--json", *[word for key, value in filters.items() for word in (f"--{key}", value)])
    assert code == 0, err
    return {row["name"] for row in json.loads(out)["queries" if verb == "log" else "endpoints"]}


def test_filters_say_the_same_everywhere(portafilter, upstream):
    daemon = start(portafilter, upstream)
    for filters, expected in FILTERS:
        query = "&".join(f"{key}={value.replace(' ', '%20')}" for key, value in filters.items())
        for path, verb in (("queries", "log"), ("endpoints", "endpoints")):
            code, data, _ = daemon.api(f"/api/v1/{path}?{query}")
            assert code == 200 and {row["name"] for row in data[path]} == expected, (filters, path, data)
        assert names(daemon, "log", filters) == expected, filters
    assert names(daemon, "log", {"rule": "watch"}) == {"c.other.test"}
    daemon.stop()
    for filters, expected in FILTERS:
        assert names(daemon, "endpoints", filters) == expected, filters


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

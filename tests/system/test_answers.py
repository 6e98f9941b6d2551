"""What the API answers: in pages, in each format, known again by its ETag; where addresses stand; what people call a device."""
import json
from urllib.parse import quote

import pytest

from conftest import CN
from harness import Daemon, UnixConnection, Upstream, answer, ask

NAMES = [f"n{i}.test" for i in range(7)]


@pytest.fixture(scope="module")
def house(geo):
    upstream = Upstream(lambda query, _: answer(query, CN))
    daemon = Daemon({"upstreams": [upstream.upstream], "home": ["US"], "geo": geo, "devices": [{"name": "tv", "ip": "127.0.0.12", "tags": ["tv"]}],
                     "rules": [{"name": "r", "names": ["n3.test"], "action": "flag"}]})
    for name in NAMES:
        assert ask(daemon.port, name, source="127.0.0.12")
    assert ask(daemon.port, "n0.test", source="127.0.0.13") and ask(daemon.port, "n0.test", source="127.0.0.14")
    daemon.rows(len(NAMES) + 2)
    yield daemon
    daemon.clean()
    upstream.stop()


def get(daemon, path, **headers):
    """(status, text, headers)"""
    connection = UnixConnection(str(daemon.folder / "control.sock"))
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        return response.status, response.read().decode(), response.headers
    finally:
        connection.close()


def test_pages_go_back_to_the_beginning(house):
    """Each row once, whatever the size of a page; the last page says that it is the last."""
    for what, key, size in (("queries", "row", 2), ("queries", "row", 9), ("endpoints", "name", 3), ("endpoints", "name", 1)):
        whole = json.loads(get(house, f"/api/v1/{what}?limit=1000")[1])
        assert whole["before"] is None and len(whole[what]) >= len(NAMES)
        seen, cursor, pages = [], "", 0
        while True:
            status, text, _ = get(house, f"/api/v1/{what}?limit={size}" + (f"&before={cursor}" if cursor else ""))
            page = json.loads(text)
            assert status == 200 and len(page[what]) <= size, text
            seen = page[what] + seen if what == "queries" else seen + page[what]
            cursor, pages = page["before"], pages + 1
            if cursor is None:
                break
        assert sorted(map(json.dumps, seen)) == sorted(map(json.dumps, whole[what])) and pages >= len(seen) // size
        assert what != "queries" or seen == whole[what], "the oldest first"
    assert json.loads(get(house, "/api/v1/queries?before=1")[1])["queries"] == []
    filtered = json.loads(get(house, "/api/v1/queries?limit=1&device=tv&action=allow&before=5")[1])
    assert [row["name"] for row in filtered["queries"]] == ["n2.test"]
    for bad in ("x", "-1", "0", "1-", "1-x", "99999999999999999999", "9223372036854775807-1"):
        assert get(house, f"/api/v1/queries?before={bad}")[0] == 400, bad


def test_devices_in_pages(house):
    whole = [row["id"] for row in json.loads(get(house, "/api/v1/devices")[1])["devices"]]
    seen, after = [], None
    while True:
        page = json.loads(get(house, "/api/v1/devices?limit=1" + (f"&after={quote(after)}" if after else ""))[1])
        seen += [row["id"] for row in page["devices"]]
        after = page["after"]
        if after is None:
            break
    assert seen == sorted(whole) and len(seen) >= 3
    for bad in ("limit=0", "limit=x", "limit=1000000"):
        assert get(house, f"/api/v1/devices?{bad}")[0] == 400


@pytest.mark.parametrize("what,name,kind,sign", [
    ("queries", "csv", "text/csv", "n3.test"), ("queries", "jsonl", "application/jsonl", '"n3.test"'), ("queries", "zeek", "text/tab-separated-values", "#fields"),
    ("endpoints", "csv", "text/csv", "n3.test"), ("endpoints", "jsonl", "application/jsonl", '"n3.test"'), ("endpoints", "cof", "application/x-ndjson", '"rrname"'),
    ("endpoints", "dot", "text/vnd.graphviz", "digraph"), ("endpoints", "geojson", "application/geo+json", "FeatureCollection"),
    ("endpoints", "mud", "application/mud+json", "ietf-mud:mud")])
def test_every_format_of_the_command(house, what, name, kind, sign):
    device = "&device=tv"
    by_name, by_type = get(house, f"/api/v1/{what}?format={name}{device}"), get(house, f"/api/v1/{what}?limit=100000{device}", Accept=kind)
    for status, text, headers in (by_name, by_type):
        assert status == 200 and headers["Content-Type"].startswith(kind) and sign in text, text
    if name not in ("cof", "mud", "dot"):  # these say when they were made
        code, out, _ = house.cli("log" if what == "queries" else what, "--device", "tv", "--format", name)
        assert code == 0 and out.replace("\r\n", "\n") == by_name[1].replace("\r\n", "\n")


def test_a_format_that_is_not_there(house):
    assert "json, csv, jsonl, zeek" in get(house, "/api/v1/queries?format=cof")[1]
    assert get(house, "/api/v1/endpoints?format=table")[0] == 400
    assert get(house, "/api/v1/endpoints?format=mud")[0] == 400, "of one device only"
    assert get(house, "/api/v1/queries?format=json")[2]["Content-Type"] == "application/json"


def test_what_has_not_changed_is_not_sent_again(house):
    for path in ("/api/v1/openapi.json", "/api/v1/lists", "/api/v1/rules", "/api/v1/queries?limit=3", "/api/v1/endpoints?device=tv", "/api/v1/geo?address=9.9.9.9",
                 "/api/v1/queries?format=csv"):
        status, text, headers = get(house, path)
        etag = headers["ETag"]
        assert status == 200 and etag, path
        for known in (etag, f'W/{etag}, "x"', f'"x" , {etag}', "*"):
            again = get(house, path, **{"If-None-Match": known})
            assert again[0] == 304 and again[1] == "" and again[2]["ETag"] == etag, (path, known)
        for other in ('"x"', etag[:-1], etag[1:], etag.replace('"', "")):
            assert get(house, path, **{"If-None-Match": other})[:2] == (200, text), (path, other)
    before = get(house, "/api/v1/rules")[2]["ETag"]
    assert ask(house.port, "n3.test", source="127.0.0.12")
    house.rows(len(NAMES) + 3)
    assert get(house, "/api/v1/rules", **{"If-None-Match": before})[0] == 200, "a rule has fitted once more"
    assert "ETag" not in house.api("/api/v1/pause?for=off", "POST")[2]


def test_where_an_address_stands(house):
    wanted = ["120.92.123.219", "192.168.1.1", "2a00:1450:4001:80b::200e"]
    told = json.loads(get(house, "/api/v1/geo?address=" + ",".join(wanted))[1])
    assert told == house.json("geo", *wanted) and [row["address"] for row in told["addresses"]] == wanted
    assert told["addresses"][0]["standing"] == "overseas" and told["addresses"][1]["special"] is True
    for bad in ("", "?address=", "?address=x", "?address=1.2.3.4,,", "?address=1.2.3.4.5", "?address=" + "1" * 5000, "?address=" + ",".join(["1.1.1.1"] * 257)):
        assert get(house, "/api/v1/geo" + bad)[0] in (400, 414), bad[:40]


def test_people_name_devices(house):
    def name(device, to):
        return house.api(f"/api/v1/name?device={quote(device)}&name={quote(to)}", "POST")[:2]

    def told(device):
        return next(row for row in json.loads(get(house, "/api/v1/devices")[1])["devices"] if row["id"] == device)

    assert "unknown" in told("ip:127.0.0.13")["tags"]
    code, row = name("127.0.0.13", "the thing in the hall")
    assert code == 200 and row["name"] == "the thing in the hall" and row["known"] and row["named_by"] == "person"
    assert "unknown" not in row["tags"]
    assert ask(house.port, "new.test", source="127.0.0.13")
    assert house.json("explain", "the thing in the hall", "new.test")["device"]["id"] == "ip:127.0.0.13"
    assert house.cli("name", "127.0.0.14", "Toaster")[:2] == (0, "ip:127.0.0.14 is called Toaster.\n")
    for device, to, status in (("127.0.0.14", "tv", 409), ("127.0.0.14", "TV", 409), ("tv", "telly", 409), ("127.0.0.14", "10.0.0.1", 400), ("nobody", "x", 404),
                               ("127.0.0.14", "64:bc:0c:80:7e:1f", 400), ("127.0.0.14", "a\nb", 400), ("127.0.0.14", " x", 400), ("127.0.0.14", "x" * 64, 400),
                               ("127.0.0.14", "mac:x", 400)):
        code, problem = name(device, to)
        assert code == status and len(problem["detail"]) > 10, (device, to, problem)
    assert house.cli("reload")[0] == 0
    assert told("ip:127.0.0.13")["name"] == "the thing in the hall" and told("ip:127.0.0.14")["name"] == "Toaster"
    house.stop()
    house.start()
    assert told("ip:127.0.0.13")["name"] == "the thing in the hall"
    # the configuration wins, and without a name it is what it was
    assert name("the thing in the hall", "")[1]["name"] == "127.0.0.13" and "unknown" in told("ip:127.0.0.13")["tags"]
    house.write(devices=[{"name": "tv", "ip": "127.0.0.12", "tags": ["tv"]}, {"name": "Toaster", "ip": "127.0.0.15"}])
    assert house.cli("reload")[0] == 0
    assert told("name:Toaster")["named_by"] == "configuration"

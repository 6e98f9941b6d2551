"""Lists that come by https, http and file URLs: fetched, kept, refreshed, and refused."""
import gzip
import re
import shutil
import subprocess
import sys
import threading
import uuid
import zlib

import dns.rrset
import pytest

import web as web_module
from harness import PATIENCE_S, ROOT, WRAP, addresses, answer, ask, wait_until

SINK = [{"name": "sink", "lists": ["feed"], "action": "sinkhole"}]
NAMES = "".join(f"n{i}.listed.test\n" for i in range(50))


@pytest.fixture
def web():
    """web(handler) starts a server; a text instead of a handler is what it answers with."""
    servers = []

    def start(handler, *arguments, **more):
        if not callable(handler):
            text = handler
            handler = lambda request: request.reply(text)  # noqa: E731
        servers.append(web_module.Web(handler, *arguments, **more))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture(scope="session")
def authority():
    authority = web_module.Authority("lists.test")
    yield authority
    authority.stop()


@pytest.fixture
def subscribe(portafilter, upstream):
    """subscribe(url, more keys of the list…) starts a daemon with one list, and an upstream that knows lists.test."""
    hosts = {}

    def resolve(query, transport):
        name = query.question[0].name.to_text(omit_final_dot=True).lower()
        v6 = query.question[0].rdtype == 28
        if name in hosts:
            known = [a for a in hosts[name] if (":" in a) == v6]
            return answer(query, *known) if known else answer(query, soa=60)
        return answer(query, soa=60) if v6 else answer(query, "192.0.2.1")

    server = upstream(resolve)

    def start(url, resolved=("127.0.0.1",), **keys):
        hosts["lists.test"] = resolved
        keys = {"allow-private": True, "timeout": "20s", **keys}
        return portafilter({"upstreams": [server.upstream], "rules": SINK, "lists": [{"name": "feed", "url": url, **keys}]})

    start.hosts = hosts
    return start


def is_sunk(daemon, name="n1.listed.test"):
    return addresses(ask(daemon.port, name)) == ["0.0.0.0"]


def wait_sunk(daemon, name="n1.listed.test", sunk=True):
    wait_until(lambda: is_sunk(daemon, name) == sunk, f"{name} is {'' if sunk else 'not '}sinkholed:\n" + daemon.log())


def source(daemon):
    return daemon.api("/api/v1/lists")[1]["lists"][0]["source"]


def wait_error(daemon, pattern):
    try:
        wait_until(lambda: re.search(pattern, source(daemon)["error"] or ""), f"the list says {pattern!r}")
    except AssertionError as problem:
        raise AssertionError(f"{problem}: {source(daemon)}\n{daemon.log()}") from None


def test_fetched_at_the_start(subscribe, web):
    server = web(NAMES)
    daemon = subscribe(server.url())
    wait_sunk(daemon)
    row = daemon.json("lists")["lists"][0]
    assert row["names"] == 50
    assert row["source"]["from"] == server.url()
    assert row["source"]["bytes"] == len(NAMES)
    assert row["source"]["error"] is None and row["source"]["fetched"] and row["source"]["next"] > row["source"]["checked"]
    assert "portafilter/" in server.requests[0][1]["user-agent"]
    daemon.wait_log("the list `feed` was fetched from .*: 50 entries in")
    code, out, _ = daemon.cli("lists")
    assert code == 0 and "feed: 50 names" in out and f"from {server.url()}: fetched" in out


# ---- refreshed


def test_unchanged_lists_are_not_sent_again(subscribe, web):
    def handler(request):
        if request.headers.get("If-None-Match") == '"one"' and request.headers.get("If-Modified-Since"):
            request.reply(status=304, headers={"ETag": '"one"'})
        else:
            request.reply(NAMES, headers={"ETag": '"one"', "Last-Modified": "Wed, 25 Nov 2026 10:00:00 GMT"})

    server = web(handler)
    daemon = subscribe(server.url(), refresh="1s")
    wait_until(lambda: server.count() >= 4, "the list was asked for four times")
    asked = [headers.get("if-none-match") for _, headers in server.requests]
    assert asked[0] is None and set(asked[1:]) == {'"one"'}, asked
    assert daemon.status()["snapshot"]["epoch"] == 2  # built for the first one only
    assert source(daemon)["error"] is None
    # a copy that somebody took away is fetched whole
    daemon.stop()
    for copy in (daemon.folder / "lists").iterdir():
        copy.unlink()
    daemon.start()
    wait_sunk(daemon)


def test_the_same_bytes_make_no_snapshot(subscribe, web):
    server = web(NAMES)
    daemon = subscribe(server.url(), refresh="1s")
    wait_until(lambda: server.count() >= 4, "the list was fetched four times")
    assert daemon.status()["snapshot"]["epoch"] == 2


def test_a_change_acts(subscribe, web):
    text = [NAMES]
    server = web(lambda request: request.reply(text[0]))
    daemon = subscribe(server.url(), refresh="1s")
    wait_sunk(daemon)
    assert not is_sunk(daemon, "new.listed.test")
    text[0] += "new.listed.test\n"
    wait_sunk(daemon, "new.listed.test")
    text[0] = text[0].replace("n1.listed.test\n", "")
    wait_sunk(daemon, "n1.listed.test", sunk=False)


def test_a_refresh_does_not_read_the_configuration(subscribe, web):
    text = [NAMES]
    server = web(lambda request: request.reply(text[0]))
    daemon = subscribe(server.url(), refresh="1s")
    wait_sunk(daemon)
    good = dict(daemon.config)
    daemon.write(text="this is: [half\n")  # somebody is editing it
    text[0] += "new.listed.test\n"
    wait_sunk(daemon, "new.listed.test")
    daemon.config = good
    daemon.write(rules=[])
    text[0] += "newer.listed.test\n"
    wait_sunk(daemon, "newer.listed.test")  # the rule of the configuration in force


def test_update(subscribe, web):
    text = [NAMES]
    server = web(lambda request: request.reply(text[0], 200 if text[0] else 404))
    daemon = subscribe(server.url())
    wait_sunk(daemon)
    text[0] += "new.listed.test\n"
    code, out, err = daemon.cli("lists", "update", "feed")
    assert code == 0 and "feed:" in out, err
    assert is_sunk(daemon, "new.listed.test")  # in force when the command ends
    text[0] = ""
    code, out, err = daemon.cli("lists", "update")
    assert code == 1 and "feed: the server answered 404" in err and "1 of 1 lists" in err
    code, _, err = daemon.cli("lists", "update", "nowhere")
    assert code == 1 and 'No list "nowhere"' in err
    assert daemon.cli("lists", "fetch")[0] == 2
    assert is_sunk(daemon)


def test_progress_is_shown(subscribe, web):
    """A list that is on its way: how far it has come, in the API and in `portafilter lists`."""
    rest = threading.Event()

    def slowly(request):
        half = len(NAMES) // 2
        request.send_response(200)
        request.send_header("Content-Length", str(len(NAMES)))
        request.end_headers()
        request.wfile.write(NAMES.encode()[:half])
        request.wfile.flush()
        rest.wait(PATIENCE_S)
        request.wfile.write(NAMES.encode()[half:])
    daemon = subscribe(web(slowly).url(), timeout=f"{int(PATIENCE_S)}s")
    try:
        wait_until(lambda: source(daemon)["bytes"] == len(NAMES) // 2, "half of the list is there")
        assert source(daemon)["phase"] == "running" and not is_sunk(daemon)
        assert f"never fetched, {len(NAMES) // 2} bytes have come so far" in daemon.cli("lists")[1]
    finally:
        rest.set()
    wait_sunk(daemon)
    daemon.wait_log("the list `feed` was fetched from .*: 50 entries in [0-9]+ bytes")


def test_reloads_take_lists_away_and_bring_new_ones(subscribe, web):
    first, second = web(NAMES), web("other.listed.test\n")
    daemon = subscribe(first.url())
    wait_sunk(daemon)
    daemon.write(lists=[{"name": "feed", "url": second.url(), "allow-private": True}])
    assert daemon.cli("reload")[0] == 0
    wait_sunk(daemon, "other.listed.test")
    assert not is_sunk(daemon)  # the copy of the other URL is not this one's
    daemon.write(lists=[], rules=[])
    assert daemon.cli("reload")[0] == 0
    assert daemon.api("/api/v1/lists")[1]["lists"] == []


# ---- kept


def test_a_restart_without_a_network(subscribe, web):
    server = web(NAMES)
    daemon = subscribe(server.url("/list.txt", "lists.test"))
    wait_sunk(daemon)
    daemon.stop()
    server.stop()
    daemon.start()
    assert is_sunk(daemon)  # from its very first answer on
    assert source(daemon)["fetched"]


def test_a_spoilt_copy_does_not_keep_the_daemon_from_starting(subscribe, web):
    text = [NAMES]
    server = web(lambda request: request.reply(text[0]))
    daemon = subscribe(server.url(), refresh="1h")
    wait_sunk(daemon)
    daemon.stop()
    copy, = [p for p in (daemon.folder / "lists").iterdir() if p.suffix != ".state"]
    copy.write_text("<!doctype html><html>spoilt</html>\n")
    daemon.start()
    daemon.wait_log("warning: .*web page")
    wait_sunk(daemon)  # its size is not what the state says: it is fetched at once


def test_a_file_url(subscribe, folder):
    path = folder / "own.txt"
    path.write_text(NAMES)
    daemon = subscribe(f"file://{path}", refresh="1s")
    wait_sunk(daemon)
    path.write_text(NAMES + "new.listed.test\n")
    wait_sunk(daemon, "new.listed.test")
    path.unlink()
    wait_error(daemon, "No such file")
    assert is_sunk(daemon)


# ---- refused; what was there stays


def good_then(bad):
    """A handler that answers with a list first, and from then on as `bad` does."""
    asked = []

    def handler(request):
        asked.append(1)
        if len(asked) == 1:
            request.reply(NAMES)
        else:
            bad(request)

    return handler


def hold(request, release=threading.Event()):
    request.send_response(200)
    request.send_header("Content-Length", "5000")
    request.end_headers()
    request.wfile.write(b"one.test\n")
    request.wfile.flush()
    release.wait(PATIENCE_S)


def endless_headers(request):
    request.send_response(200)
    request.flush_headers()
    for i in range(1 << 20):
        request.wfile.write(b"X-More-%d: %s\r\n" % (i, b"x" * 1000))


BAD = {
    "page": (lambda r: r.reply("<!DOCTYPE html>\n<html><body>log in first</body></html>"), "is a web page"),
    "shrunken": (lambda r: r.reply("".join(f"n{i}.listed.test\n" for i in range(4))), "has 4 names where there were 50, .*remove .*/lists/feed-"),
    "emptied": (lambda r: r.reply(""), "has 0 names where there were 50"),
    "no list": (lambda r: r.reply("? ? ?\n" * 99), "holds nothing that could be taken"),
    "truncated": (lambda r: r.reply(NAMES, length=len(NAMES) + 5000), "came only in part"),
    "nothing": (lambda r: None, "mpty reply"),
    "not there": (lambda r: r.reply("x.test\n", 404), "the server answered 404"),
    "partial": (lambda r: r.reply("x.test\n", 206), "the server answered 206"),
    "stalls": (hold, "timed out"),
    "headers": (endless_headers, "headers without an end"),
    "no gzip": (lambda r: r.reply("plain.test\n" * 99, headers={"Content-Encoding": "gzip"}), "(?i)encoding|decod|header"),
    "unknown encoding": (lambda r: r.reply("plain.test\n" * 99, headers={"Content-Encoding": "x-own"}), "(?i)encoding"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_no_list_is_refused(subscribe, web, what):
    bad, pattern = BAD[what]
    server = web(good_then(bad))
    daemon = subscribe(server.url(), refresh="1s", timeout="2s")
    wait_error(daemon, pattern)
    assert is_sunk(daemon)
    daemon.wait_log("the list `feed` could not be fetched from .*; its last good copy stays in use")
    assert not [p for p in (daemon.folder / "lists").iterdir() if p.suffix == ".new"] or what == "stalls"
    assert daemon.status()["snapshot"]["epoch"] == 2


def peak_kb(daemon):
    text = open(f"/proc/{daemon.process.pid}/status").read()
    return int(re.search(r"VmHWM:\s+(\d+)", text).group(1))


def test_a_small_gzip_that_is_large(subscribe, web):
    """10 GiB of names in a few megabytes: inflated up to max-size and not further."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(b"x.listed.test\n" * (16 << 20 >> 4)) + packer.flush(zlib.Z_FULL_FLUSH)
    sent = []

    def bomb(request):
        request.send_response(200)
        request.send_header("Content-Encoding", "gzip")
        request.end_headers()
        request.wfile.write(b"\x1f\x8b\x08\0\0\0\0\0\0\xff")
        for _ in range(700):
            request.wfile.write(block)
            sent.append(len(block))

    server = web(good_then(bomb))
    daemon = subscribe(server.url(), refresh="1s", **{"max-size": "1M"})
    wait_sunk(daemon)
    before = peak_kb(daemon)
    wait_error(daemon, "larger than 1048576 bytes")
    assert is_sunk(daemon)
    if not WRAP:
        assert peak_kb(daemon) - before < 32 << 10


def test_an_endless_stream(subscribe, web):
    sent = []

    def stream(request):
        request.send_response(200)
        request.end_headers()
        piece = b"y.listed.test\n" * 5000
        while sum(sent) < 10 << 30:
            request.wfile.write(piece)
            sent.append(len(piece))

    server = web(good_then(stream))
    daemon = subscribe(server.url(), refresh="1h", **{"max-size": "1M"})
    wait_sunk(daemon)
    code, _, err = daemon.cli("lists", "update")
    assert code == 1 and "larger than 1048576 bytes" in err
    assert sum(sent) < 64 << 20  # what the kernel's buffers took, and no 10 GB
    assert is_sunk(daemon)


def test_an_announced_size(subscribe, web):
    begun = []

    def huge(request):
        request.send_response(200)
        request.send_header("Content-Length", str(10 << 30))
        request.end_headers()
        begun.append(1)

    daemon = subscribe(web(huge).url(), **{"max-size": "1M"})
    wait_error(daemon, "larger than 1048576 bytes")
    assert begun and source(daemon)["fetched"] is None
    daemon.wait_log("there is no copy of it, so that it holds no name")


def test_bytes_of_strangers(subscribe, web):
    """A mark of byte order, CRLF, NULs and a line of a megabyte: the names around them are taken, and each line is accounted for."""
    text = b"\xef\xbb\xbffirst.test\r\nsec\0ond.test\r\n\0\r\n" + b"x" * (1 << 20) + b"\r\nlast.test\r\n" + NAMES.encode()
    daemon = subscribe(web(text).url())
    wait_sunk(daemon, "last.test")
    assert is_sunk(daemon, "first.test") and not is_sunk(daemon, "ond.test") and not is_sunk(daemon, "second.test")
    row = daemon.json("lists")["lists"][0]
    assert row["names"] == 52 and row["lines"] == 55
    assert sorted((s["count"], tuple(s["lines"])) for s in row["skipped"]) == [(1, (4,)), (2, (2, 3))], row["skipped"]
    assert source(daemon)["bytes"] == len(text)


def test_a_packed_list(subscribe, web):
    server = web(lambda request: request.reply(gzip.compress(NAMES.encode()), headers={"Content-Encoding": "gzip"}))
    daemon = subscribe(server.url())
    wait_sunk(daemon)
    assert "gzip" in server.requests[0][1]["accept-encoding"]


# ---- where it may be fetched from


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f.1", "0177.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "[::127.0.0.1]",
                                  "[64:ff9b::7f00:1]", "localhost", "a.localhost", "0.0.0.0", "0"])
def test_no_own_addresses(subscribe, web, host):
    server = web(NAMES)
    daemon = subscribe(server.url("/list.txt", host), **{"allow-private": False})
    wait_error(daemon, "private or special-use address|can not be read")
    assert server.count() == 0
    assert not is_sunk(daemon)


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "100.64.0.1", "::1", "fe80::1", "fd00::1",
                                     "64:ff9b::7f00:1", "2002:7f00:1::", "0.0.0.0"])
def test_no_name_that_leads_into_the_house(subscribe, web, address):
    server = web(NAMES)
    daemon = subscribe(server.url("/list.txt", "lists.test"), resolved=(address,), **{"allow-private": False})
    wait_error(daemon, "lists.test stands at a private or special-use address.*allow-private")
    assert server.count() == 0


def test_the_upstreams_are_asked_and_not_ourselves(subscribe, web):
    server = web(NAMES)
    daemon = subscribe(server.url("/list.txt", "lists.test"), resolved=("127.0.0.1", "::1"))
    wait_sunk(daemon)
    daemon.write(rules=SINK + [{"name": "all", "names": ["lists.test"], "action": "sinkhole"}])
    assert daemon.cli("reload")[0] == 0
    assert is_sunk(daemon, "lists.test")
    assert daemon.cli("lists", "update")[0] == 0  # though the daemon itself sinkholes the list's host
    assert server.count() == 2
    rows = daemon.rows(2)
    assert [r["name"] for r in rows].count("lists.test") == 1  # the test's own question


def test_a_host_in_a_forward_zone(portafilter, upstream, web):
    """The zone's own servers are asked; where their CNAME leads out of it, the others are: a router speaks for its zone only."""
    def say(query, addresses):
        name = query.question[0].name.to_text(omit_final_dot=True)
        found = addresses.get(name) if query.question[0].rdtype == 1 else None
        reply = answer(query, *([found] if found else []), soa=None if found else 60)
        if name == "moved.lan":
            reply.answer.append(dns.rrset.from_text("moved.lan.", 60, "IN", "CNAME", "lists.test."))
            reply.answer.append(dns.rrset.from_text("lists.test.", 60, "IN", "A", "127.9.9.9"))
        return reply

    public = upstream(lambda query, transport: say(query, {"lists.test": "127.0.0.1"}))
    router = upstream(lambda query, transport: say(query, {"nas.lan": "127.0.0.1"}))
    server = web(NAMES)
    names = {"nas": "nas.lan", "moved": "moved.lan", "own": "own.example", "alias": "alias.example"}
    daemon = portafilter({
        "upstreams": [public.upstream], "forward": [{"zones": ["lan"], "upstreams": [router.upstream]}],
        "hosts": [{"name": "own.example", "ip": "127.0.0.1"}, {"name": "alias.example", "cname": "nas.lan"}],
        "lists": [{"name": n, "url": server.url(f"/{n}.txt", host), "allow-private": True} for n, host in names.items()]})
    wait_until(lambda: all(row["names"] == 50 for row in daemon.json("lists")["lists"]), "all lists are there:\n" + daemon.log())
    assert set(public.names()) == {"lists.test"}
    assert set(router.names()) == {"nas.lan", "moved.lan"}


def test_a_host_that_nobody_knows(subscribe, upstream, portafilter):
    daemon = subscribe("http://lists.test/", resolved=())
    wait_error(daemon, "the address of lists.test is not known: there is no such host")


REDIRECTS = {
    "file": ("file:///etc/passwd", "no plain http or https URL"),
    "gopher": ("gopher://127.0.0.1/", "no plain http or https URL"),
    "password": ("http://me:secret@127.0.0.1/", "no plain http or https URL"),
    "nowhere": (None, "without a place to go"),
    "itself": ("", "more than 5 times"),
}


@pytest.mark.parametrize("what", REDIRECTS)
def test_redirects_are_judged(subscribe, web, what):
    target, pattern = REDIRECTS[what]

    def handler(request):
        headers = {} if target is None else {"Location": target or request.path}
        request.reply(status=302, headers=headers)

    server = web(handler)
    daemon = subscribe(server.url())
    wait_error(daemon, pattern)
    assert server.count() == (6 if what == "itself" else 1)


def test_a_redirect_is_followed(subscribe, web):
    there = web(NAMES)
    here = web(lambda request: request.reply(status=301, headers={"Location": there.url("/moved.txt", "lists.test")}))
    daemon = subscribe(here.url())
    wait_sunk(daemon)
    assert there.count("/moved.txt") == 1


# ---- TLS


def test_https(subscribe, web, authority):
    server = web(NAMES, certificate=authority)
    daemon = subscribe(server.url("/list.txt", "lists.test"), **{"ca-file": str(authority.ca)})
    wait_sunk(daemon)


def test_https_without_trust(subscribe, web, authority):
    server = web(NAMES, certificate=authority)
    daemon = subscribe(server.url("/list.txt", "lists.test"))
    wait_error(daemon, "(?i)certificate")
    assert server.count() == 0


def test_https_with_another_name(subscribe, web, authority):
    server = web(NAMES, certificate=authority)
    daemon = subscribe(server.url("/list.txt"), **{"ca-file": str(authority.ca)})
    wait_error(daemon, "(?i)certificate|name")
    assert server.count() == 0


def test_https_leads_to_https_only(subscribe, web, authority):
    plain = web(NAMES)
    server = web(lambda request: request.reply(status=302, headers={"Location": plain.url()}), certificate=authority)
    daemon = subscribe(server.url("/list.txt", "lists.test"), **{"ca-file": str(authority.ca)})
    wait_error(daemon, "redirected from https to http")
    assert plain.count() == 0


# ---- from outside into the house: a public address of a network namespace


SERVER = """
import http.server
import socket
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        print(self.client_address[0], self.headers["Host"], self.path, flush=True)
        moved = {{"/in4": "http://127.0.0.1:8080/list.txt", "/in6": "http://[::1]:8080/list.txt", "/mapped": "http://[::ffff:127.0.0.1]:8080/list.txt",
                 "/local": "http://localhost:8080/list.txt", "/file": "file:///etc/passwd", "/public": "http://9.9.9.9:8080/list.txt"}}
        self.send_response(302 if self.path in moved else 200)
        if self.path in moved:
            self.send_header("Location", moved[self.path])
        self.end_headers()
        self.wfile.write(b"one.listed.test\\n")
    def log_message(self, *_):
        pass
class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6
    def server_bind(self):
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()
Server(("::", 8080), Handler).serve_forever()
"""


@pytest.fixture
def outside(folder):
    """A namespace in which a server has a public address, and the file with what it was asked."""
    if not ROOT or not shutil.which("ip"):
        pytest.skip("network namespaces need root, and ip (package iproute2)")
    name = "pfo" + uuid.uuid4().hex[:6]
    if subprocess.run(["ip", "netns", "add", name], capture_output=True).returncode:
        pytest.skip("no network namespaces here")
    for arguments in (("link", "set", "lo", "up"), ("addr", "add", "9.9.9.9/32", "dev", "lo")):
        subprocess.run(["ip", "-n", name, *arguments], check=True, capture_output=True)
    asked = folder / "asked"
    with open(asked, "wb") as log:
        server = subprocess.Popen(["ip", "netns", "exec", name, sys.executable, "-B", "-c", SERVER.format()], stdout=log, stderr=log)
    yield name, asked
    server.kill()
    server.wait()
    subprocess.run(["ip", "netns", "del", name], capture_output=True)


@pytest.mark.parametrize("path, pattern", [("/in4", "special-use"), ("/in6", "special-use"), ("/mapped", "special-use"), ("/local", "special-use"),
                                           ("/file", "no plain http"), ("/public", None)])
def test_a_redirect_into_the_house(portafilter, outside, path, pattern):
    namespace, asked = outside
    daemon = portafilter({"lists": [{"name": "feed", "url": f"http://9.9.9.9:8080{path}", "refresh": "1s"}]}, namespace=namespace)
    if pattern:
        wait_until(lambda: path in asked.read_text(), "the server was asked")
        wait_error(daemon, pattern)
        assert "/list.txt" not in asked.read_text()
    else:
        wait_until(lambda: daemon.api("/api/v1/lists")[1]["lists"][0]["names"] == 1, "the list is there")

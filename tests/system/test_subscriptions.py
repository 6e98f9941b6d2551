"""Lists that come by https, http and file URLs: fetched, kept, refreshed, and refused."""
import gzip
import io
import json
import re
import shutil
import threading
import time

import pytest

import web as web_module
from harness import PATIENCE_S, WRAP, addresses, answer, ask, wait_until

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
    wait_until(lambda: re.search(pattern, source(daemon)["error"] or ""), f"the list says {pattern!r}: {source(daemon)}\n" + daemon.log())


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
    daemon.wait_log("the list `feed` was fetched from .*: 50 names in")
    code, out, _ = daemon.cli("lists")
    assert code == 0 and "feed: 50 names" in out and f"from {server.url()}: fetched" in out

"""DNS cookies (RFC 7873, RFC 9018): given to clients, and learnt from upstreams."""
import re
import socket
import subprocess
import threading

import dns.edns
import dns.query
import dns.rcode
import pytest

from harness import PATIENCE_S, addresses, find_program, plain_answer, question, wait_until
from primary import ZONE, BindPrimary, NsdPrimary

COOKIE = 10
CLIENT = b"\x01\x02\x03\x04\x05\x06\x07\x08"


def option(data):
    return dns.edns.GenericOption(COOKIE, data)


def cookie_of(message):
    """The cookie of a message, or None."""
    found = [o.data for o in message.options if o.otype == COOKIE]
    assert len(found) < 2
    return found[0] if found else None


def sunk(portafilter, **more):
    return portafilter({"rules": [{"name": "r", "names": ["sunk.test"], "action": "sinkhole"}]} | more)


def cookie(daemon, data=CLIENT, **more):
    return daemon.ask("sunk.test", options=[option(data)], **more)


def test_what_clients_get(portafilter):
    daemon = sunk(portafilter)
    assert cookie_of(daemon.ask("sunk.test")) is None, "who sends none gets none"
    assert cookie_of(daemon.ask("sunk.test", edns=False)) is None
    first = cookie(daemon)
    given = cookie_of(first)
    assert addresses(first) == ["0.0.0.0"] and given.startswith(CLIENT) and len(given) == 24 and given[8:12] == b"\1\0\0\0"
    assert cookie_of(cookie(daemon, given)) == given, "a fresh one comes back as it was"
    for tcp in (False, True):
        assert len(cookie_of(cookie(daemon, tcp=tcp))) == 24
    # a wrong one, one of another kind, one for another address: answered, with a new one
    for wrong in (given[:-1] + bytes([given[-1] ^ 1]), CLIENT + b"x" * 8, CLIENT + b"x" * 32):
        reply = cookie(daemon, wrong)
        assert reply.rcode() == dns.rcode.NOERROR and cookie_of(reply) not in (None, wrong)
    elsewhere = cookie(daemon, given, source="127.0.0.7")
    assert elsewhere.rcode() == dns.rcode.NOERROR and cookie_of(elsewhere) != given
    # lengths that no cookie has
    for length in (0, 7, 9, 15, 41):
        assert cookie(daemon, b"x" * length).rcode() == dns.rcode.FORMERR
    replies = daemon.ask("sunk.test", options=[option(CLIENT), option(b"y" * 8)])
    assert cookie_of(replies).startswith(CLIENT), "of two the first counts"
    # it comes with errors too
    assert cookie_of(daemon.ask("sunk.test", "AXFR", options=[option(CLIENT)], tcp=True)).startswith(CLIENT)


def test_they_outlive_a_restart(portafilter):
    daemon = sunk(portafilter)
    given = cookie_of(cookie(daemon))
    assert (daemon.folder / "cookies.key").stat().st_mode & 0o777 == 0o600
    daemon.stop()
    daemon.start()
    assert cookie_of(cookie(daemon, given)) == given
    daemon.stop()
    (daemon.folder / "cookies.key").write_bytes(b"what is this")
    daemon.start()
    daemon.wait_log(r"cookies\.key holds no secrets of cookies; new ones are made")
    assert cookie_of(cookie(daemon, given)) not in (None, given)


def of_a_program(program, daemon, *more):
    """What dig or kdig says of sunk.test."""
    if not find_program(program):
        pytest.skip(f"needs {program}")
    run = subprocess.run([program, "@127.0.0.1", "-p", str(daemon.port), "+cookie", *more, "sunk.test"], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def test_dig_and_kdig_take_them(portafilter):
    daemon = sunk(portafilter)
    assert re.search(r"; COOKIE: [0-9a-f]{48} \(good\)", of_a_program("dig", daemon))
    for cookie in ("", "=0102030405060708"):  # which must come back
        assert re.search(r";; COOKIE: " + (cookie[1:] or "[0-9a-f]{16}") + "[0-9a-f]{32}\n", of_a_program("kdig", daemon, f"+cookie{cookie}"), re.I)


def flood(daemon, source, count, given):
    """Queries in the name of `source`, with none of its cookies; the socket, at which what it was told is to be read."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    received = daemon.status()["queries"]["received"]
    sock.bind((source, 0))
    sock.settimeout(0.2)
    for i in range(count):
        sock.sendto(question("sunk.test", options=[option(CLIENT if i % 2 else given[:-1] + b"?")]).to_wire(), ("127.0.0.1", daemon.port))
    wait_until(lambda: daemon.status()["queries"]["received"] == received + count, "all have arrived")
    return sock


def test_dig_comes_through_a_flood_in_its_name(portafilter):
    """It is told BADCOOKIE, asks again with the cookie that it has been given, and is answered."""
    daemon = sunk(portafilter, **{"rate-limit": {"queries": 30, "slip": 1, "exempt": ["127.0.0.99"]}})
    flood(daemon, "127.0.0.11", 60, cookie_of(cookie(daemon, source="127.0.0.12"))).close()
    limited = daemon.status()["queries"]["limited"]
    said = of_a_program("dig", daemon, "-b", "127.0.0.11", "+qr")
    assert daemon.status()["queries"]["limited"] == limited + 1 and "BADCOOKIE, retrying" in said and "status: NOERROR" in said
    assert re.search(r"^sunk\.test\.\s.*\s0\.0\.0\.0$", said, re.M), said


def test_who_has_one_is_not_hit_by_a_flood_in_its_name(portafilter):
    """Somebody uses a client's address: what he sends is dropped, or told BADCOOKIE; whoever has the cookie is answered as over TCP."""
    daemon = sunk(portafilter, **{"rate-limit": {"queries": 30, "slip": 3, "exempt": ["127.0.0.99"]}})
    given = cookie_of(cookie(daemon, source="127.0.0.11"))
    told = []
    with flood(daemon, "127.0.0.11", 90, given) as sock:
        try:
            while True:
                told.append(dns.message.from_wire(sock.recv(4096)))
        except socket.timeout:
            pass
    limited = daemon.status()["queries"]["limited"]
    bad = [reply for reply in told if reply.rcode() == dns.rcode.BADCOOKIE]
    assert limited and len(bad) == limited // 3
    assert all(len(cookie_of(reply)) == 24 and not reply.answer for reply in bad)
    for _ in range(20):
        assert addresses(cookie(daemon, cookie_of(bad[0]), source="127.0.0.11")) == ["0.0.0.0"]
    for _ in range(30):
        reply = cookie(daemon, given, source="127.0.0.11")
    assert reply.rcode() == dns.rcode.REFUSED, "no more than it may ask over TCP"


# ---- to upstreams


class Server:
    """A handler for harness.Upstream that takes part in cookies: `says(client cookie, transport)` gives the option's bytes or None."""

    def __init__(self, says, rcode=lambda transport: dns.rcode.NOERROR):
        self.says, self.rcode = says, rcode
        self.seen = []  # (transport, the cookie that came)

    def __call__(self, query, transport):
        came = cookie_of(query)
        self.seen.append((transport, came))
        reply = plain_answer(query, transport)
        said = self.says(came[:8], transport) if came else None
        if said is not None:
            reply.use_edns(0, payload=1232, options=[option(said)])
        rcode = self.rcode(transport) if came else dns.rcode.NOERROR
        if rcode:
            reply.answer = []
        reply.set_rcode(rcode)
        return reply


def ask_each(daemon, *names):
    for name in names:
        assert addresses(daemon.ask(name)) == ["192.0.2.1"], name


def test_a_cookie_is_learnt(portafilter, upstream):
    first, second = Server(lambda client, _: client + b"S" * 16), Server(lambda client, _: None)
    daemon = portafilter({"upstreams": [upstream(first).upstream], "forward": [{"zones": ["other.test"], "upstreams": [upstream(second).upstream]}]})
    ask_each(daemon, "a.test", "b.test", "x.other.test", "y.other.test")
    (_, one), (_, two) = first.seen
    assert len(one) == 8 and two == one + b"S" * 16
    (_, third), (_, fourth) = second.seen
    assert third == fourth and len(third) == 8, "a server without is asked as before"
    assert third != one, "one for each server"
    assert daemon.status()["upstreams"][0]["junk"] == 0


@pytest.mark.parametrize("case", ["another's", "none", "BADCOOKIE"])
def test_what_is_doubtful_is_asked_over_tcp(portafilter, upstream, case):
    """The answer over UDP says 192.0.2.1 like that over TCP: it must have come over TCP all the same."""
    forging = threading.Event()

    def says(client, transport):
        if forging.is_set() and transport == "udp":
            return {"another's": b"x" * 8 + b"S" * 16, "none": None, "BADCOOKIE": client + b"N" * 16}[case]
        return client + b"S" * 16

    server = Server(says, lambda transport: dns.rcode.BADCOOKIE if case == "BADCOOKIE" and forging.is_set() and transport == "udp" else 0)
    daemon = portafilter({"upstreams": [upstream(server).upstream]})
    ask_each(daemon, "a.test")
    forging.set()
    ask_each(daemon, "b.test")
    forging.clear()
    ask_each(daemon, "c.test")
    assert [transport for transport, _ in server.seen] == ["udp", "udp", "tcp", "udp"]
    assert server.seen[2][1] is None, "plainly"
    mine = server.seen[0][1]
    learnt = {"none": b"", "BADCOOKIE": b"N" * 16}.get(case, b"S" * 16)
    assert server.seen[3][1] == mine + learnt
    assert daemon.status()["upstreams"][0]["junk"] == 1


def test_a_server_that_does_not_take_them(portafilter, upstream):
    server = Server(lambda client, _: None, lambda _: dns.rcode.FORMERR)
    daemon = portafilter({"upstreams": [upstream(server).upstream]})
    ask_each(daemon, "a.test", "b.test")
    assert [(transport, came is not None) for transport, came in server.seen] == [("udp", True), ("tcp", False), ("udp", False)]


def test_a_server_that_is_silent_to_them(portafilter, upstream):
    silent = upstream(lambda query, transport: None if cookie_of(query) else plain_answer(query, transport))
    daemon = portafilter({"upstreams": [silent.upstream]})

    def answered():
        reply = daemon.ask("a.test")
        return reply is not None and addresses(reply) == ["192.0.2.1"]

    wait_until(answered, "it is asked without")


@pytest.mark.parametrize("kind, options, first, then", [
    (BindPrimary, "require-server-cookie yes;", [("udp", 8, dns.rcode.BADCOOKIE), ("tcp", 0, dns.rcode.NOERROR)], [("udp", 24, dns.rcode.NOERROR)]),
    (NsdPrimary, "answer-cookie: yes", [("udp", 8, dns.rcode.NOERROR)], [("udp", 24, dns.rcode.NOERROR)])], ids=["BIND", "NSD"])
def test_real_servers_give_them(portafilter, upstream, kind, options, first, then):
    """BIND answers over UDP to those alone who have its cookie, and so tells BADCOOKIE at first; and again when it has forgotten all that it gave."""
    server = kind({f"n{i}": "A 192.0.2.1" for i in range(4)}, options=options, tsig=False)
    seen = []

    def between(query, transport):
        reply = getattr(dns.query, transport)(query, server.address, port=server.port, timeout=PATIENCE_S)
        seen.append((transport, len(cookie_of(query) or b""), reply.rcode()))
        assert len(cookie_of(reply) or b"") == (24 if cookie_of(query) else 0)
        return reply

    try:
        daemon = portafilter({"upstreams": [upstream(between).upstream]})
        ask_each(daemon, f"n0.{ZONE}", f"n1.{ZONE}")
        assert seen == first + then
        assert daemon.status()["upstreams"][0]["junk"] == len(first) - 1
        if kind is BindPrimary:
            server.quit()
            server.start()
            ask_each(daemon, f"n2.{ZONE}", f"n3.{ZONE}")
            assert [step[::2] for step in seen[3:]] == [step[::2] for step in first + then], "its old cookie was worth nothing"
    finally:
        server.stop()


# ---- letter case


def in_lower_case(reply):
    """Its bytes, with the question in lower case."""
    wire, length = reply.to_wire(max_size=65535), len(reply.question[0].name.to_wire())
    return wire[:12] + wire[12:12 + length].lower() + wire[12 + length:]


def test_letter_case(portafilter, upstream):
    keeps = upstream()
    daemon = portafilter({"upstreams": [keeps.upstream], "query-case": "random"})
    for i in range(8):
        reply = daemon.ask(f"An-Example-Of-A-Name-{i}.test")
        assert addresses(reply) == ["192.0.2.1"]
        assert reply.question[0].name.to_text().startswith("An-Example-Of-A-Name-") and reply.answer[0].name.to_text().startswith("An-Example-")
    asked = [query.question[0].name.to_text() for query, _, transport in keeps.queries if transport == "udp"]
    assert len(asked) == 8 and len({re.sub(r"\d", "", name) for name in asked}) > 4, asked
    assert any(c.isupper() for c in "".join(asked)) and any(c.islower() for c in "".join(asked))
    assert daemon.status()["upstreams"][0]["junk"] == 0
    daemon.write(**{"query-case": "lower"})
    assert daemon.cli("reload")[0] == 0
    ask_each(daemon, "AnOtherName.test")
    assert keeps.queries[-1][0].question[0].name.to_text() == "anothername.test."


def test_a_server_that_loses_it(portafilter, upstream):
    def loses(query, transport):
        reply = plain_answer(query, transport)
        return in_lower_case(reply) if transport == "udp" else reply

    server = upstream(loses)
    daemon = portafilter({"upstreams": [server.upstream], "query-case": "random"})
    ask_each(daemon, *(f"a-name-with-letters-{i}.test" for i in range(5)))
    assert [transport for _, _, transport in server.queries] == ["udp", "tcp"] * 3 + ["udp"] * 2
    daemon.wait_log("does not keep the letter case of questions: it is asked in lower case from now on")
    assert daemon.status()["upstreams"][0]["loses_case"]
    assert "does not keep the letter case" in daemon.cli("status")[1]


def test_who_has_kept_it_is_not_believed_to_lose_it(portafilter, upstream):
    forging = threading.Event()

    def handler(query, transport):
        reply = plain_answer(query, transport)
        return in_lower_case(reply) if forging.is_set() and transport == "udp" else reply

    server = upstream(handler)
    daemon = portafilter({"upstreams": [server.upstream], "query-case": "random"})
    ask_each(daemon, "the-first-of-the-names.test")
    forging.set()
    ask_each(daemon, *(f"a-name-with-letters-{i}.test" for i in range(5)))
    assert [transport for _, _, transport in server.queries] == ["udp"] + ["udp", "tcp"] * 5
    assert not daemon.status()["upstreams"][0]["loses_case"]

"""DNS cookies (RFC 7873, RFC 9018): given to clients, and learnt from upstreams."""
import re
import socket
import subprocess

import dns.edns
import dns.rcode
import pytest

from harness import addresses, ask, find_program, question, wait_until

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


@pytest.mark.skipif(not find_program("dig"), reason="needs dig")
def test_dig_takes_them(portafilter):
    daemon = sunk(portafilter)
    run = subprocess.run(["dig", "@127.0.0.1", "-p", str(daemon.port), "+cookie", "sunk.test"], capture_output=True, text=True)
    assert re.search(r"; COOKIE: [0-9a-f]{48} \(good\)", run.stdout), run.stdout


def test_who_has_one_is_not_hit_by_a_flood_in_its_name(portafilter):
    """Somebody uses a client's address: what he sends is dropped, or told BADCOOKIE; whoever has the cookie is answered as over TCP."""
    daemon = sunk(portafilter, **{"rate-limit": {"queries": 30, "slip": 3, "exempt": ["127.0.0.99"]}})
    given = cookie_of(cookie(daemon, source="127.0.0.11"))
    told = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.11", 0))
        sock.settimeout(0.2)
        for i in range(90):
            sock.sendto(question("sunk.test", options=[option(CLIENT if i % 2 else given[:-1] + b"?")]).to_wire(), ("127.0.0.1", daemon.port))
        wait_until(lambda: daemon.status()["queries"]["received"] == 91, "all have arrived")
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

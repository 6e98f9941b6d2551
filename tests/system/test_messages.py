"""Malformed messages: FORMERR, NOTIMP, BADVERS or silence, never a question upstream, never the end."""
import struct

import dns.flags
import dns.message
import dns.rcode
import pytest

from harness import Stream, ask, question, send_udp

FORMERR, NOTIMP, BADVERS, SILENCE = dns.rcode.FORMERR, dns.rcode.NOTIMP, dns.rcode.BADVERS, None
ID = 0x1234


def header(flags=0x0100, qd=1, an=0, ns=0, ar=0):
    return struct.pack("!6H", ID, flags, qd, an, ns, ar)


NAME = b"\x04evil\x04test\x00"
QUESTION = NAME + b"\x00\x01\x00\x01"
RECORD = NAME + b"\x00\x01\x00\x01" + b"\x00\x00\x00\x3c" + b"\x00\x04" + b"\xc0\x00\x02\x01"


def opt(size=1232, version=0, flags=0, data=b"", length=None, owner=b"\x00"):
    return owner + struct.pack("!HHBBHH", 41, size, 0, version, flags, len(data) if length is None else length) + data


def with_opt(record):
    return header(ar=1) + QUESTION + record


def asks(name):
    """A whole query for a name given as wire."""
    return header() + name + b"\x00\x01\x00\x01"


LABEL63 = b"\x3f" + b"a" * 63
OPTION = struct.pack("!HH", 65001, 0)

TABLE = {
    "empty packet": (b"", SILENCE),
    "one byte": (b"\x12", SILENCE),
    "eleven bytes": (header()[:11], SILENCE),
    "a response": (header(flags=0x8180) + QUESTION, SILENCE),
    "a response with an error": (header(flags=0x8181) + QUESTION, SILENCE),
    "a response that is a NOTIFY": (header(flags=0xA000) + QUESTION, SILENCE),
    "header only": (header(), FORMERR),
    "no question, none announced": (header(qd=0), FORMERR),
    "no question, EDNS": (header(qd=0, ar=1) + opt(), FORMERR),
    "a question, none announced": (header(qd=0) + QUESTION, FORMERR),
    "two questions": (header(qd=2) + QUESTION + QUESTION, FORMERR),
    "two questions announced, one there": (header(qd=2) + QUESTION, FORMERR),
    "65535 questions announced": (header(qd=65535) + QUESTION, FORMERR),
    "an answer in a query": (header(an=1) + QUESTION + RECORD, FORMERR),
    "an answer announced": (header(an=1) + QUESTION, FORMERR),
    "an authority record in a query": (header(ns=1) + QUESTION + RECORD, FORMERR),
    "65535 authority records announced": (header(ns=65535) + QUESTION, FORMERR),
    "an additional record announced": (header(ar=1) + QUESTION, FORMERR),
    "65535 additional records announced": (header(ar=65535) + QUESTION + opt(), FORMERR),
    "name without an end": (header() + b"\x04evil", FORMERR),
    "label longer than the packet": (header() + b"\x3fevil", FORMERR),
    "name without type": (header() + NAME, FORMERR),
    "name with half a type": (header() + NAME + b"\x00", FORMERR),
    "name without class": (header() + NAME + b"\x00\x01", FORMERR),
    "name with half a class": (header() + NAME + b"\x00\x01\x00", FORMERR),
    "pointer to itself": (asks(b"\xc0\x0c"), FORMERR),
    "pointer forward": (asks(b"\xc0\x10"), FORMERR),
    "pointer to the header": (asks(b"\xc0\x00"), FORMERR),
    "pointer behind the end": (asks(b"\xff\xff"), FORMERR),
    "label, then a pointer back: a loop": (asks(b"\x04evil\xc0\x0c"), FORMERR),
    "two pointers at each other": (asks(b"\xc0\x0e\xc0\x0c"), FORMERR),
    "half a pointer": (header() + b"\xc0", FORMERR),
    "label type 01": (asks(b"\x41" + b"a" * 65 + b"\x00"), FORMERR),
    "label type 10": (asks(b"\x80" + b"\x00"), FORMERR),
    "name of 256 bytes": (asks(LABEL63 * 3 + b"\x3e" + b"a" * 62 + b"\x00"), FORMERR),
    "name of 257 bytes": (asks(LABEL63 * 4 + b"\x00"), FORMERR),
    "name of 128 labels": (asks(b"\x01a" * 128 + b"\x00"), FORMERR),
    "name of 2,000 labels": (asks(b"\x01a" * 2000 + b"\x00"), FORMERR),
    "a byte behind the question": (header() + QUESTION + b"\x00", FORMERR),
    "a second question, not announced": (header() + QUESTION + QUESTION, FORMERR),
    "a byte behind the OPT": (with_opt(opt()) + b"\x00", FORMERR),
    "OPT, not announced": (header() + QUESTION + opt(), FORMERR),
    "two OPTs": (header(ar=2) + QUESTION + opt() + opt(), FORMERR),
    "OPT with a name": (with_opt(opt(owner=NAME)), FORMERR),
    "OPT as an answer": (header(an=1) + QUESTION + opt(), FORMERR),
    "OPT cut after its owner": (with_opt(b"\x00"), FORMERR),
    "OPT cut in its type": (with_opt(opt()[:2]), FORMERR),
    "OPT cut before its length": (with_opt(opt()[:9]), FORMERR),
    "OPT shorter than it says": (with_opt(opt(length=4)), FORMERR),
    "OPT of 65535 bytes, as it says": (with_opt(opt(length=65535)), FORMERR),
    "OPT longer than it says": (with_opt(opt(data=OPTION, length=0)), FORMERR),
    "half an option": (with_opt(opt(data=OPTION[:3])), FORMERR),
    "option longer than its OPT": (with_opt(opt(data=struct.pack("!HH", 65001, 9) + b"1234")), FORMERR),
    "33 options": (with_opt(opt(data=OPTION * 33)), FORMERR),
    "900 options": (with_opt(opt(data=OPTION * 900)), FORMERR),
    "EDNS version 1": (with_opt(opt(version=1)), BADVERS),
    "EDNS version 255": (with_opt(opt(version=255)), BADVERS),
    "additional record cut": (header(ar=1) + QUESTION + RECORD[:-2], FORMERR),
    "additional record with a looping name": (header(ar=1) + QUESTION + b"\xc0\x1b" + RECORD[len(NAME):], FORMERR),
    "zeros": (bytes(64), FORMERR),
}
TABLE.update({f"opcode {n}": (header(flags=0x0100 | n << 11) + QUESTION, NOTIMP) for n in range(1, 16)})
TABLE.update({f"opcode {n} without a question": (header(flags=n << 11, qd=0), NOTIMP) for n in (2, 4, 5, 6)})

GOOD = with_opt(opt(data=OPTION * 3))


@pytest.fixture
def pair(portafilter, upstream):
    server = upstream()
    return portafilter({"upstreams": [server.upstream]}), server


def check(case, packet, expected, reply):
    if expected is SILENCE:
        assert reply is None, f"{case}: answered with {reply!r}"
        return
    assert reply is not None, f"{case}: no reply"
    assert len(reply) >= 12, f"{case}: {reply!r}"
    ident, flags = struct.unpack("!HH", reply[:4])
    assert ident == struct.unpack("!H", packet[:2])[0], f"{case}: another id"
    assert flags & 0x8000, f"{case}: QR is not set"
    assert flags >> 11 & 15 == (packet[2] >> 3 & 15), f"{case}: another opcode"
    assert flags & 0x0200 == 0, f"{case}: TC is set"
    # dnspython knows few opcodes: what is left is read as a QUERY
    message = dns.message.from_wire(reply[:2] + bytes([reply[2] & 0x87]) + reply[3:])
    assert message.rcode() == expected, f"{case}: {dns.rcode.to_text(message.rcode())}"
    assert not message.answer, case


def settled(daemon, server):
    """After all that, a good question is answered, and nothing else has gone upstream."""
    assert ask(daemon.port, "good.test").rcode() == dns.rcode.NOERROR
    assert server.names() == ["good.test"]


def test_the_table_is_large_enough():
    assert len(TABLE) >= 70


def test_malformed_over_udp(pair):
    daemon, server = pair
    for case, (packet, expected) in TABLE.items():
        check(case, packet, expected, send_udp(daemon.port, packet, timeout=0.15 if expected is SILENCE else 5))
    settled(daemon, server)


def test_malformed_over_tcp(pair):
    daemon, server = pair
    for case, (packet, expected) in TABLE.items():
        with Stream(daemon.port) as stream:
            if expected is SILENCE:
                # Silence can not be waited for: a good query behind it is answered, or the connection has ended.
                # Both go in one piece: a second one could meet the end of the connection.
                query = question("good.test")
                stream.send(packet, query.to_wire())
                reply = stream.receive()
                assert reply is None or reply[:2] == query.to_wire()[:2], case
            else:
                stream.send(packet)
                check(case, packet, expected, stream.receive())
    assert set(server.names()) <= {"good.test"}


def test_every_cut_of_a_good_query(pair):
    daemon, server = pair
    for length in range(len(GOOD)):
        expected = SILENCE if length < 12 else FORMERR
        check(f"cut at {length}", GOOD[:length], expected,
              send_udp(daemon.port, GOOD[:length], timeout=0.1 if expected is SILENCE else 5))
    settled(daemon, server)


def test_every_byte_of_a_good_query_changed(pair):
    """Whatever comes of it, the daemon lives, and upstream hears only of well-formed questions."""
    daemon, server = pair
    for at in range(2, len(GOOD)):
        for value in (0x00, 0xFF, GOOD[at] ^ 0x80):
            packet = GOOD[:at] + bytes([value]) + GOOD[at + 1:]
            reply = send_udp(daemon.port, packet, timeout=0.02)
            assert reply is None or reply[:2] == GOOD[:2]
    assert ask(daemon.port, "good.test").rcode() == dns.rcode.NOERROR
    for query, _, _ in server.queries:
        assert len(query.question) == 1 and query.opcode() == 0 and not query.flags & dns.flags.QR


def test_the_longest_name_is_no_error(pair):
    daemon, server = pair
    name = b"".join([LABEL63, LABEL63, LABEL63, b"\x3d" + b"b" * 61, b"\x00"])
    assert len(name) == 255
    reply = dns.message.from_wire(send_udp(daemon.port, asks(name), timeout=5))
    assert reply.rcode() == dns.rcode.NOERROR and len(reply.answer) == 1


def test_counted_as_malformed(pair):
    daemon, _ = pair
    before = daemon.status()["queries"]
    send_udp(daemon.port, header(qd=0), timeout=5)
    send_udp(daemon.port, b"short", timeout=0.1)
    send_udp(daemon.port, header(flags=0x8000) + QUESTION, timeout=0.1)
    ask(daemon.port, "good.test")
    after = daemon.status()["queries"]
    assert after["received"] - before["received"] == 4
    assert after["malformed"] - before["malformed"] == 3
    assert after["answered"] - before["answered"] == 1
    assert len(daemon.rows(1)) == 1

#!/usr/bin/python3
"""make_transfer_corpus FOLDER     writes the corpus of fuzz_transfer: answers as name servers send them, and signed ones."""
import pathlib
import struct
import sys

import dns.message
import dns.name
import dns.rrset
import dns.tsig

IXFR, TSIG, SOA = 1, 2, 4
KEY = dns.tsig.Key("transfer.key", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", "hmac-sha256")
ORIGIN = dns.name.from_text("rpz.example")


def message(rdtype, *records, question=True, rcode=0):
    made = dns.message.Message(0x1234)
    made.flags = 0x8400 | rcode
    if question:
        made.question = dns.message.make_query(ORIGIN, rdtype).question
    for record in records:
        owner, rdtype_of, data = record.split(" ", 2)
        made.answer.append(dns.rrset.from_text(dns.name.from_text(owner, ORIGIN), 60, "IN", rdtype_of, data))
    return made.to_wire()


def soa(serial):
    return f"@ SOA ns.rpz.example. host.rpz.example. {serial} 3600 600 86400 60"


def signed(wire, request_mac):
    template = dns.rdtypes.ANY.TSIG.TSIG(255, 250, KEY.algorithm, 0, 300, b"", 0x1234, 0, b"")
    rdata, _ = dns.tsig.sign(wire, KEY, template, 1800000000, request_mac)
    body = rdata.to_wire()
    out = bytearray(wire + KEY.name.to_wire() + struct.pack("!HHIH", 250, 255, 0, len(body)) + body)
    out[11] += 1
    return bytes(out)


def main(folder):
    import dns.rdtypes.ANY.TSIG  # noqa: F401
    whole = [soa(2), "a.test CNAME .", "*.a.test CNAME rpz-passthru.", "b A 192.0.2.1", "b AAAA 2001:db8::1", 'c TXT "some text"',
             "d MX 10 mail.example.", "24.0.2.0.192.rpz-ip CNAME .", "e SRV 1 2 3 x.example.", "f HTTPS 1 . alpn=h2",
             "g NAPTR 1 2 \"u\" \"E2U+sip\" \"!x!y!\" .", soa(2)]
    corpus = {
        "axfr": (0, message("AXFR", *whole)),
        "axfr-three": (0, message("AXFR", soa(2)), message("AXFR", *whole[1:-1], question=False), message("AXFR", soa(2), question=False)),
        "axfr-nothing": (0, message("AXFR", soa(2), soa(2))),
        "axfr-refused": (0, message("AXFR", rcode=5)),
        "axfr-changed": (0, message("AXFR", soa(2), soa(3))),
        "axfr-behind": (0, message("AXFR", soa(2), soa(2), "a CNAME .")),
        "axfr-outside": (0, message("AXFR", soa(2), "a.example. CNAME .")),
        "ixfr": (IXFR, message("IXFR", soa(3), soa(1), "a CNAME .", soa(2), "b CNAME .", soa(2), "b CNAME .", soa(3), "c CNAME .", soa(3))),
        "ixfr-current": (IXFR, message("IXFR", soa(1))),
        "ixfr-whole": (IXFR, message("IXFR", *whole)),
        "ixfr-gap": (IXFR, message("IXFR", soa(3), soa(1), soa(2), soa(3))),
        "soa": (SOA, message("SOA", soa(2))),
        "soa-none": (SOA, message("SOA", "a CNAME .")),
        "empty": (0, b""),
        "cut": (0, message("AXFR", *whole)[:-5]),
        "pointer-loop": (0, message("AXFR", soa(2)) + b"\xc0\x0c"),
        "signed-wrong": (TSIG, signed(message("AXFR", *whole), b"x" * 32)),
        "unsigned": (TSIG, message("AXFR", *whole)),
    }
    # the request of the target is always the same, and so is its MAC
    request = dns.message.Message(0x1234)
    request.flags = 0
    request.question = dns.message.make_query(ORIGIN, "AXFR").question
    template = dns.rdtypes.ANY.TSIG.TSIG(255, 250, KEY.algorithm, 0, 300, b"", 0x1234, 0, b"")
    mac = dns.tsig.sign(request.to_wire(), KEY, template, 1800000000)[0].mac
    corpus["signed"] = (TSIG, signed(message("AXFR", *whole), mac))
    corpus["signed-first"] = (TSIG, signed(message("AXFR", soa(2)), mac), message("AXFR", *whole[1:], question=False))
    folder = pathlib.Path(folder)
    folder.mkdir(exist_ok=True)
    for name, (switches, *messages) in corpus.items():
        (folder / name).write_bytes(bytes([switches]) + b"".join(struct.pack("!H", len(m)) + m for m in messages))


main(sys.argv[1])

#!/usr/bin/python3
"""make_capture_corpus FOLDER     writes the corpora of fuzz_capture and fuzz_packets: files and frames of all kinds that are read."""
import pathlib
import struct
import sys

import dns.message

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
import packets as p  # noqa: E402

LINKS = [1, 113, 276, 101, 108, 0, 12, 228, 229, 14]
CLIENT, SERVER, CLIENT6, SERVER6 = "192.0.2.10", "192.0.2.53", "2001:db8::10", "2001:db8::53"


def messages():
    question = dns.message.make_query("a.example", "A", id=7, use_edns=0)
    return question.to_wire(), dns.message.make_response(question).to_wire()


def fragments(version):
    udp = struct.pack(">HHHH", 53, 4000, 8 + len(messages()[1]), 0) + messages()[1]
    out = []
    for at in range(0, len(udp), 16):
        more = at + 16 < len(udp)
        if version == 4:
            packet = bytearray(p.ip(SERVER, CLIENT, 17, udp[at:at + 16]))
            packet[6:8] = struct.pack(">H", at // 8 | more << 13)
        else:
            packet = p.ip(SERVER6, CLIENT6, 44, struct.pack(">BBHI", 17, 0, at | more, 9) + udp[at:at + 16])
        out.append(bytes(packet))
    return out


def stream():
    both = b"".join(struct.pack(">H", len(m)) + m for m in messages()[:1] * 2)
    there = (CLIENT, SERVER, 4000, 53)
    return [p.tcp(*there, 99, 2), p.tcp(*there, 130, 0x18, both[30:]), p.tcp(*there, 100, 0x18, both[:30]),
            p.tcp(*there, 100, 0x18, both[:40]), p.tcp(*there, 100 + len(both), 0x11)]


def gap():
    both = b"".join(struct.pack(">H", len(m)) + m for m in messages()[:1] * 3)
    there = (CLIENT, SERVER, 4000, 53)
    return [p.tcp(*there, 99, 2), p.tcp(*there, 100, 0x18, both[:10]), p.tcp(*there, 100 + len(both) // 3, 0x18, both[len(both) // 3:]),
            p.tcp(*there, 5, 4)]


def frames_file(link, frames, cut=0):
    return bytes([LINKS.index(link)]) + b"".join(struct.pack(">H", len(f) | cut << 15) + f for f in frames)


def main(folder):
    question, answer = messages()
    pair = [p.udp(CLIENT, SERVER, 4000, 53, question), p.udp(SERVER, CLIENT, 53, 4000, answer)]
    pair6 = [p.udp(CLIENT6, SERVER6, 4000, 53, question), p.udp(SERVER6, CLIENT6, 53, 4000, answer)]
    ethernet = [p.ethernet(f) for f in pair + pair6]
    cooked = bytes.fromhex("0000000100060200000000010000")
    cooked2 = bytes.fromhex("0000000000030001000602000000000100 00".replace(" ", ""))
    extended = p.ip(CLIENT6, SERVER6, 0, bytes.fromhex("3c000104000000001100010400000000") + pair6[0][40:])
    in_packets = {
        "ethernet": frames_file(1, ethernet),
        "vlan": frames_file(1, [f[:12] + bytes.fromhex("88a800648100000a") + f[12:] for f in ethernet]),
        "pppoe": frames_file(1, [f[:12] + bytes.fromhex("88641100000100000021") + f[14:] for f in ethernet[:2]]),
        "cooked": frames_file(113, [cooked + b"\x08\0" + f for f in pair]),
        "cooked2": frames_file(276, [b"\x86\xdd" + cooked2 + f for f in pair6]),
        "raw": frames_file(101, pair + pair6),
        "loop": frames_file(0, [b"\2\0\0\0" + f for f in pair]),
        "extensions": frames_file(229, [extended]),
        "fragments4": frames_file(101, fragments(4)),
        "fragments6": frames_file(101, fragments(6)[::-1]),
        "fragments-overlap": frames_file(101, fragments(4)[:2] + fragments(4)[1:2] + [fragments(4)[1][:-8]] + fragments(4)[2:]),
        "stream": frames_file(101, stream()),
        "stream-gap": frames_file(101, gap()),
        "cut": frames_file(1, [f[:50] for f in ethernet], cut=1),
        "empty": b"\0",
    }
    timed = [(1572607800 + i / 8, f) for i, f in enumerate(ethernet + [p.ethernet(f) for f in stream()])]
    tap = [p.dnstap(5, CLIENT, 4000, 1572607800.25, query=question), p.dnstap(6, CLIENT, 4000, 1572607800.5, response=answer),
           p.dnstap(6, CLIENT6, 4001, 1572607801, query=question, response=answer, protocol=2), p.dnstap(7, CLIENT, 1, 1572607801, query=question), b"\xff"]
    in_files = {
        "pcap": p.pcap(timed),
        "pcap-cut": p.pcap(timed)[:-9],
        "pcap-link": p.pcap(timed, link=105),
        "pcapng": p.pcapng([(at, f, 1) for at, f in timed]),
        "pcapng-big": p.pcapng([(at, f, 1) for at, f in timed], order=">", nanoseconds=True),
        "pcapng-mixed": p.pcapng([(at, f if i % 2 else f[14:], 1 if i % 2 else 101) for i, (at, f) in enumerate(timed)]),
        "pcapng-simple": p.pcapng(timed and [(*timed[0], 1)]) + p.block(3, struct.pack("<I", len(timed[1][1])) + timed[1][1], "<"),
        "dnstap": p.frame_stream(tap),
        "dnstap-cut": p.frame_stream(tap)[:-20],
        "dnstap-other": p.frame_stream(tap, content=b"protobuf:other"),
        "nothing": b"GET / HTTP/1.1",
    }
    for target, corpus in (("packets", in_packets), ("capture", in_files)):
        (pathlib.Path(folder) / target).mkdir(parents=True, exist_ok=True)
        for name, content in corpus.items():
            (pathlib.Path(folder) / target / name).write_bytes(content)


main(sys.argv[1])

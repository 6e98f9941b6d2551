#!/usr/bin/python3
"""replay.py BUILD [PACKETS]: how long does `portafilter replay` take for a capture of so many packets (a million)?

The capture is made here, the same bytes each time: the household of bench_journal (40 devices; the six with people before them ask half of it,
3,000 names by Zipf's law, the others 60 each) over UDP, every question answered a millisecond later, one in eight over IPv6. Beside it, in the same run, what libpcap and a print of each packet cost (tcpdump -r), and what
tshark takes to find the names; whoever is not installed is left out.
"""
import json
import pathlib
import random
import resource
import shutil
import struct
import subprocess
import sys
import tempfile
import time

DEVICES, PEOPLE, NAMES_PEOPLE, NAMES_THING, GAP_US = 40, 6, 3000, 60, 1500


def name_wire(device, number):
    labels = ("www", f"site-{number}", f"example{number % 700}", "com") if device < PEOPLE else (f"api{number}", "things", f"vendor{device}", "example")
    return b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"


def ethernet(device, up, v6, udp):
    mac, router = b"\x02\0\0\0\0" + bytes([device]), b"\x02\0\0\0\1\xfe"
    if v6:
        client, server = b"\xfd" + bytes(14) + bytes([device]), b"\x20\x01\x0d\xb8" + bytes(11) + b"\x35"
        head = b"\x86\xdd" + struct.pack(">IHBB", 6 << 28, len(udp), 17, 64)
    else:
        client, server = bytes([192, 168, 1, device]), bytes([192, 0, 2, 53])
        head = b"\x08\0" + struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0)
    source, target = (client, server) if up else (server, client)
    return (router + mac if up else mac + router) + head + source + target + udp


def write_capture(path, packets):
    rng = random.Random(20261129)
    names = {}
    begin = 1764400000
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1))
        for i in range(packets // 2):
            asker, v6 = rng.randrange(PEOPLE if i % 2 else DEVICES), i % 8 == 0
            device = 10 + asker
            number = int((NAMES_PEOPLE if asker < PEOPLE else NAMES_THING) ** rng.random()) - 1
            if (asker, number) not in names:
                names[asker, number] = name_wire(asker, number)
            question = names[asker, number] + b"\0\1\0\1"
            ident, port = i * 40503 & 0xffff, 20000 + i % 40000
            query = struct.pack(">HHHHHH", ident, 0x0100, 1, 0, 0, 0) + question
            records = 1 + number % 3
            answer = struct.pack(">HHHHHH", ident, 0x8180, 1, records, 0, 0) + question
            for record in range(records):
                answer += b"\xc0\x0c\0\1\0\1\0\0\1\x2c\0\4" + bytes([203, number >> 8 & 255, number & 255, record + 1])
            for up, message, after in ((True, query, 0), (False, answer, 700)):
                udp = struct.pack(">HHHH", *((port, 53) if up else (53, port)), 8 + len(message), 0) + message
                frame = ethernet(device, up, v6, udp)
                at = i * GAP_US + after
                out.write(struct.pack("<IIII", begin + at // 1000000, at % 1000000, len(frame), len(frame)) + frame)


def spend(what, command):
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    run = subprocess.run(command, stdout=subprocess.PIPE if what.startswith("replay") else subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    wall, after = time.monotonic() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    if run.returncode:
        sys.exit(f"{what}: {run.stderr}")
    print(f"{what:34} {wall:6.2f} s   CPU {after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime:6.2f} s")
    return run.stdout


def main():
    build = pathlib.Path(sys.argv[1])
    packets = int(sys.argv[2]) if len(sys.argv) > 2 else 1000000
    with tempfile.TemporaryDirectory(dir=build) as folder:
        folder = pathlib.Path(folder)
        capture = folder / "replay.pcap"
        write_capture(capture, packets)
        print(f"{packets:,} packets, {capture.stat().st_size / 1e6:.0f} MB")
        config = {"upstreams": ["127.0.0.1:1"], "home": ["US"], "geo": {"location": []}, "state": str(folder),
                  "devices": [{"name": "coffee", "mac": "02:00:00:00:00:0b", "tags": ["coffee"]}],
                  "rules": [{"name": "vendors", "tags": ["coffee"], "names": ["*.vendor7.example"], "action": "sinkhole"},
                            {"name": "abroad", "standing": "overseas", "action": "flag"}]}
        (folder / "portafilter.yaml").write_text(json.dumps(config))
        found = json.loads(spend("replay, with its journal", [build / "portafilter", "replay", "--json", "-c", folder / "portafilter.yaml", capture,
                                                              "--journal", folder / "journal.db"]))
        if found["capture"]["paired"] != packets // 2:
            sys.exit(f"of {packets // 2} questions {found['capture']['paired']} were paired")
        if shutil.which("tcpdump"):
            spend("ceiling: tcpdump -r", ["tcpdump", "-nn", "-r", capture])
        if shutil.which("tshark"):
            spend("beside it: tshark, the names", ["tshark", "-n", "-r", capture, "-Y", "dns.flags.response == 0", "-T", "fields", "-e", "dns.qry.name"])


if __name__ == "__main__":
    main()

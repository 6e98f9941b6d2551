"""Captures for the tests: pcap, pcapng and dnstap files, written without the code that reads them."""
import ipaddress
import struct

MAC = bytes.fromhex


def pcap(frames, link=1):
    """`frames`: [(seconds, bytes)]"""
    out = struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, link)
    for at, frame in frames:
        out += struct.pack("<IIII", int(at), round(at % 1 * 1e6), len(frame), len(frame)) + frame
    return out


def block(kind, body, order):
    body += b"\0" * (-len(body) % 4)
    length = len(body) + 12
    return struct.pack(order + "II", kind, length) + body + struct.pack(order + "I", length)


def pcapng(frames, order="<", nanoseconds=False):
    """`frames`: [(seconds, bytes, link)]; each link is an interface of its own, with another snapshot length."""
    out = block(0x0a0d0d0a, struct.pack(order + "IHHq", 0x1a2b3c4d, 1, 0, -1), order)
    links = list(dict.fromkeys(link for _, _, link in frames))
    option = struct.pack(order + "HHB3xHH", 9, 1, 9, 0, 0) if nanoseconds else b""
    for i, link in enumerate(links):
        out += block(1, struct.pack(order + "HHI", link, 0, 65535 + i) + option, order)
    out += block(5, b"\0" * 12, order)  # statistics: skipped
    for at, frame, link in frames:
        stamp = round(at * (10**9 if nanoseconds else 10**6))
        out += block(6, struct.pack(order + "IIIII", links.index(link), stamp >> 32, stamp & 0xffffffff, len(frame), len(frame)) + frame, order)
    return out


def ip(source, target, protocol, payload):
    source, target = ipaddress.ip_address(source), ipaddress.ip_address(target)
    if source.version == 4:
        return struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 1, 0, 64, protocol, 0) + source.packed + target.packed + payload
    return struct.pack(">IHBB", 6 << 28, len(payload), protocol, 64) + source.packed + target.packed + payload


def udp(source, target, sport, dport, payload):
    return ip(source, target, 17, struct.pack(">HHHH", sport, dport, 8 + len(payload), 0) + payload)


def tcp(source, target, sport, dport, sequence, flags, payload=b""):
    return ip(source, target, 6, struct.pack(">HHIIBBHHH", sport, dport, sequence, 0, 0x50, flags, 8192, 0, 0) + payload)


def ethernet(packet, source="020000000001", target="020000000002"):
    return MAC(target) + MAC(source) + (b"\x08\0" if packet[0] >> 4 == 4 else b"\x86\xdd") + packet


# ---- dnstap: protocol buffers and Frame Streams by hand


def varint(value):
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def field(number, value):
    if isinstance(value, bytes):
        return varint(number << 3 | 2) + varint(len(value)) + value
    return varint(number << 3) + varint(value)


def dnstap(kind, client, port, at, query=None, response=None, server="192.0.2.53", protocol=1):
    address = ipaddress.ip_address(client)
    message = field(1, kind) + field(2, 1 if address.version == 4 else 2) + field(3, protocol) + field(4, address.packed)
    message += field(5, ipaddress.ip_address(server).packed) + field(6, port) + field(7, 53)
    first = 8 if response is None else 12
    message += field(first, int(at)) + varint((first + 1) << 3 | 5) + struct.pack("<I", round(at % 1 * 1e9))
    if query is not None:
        message += field(10, query)
    if response is not None:
        message += field(14, response)
    return field(1, b"a-server") + field(2, b"its version") + field(14, message) + field(15, 1)


def frame_stream(frames, content=b"protobuf:dnstap.Dnstap", stop=True):
    start = struct.pack(">II", 2, 1) + struct.pack(">I", len(content)) + content
    out = struct.pack(">II", 0, len(start)) + start
    out += b"".join(struct.pack(">I", len(frame)) + frame for frame in frames)
    return out + (struct.pack(">III", 0, 4, 3) if stop else b"")

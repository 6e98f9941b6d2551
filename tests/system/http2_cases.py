"""HTTP/2 by hand: what RFC 9113 (HTTP/2) and RFC 7541 (HPACK) want of a server, one case after the other, against any server of DNS over HTTPS.

A case is its section, what it is about, and steps: bytes are sent, the others are what must come then (see Connection)."""
import base64
import contextlib
import concurrent.futures
import os
import socket
import ssl
import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RESET, SETTINGS, PUSH, PING, GOAWAY, UPDATE, CONTINUATION, UNKNOWN = *range(10), 0x16
END, ACK, WHOLE, PADDED, WEIGHED = 1, 1, 4, 8, 0x20
NO_ERROR, PROTOCOL, FLOW, CLOSED, SIZE, REFUSED, COMPRESSION = 0, 1, 3, 5, 6, 7, 9
ENABLE_PUSH, WINDOW_SIZE, FRAME_SIZE = 2, 4, 5
BIG = 1 << 31
NAME = "h2.sink.test"


def query():
    """A question for NAME, without EDNS."""
    return struct.pack("!6H", 0, 0x0100, 1, 0, 0, 0) + b"".join(bytes([len(part)]) + part.encode() for part in NAME.split(".")) + b"\0\0\1\0\1"


def f(kind, flags=0, stream=0, payload=b""):
    return struct.pack("!I", len(payload))[1:] + struct.pack("!BBI", kind, flags, stream) + payload


def text(value):
    value = value.encode() if isinstance(value, str) else value
    return (bytes([len(value)]) if len(value) < 127 else b"\x7f" + bytes([len(value) - 127 & 127 | 128, len(value) - 127 >> 7])) + value


def field(name, value):
    """A literal with a new name, not indexed."""
    return b"\0" + text(name) + text(value)


PATH = "/dns-query?dns=" + base64.urlsafe_b64encode(query()).rstrip(b"=").decode()
TYPE = field("content-type", "application/dns-message")
METHOD, POSTS, SCHEME, HOST = b"\x82", b"\x83", b"\x87", b"\x01" + text("localhost")
AT, AT_POST = b"\x04" + text(PATH), b"\x04" + text("/dns-query")
ASKED = METHOD + SCHEME + AT + HOST
POSTED = POSTS + SCHEME + AT_POST + HOST + TYPE
# RFC 7541, C.4.3: "custom-key" and "custom-value" squeezed
KEY, VALUE = bytes.fromhex("8825a849e95ba97d7f"), bytes.fromhex("8925a849e95bb8e8b4bf")
PLAIN_KEY, PLAIN_VALUE = text("custom-key"), text("custom-value")
PRIO = struct.pack("!IB", 0, 15)


def get(stream=1, block=ASKED, flags=END | WHOLE):
    return f(HEADERS, flags, stream, block)


def opened(stream=1, more=b"", flags=WHOLE):
    """A request whose content is to come."""
    return f(HEADERS, flags, stream, POSTED + more)


def setting(*pairs):
    return f(SETTINGS, 0, 0, b"".join(struct.pack("!HI", *pair) for pair in pairs))


def number(value):
    return struct.pack("!I", value)


TRUSTING = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
TRUSTING.check_hostname, TRUSTING.verify_mode = False, ssl.CERT_NONE
TRUSTING.set_alpn_protocols(["h2"])


class Connection:
    """Frames within TLS. What is expected is a tuple: a method's name, and its arguments."""

    def __init__(self, address, port, patience, bare=False):
        sock = socket.create_connection((address, port), timeout=patience)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = TRUSTING.wrap_socket(sock, server_hostname="localhost")
        self.file = self.sock.makefile("rb")
        if not bare:
            self.send(PREFACE + f(SETTINGS))
            assert self.until(lambda k, fl, s, p: k == SETTINGS and not fl & ACK)
            self.send(f(SETTINGS, ACK))

    def close(self):
        self.file.close()
        self.sock.close()

    def send(self, data):
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            self.sock.sendall(data)

    def receive(self):
        """(kind, flags, stream, payload); None at the end, however it came."""
        try:
            head = self.file.read(9)
            if len(head) < 9:
                return None
            length = int.from_bytes(head[:3], "big")
            return head[3], head[4], int.from_bytes(head[5:], "big") & BIG - 1, self.file.read(length)
        except TimeoutError:
            raise
        except OSError:
            return None

    def until(self, wanted):
        """The first frame of which that holds; None when the connection ends before."""
        while (frame := self.receive()) is not None:
            if wanted(*frame):
                return frame
        return None

    def ends(self, stream, codes):
        while (frame := self.receive()) is not None:
            kind, _, at, payload = frame
            if kind == GOAWAY:
                return struct.unpack("!I", payload[4:8])[0] in codes
            if kind == RESET and stream and at == stream:
                return struct.unpack("!I", payload)[0] in codes
        return True

    def dies(self, *codes):
        """A connection error: GOAWAY of one of these codes, or an end without a word (5.4.1)."""
        return self.ends(0, codes)

    def refuses(self, stream, *codes):
        """A stream error, or what is more (5.4.2)."""
        return self.ends(stream, codes)

    def answers(self, stream=1):
        return self.until(lambda k, fl, s, p: k in (DATA, HEADERS) and fl & END and s == stream) is not None

    def pongs(self, payload):
        return self.until(lambda k, fl, s, p: k == PING and fl & ACK and p == payload) is not None

    def lives(self):
        """It still answers a PING; nothing else went wrong on the way."""
        self.send(f(PING, 0, 0, b"well-iam"))
        bad = self.until(lambda k, fl, s, p: k in (GOAWAY, RESET) or k == PING and fl & ACK)
        return bad is not None and bad[0] == PING

    def acknowledges(self, count=1):
        return all(self.until(lambda k, fl, s, p: k == SETTINGS and fl & ACK) for _ in range(count))

    def gives(self, stream, length):
        """A DATA frame of so many bytes."""
        frame = self.until(lambda k, fl, s, p: k in (DATA, RESET, GOAWAY))
        return frame is not None and frame[0] == DATA and frame[2] == stream and len(frame[3]) == length

    def is_quiet(self):
        """Nothing of the stream comes before the answer to a PING."""
        self.send(f(PING, 0, 0, b"anything"))
        frame = self.until(lambda k, fl, s, p: k in (DATA, RESET, GOAWAY, PING))
        return frame is not None and frame[0] == PING

    def shows_settings(self):
        frame = self.receive()
        return frame is not None and frame[0] == SETTINGS and not frame[1] & ACK and frame[2] == 0

    def refuses_streams(self):
        """More streams than it wants, all at once; an end without a word is one too."""
        self.send(b"".join(opened(stream) for stream in range(1, 1024, 2)))
        frame = self.until(lambda k, fl, s, p: k in (RESET, GOAWAY))
        return frame is None or frame[0] == GOAWAY or frame[3] in (number(REFUSED), number(PROTOCOL))

    def finishes(self):
        """GOAWAY is no error: the connection may end, and if it does not, it works."""
        self.send(f(PING, 0, 0, b"well-iam"))
        frame = self.until(lambda k, fl, s, p: k == GOAWAY and p[4:8] != number(NO_ERROR) or k == PING and fl & ACK)
        return frame is None or frame[0] == PING

    def settles(self):
        """RFC 9113 has given up priorities: an error as RFC 7540 wanted it, or nothing."""
        self.send(f(PING, 0, 0, b"well-iam"))
        frame = self.until(lambda k, fl, s, p: k in (GOAWAY, RESET) or k == PING and fl & ACK)
        return frame is None or frame[0] == PING or (frame[3] if frame[0] == RESET else frame[3][4:8]) == number(PROTOCOL)

    def hangs_up(self):
        return self.until(lambda *frame: False) is None

    def pongs_alone(self, payload):
        frame = self.until(lambda k, fl, s, p: k == PING)
        return frame is not None and frame[1] & ACK and frame[3] == payload


LIVES = ("lives",)


def dies(*codes):
    return ("dies", *codes)


def refuses(stream, *codes):
    return ("refuses", stream, *codes)


def answers(stream=1):
    return ("answers", stream)


CLIENTS = [
    ("3.4", "a preface is answered by SETTINGS", "bare", PREFACE + f(SETTINGS), ("shows_settings",)),
    ("5.1", "PRIORITY for an idle stream", f(PRIORITY, 0, 1, PRIO), LIVES),
    ("5.1", "WINDOW_UPDATE on a stream that is half closed", get(), f(UPDATE, 0, 1, number(1)), answers()),
    ("5.1", "PRIORITY on a stream that is half closed", get(), f(PRIORITY, 0, 1, PRIO), answers()),
    ("5.1", "RST_STREAM on a stream that is half closed", get(), f(RESET, 0, 1, number(8)), LIVES),
    ("5.1", "PRIORITY on a closed stream", get(), answers(), f(PRIORITY, 0, 1, PRIO), LIVES),
    ("6.1", "DATA", opened(), f(DATA, END, 1, query()), answers()),
    ("6.1", "several DATA", opened(), f(DATA, 0, 1, query()[:9]) + f(DATA, END, 1, query()[9:]), answers()),
    ("6.1", "DATA with padding", opened(), f(DATA, END | PADDED, 1, b"\x05" + query() + bytes(5)), answers()),
    ("6.2", "HEADERS", get(), answers()),
    ("6.2", "HEADERS with padding", f(HEADERS, END | WHOLE | PADDED, 1, b"\x03" + ASKED + bytes(3)), answers()),
    ("6.2", "HEADERS with a priority", f(HEADERS, END | WHOLE | WEIGHED, 1, PRIO + ASKED), answers()),
    ("6.3", "PRIORITY of weight 1", f(PRIORITY, 0, 1, struct.pack("!IB", 0, 0)) + get(), answers()),
    ("6.3", "PRIORITY of weight 256", f(PRIORITY, 0, 1, struct.pack("!IB", 0, 255)) + get(), answers()),
    ("6.3", "PRIORITY with a dependency", f(PRIORITY, 0, 1, struct.pack("!IB", 9, 5)) + get(), answers()),
    ("6.3", "an exclusive PRIORITY", f(PRIORITY, 0, 1, struct.pack("!IB", BIG | 9, 5)) + get(), answers()),
    ("6.3", "PRIORITY for an idle stream, then a lower stream", f(PRIORITY, 0, 5, PRIO) + get(3), answers(3)),
    ("6.4", "RST_STREAM", opened() + f(RESET, 0, 1, number(8)) + get(3), answers(3)),
    ("6.5", "SETTINGS", setting((1, 8192)), ("acknowledges",)),
    ("6.7", "PING", f(PING, 0, 0, b"8 bytes!"), ("pongs", b"8 bytes!")),
    ("6.8", "GOAWAY ends it, or leaves it to us", f(GOAWAY, 0, 0, number(0) + number(0)), ("finishes",)),
    ("6.9", "WINDOW_UPDATE of the connection", f(UPDATE, 0, 0, number(1)) + get(), answers()),
    ("6.9", "WINDOW_UPDATE of a stream", opened() + f(UPDATE, 0, 1, number(1)) + f(DATA, END, 1, query()), answers()),
    ("6.10", "CONTINUATION", f(HEADERS, END, 1, ASKED[:9]) + f(CONTINUATION, WHOLE, 1, ASKED[9:]), answers()),
    ("6.10", "several CONTINUATION", f(HEADERS, END, 1, ASKED[:5]) + f(CONTINUATION, 0, 1, ASKED[5:9]) + f(CONTINUATION, WHOLE, 1, ASKED[9:]), answers()),
    ("8.1", "GET", get(), answers()),
    ("8.1", "HEAD", get(block=b"\x02" + text("HEAD") + SCHEME + AT + HOST), answers()),
    ("8.1", "POST", opened() + f(DATA, END, 1, query()), answers()),
    ("8.1", "POST with trailers", opened() + f(DATA, 0, 1, query()) + f(HEADERS, END | WHOLE, 1, field("x-last", "word")), answers()),
    ("HPACK 6.1", "an indexed field", get(block=b"\x82\x87" + AT + HOST + b"\x90"), answers()),
]
CLIENTS += [("HPACK 6.2", words, get(block=ASKED + block), answers()) for words, block in [
    (f"{kind}, {named}{squeezed}", head(named == "indexed name") + (b"" if named == "indexed name" else KEY if squeezed else PLAIN_KEY)
     + (VALUE if squeezed else PLAIN_VALUE))
    for kind, head in (("incremental indexing", lambda indexed: b"\x7a" if indexed else b"\x40"),
                       ("without indexing", lambda indexed: b"\x0f\x2b" if indexed else b"\x00"),
                       ("never indexed", lambda indexed: b"\x1f\x2b" if indexed else b"\x10"))
    for named in ("indexed name", "new name") for squeezed in ("", ", squeezed")]]
CLIENTS += [
    ("HPACK 6.3", "a change of the table's size", get(block=b"\x20" + ASKED), answers()),
    ("HPACK 6.3", "two changes of the table's size", get(block=b"\x20\x3f\x61" + ASKED), answers()),
]

AFTER_RESET = opened() + f(RESET, 0, 1, number(8))
SERVERS = [
    ("3.4", "a preface and SETTINGS of our own", "bare", PREFACE + setting((3, 100)), ("acknowledges",)),
    ("3.4", "a preface that is none", "bare", b"INVALID CONNECTION PREFACE\r\n\r\n", dies(PROTOCOL)),
    ("4.1", "an unknown kind of frame", f(UNKNOWN, 0, 0, bytes(8)), LIVES),
    ("4.1", "flags that mean nothing", f(PING, 0x16, 0, b"8 bytes!"), ("pongs", b"8 bytes!")),
    ("4.1", "the reserved bit", f(PING, 0, BIG, b"8 bytes!"), ("pongs", b"8 bytes!")),
    ("4.2", "DATA of 2^14 bytes", opened() + f(DATA, END, 1, query() + bytes((1 << 14) - len(query()))), answers()),
    ("4.2", "DATA that is too long", opened() + f(DATA, END, 1, bytes((1 << 14) + 1)), refuses(1, SIZE)),
    ("4.2", "HEADERS that are too long", f(HEADERS, END | WHOLE, 1, ASKED + field("x", bytes(16000).replace(b"\0", b"a")) + field("y", b"b" * 400)), dies(SIZE)),
    ("4.3", "a block that can not be read", get(block=b"\x40"), dies(COMPRESSION)),
    ("4.3", "PRIORITY within a block", f(HEADERS, END, 1, ASKED) + f(PRIORITY, 0, 1, PRIO) + f(CONTINUATION, WHOLE, 1, b""), dies(PROTOCOL)),
    ("4.3", "HEADERS of another stream within a block", f(HEADERS, END, 1, ASKED) + get(3), dies(PROTOCOL)),
    ("5.1", "idle: DATA", f(DATA, END, 1, b"test"), dies(PROTOCOL)),
    ("5.1", "idle: RST_STREAM", f(RESET, 0, 1, number(8)), dies(PROTOCOL)),
    ("5.1", "idle: WINDOW_UPDATE", f(UPDATE, 0, 1, number(100)), dies(PROTOCOL)),
    ("5.1", "idle: CONTINUATION", f(CONTINUATION, WHOLE, 1, ASKED), dies(PROTOCOL)),
    ("5.1", "half closed: DATA", get() + f(DATA, END, 1, b"test"), refuses(1, CLOSED)),
    ("5.1", "half closed: HEADERS", get() + get(), refuses(1, CLOSED)),
    ("5.1", "half closed: CONTINUATION", get() + f(CONTINUATION, WHOLE, 1, ASKED), dies(CLOSED, PROTOCOL)),
    ("5.1", "reset: DATA", AFTER_RESET + f(DATA, END, 1, b"test"), refuses(1, CLOSED)),
    ("5.1", "reset: HEADERS", AFTER_RESET + get(), refuses(1, CLOSED)),
    ("5.1", "reset: CONTINUATION", AFTER_RESET + f(CONTINUATION, WHOLE, 1, ASKED), dies(CLOSED, PROTOCOL)),
    ("5.1", "closed: DATA", get(), answers(), f(DATA, END, 1, b"test"), refuses(1, CLOSED)),
    ("5.1", "closed: HEADERS", get(), answers(), get(), dies(CLOSED)),
    ("5.1", "closed: CONTINUATION", get(), answers(), f(CONTINUATION, WHOLE, 1, ASKED), dies(CLOSED, PROTOCOL)),
    ("5.1.1", "an even stream", get(2), dies(PROTOCOL)),
    ("5.1.1", "a stream below one that was there", get(5), answers(5), get(3), dies(PROTOCOL, CLOSED)),
    ("5.1.2", "more streams than it wants", ("refuses_streams",)),
    ("5.3.1", "HEADERS that depend on themselves", f(HEADERS, END | WHOLE | WEIGHED, 1, struct.pack("!IB", 1, 5) + ASKED), ("settles",)),
    ("5.3.1", "PRIORITY that depends on itself", f(PRIORITY, 0, 1, struct.pack("!IB", 1, 5)), ("settles",)),
    ("5.4.1", "after an error the connection ends", f(PING, 0, 0, b"seven77"), ("hangs_up",)),
    ("5.4.1", "a GOAWAY says why", f(PING, 0, 0, b"seven77"), dies(SIZE)),
    ("5.5", "a frame of an extension", f(UNKNOWN, 0xff, 1, b"anything"), LIVES),
    ("5.5", "a frame of an extension within a block", f(HEADERS, END, 1, ASKED) + f(UNKNOWN, 0, 1, bytes(4)) + f(CONTINUATION, WHOLE, 1, b""), dies(PROTOCOL)),
    ("6.1", "DATA on stream 0", f(DATA, END, 0, b"test"), dies(PROTOCOL)),
    ("6.1", "DATA on a stream that is not open", get() + f(DATA, END, 1, b"test"), refuses(1, CLOSED)),
    ("6.1", "padding longer than DATA", opened() + f(DATA, END | PADDED, 1, b"\x06test"), dies(PROTOCOL)),
    ("6.2", "PRIORITY before the block's end", f(HEADERS, END, 1, ASKED) + f(PRIORITY, 0, 1, PRIO), dies(PROTOCOL)),
    ("6.2", "another stream before the block's end", f(HEADERS, END, 1, ASKED) + get(3), dies(PROTOCOL)),
    ("6.2", "HEADERS on stream 0", get(0), dies(PROTOCOL)),
    ("6.2", "padding longer than HEADERS", f(HEADERS, END | WHOLE | PADDED, 1, b"\xff" + ASKED), dies(PROTOCOL)),
    ("6.3", "PRIORITY on stream 0", f(PRIORITY, 0, 0, PRIO), dies(PROTOCOL)),
    ("6.3", "PRIORITY of 4 bytes", f(PRIORITY, 0, 1, PRIO[:4]), refuses(1, SIZE)),
    ("6.4", "RST_STREAM on stream 0", f(RESET, 0, 0, number(8)), dies(PROTOCOL)),
    ("6.4", "RST_STREAM on an idle stream", f(RESET, 0, 1, number(8)), dies(PROTOCOL)),
    ("6.4", "RST_STREAM of 3 bytes", opened() + f(RESET, 0, 1, bytes(3)), dies(SIZE)),
    ("6.5", "an ACK with content", f(SETTINGS, ACK, 0, struct.pack("!HI", 3, 1)), dies(SIZE)),
    ("6.5", "SETTINGS on a stream", f(SETTINGS, 0, 1, struct.pack("!HI", 3, 1)), dies(PROTOCOL)),
    ("6.5", "SETTINGS of 3 bytes", f(SETTINGS, 0, 0, bytes(3)), dies(SIZE)),
    ("6.5.2", "ENABLE_PUSH of 2", setting((ENABLE_PUSH, 2)), dies(PROTOCOL)),
    ("6.5.2", "INITIAL_WINDOW_SIZE of 2^31", setting((WINDOW_SIZE, BIG)), dies(FLOW)),
    ("6.5.2", "MAX_FRAME_SIZE below 2^14", setting((FRAME_SIZE, (1 << 14) - 1)), dies(PROTOCOL)),
    ("6.5.2", "MAX_FRAME_SIZE of 2^24", setting((FRAME_SIZE, 1 << 24)), dies(PROTOCOL)),
    ("6.5.2", "a setting that nobody knows", setting((0xff, 1)), LIVES),
    ("6.5.3", "of several values the last counts", setting((WINDOW_SIZE, 100), (WINDOW_SIZE, 1)) + get(), ("gives", 1, 1)),
    ("6.5.3", "each SETTINGS is acknowledged", setting((WINDOW_SIZE, 100)) + setting(), ("acknowledges", 2)),
    ("6.7", "PING comes back as it was", f(PING, 0, 0, b"\xff\0as sent"[:8]), ("pongs", b"\xff\0as sent"[:8])),
    ("6.7", "an ACK is not answered", f(PING, ACK, 0, b"unasked!") + f(PING, 0, 0, b"asked..."), ("pongs_alone", b"asked...")),
    ("6.7", "PING on a stream", f(PING, 0, 1, bytes(8)), dies(PROTOCOL)),
    ("6.7", "PING of 6 bytes", f(PING, 0, 0, bytes(6)), dies(SIZE)),
    ("6.8", "GOAWAY on a stream", f(GOAWAY, 0, 1, bytes(8)), dies(PROTOCOL)),
    ("6.9", "WINDOW_UPDATE by 0", f(UPDATE, 0, 0, number(0)), dies(PROTOCOL)),
    ("6.9", "WINDOW_UPDATE of a stream by 0", opened() + f(UPDATE, 0, 1, number(0)), refuses(1, PROTOCOL)),
    ("6.9", "WINDOW_UPDATE of 3 bytes", f(UPDATE, 0, 0, bytes(3)), dies(SIZE)),
    ("6.9.1", "a window of 1 byte takes 1 byte", setting((WINDOW_SIZE, 1)) + get(), ("gives", 1, 1)),
    ("6.9.1", "the connection's window over 2^31-1", f(UPDATE, 0, 0, number(BIG - 1)) * 2, dies(FLOW)),
    ("6.9.1", "a stream's window over 2^31-1", opened() + f(UPDATE, 0, 1, number(BIG - 1)) * 2, refuses(1, FLOW)),
    ("6.9.2", "a window that grows while the answer waits", setting((WINDOW_SIZE, 0)) + get(), ("is_quiet",), setting((WINDOW_SIZE, 1)), ("gives", 1, 1)),
    ("6.9.2", "a window below 0", setting((WINDOW_SIZE, 3)) + get(), ("gives", 1, 3), setting((WINDOW_SIZE, 2)), ("is_quiet",),
     f(UPDATE, 0, 1, number(2)), ("gives", 1, 1)),
    ("6.9.2", "INITIAL_WINDOW_SIZE over the maximum", setting((WINDOW_SIZE, BIG + 5)), dies(FLOW)),
    ("6.10", "blocks in three parts", f(HEADERS, END, 1, ASKED[:3]) + f(CONTINUATION, 0, 1, ASKED[3:7]) + f(CONTINUATION, WHOLE, 1, ASKED[7:]), answers()),
    ("6.10", "DATA where CONTINUATION should be", f(HEADERS, 0, 1, POSTED) + f(CONTINUATION, 0, 1, b"") + f(DATA, END, 1, b"test"), dies(PROTOCOL)),
    ("6.10", "CONTINUATION on stream 0", f(HEADERS, END, 1, ASKED) + f(CONTINUATION, WHOLE, 0, b""), dies(PROTOCOL)),
    ("6.10", "CONTINUATION behind a whole HEADERS", opened() + f(CONTINUATION, WHOLE, 1, TYPE), dies(PROTOCOL)),
    ("6.10", "CONTINUATION behind the last one", f(HEADERS, 0, 1, POSTED) + f(CONTINUATION, WHOLE, 1, b"") * 2, dies(PROTOCOL)),
    ("6.10", "CONTINUATION behind DATA", opened() + f(DATA, 0, 1, b"test") + f(CONTINUATION, WHOLE, 1, TYPE), dies(PROTOCOL)),
    ("7", "GOAWAY of an unknown code", f(GOAWAY, 0, 0, number(0) + number(0xff)), ("finishes",)),
    ("7", "RST_STREAM of an unknown code", opened() + f(RESET, 0, 1, number(0xff)), LIVES),
    ("8.1", "a second HEADERS without an end", opened() + f(DATA, 0, 1, query()) + f(HEADERS, WHOLE, 1, field("x", "y")), refuses(1, PROTOCOL)),
    ("8.2", "a field's name in capitals", get(block=ASKED + field("X-Test", "a")), refuses(1, PROTOCOL)),
    ("8.2.2", "a field of the connection", get(block=ASKED + field("connection", "keep-alive")), refuses(1, PROTOCOL)),
    ("8.2.2", "te that is not trailers", get(block=ASKED + field("te", "trailers, deflate;q=0.5")), refuses(1, PROTOCOL)),
    ("8.3", "a pseudo-field that nobody knows", get(block=ASKED + field(":test", "a")), refuses(1, PROTOCOL)),
    ("8.3", "a pseudo-field of answers", get(block=ASKED + b"\x88"), refuses(1, PROTOCOL)),
    ("8.3", "a pseudo-field among trailers", opened() + f(DATA, 0, 1, query()) + f(HEADERS, END | WHOLE, 1, METHOD), refuses(1, PROTOCOL)),
    ("8.3", "a pseudo-field behind others", get(block=SCHEME + AT + HOST + field("x", "y") + METHOD), refuses(1, PROTOCOL)),
    ("8.3.1", "an empty :path", get(block=METHOD + SCHEME + b"\x04\0" + HOST), refuses(1, PROTOCOL)),
    ("8.3.1", "no :method", get(block=SCHEME + AT + HOST), refuses(1, PROTOCOL)),
    ("8.3.1", "no :scheme", get(block=METHOD + AT + HOST), refuses(1, PROTOCOL)),
    ("8.3.1", "no :path", get(block=METHOD + SCHEME + HOST), refuses(1, PROTOCOL)),
    ("8.3.1", "two :method", get(block=METHOD + ASKED), refuses(1, PROTOCOL)),
    ("8.3.1", "two :scheme", get(block=SCHEME + ASKED), refuses(1, PROTOCOL)),
    ("8.3.1", "two :path", get(block=AT + ASKED), refuses(1, PROTOCOL)),
    ("8.1.1", "a content-length that is wrong", opened(more=field("content-length", "1")) + f(DATA, END, 1, query()), refuses(1, PROTOCOL)),
    ("8.1.1", "a content-length that is wrong, in two parts", opened(more=field("content-length", "1")) + f(DATA, 0, 1, query()[:9])
     + f(DATA, END, 1, query()[9:]), refuses(1, PROTOCOL)),
    ("8.4", "PUSH_PROMISE", f(PUSH, WHOLE, 1, number(3) + ASKED), dies(PROTOCOL)),
    ("HPACK 2.3.3", "an index that is not there", get(block=ASKED + b"\xc6"), dies(COMPRESSION)),
    ("HPACK 2.3.3", "a name's index that is not there", get(block=ASKED + b"\x7f\x07" + PLAIN_VALUE), dies(COMPRESSION)),
    ("HPACK 4.2", "a change of the table's size behind a field", get(block=ASKED + b"\x20"), dies(COMPRESSION)),
    ("HPACK 5.2", "squeezed text with 8 bits of padding", get(block=ASKED + b"\0" + PLAIN_KEY + b"\x8a" + VALUE[1:] + b"\xff"), dies(COMPRESSION)),
    ("HPACK 5.2", "squeezed text padded by zeros", get(block=ASKED + b"\0" + PLAIN_KEY + b"\x81\x18"), dies(COMPRESSION)),
    ("HPACK 5.2", "squeezed text with the end's own symbol", get(block=ASKED + b"\0" + PLAIN_KEY + b"\x84\xff\xff\xff\xff"), dies(COMPRESSION)),
    ("HPACK 6.1", "index 0", get(block=ASKED + b"\x80"), dies(COMPRESSION)),
    ("HPACK 6.3", "a table larger than allowed", get(block=b"\x3f\xe1\x7f" + ASKED), dies(COMPRESSION)),
]
CASES = CLIENTS + SERVERS


def try_case(address, port, case, patience):
    """None, or what went wrong."""
    _, _, *steps = case
    bare = steps[0] == "bare"
    connection = Connection(address, port, patience, bare)
    try:
        for step in steps[bare:]:
            if isinstance(step, bytes):
                connection.send(step)
            elif not getattr(connection, step[0])(*step[1:]):
                return " ".join(map(str, step))
    except TimeoutError:
        return "nothing came for " + " ".join(map(str, step))
    finally:
        connection.close()
    return None


def run(address, port, patience=5, threads=os.cpu_count() or 2):
    """What went wrong, for each case that did."""
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        results = list(pool.map(lambda case: try_case(address, port, case, patience), CASES))
    return [(*case[:2], wrong) for case, wrong in zip(CASES, results) if wrong]

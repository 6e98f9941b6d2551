"""Collectors that the journal's sinks are tested against: fstrm_capture, rsyslogd, and sockets that misbehave on purpose. And a
reader of dnstap that knows nothing of our own code: protobuf's wire format and the published field numbers."""
import json
import os
import pathlib
import pwd
import shutil
import signal
import socket
import struct
import subprocess
import threading

from harness import PATIENCE_S, ROOT, find_program, free_port, make_folder, wait_until

CONTENT_TYPE = b"protobuf:dnstap.Dnstap"
ACCEPT, START, STOP, READY, FINISH = 1, 2, 3, 4, 5
MESSAGE = {1: "type", 2: "family", 3: "protocol", 4: "query_address", 5: "response_address", 6: "query_port", 7: "response_port", 8: "query_sec",
           9: "query_nsec", 10: "query", 12: "response_sec", 13: "response_nsec", 14: "response", 15: "policy"}
POLICY = {1: "type", 2: "rule", 3: "action", 4: "match", 5: "value"}
TYPES = {5: "CQ", 6: "CR", 7: "FQ", 8: "FR"}


# As https://github.com/dnstap/dnstap.pb numbers it, as far as we write it; protobuf's own compiler reads frames by this.
SCHEMA = """syntax = "proto2"; package dnstap;
message Dnstap { enum Type { MESSAGE = 1; } optional bytes identity = 1; optional bytes version = 2; optional bytes extra = 3;
  required Type type = 15; optional Message message = 14; }
message Policy {
  enum Match { QNAME = 1; CLIENT_IP = 2; RESPONSE_IP = 3; NS_NAME = 4; NS_IP = 5; }
  enum Action { NXDOMAIN = 1; NODATA = 2; PASS = 3; DROP = 4; TRUNCATE = 5; LOCAL_DATA = 6; }
  optional string type = 1; optional bytes rule = 2; optional Action action = 3; optional Match match = 4; optional bytes value = 5; }
message Message {
  enum Type { CLIENT_QUERY = 5; CLIENT_RESPONSE = 6; FORWARDER_QUERY = 7; FORWARDER_RESPONSE = 8; }
  enum Family { INET = 1; INET6 = 2; }
  enum Protocol { UDP = 1; TCP = 2; DOT = 3; DOH = 4; DNSCryptUDP = 5; DNSCryptTCP = 6; DOQ = 7; }
  required Type type = 1; optional Family socket_family = 2; optional Protocol socket_protocol = 3; optional bytes query_address = 4;
  optional bytes response_address = 5; optional uint32 query_port = 6; optional uint32 response_port = 7; optional uint64 query_time_sec = 8;
  optional fixed32 query_time_nsec = 9; optional bytes query_message = 10; optional uint64 response_time_sec = 12;
  optional fixed32 response_time_nsec = 13; optional bytes response_message = 14; optional Policy policy = 15; }
"""


def decoded(frame, folder):
    """The frame as protobuf's compiler prints it; a field that the schema does not know is printed as a number."""
    (folder / "dnstap.proto").write_text(SCHEMA)
    run = subprocess.run([find_program("protoc"), f"--proto_path={folder}", "--decode=dnstap.Dnstap", "dnstap.proto"], input=frame, capture_output=True)
    assert run.returncode == 0, run.stderr
    return run.stdout.decode()


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7f) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def fields(data):
    """Field number → value, of one protobuf message without repeated fields."""
    at, found = 0, {}
    while at < len(data):
        key, at = varint(data, at)
        if key & 7 == 0:
            value, at = varint(data, at)
        elif key & 7 == 2:
            length, at = varint(data, at)
            assert at + length <= len(data)
            value, at = data[at:at + length], at + length
        else:
            assert key & 7 == 5, f"wire type {key & 7}"
            value, at = struct.unpack("<I", data[at:at + 4])[0], at + 4
        assert key >> 3 not in found
        found[key >> 3] = value
    return found


def named(data, names):
    return {names[number]: value for number, value in fields(data).items()}


def dnstap(frame):
    """One data frame as a mapping: the message's fields by name, `kind`, and identity, version, extra."""
    outer = fields(frame)
    assert outer[15] == 1
    message = named(outer[14], MESSAGE)
    if "policy" in message:
        message["policy"] = named(message["policy"], POLICY)
    return message | {"kind": TYPES[message["type"]], "identity": outer.get(1), "version": outer.get(2), "extra": outer.get(3)}


def split_frames(data):
    """(control types, data frames) of a stream, as far as it is whole."""
    at, controls, frames = 0, [], []
    while at + 4 <= len(data):
        length = struct.unpack("!I", data[at:at + 4])[0]
        head = 4 if length else 8
        if not length:
            if at + 8 > len(data):
                break
            length = struct.unpack("!I", data[at + 4:at + 8])[0]
        if at + head + length > len(data):
            break
        body = data[at + head:at + head + length]
        (frames if head == 4 else controls).append(body if head == 4 else struct.unpack("!I", body[:4])[0])
        at += head + length
    return controls, frames


def control(kind, *content_types):
    body = struct.pack("!I", kind) + b"".join(struct.pack("!II", 1, len(c)) + c for c in content_types)
    return struct.pack("!II", 0, len(body)) + body


class FstrmCapture:
    """fstrm_capture of Debian's fstrm-bin, on a unix socket or on TCP; it has written all when it has ended."""

    def __init__(self, tcp=False):
        self.folder = make_folder()
        self.file = self.folder / "capture"
        self.port = free_port() if tcp else None
        self.socket = self.folder / "dnstap.sock"
        self.place = f"tcp://127.0.0.1:{self.port}" if tcp else str(self.socket)
        self.process = None
        self.start()

    def start(self, file=None):
        where = ["-a", "127.0.0.1", "-p", str(self.port)] if self.port else ["-u", str(self.socket)]
        self.file = file or self.file
        self.process = subprocess.Popen([find_program("fstrm_capture"), "-t", CONTENT_TYPE.decode(), *where, "-w", str(self.file)],
                                        stderr=subprocess.DEVNULL, preexec_fn=as_nobody, start_new_session=True)
        wait_until(self.listens, "fstrm_capture listens")

    def listens(self):
        assert self.process.poll() is None
        with socket.socket(socket.AF_INET if self.port else socket.AF_UNIX) as probe:
            try:
                probe.connect(("127.0.0.1", self.port) if self.port else str(self.socket))
                return True
            except OSError:
                return False

    def end(self):
        """Ends it and returns the messages."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            self.process.wait(PATIENCE_S)
        return [dnstap(frame) for frame in split_frames(self.file.read_bytes())[1]]

    def size(self):
        return self.file.stat().st_size if self.file.exists() else 0


def as_nobody():
    """The daemon runs as nobody in tests of root; a unix socket is written to by who may."""
    if ROOT:
        nobody = pwd.getpwnam("nobody")
        os.setgid(nobody.pw_gid)
        os.setuid(nobody.pw_uid)


class Listener:
    """A TCP server whose `serve(connection, number)` runs in a thread for each connection."""

    def __init__(self, serve, tcp=True):
        self.folder = make_folder()
        self.path = str(self.folder / "socket")
        self.sock = socket.socket(socket.AF_INET if tcp else socket.AF_UNIX)
        if tcp:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.sock.bind(("127.0.0.1", free_port()))
        else:
            self.sock.bind(self.path)
            os.chmod(self.path, 0o666)
        self.place = f"tcp://127.0.0.1:{self.sock.getsockname()[1]}" if tcp else self.path
        self.sock.listen(16)
        self.count = 0
        self.serve = serve
        self.received = []  # bytes of each connection
        self.connections = []
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                connection, _ = self.sock.accept()
            except OSError:
                return
            self.connections.append(connection)
            self.received.append(b"")
            threading.Thread(target=self.serve_one, args=(connection, len(self.received) - 1), daemon=True).start()

    def serve_one(self, connection, number):
        try:
            self.serve(self, connection, number)
        except OSError:
            pass

    def take(self, connection, number):
        """Reads until the end."""
        while True:
            data = connection.recv(65536)
            if not data:
                return
            self.received[number] += data

    def stop(self):
        for sock in [self.sock, *self.connections]:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            sock.close()


RSYSLOG = """
global(workDirectory="{folder}" maxMessageSize="16k" parser.escapeControlCharactersOnReceive="off")
module(load="imuxsock" SysSock.Use="off")
module(load="imudp")
module(load="imtcp")
module(load="mmpstrucdata")
template(name="line" type="list" option.jsonf="on") {{
 property(outname="pri" name="pri" format="jsonf")
 property(outname="time" name="timereported" dateFormat="rfc3339" format="jsonf")
 property(outname="host" name="hostname" format="jsonf")
 property(outname="app" name="app-name" format="jsonf")
 property(outname="msgid" name="msgid" format="jsonf")
 property(outname="data" name="$!rfc5424-sd" format="jsonf")
 property(outname="message" name="msg" format="jsonf")
}}
ruleset(name="out") {{
 action(type="mmpstrucdata" sd_name.lowercase="off")
 action(type="omfile" file="{folder}/out" template="line" fileCreateMode="0644")
}}
input(type="imuxsock" Socket="{folder}/log" useSpecialParser="off" parseHostname="on" useSysTimeStamp="off" RateLimit.Interval="0" ruleset="out")
input(type="imudp" address="127.0.0.1" port="{port}" ruleset="out")
input(type="imtcp" address="127.0.0.1" port="{port}" ruleset="out")
"""


class Rsyslog:
    """rsyslogd on a local socket, UDP and TCP; what it understood of each message comes out as JSON."""

    def __init__(self):
        self.folder = make_folder()
        self.port = free_port()
        (self.folder / "conf").write_text(RSYSLOG.format(folder=self.folder, port=self.port))
        self.process = subprocess.Popen([find_program("rsyslogd"), "-n", "-f", self.folder / "conf", "-i", self.folder / "pid"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        wait_until(self.listens, "rsyslogd listens")

    def place(self, transport):
        return f"{self.folder}/log" if transport == "unix" else f"{transport}://127.0.0.1:{self.port}"

    def listens(self):
        assert self.process.poll() is None
        with socket.socket() as probe:
            return (self.folder / "log").exists() and probe.connect_ex(("127.0.0.1", self.port)) == 0

    def messages(self):
        text = (self.folder / "out").read_text() if (self.folder / "out").exists() else ""
        lines = [json.loads(line) for line in text.split("\n") if line.endswith("}")]
        return [line | {"data": json.loads(line["data"])} for line in lines]

    def end(self):
        self.process.terminate()
        self.process.wait(PATIENCE_S)
        shutil.rmtree(self.folder)


class Journald:
    """systemd-journald with a /run of its own, in a mount namespace of its own; its socket and its files are seen from here too. PF_JOURNALD
    names a folder in which Debian's packages systemd and libsystemd-shared were unpacked, where they are not installed."""
    BASE = pathlib.Path(os.environ.get("PF_JOURNALD", "/"))
    PROGRAM = BASE / "lib/systemd/systemd-journald"

    def __init__(self):
        self.folder = make_folder()
        for folder in ("systemd/journal", "log/journal"):
            (self.folder / folder).mkdir(parents=True)
        self.environment = os.environ | {"LD_LIBRARY_PATH": ":".join(map(str, (self.BASE / "usr/lib").glob("*/systemd")))}
        # `ip netns exec` has a /sys without control groups, in which journald looks for itself.
        script = 'mount --bind "$1" /run; mountpoint -q /sys/fs/cgroup || mount -t cgroup2 none /sys/fs/cgroup; exec "$2"'
        self.process = subprocess.Popen(["unshare", "-m", "--propagation", "private", "sh", "-ec", script, "sh", self.folder, self.PROGRAM],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=self.environment, start_new_session=True)
        self.place = self.folder / "systemd/journal/dev-log"

    def runs(self):
        wait_until(lambda: self.process.poll() is not None or self.answers(), "journald listens, or has ended")
        return self.process.poll() is None

    def answers(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as probe:
            return self.place.exists() and probe.connect_ex(str(self.place)) == 0

    def entries(self):
        told = subprocess.run([self.BASE / "bin/journalctl", "-D", self.folder / "log/journal", "-o", "json", "--all"], capture_output=True, text=True, env=self.environment)
        return [json.loads(line) for line in told.stdout.splitlines()]

    def end(self):
        self.process.terminate()
        self.process.wait(PATIENCE_S)
        shutil.rmtree(self.folder)

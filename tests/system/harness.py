"""What the system tests stand on: the real daemon, a real NSD, an upstream that misbehaves on purpose, and
small helpers to ask and to wait. Nothing here knows what a test is about.

PF_BUILD   folder with portafilterd and portafilter      (default: build/ of this tree)
PF_GEOIP   folder of contrib/fetch-geoip                 (default: build/GeoIP)
PF_PATIENCE_S  how long a condition may take (default: 15, 300 with PF_WRAP)
PF_CLOCK   the time that the programs believe it is, e.g. "@2030-06-01 12:00:00" (needs faketime)
PF_SANDBOX the `sandbox` of every configuration         (default: strict, off with PF_WRAP)
PF_RELAXED the machine is shared: what is promised in seconds is held to thrice as many (contrib/check sets it)
PF_WRAP    runs the daemon, e.g. "valgrind -q --error-exitcode=99"
"""
import atexit
import contextlib
import http.client
import itertools
import json
import os
import pathlib
import pwd
import re
import shlex
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import tempfile
import threading
import time

import dns.edns
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("PF_BUILD", TOP / "build")).resolve()
GEOIP = pathlib.Path(os.environ.get("PF_GEOIP", TOP / "build/GeoIP")).resolve()
WRAP = shlex.split(os.environ.get("PF_WRAP", ""))


def at_time(when):
    """What stands before a command that is to believe another time. Not the program faketime, which would stand between us and the signals, and
    which leaves things in /dev/shm that are in its own way when a pid comes again."""
    return ["env", f"LD_PRELOAD={next(pathlib.Path('/usr/lib').glob('*/faketime/libfaketimeMT.so.1'))}", f"FAKETIME={when}", "NO_FAKE_STAT=1"]


CLOCK = at_time(os.environ["PF_CLOCK"]) if "PF_CLOCK" in os.environ else []
SHARED = TOP.parent / "shared"
ROOT = os.getuid() == 0

# How long a condition may take to come true. Nothing waits as long when all is well.
PATIENCE_S = int(os.environ.get("PF_PATIENCE_S", 300 if WRAP else 15))
# A reply that is late by less than this is no failure of what is tested.
ANSWER_S = 20 if WRAP else 6
# How much longer than measured on a quiet machine something may take
SLOW = 8 if WRAP else 3
# The same for what the papers promise in seconds, which holds to the letter where the machine is ours alone
STRICT = SLOW if WRAP or "PF_RELAXED" in os.environ else 1

LOCATION = [GEOIP / "dbip-country.mmdb", GEOIP / "geo-whois-asn-country.mmdb"]
CONTROL = [GEOIP / "asn-ipv4.csv", GEOIP / "asn-ipv6.csv"]

# The sanitizers keep memory for themselves, and what is freed for a while
SANITIZED = (BUILD / "portafilterd").exists() and bool(re.search(rb"__[at]san_init", (BUILD / "portafilterd").read_bytes()))
# What a sanitizer or valgrind writes when it has found something
TROUBLE = re.compile(r"AddressSanitizer|LeakSanitizer|UndefinedBehavior|runtime error:|ThreadSanitizer|^==\d+== ", re.M)


def wait_until(condition, what, patience_s=PATIENCE_S, pause_s=0.01):
    """Waits until condition() is true and returns what it returned; fails with `what` when it never is."""
    end = time.monotonic() + patience_s
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"after {patience_s} s it is still not so that {what}"
        time.sleep(pause_s)


def make_folder():
    """A folder of its own that the user nobody can write to; pytest's are closed to others."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="portafilter-"))
    folder.chmod(0o755)
    if ROOT:
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return folder


def port_range():
    """Ports of this process of pytest (with xdist there are several): the daemon shares its ports with whoever
    has the same user and the same idea, so that two tests must never come to the same one."""
    number = int(re.sub(r"\D", "", os.environ.get("PYTEST_XDIST_WORKER", "")) or 15)
    first = 10000 + number % 16 * 1400  # below the ports that the kernel gives to clients
    return itertools.cycle(range(first, first + 1400))


PORTS = port_range()


def free_port():
    """A port on which neither UDP nor TCP is taken on any IPv4 address."""
    while True:
        port = next(PORTS)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
            try:
                udp.bind(("0.0.0.0", port))
                tcp.bind(("0.0.0.0", port))
                return port
            except OSError:
                continue


def small_control():
    """A table of two networks: reading the half million of all takes longer than most tests."""
    path = pathlib.Path(tempfile.gettempdir()) / f"portafilter-control-{os.getpid()}.csv"
    path.write_text("9.9.9.0,9.9.9.255,19281,Quad9\n114.114.114.0,114.114.114.255,21859,Zenlayer Inc\n")
    atexit.register(path.unlink, missing_ok=True)
    return str(path)


# ---- asking


def question(name, rdtype="A", payload=1232, do=False, options=(), edns=True, cd=False):
    """A query; payload None or edns False: without OPT."""
    query = dns.message.make_query(name, rdtype, use_edns=False)
    if edns and payload:
        query.use_edns(0, dns.flags.DO if do else 0, payload, options=list(options))
    query.flags |= dns.flags.CD if cd else 0
    return query


def ask(port, name, rdtype="A", source="127.0.0.1", server="127.0.0.1", tcp=False, timeout=ANSWER_S, **more):
    """Asks once and returns the reply, or None when there was none in time."""
    query = question(name, rdtype, **more)
    try:
        if tcp:
            return dns.query.tcp(query, server, port=port, source=source, timeout=timeout)
        return dns.query.udp(query, server, port=port, source=source, timeout=timeout, ignore_unexpected=True)
    except (dns.exception.Timeout, EOFError, ConnectionError):
        return None


def send_udp(port, packet, source="127.0.0.1", timeout=0.5, server="127.0.0.1"):
    """Sends bytes and returns the bytes that come back, or None."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((source, 0))
        sock.settimeout(timeout)
        sock.sendto(packet, (server, port))
        try:
            return sock.recv(65535)
        except socket.timeout:
            return None


class Stream:
    """A TCP connection to the daemon, with its length prefixes."""

    def __init__(self, port, source="127.0.0.1", timeout=ANSWER_S):
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=timeout, source_address=(source, 0))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, *messages):
        self.sock.sendall(b"".join(struct.pack("!H", len(m)) + m for m in messages))

    def read(self, length):
        data = b""
        while len(data) < length:
            more = self.sock.recv(length - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def receive(self):
        """The next message, or None when the connection has ended."""
        try:
            return self.read(struct.unpack("!H", self.read(2))[0])
        except (EOFError, ConnectionError):
            return None


def addresses(reply):
    """The addresses of a reply's answer section, sorted."""
    return sorted(r.address for rrset in reply.answer for r in rrset if rrset.rdtype in (dns.rdatatype.A, dns.rdatatype.AAAA))


def ede(reply):
    """(info code, text) of the extended error, or None."""
    for option in reply.options:
        if option.otype == dns.edns.OptionType.EDE:
            return int(option.code), option.text or ""
    return None


# ---- NSD


def find_program(name):
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin:/usr/local/sbin")


ZONE_HEAD = """$ORIGIN .
$TTL 300
@ 3600 SOA ns.lab.invalid. hostmaster.lab.invalid. 1 3600 900 604800 60
@ 3600 NS ns.lab.invalid.
ns.lab.invalid. A 127.0.0.1
"""


class Nsd:
    """NSD on 127.0.0.1 with one root zone; `text` is what stands below its SOA. `minimal`: answers have no name servers, as those of most
    resolvers have none."""

    def __init__(self, text, address="127.0.0.1", minimal=False):
        self.folder = make_folder()
        self.address = address
        self.port = free_port()
        (self.folder / "root.zone").write_text(ZONE_HEAD + text)
        (self.folder / "nsd.conf").write_text(f"""
server:
  ip-address: {address}@{self.port}
  username: "{'nobody' if ROOT else ''}"
  chroot: ""
  zonesdir: "{self.folder}"
  database: ""
  pidfile: "{self.folder}/nsd.pid"
  xfrdfile: "{self.folder}/xfrd.state"
  zonelistfile: "{self.folder}/zone.list"
  cookie-secret-file: "{self.folder}/cookie.secrets"
  server-count: 1
  rrl-ratelimit: 0
  tcp-count: 500
  minimal-responses: {'yes' if minimal else 'no'}
remote-control:
  control-enable: no
zone:
  name: "."
  zonefile: root.zone
""")
        self.log = open(self.folder / "nsd.log", "wb")
        self.process = subprocess.Popen([find_program("nsd"), "-d", "-c", self.folder / "nsd.conf"],
                                        stdout=self.log, stderr=self.log, start_new_session=True)
        wait_until(self.answers, "NSD answers")

    @property
    def upstream(self):
        return f"{self.address}:{self.port}"

    def answers(self):
        assert self.process.poll() is None, (self.folder / "nsd.log").read_text()
        return ask(self.port, "ns.lab.invalid", timeout=0.2, server=self.address) is not None

    def stop(self):
        self.process.terminate()
        self.process.wait(PATIENCE_S)
        self.log.close()
        shutil.rmtree(self.folder)


# ---- an upstream that does what a test wants


def plain_answer(query, transport):
    """One address for whatever is asked; no data for other types."""
    known = {dns.rdatatype.A: "192.0.2.1", dns.rdatatype.AAAA: "2001:db8::1"}.get(query.question[0].rdtype)
    return answer(query, known) if known else answer(query, soa=60)


class Upstream:
    """Answers over UDP and TCP as handler(query, transport) says: a message, bytes, a list of them, or None
    for silence. `transport` is "udp" or "tcp". What was asked is kept in `queries`, with the client's port.
    """

    def __init__(self, handler=None, address="127.0.0.1"):
        self.handler = handler or plain_answer
        self.address = address
        self.queries = []  # (message, source port, transport)
        self.lock = threading.Lock()
        while True:
            self.port = free_port()
            self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
            self.tcp = socket.socket()
            self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                self.udp.bind((address, self.port))
                self.tcp.bind((address, self.port))
                break
            except OSError:
                self.udp.close()
                self.tcp.close()
        self.tcp.listen(64)
        self.running = True
        for target in (self.serve_udp, self.serve_tcp):
            threading.Thread(target=target, daemon=True).start()

    @property
    def upstream(self):
        return f"{self.address}:{self.port}"

    def names(self):
        with self.lock:
            return [q.question[0].name.to_text(omit_final_dot=True).lower() for q, _, _ in self.queries]

    def count(self, name=None):
        return len([n for n in self.names() if name in (None, n)])

    def take(self, wire, port, transport):
        query = dns.message.from_wire(wire)
        with self.lock:
            self.queries.append((query, port, transport))
        result = self.handler(query, transport)
        if result is None:
            return []
        if not isinstance(result, list):
            result = [result]
        return [r if isinstance(r, bytes) else r.to_wire(max_size=65535) for r in result]

    def serve_udp(self):
        while self.running:
            try:
                wire, peer = self.udp.recvfrom(65535)
            except OSError:
                return
            if not wire:
                continue
            threading.Thread(target=self.answer_udp, args=(wire, peer), daemon=True).start()

    def answer_udp(self, wire, peer):
        for message in self.take(wire, peer[1], "udp"):
            try:
                self.udp.sendto(message, peer)
            except OSError:
                return

    def serve_tcp(self):
        while self.running:
            try:
                connection, peer = self.tcp.accept()
            except OSError:
                return
            threading.Thread(target=self.answer_tcp, args=(connection, peer), daemon=True).start()

    def answer_tcp(self, connection, peer):
        with connection, connection.makefile("rwb") as stream:
            try:
                while True:
                    length = stream.read(2)
                    if len(length) < 2:
                        return
                    wire = stream.read(struct.unpack("!H", length)[0])
                    for message in self.take(wire, peer[1], "tcp"):
                        stream.write(struct.pack("!H", len(message)) + message)
                        stream.flush()
            except OSError:
                return

    def stop(self):
        self.running = False
        # wakes the threads that wait in recvfrom and accept
        for sock in (self.udp, self.tcp):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            sock.close()


def answer(query, *values, ttl=300, rdtype=None, rcode=dns.rcode.NOERROR, soa=None):
    """A reply to `query` with these addresses (or values of `rdtype`); soa: seconds of a negative answer."""
    reply = dns.message.make_response(query)
    reply.flags |= dns.flags.RA
    reply.set_rcode(rcode)
    name = query.question[0].name
    rdtype = rdtype or dns.rdatatype.to_text(query.question[0].rdtype)
    if values:
        reply.answer.append(dns.rrset.from_text(name, ttl, "IN", rdtype, *values))
    if soa is not None:
        reply.authority.append(dns.rrset.from_text(
            ".", soa, "IN", "SOA", f"ns.lab.invalid. hostmaster.lab.invalid. 1 3600 900 604800 {soa}"))
    return reply


# ---- the daemon


def merge(base, change):
    """Mappings are merged, everything else is replaced, None takes a key away."""
    if not (isinstance(base, dict) and isinstance(change, dict)):
        return change
    merged = dict(base)
    for key, value in change.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge(base.get(key), value)
    return merged


# Do the sums of a journal hold every query that it has?
SUMMED = """SELECT summed_until >= (SELECT ifnull(max(id + count - 1), 0) FROM (SELECT id, count FROM block ORDER BY id DESC LIMIT 1)) AS done
            FROM progress"""


class Daemon:
    """portafilterd with a configuration of its own (JSON is YAML). `config` is merged over the least that
    it needs; `text` is taken as it is. With `namespace` it runs in that network namespace."""

    def __init__(self, config=None, text=None, namespace=None, ready=True):
        self.folder = make_folder()
        self.path = self.folder / "portafilter.yaml"
        self.port = free_port()
        self.prefix = ["ip", "netns", "exec", namespace] if namespace else []
        self.process = None
        self.starts = 0
        self.expected = 0
        self.config = merge({
            "listen": {"dns": [f"127.0.0.1:{self.port}"], "control": f"{self.folder}/control.sock", "web": "off"},
            "upstreams": ["127.0.0.1:1"],
            # the journal then keeps the order in which a test asks; `None` gives one for each core
            "workers": 1,
            # not what the tests are about: no database, no home, unless a test says so
            "geo": {"location": []},
            # nor any vendor: half of what a start takes is to read the IEEE's list of them
            "vendors": f"{self.folder}/vendors",
            "journal": {"path": f"{self.folder}/journal.db"},
            "state": f"{self.folder}",
            # what it has no use for ends it; valgrind has its own ways
            "sandbox": os.environ.get("PF_SANDBOX") or ("off" if WRAP else "strict"),
        }, config or {})
        if ROOT:
            self.config.setdefault("user", "nobody")
        self.write(text)
        if ready:
            self.start()

    def write(self, text=None, **change):
        """Writes the configuration, with some keys changed for good."""
        self.config = merge(self.config, change)
        self.path.write_text(text if text is not None else json.dumps(self.config, indent=1, default=str))

    def write_file(self, name, text):
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    def start(self):
        self.starts += 1
        self.stderr = open(self.folder / "log", "ab")
        self.process = subprocess.Popen(self.prefix + CLOCK + WRAP + [str(BUILD / "portafilterd"), "-c", str(self.path)],
                                        stdout=self.stderr, stderr=self.stderr, start_new_session=True)
        try:
            wait_until(self.is_ready, "the daemon says that it is ready")
        except AssertionError:
            self.kill()
            raise

    def is_ready(self):
        assert self.process.poll() is None, f"the daemon has ended with {self.process.returncode}:\n{self.log()}"
        return self.log().count("portafilter is ready") == self.starts

    def log(self):
        return (self.folder / "log").read_text(errors="replace") if (self.folder / "log").exists() else ""

    def wait_log(self, pattern, count=1):
        wait_until(lambda: len(re.findall(pattern, self.log())) >= count, f"the log has {count} × {pattern!r}:\n" + self.log())

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def stop(self):
        """Ends it with SIGTERM; it must end with 0 and have nothing on its conscience."""
        if not self.process:
            return
        try:
            if self.process.poll() is None:
                self.signal(signal.SIGTERM)
                self.process.wait(PATIENCE_S)
            assert self.process.returncode == self.expected, f"ended with {self.process.returncode}:\n{self.log()}"
            assert not TROUBLE.search(self.log()), self.log()
        finally:
            self.kill()
            self.stderr.close()
            self.process = None

    def clean(self):
        try:
            self.stop()
        finally:
            shutil.rmtree(self.folder)

    # ---- what people and machines can see of it

    def ask(self, name, rdtype="A", source="127.0.0.1", **more):
        return ask(self.port, name, rdtype, source, **more)

    def cli(self, *arguments, stdin=None):
        """Runs `portafilter VERB … -c FILE` and returns (exit code, stdout, stderr)."""
        run = subprocess.run(self.prefix + CLOCK + [str(BUILD / "portafilter"), arguments[0], "-c", str(self.path), *map(str, arguments[1:])],
                             capture_output=True, text=True, timeout=PATIENCE_S, input=stdin)
        return run.returncode, run.stdout, run.stderr

    def json(self, *arguments):
        """The same with --json; it must succeed."""
        code, out, err = self.cli(*arguments, "--json")
        assert code == 0, f"{arguments}: {code} {err}"
        return json.loads(out)

    def api(self, path, method="GET", body=None, headers=None):
        """(HTTP status, parsed JSON, headers) of a request to the control socket."""
        connection = UnixConnection(str(self.folder / "control.sock"))
        try:
            # who refuses a body may say so, and hang up, before all of it was sent
            with contextlib.suppress(BrokenPipeError):
                connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            data = response.read()
            return response.status, json.loads(data) if data else None, dict(response.getheaders())
        finally:
            connection.close()

    def status(self):
        code, data, _ = self.api("/api/v1/status")
        assert code == 200, data
        return data

    def journal(self, sql, *parameters):
        """Rows of the journal as mappings."""
        base = sqlite3.connect(f"file:{self.folder}/journal.db?mode=ro", uri=True, timeout=PATIENCE_S)
        try:
            base.row_factory = sqlite3.Row
            return [dict(row) for row in base.execute(sql, parameters)]
        finally:
            base.close()

    def rows(self, count=None, where="1", *parameters):
        """The rows of v_queries, as soon as there are `count` of them (or as they are now)."""
        sql = f"SELECT * FROM v_queries WHERE {where} ORDER BY time"
        if count is None:
            return self.journal(sql, *parameters)

        def enough():
            assert not self.process or self.process.poll() is None, f"the daemon has ended:\n{self.log()}"
            rows = self.journal(sql, *parameters)
            return rows if len(rows) >= count else None

        return wait_until(enough, f"the journal has {count} rows where {where}")

    def summed(self, patience_s=PATIENCE_S):
        """Waits until the sums hold every query that the journal has: endpoints and counts are summed up a moment behind the rows."""
        wait_until(lambda: self.journal(SUMMED)[0]["done"], "the journal has summed it all up", patience_s)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=PATIENCE_S)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)

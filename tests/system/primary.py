"""Primaries of response policy zones: a real NSD and a real BIND, and one that lies."""
import base64
import shutil
import socket
import struct
import subprocess
import threading

import dns.message
import dns.rdatatype
import dns.tsigkeyring

from harness import PATIENCE_S, ROOT, ask, find_program, free_port, make_folder, wait_until

ZONE = "rpz.example"
KEY = "transfer.key"
SECRET = base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
KEYRING = dns.tsigkeyring.from_text({KEY: SECRET})


def zone_text(serial, records, refresh=3600, retry=2, expire=86400):
    return f"""$ORIGIN {ZONE}.
$TTL 60
@ SOA ns.{ZONE}. hostmaster.{ZONE}. {serial} {refresh} {retry} {expire} 60
@ NS ns.{ZONE}.
ns A 127.0.0.1
""" + "".join(f"{name} {data}\n" for name, data in records.items())


def sink(*names):
    """Records that sinkhole these names."""
    return {name: "CNAME ." for name in names}


class Primary:
    """What NSD and BIND share: a folder, a zone file, a process."""

    def __init__(self, records, notify=None, tsig=True, address="127.0.0.1", options="", **soa):
        self.folder = make_folder()
        self.address = address
        self.port = free_port()
        self.tsig = tsig
        self.notify = notify
        self.options = options  # lines for its own configuration
        self.serial = 1
        self.soa = soa
        self.process = None
        self.write(records)
        self.configure()
        self.start()

    def write(self, records):
        self.records = records
        (self.folder / "rpz.zone").write_text(zone_text(self.serial, records, **self.soa))

    def start(self):
        self.log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen(self.command(), stdout=self.log, stderr=self.log, start_new_session=True)
        wait_until(self.answers, "the primary answers")

    def answers(self):
        assert self.process.poll() is None, self.read_log()
        reply = ask(self.port, ZONE, "SOA", timeout=0.2, server=self.address)
        return reply is not None and reply.answer and reply.answer[0][0].serial == self.serial

    def read_log(self):
        return (self.folder / "log").read_text(errors="replace")

    def change(self, records):
        """A new version of the zone; ends when the primary serves it."""
        self.serial += 1
        self.write(records)
        self.reload()
        wait_until(self.answers, f"the primary serves version {self.serial}:\n" + self.read_log())

    @property
    def primary(self):
        return f"{self.address}:{self.port}"

    def quit(self):
        if self.process:
            self.process.terminate()
            self.process.wait(PATIENCE_S)
            self.log.close()
            self.process = None

    def stop(self):
        self.quit()
        shutil.rmtree(self.folder)


class NsdPrimary(Primary):
    def configure(self):
        control = self.folder / "control.sock"
        key = KEY if self.tsig else "NOKEY"
        notify = f"  notify: 127.0.0.1@{self.notify} {key}\n" if self.notify else ""
        (self.folder / "nsd.conf").write_text(f"""
server:
  ip-address: {self.address}@{self.port}
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
  {self.options}
remote-control:
  control-enable: yes
  control-interface: {control}
key:
  name: {KEY}
  algorithm: hmac-sha256
  secret: "{SECRET}"
zone:
  name: "{ZONE}"
  zonefile: rpz.zone
  store-ixfr: yes
  create-ixfr: yes
  provide-xfr: 127.0.0.1 {key}
{notify}""")

    def command(self):
        return [find_program("nsd"), "-d", "-c", self.folder / "nsd.conf"]

    def reload(self):
        subprocess.run([find_program("nsd-control"), "-c", self.folder / "nsd.conf", "reload", ZONE], check=True, capture_output=True)


class BindPrimary(Primary):
    def configure(self):
        key = f"key {KEY}; " if self.tsig else "127.0.0.1; "
        notify = f"also-notify {{ 127.0.0.1 port {self.notify}{f' key {KEY}' if self.tsig else ''}; }}; notify explicit;" if self.notify else "notify no;"
        self.control = free_port()
        (self.folder / "named.conf").write_text(f"""
options {{
  directory "{self.folder}";
  pid-file none;
  session-keyfile none;
  listen-on port {self.port} {{ {self.address}; }};
  listen-on-v6 {{ none; }};
  recursion no;
  dnssec-validation no;
  managed-keys-directory "{self.folder}";
  notify-delay 0;
  notify-rate 100;
  startup-notify-rate 100;
  {self.options}
}};
key {KEY} {{ algorithm hmac-sha256; secret "{SECRET}"; }};
controls {{ inet 127.0.0.1 port {self.control} allow {{ 127.0.0.1; }} keys {{ {KEY}; }}; }};
zone "{ZONE}" {{
  type primary;
  file "rpz.zone";
  ixfr-from-differences yes;
  allow-transfer {{ {key} }};
  {notify}
}};
""")
        (self.folder / "rndc.conf").write_text(f"""
key {KEY} {{ algorithm hmac-sha256; secret "{SECRET}"; }};
options {{ default-server 127.0.0.1; default-port {self.control}; default-key {KEY}; }};
""")

    def command(self):
        return [find_program("named"), "-f", "-g", "-n", "1", *(("-u", "nobody") if ROOT else ()), "-c", str(self.folder / "named.conf")]

    def reload(self):
        subprocess.run([find_program("rndc"), "-c", str(self.folder / "rndc.conf"), "reload", ZONE], check=True, capture_output=True)


class LyingPrimary:
    """A primary that sends what a test says: handler(query) returns a list of messages, each a dns.message or bytes."""

    def __init__(self, handler, address="127.0.0.1"):
        self.handler = handler
        self.queries = []
        self.address = address
        self.port = free_port()
        self.sock = socket.socket()
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.bind((address, self.port))
        self.sock.listen(16)
        threading.Thread(target=self.serve, daemon=True).start()

    @property
    def primary(self):
        return f"{self.address}:{self.port}"

    def serve(self):
        while True:
            try:
                connection, _ = self.sock.accept()
            except OSError:
                return
            threading.Thread(target=self.answer, args=(connection,), daemon=True).start()

    def answer(self, connection):
        try:
            with connection, connection.makefile("rwb") as stream:
                while True:
                    length = stream.read(2)
                    if len(length) < 2:
                        return
                    query = dns.message.from_wire(stream.read(struct.unpack("!H", length)[0]), keyring=KEYRING)
                    query.tsig = query.keyring = None  # so that no reply is signed
                    self.queries.append(dns.rdatatype.to_text(query.question[0].rdtype))
                    for message in self.handler(query):
                        wire = message if isinstance(message, bytes) else message.to_wire(max_size=65535)
                        stream.write(struct.pack("!H", len(wire)) + wire)
                        stream.flush()
        except (OSError, ValueError):
            return  # the daemon has had enough, perhaps with something of ours still to be flushed

    def stop(self):
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()

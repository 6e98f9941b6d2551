"""Servers of DNS over TLS and HTTPS, begun for the length of a `with`: portafilterd, and those that are installed. All of them answer NAME themselves."""
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "system"))
import http2_cases  # noqa: E402

NAME = http2_cases.NAME
START_S = 20


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


def make_certificate(folder):
    """ca.pem, and cert.pem with key.pem that it has signed, as a public authority would: for 90 days, with an address for what is revoked."""
    ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl("req", "-x509", *ec, "-subj", "/CN=Test CA", "-days", 90, "-keyout", folder / "ca.key", "-out", folder / "ca.pem")
    openssl("req", *ec, "-subj", "/CN=localhost", "-keyout", folder / "key.pem", "-out", folder / "request.pem")
    (folder / "extensions").write_text("subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth\nkeyUsage=digitalSignature\n"
                                       "crlDistributionPoints=URI:http://crl.example.net/ca.crl\nbasicConstraints=CA:false\n")
    openssl("x509", "-req", "-in", folder / "request.pem", "-CA", folder / "ca.pem", "-CAkey", folder / "ca.key", "-CAcreateserial", "-days", 90,
            "-extfile", folder / "extensions", "-out", folder / "cert.pem")
    for file in folder.iterdir():
        file.chmod(0o644)


class Server:
    """`tls` and `https` are its ports; `pid` is the process that answers."""
    name, program = "", ""

    def is_there(self):
        return shutil.which(self.program) is not None

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="portafilter-encrypted-"))
        self.folder.chmod(0o777)
        make_certificate(self.folder)
        self.dns, self.tls, self.https = free_port(), free_port(), free_port()
        self.log = open(self.folder / "log", "wb")
        self.process = subprocess.Popen(self.command(), stdin=subprocess.PIPE, stdout=self.log, stderr=self.log)
        self.pid = self.process.pid
        end = time.monotonic() + START_S
        while not all(self.answers(port) for port in (self.tls, self.https)):
            if time.monotonic() > end or self.process.poll() is not None:
                sys.exit(f"{self.name} does not start: " + (self.folder / "log").read_text(errors="replace"))
            time.sleep(0.05)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder)

    @staticmethod
    def answers(port):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0


class Portafilter(Server):
    name = "portafilter"

    def __init__(self, build, more="", connections=4096):
        self.program, self.more, self.connections = os.path.join(build, "portafilterd"), more, connections

    def command(self):
        config = self.folder / "portafilter.yaml"
        config.write_text(f"""user: nobody
sandbox: off
state: {self.folder}
listen:
  dns: ["127.0.0.1:{self.dns}"]
  tls: ["127.0.0.1:{self.tls}"]
  https: ["127.0.0.1:{self.https}"]
  control: {self.folder}/control.sock
  connections: {self.connections}
  certificate: {{file: {self.folder}/cert.pem, key: {self.folder}/key.pem}}
upstreams: ["127.0.0.1:1"]
journal: off
rules:
  - {{name: sink, names: ["{NAME}"], action: sinkhole, reply: ["192.0.2.1"]}}
{self.more}""")
        return [self.program, "-c", config]


class Unbound(Server):
    name, program = "unbound", "unbound"

    def is_there(self):
        return super().is_there() and b"nghttp2" in subprocess.run([self.program, "-V"], capture_output=True).stdout

    def command(self):
        config = self.folder / "unbound.conf"
        config.write_text(f"""server:
  directory: "{self.folder}"
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  do-daemonize: no
  num-threads: 1
  interface: 127.0.0.1@{self.tls}
  interface: 127.0.0.1@{self.https}
  tls-port: {self.tls}
  https-port: {self.https}
  tls-service-key: "{self.folder}/key.pem"
  tls-service-pem: "{self.folder}/cert.pem"
  local-zone: "{NAME}" static
  local-data: "{NAME} A 192.0.2.1"
remote-control:
  control-enable: no
""")
        return [self.program, "-d", "-c", config]


class Dnsdist(Server):
    name, program = "dnsdist", "dnsdist"

    def command(self):
        config = self.folder / "dnsdist.conf"
        cert, key = self.folder / "cert.pem", self.folder / "key.pem"
        config.write_text(f"""setLocal("127.0.0.1:{self.dns}")
addTLSLocal("127.0.0.1:{self.tls}", "{cert}", "{key}")
addDOHLocal("127.0.0.1:{self.https}", "{cert}", "{key}", "/dns-query")
setSecurityPollSuffix("")
newServer({{address="127.0.0.1:1", healthCheckInterval=3600}})
addAction("{NAME}", SpoofAction({{"192.0.2.1"}}))
""")
        return [self.program, "--supervised", "--disable-syslog", "-C", config]

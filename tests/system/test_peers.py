"""Programs that people have, as clients of the encrypted listeners and as upstreams within TLS: unbound, dnsdist, systemd-resolved, Chromium. (kdig and
curl: test_tls, test_https, test_quic.) What is not installed is skipped by its name."""
import base64
import hashlib
import http.server
import json
import os
import pathlib
import shutil
import subprocess
import threading

import dns.rcode
import pytest

from harness import PATIENCE_S, ROOT, addresses, ask, find_program, free_port, make_folder, wait_until
from test_namespace import net  # noqa: F401 (a fixture)
from test_tls import folder, make_certificate  # noqa: F401 (a fixture)

NAME = "dns.example.net"
RESOLVED = os.environ.get("PF_RESOLVED", "/lib/systemd/systemd-resolved")


class Peer:
    """A server of others with a configuration, in which `fill` stands; it answers on `port`."""

    def __init__(self, program, text, *arguments, **fill):
        if not find_program(program):
            pytest.skip(f"there is no {program}")
        self.folder = make_folder()
        self.port = free_port()
        (self.folder / "conf").write_text(text.format(port=self.port, folder=self.folder, **fill))
        self.log = open(self.folder / "log", "wb")
        self.process = subprocess.Popen([find_program(program), *[one.format(folder=self.folder) for one in arguments]], stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=self.log, start_new_session=True, cwd=self.folder)

    def answers(self, name):
        def answered():
            assert self.process.poll() is None, self.told()
            reply = ask(self.port, name, timeout=0.5)
            return reply is not None and reply.rcode() == dns.rcode.NOERROR
        wait_until(answered, f"it answers {name}")

    def told(self):
        return (self.folder / "log").read_text(errors="replace")

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder)


@pytest.fixture
def peer():
    peers = []

    def make(*arguments, **fill):
        peers.append(Peer(*arguments, **fill))
        return peers[-1]
    yield make
    for one in peers:
        one.stop()


UNBOUND = """server:
  directory: "{folder}"
  username: ""
  chroot: ""
  pidfile: ""
  use-syslog: no
  do-daemonize: no
  interface: 127.0.0.1@{port}
  do-not-query-localhost: no
  module-config: "iterator"
"""
UNBOUND_CLIENT = UNBOUND + """  tls-cert-bundle: "{ca}"
  local-zone: "test." nodefault
  domain-insecure: "test."
forward-zone:
  name: "."
  forward-tls-upstream: yes
  forward-addr: 127.0.0.1@{to}#{name}
"""
UNBOUND_SERVER = UNBOUND + """  interface: 127.0.0.1@{tls}
  interface: 127.0.0.1@{https}
  tls-port: {tls}
  https-port: {https}
  tls-service-pem: "{ca}"
  tls-service-key: "{key}"
  local-data: "peer.test. A 7.7.7.7"
"""
DNSDIST = "setLocal('127.0.0.1:{port}')\nsetSecurityPollSuffix('')\n"
DNSDIST_CLIENT = DNSDIST + """newServer({{address='127.0.0.1:{to}', tls='gnutls', subjectName='{name}', caStore='{ca}', validateCertificates=true{path}}}):setUp()
"""
DNSDIST_SERVER = DNSDIST + """addTLSLocal('127.0.0.1:{tls}', '{ca}', '{key}')
addDOHLocal('127.0.0.1:{https}', '{ca}', '{key}', '/dns-query')
newServer('127.0.0.1:1')
addAction(AllRule(), SpoofAction({{'7.7.7.7'}}))
"""
DNSDIST_COMMAND = ("--supervised", "--disable-syslog", "-C", "{folder}/conf")


def house(portafilter, files):
    """A daemon that says what us.test is over DoT and DoH."""
    tls, https = free_port(), free_port()
    daemon = portafilter({"listen": {"tls": [f"127.0.0.1:{tls}"], "https": [f"127.0.0.1:{https}"], "certificate": {"file": files[0], "key": files[1]}},
                          "hosts": [{"name": "us.test", "ip": "6.6.6.6"}]})
    daemon.tls, daemon.https = tls, https
    return daemon


@pytest.mark.parametrize("which", ["unbound", "dnsdist"])
def test_as_clients(portafilter, folder, peer, which):
    files = make_certificate(folder, "ours", NAME)
    daemon = house(portafilter, files)
    ways = [("dot", daemon.tls, "")] + ([("doh", daemon.https, ", dohPath='/dns-query'")] if which == "dnsdist" else [])
    for protocol, port, path in ways:
        if which == "unbound":
            client = peer("unbound", UNBOUND_CLIENT, "-d", "-d", "-c", "{folder}/conf", to=port, name=NAME, ca=files[0])
        else:
            client = peer("dnsdist", DNSDIST_CLIENT, *DNSDIST_COMMAND, to=port, name=NAME, ca=files[0], path=path)
        client.answers("us.test")
        assert addresses(ask(client.port, "us.test")) == ["6.6.6.6"], client.told()
        assert daemon.rows(1, "name = 'us.test' AND protocol = ?", protocol)


@pytest.mark.parametrize("which", ["unbound", "dnsdist"])
def test_as_upstreams(portafilter, folder, peer, which):
    certificate, key = make_certificate(folder, "theirs", NAME)
    ports = {"tls": free_port(), "https": free_port()}
    if which == "unbound":
        server = peer("unbound", UNBOUND_SERVER, "-d", "-d", "-c", "{folder}/conf", ca=certificate, key=key, **ports)
    else:
        server = peer("dnsdist", DNSDIST_SERVER, *DNSDIST_COMMAND, ca=certificate, key=key, **ports)
    server.answers("peer.test")
    for protocol, where in (("dot", f"tls://127.0.0.1:{ports['tls']}#{NAME}"), ("doh", f"https://127.0.0.1:{ports['https']}/dns-query#{NAME}")):
        daemon = portafilter({"upstreams": [{"server": where, "ca-file": certificate}]})
        assert addresses(daemon.ask("peer.test")) == ["7.7.7.7"], (protocol, server.told())
        assert addresses(daemon.ask("PEER.test", "A", tcp=True)) == ["7.7.7.7"]
        upstream = daemon.status()["upstreams"][0]
        assert (upstream["protocol"], upstream["connections"], upstream["failures"]) == (protocol, 1, 0), upstream


RESOLVED_CONF = """[Resolve]
DNS=10.77.0.1:{tls}#{name}
FallbackDNS=
Domains=~.
DNSOverTLS=yes
DNSSEC=no
LLMNR=no
MulticastDNS=no
DNSStubListener=no
DNSStubListenerExtra=127.0.0.1:{port}
Cache=no
"""
# Its own /run: neither D-Bus nor the real one's files are there. It takes its certificate authorities from where OpenSSL does.
RESOLVED_START = """mount -t tmpfs none /run && mkdir -p /run/systemd/resolve /run/systemd/resolved.conf.d && chown nobody /run/systemd/resolve &&
cp "$3" /run/resolved && cp "$1" /run/systemd/resolved.conf.d/test.conf && chmod 644 /run/systemd/resolved.conf.d/test.conf &&
SSL_CERT_FILE=$2 SYSTEMD_LOG_TARGET=console SYSTEMD_LOG_LEVEL=debug exec setpriv --reuid nobody --clear-groups \\
--inh-caps=+setpcap,+net_raw,+net_bind_service --ambient-caps=+setpcap,+net_raw,+net_bind_service /run/resolved
"""


@pytest.mark.slow
@pytest.mark.skipif(not ROOT, reason="systemd-resolved gets mounts of its own, which takes root")
def test_systemd_resolved(portafilter, folder, net):
    if not os.access(RESOLVED, os.X_OK):
        pytest.skip(f"there is no {RESOLVED}; contrib/check fetches one, PF_RESOLVED names another")
    ours, wrong = make_certificate(folder, "ours", NAME), make_certificate(folder, "wrong", NAME)
    tls = free_port()
    daemon = portafilter({"listen": {"tls": [f"10.77.0.1:{tls}"], "certificate": {"file": ours[0], "key": ours[1]}},
                          "hosts": [{"name": "us.test", "ip": "6.6.6.6"}]}, namespace=net.server)
    for authority, said in ((ours[0], "6.6.6.6"), (wrong[0], "certificate verify failed")):
        port = free_port()
        conf = folder / "resolved.conf"
        conf.write_text(RESOLVED_CONF.format(tls=tls, name=NAME, port=port))
        with open(folder / "resolved.log", "wb") as log:
            process = subprocess.Popen(["ip", "netns", "exec", net.thing, "unshare", "-m", "sh", "-c", RESOLVED_START, "sh", str(conf), authority, RESOLVED],
                                       stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        try:
            def told():
                assert process.poll() is None, (folder / "resolved.log").read_text(errors="replace")
                run = subprocess.run(["ip", "netns", "exec", net.thing, "kdig", "@127.0.0.1", "-p", str(port), "+timeout=1", "+retry=0", "us.test"],
                                     capture_output=True, text=True, timeout=PATIENCE_S)
                return said in run.stdout + (folder / "resolved.log").read_text(errors="replace")
            wait_until(told, f"systemd-resolved says {said}", pause_s=0.1)
        finally:
            process.kill()
            process.wait()
    assert {row["protocol"] for row in daemon.rows(1, "client = '10.77.0.2'")} == {"dot"}


@pytest.mark.slow
def test_chromium(portafilter, folder):
    """In secure mode it asks nobody else, so that a page whose name only we know is there because we said so."""
    if not os.access("/usr/bin/chromium", os.X_OK):
        pytest.skip("there is no chromium")
    certificate, key = make_certificate(folder, "ours", "127.0.0.1")

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<h1>it is here</h1>")

        def log_message(self, *_):
            pass

    pages = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=pages.serve_forever, daemon=True).start()
    https = free_port()
    daemon = portafilter({"listen": {"https": [f"127.0.0.1:{https}"], "certificate": {"file": certificate, "key": key}}, "hosts": [{"name": "page.test", "ip": "127.0.0.1"}],
                          "rules": [{"name": "the page", "names": ["page.test"], "action": "allow"}, {"name": "not the world", "action": "sinkhole", "reply": "nxdomain"}]})
    spki = subprocess.run(["openssl", "x509", "-in", certificate, "-noout", "-pubkey"], capture_output=True, check=True).stdout
    pin = base64.b64encode(hashlib.sha256(base64.b64decode(b"".join(spki.splitlines()[1:-1]))).digest()).decode()
    profile = pathlib.Path(folder) / "profile"
    profile.mkdir()
    (profile / "Local State").write_text(json.dumps({"dns_over_https": {"mode": "secure", "templates": f"https://127.0.0.1:{https}/dns-query"}}))
    try:
        run = subprocess.run(["/usr/bin/chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
                              f"--user-data-dir={profile}", f"--ignore-certificate-errors-spki-list={pin}", "--dump-dom", f"http://page.test:{pages.server_port}/"],
                             capture_output=True, text=True, timeout=3 * PATIENCE_S, env={**os.environ, "HOME": str(folder)})
    finally:
        pages.shutdown()
        pages.server_close()
    assert "it is here" in run.stdout, run.stdout + run.stderr
    rows = daemon.rows(None, "name = 'page.test'")
    assert rows and all(row["protocol"] == "doh" and row["client"] == "127.0.0.1" for row in rows)

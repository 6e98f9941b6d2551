"""Who shows a certificate is the device that it names: by kdig, by curl, and where it is required."""
import ssl
import subprocess

import pytest

from harness import addresses, at_time, free_port, question
from test_https import b64, curl
from test_tls import Secure, context, folder, kdig  # noqa: F401

DEVICES = [{"name": "lobby coffee", "tls-id": "coffee", "tags": ["coffee"]}, {"name": "tea", "tls-id": "tea", "tags": ["tea"]}]
RULES = [{"name": name, "tags": [name], "types": ["A"], "action": "sinkhole", "reply": [address]}
         for name, address in (("coffee", "192.0.2.1"), ("tea", "192.0.2.2"), ("all", "192.0.2.3"))]


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


def authority(folder, name):  # noqa: F811
    """Makes NAME.pem, and returns what makes a certificate that it has signed: (subject, names, purpose) to (certificate, key)."""
    ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    ca = folder / f"{name}.pem"
    openssl("req", "-x509", *ec, "-subj", f"/CN={name}", "-days", 30, "-keyout", folder / f"{name}.key", "-out", ca)

    def sign(subject, names="", purpose="clientAuth", days=30):
        base = f"{name}-{subject}-{purpose}-{days}"
        paths = folder / f"{base}.pem", folder / f"{base}.key"
        (folder / "extensions").write_text(f"extendedKeyUsage={purpose}\n" + (f"subjectAltName={names}\n" if names else ""))
        openssl("req", *ec, "-subj", f"/CN={subject}", "-keyout", paths[1], "-out", folder / "request")
        clock = at_time("-90d") if days < 0 else []
        subprocess.run([*clock, "openssl", "x509", "-req", "-in", folder / "request", "-CA", ca, "-CAkey", folder / f"{name}.key", "-CAcreateserial",
                        "-days", str(abs(days)), "-extfile", folder / "extensions", "-out", paths[0]], check=True, capture_output=True)
        return paths

    for file in folder.iterdir():
        file.chmod(0o644)
    return ca, sign


def start(portafilter, ca, **more):
    ports = free_port(), free_port()
    daemon = portafilter({"listen": {"tls": [f"127.0.0.1:{ports[0]}"], "https": [f"127.0.0.1:{ports[1]}"],
                                     "certificate": {"names": ["dns.example.net"], "clients": {"ca-file": str(ca), **more}}},
                          "upstreams": ["127.0.0.1:1"], "devices": DEVICES, "rules": RULES})
    daemon.tls, daemon.https = ports
    return daemon


def shows(pair):
    made = context()
    made.load_cert_chain(*pair)
    return made


def refused(daemon, made):
    """TLS 1.3 tells the client when it thinks that all is well."""
    with pytest.raises((ssl.SSLError, ConnectionError, AssertionError)):
        Secure(daemon.tls, made=made).ask("x.test")
    return True


def test_a_certificate_says_who_it_is(portafilter, folder):  # noqa: F811
    ca, sign = authority(folder, "ours")
    coffee, other = sign("coffee"), sign("Machine 7", "DNS:tea.devices.example.net")
    daemon = start(portafilter, ca)
    for pair, address in ((coffee, "192.0.2.1"), (other, "192.0.2.2")):
        assert address in kdig("@127.0.0.1", "-p", daemon.tls, "+tls", f"+tls-certfile={pair[0]}", f"+tls-keyfile={pair[1]}", "x.test")
        # what it calls itself beside that says nothing
        secure = Secure(daemon.tls, "tea.dns.example.net", made=shows(pair))
        assert addresses(secure.ask("x.test")) == [address]
        again = Secure(daemon.tls, made=secure.sock.context, session=secure.sock.session)
        assert again.sock.session_reused and addresses(again.ask("x.test")) == [address]
    status, _, content = curl(daemon, "/dns-query/tea?dns=" + b64(question("x.test").to_wire()), "--cert", str(coffee[0]), "--key", str(coffee[1]))
    assert status == 200 and content.endswith(bytes([192, 0, 2, 1])) or bytes([192, 0, 2, 1]) in content
    # whoever has none is asked no more
    assert addresses(Secure(daemon.tls).ask("x.test")) == ["192.0.2.3"]
    assert addresses(Secure(daemon.tls, "tea.dns.example.net").ask("x.test")) == ["192.0.2.2"]
    assert addresses(Secure(daemon.tls, made=shows(sign("nobody"))).ask("x.test")) == ["192.0.2.3"]
    _, theirs = authority(folder, "theirs")
    for wrong in (theirs("coffee"), sign("coffee", purpose="serverAuth"), sign("coffee", days=-1)):
        assert refused(daemon, shows(wrong)), wrong
    assert {row["device"] for row in daemon.rows(9)} >= {"lobby coffee", "tea"}


def test_where_one_is_required(portafilter, folder):  # noqa: F811
    ca, sign = authority(folder, "ours")
    coffee = sign("coffee")
    daemon = start(portafilter, ca, require="yes")
    assert refused(daemon, context())
    assert addresses(Secure(daemon.tls, made=shows(coffee)).ask("x.test")) == ["192.0.2.1"]
    run = subprocess.run(["curl", "-sk", "--http2", f"https://127.0.0.1:{daemon.https}/dns-query"], capture_output=True)
    assert run.returncode != 0
    # a reload with what is no authority is refused, and all stays; with another one it is theirs who come
    (folder / "junk.pem").write_text("junk")
    for wrong in ("junk.pem", "missing.pem"):
        config = {"tls": [f"127.0.0.1:{daemon.tls}"], "https": [f"127.0.0.1:{daemon.https}"],
                  "certificate": {"clients": {"ca-file": str(folder / wrong), "require": "yes"}}}
        daemon.write(listen=config)
        code, out, err = daemon.cli("reload")
        assert code == 1 and wrong in out + err, out + err
    assert addresses(Secure(daemon.tls, made=shows(coffee)).ask("x.test")) == ["192.0.2.1"]
    ca, theirs = authority(folder, "theirs")
    config["certificate"]["clients"]["ca-file"] = str(ca)
    daemon.write(listen=config)
    assert daemon.cli("reload")[0] == 0
    assert refused(daemon, shows(coffee))
    assert addresses(Secure(daemon.tls, made=shows(theirs("tea"))).ask("x.test")) == ["192.0.2.2"]

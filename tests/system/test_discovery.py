"""Clients that have our address only and ask whether there is more (DDR, RFC 9462): what they are told is there, is what it says it is,
and nobody else is asked."""
import re
import signal
import struct
import subprocess

import dns.rcode

from harness import TOP, ask, free_port
from test_quic import pytestmark as with_quic
from test_tls import Secure, context, folder, kdig, make_certificate, pin_of  # noqa: F401

NAME = "_dns.resolver.arpa"
PATH = b"/dns-query{?dns}"


def services(reply):
    """[(priority, target, alpn, port, hints, path)] in the order of their priorities."""
    told = []
    for record in reply.answer[0] if reply.answer else []:
        param = {int(key): value for key, value in record.params.items()}
        hints = [address for key in (4, 6) for address in (param[key].addresses if key in param else [])]
        path = param[7].value if 7 in param else None
        assert set(param) <= {1, 3, 4, 6, 7}
        told.append((record.priority, record.target.to_text(), *[word.decode() for word in param[1].ids], param[3].port, hints, path))
    return sorted(told)


def house(portafilter, upstream, addresses=("127.0.0.1",), protocols=("tls", "https"), certificate=None, **config):
    """A daemon with `daemon.ports`; `certificate` as in the configuration."""
    listen = {}
    ports = {one: free_port() for one in protocols}
    for one in protocols:
        listen[one] = [f"[{address}]:{ports[one]}" if ":" in address else f"{address}:{ports[one]}" for address in addresses]
    daemon = portafilter({"listen": {**listen, "certificate": certificate or {"names": ["dns.example.net"]}, **config.pop("listen", {})},
                          "upstreams": [upstream], **config})
    daemon.ports = ports
    return daemon


def discover(daemon, **how):
    return services(daemon.ask(NAME, "SVCB", **how))


@with_quic
def test_what_is_named_is_there(portafilter, nsd):
    daemon = house(portafilter, nsd.upstream, protocols=("tls", "https", "quic"))
    tls, https, quic = (daemon.ports[one] for one in ("tls", "https", "quic"))
    target, here = "dns.example.net.", ["127.0.0.1"]
    told = [(1, target, "dot", tls, here, None), (2, target, "doq", quic, here, None), (3, target, "h2", https, here, PATH)]
    reply = daemon.ask(NAME, "SVCB", payload=512)
    assert services(reply) == told and reply.rcode() == dns.rcode.NOERROR and reply.answer[0].ttl == 60
    assert discover(daemon, tcp=True) == told
    made = str(daemon.folder / "certificate.pem")
    for _, name, alpn, port, hints, path in told:
        how = {"dot": ["+tls"], "doq": ["+quic"], "h2": [f"+https=/{path.decode().split('{')[0][1:]}" if path else ""]}[alpn]
        said = kdig(f"@{hints[0]}", "-p", port, f"+tls-ca={made}", f"+tls-hostname={name.rstrip('.')}", *how, "us.test")
        assert "6.6.6.6" in said, (alpn, said)
    # Verified discovery (4.2): who believes the certificate finds the address in it that it had asked in plain.
    with Secure(tls, "127.0.0.1", cafile=made) as stream:
        assert services(stream.ask(NAME, "SVCB")) == told
    row = daemon.rows(1, "name = ? AND protocol = 'udp'", NAME)[0]
    assert (row["action"], row["source"], row["type"]) == ("allow", "policy", "SVCB")
    assert "names the encrypted ways to this resolver (RFC 9462)" in row["reason"]
    assert row["reason"] == daemon.json("explain", "127.0.0.1", NAME, "SVCB")["reason"]


def test_the_address_that_was_asked_is_the_one_that_is_named(portafilter, nsd):
    port, tls, https = free_port(), free_port(), free_port()
    daemon = portafilter({"listen": {"dns": [f"0.0.0.0:{port}", f"[::]:{port}"], "tls": [f"0.0.0.0:{tls}", f"[::]:{tls}"],
                                     "https": [f"127.0.0.4:{https}", f"127.0.0.5:{https}"], "certificate": {"names": "dns.example.net"}},
                          "upstreams": [nsd.upstream]})
    made = str(daemon.folder / "certificate.pem")
    for tcp in (False, True):
        def hints(server):
            return [told[4] for told in services(ask(port, NAME, "SVCB", server=server, tcp=tcp, source=None))]
        assert hints("127.0.0.5") == [["127.0.0.5"], ["127.0.0.5", "127.0.0.4"]]
        assert hints("127.0.0.1") == [["127.0.0.1"], ["127.0.0.4", "127.0.0.5"]]
        assert hints("::1")[0] == ["::1"]
    said = kdig("@::1", "-p", tls, f"+tls-ca={made}", "+tls-hostname=dns.example.net", "us.test")
    assert "6.6.6.6" in said, said
    names = subprocess.run(["openssl", "x509", "-in", made, "-noout", "-ext", "subjectAltName"], capture_output=True, text=True).stdout
    for address in ("127.0.0.1", "127.0.0.4", "127.0.0.5", "0:0:0:0:0:0:0:1"):  # all of the machine that are listened on
        assert f"IP Address:{address}" in names


def test_all_else_stays_here_and_has_nothing(portafilter, upstream):
    server = upstream()
    daemon = house(portafilter, server.upstream, rules=[{"name": "all of it", "names": ["*.arpa"], "action": "allow"}])
    for name, rdtype in (("resolver.arpa", "SVCB"), ("resolver.arpa", "A"), (NAME, "A"), (NAME, "HTTPS"), (NAME, "NS"), ("x." + NAME, "SVCB"),
                         ("_dot.resolver.arpa", "SVCB"), ("a.b.resolver.arpa", "TXT")):
        reply = daemon.ask(name, rdtype)
        assert reply.rcode() == dns.rcode.NOERROR and not reply.answer and reply.authority, (name, rdtype)
    assert len(discover(daemon)) == 2 and server.count() == 0


def test_only_what_listens_and_only_when_wanted(portafilter, nsd, folder):
    plain = portafilter({"upstreams": [nsd.upstream]})
    assert not discover(plain)
    certificate, key = make_certificate(folder, "a", "*.wide.example", "single", "resolver.example", "192.0.2.1")
    daemon = house(portafilter, nsd.upstream, certificate={"file": certificate, "key": key, "names": ["other.example"]})
    assert {told[1] for told in discover(daemon)} == {"resolver.example."}  # of its names the first that is a host's
    listen = daemon.config["listen"]

    def reload(number, **changed):
        daemon.write(listen={**listen, **changed})
        daemon.signal(signal.SIGHUP)
        daemon.wait_log(f"snapshot {number} is in force")
        return discover(daemon)

    # a listener that only the new configuration has is not named, nor is one forgotten that is still there
    assert [told[3] for told in reload(2, tls=[f"127.0.0.1:{free_port()}"])] == [daemon.ports["tls"], daemon.ports["https"]]
    assert reload(3, discovery="off") == []
    assert {told[1] for told in reload(4, discovery="DNS.wide.example")} == {"dns.wide.example."}
    assert "is not for that name" not in daemon.log()
    assert {told[1] for told in reload(5, discovery="elsewhere.example")} == {"elsewhere.example."}
    assert re.search(r"told of `elsewhere.example` \(listen.discovery\) will not come: the certificate in \S+a.pem is not for that name", daemon.log())


def test_a_made_certificate_follows_names_and_addresses(portafilter, nsd):
    daemon = house(portafilter, nsd.upstream, protocols=("tls",))
    pin = pin_of(daemon)
    made = daemon.folder / "certificate.pem"
    before = made.read_text()
    daemon.stop()
    daemon.start()
    assert made.read_text() == before
    daemon.stop()
    listen = daemon.config["listen"]
    daemon.write(listen={**listen, "certificate": {"names": ["new.example.net"]}, "tls": listen["tls"] + [f"127.0.0.9:{daemon.ports['tls']}"]})
    daemon.start()
    assert made.read_text() != before and daemon.log().count(pin) == 3 and daemon.log().count("was renewed for") == 1
    assert discover(daemon)[0][1] == "new.example.net."
    for name in ("new.example.net", "coffee.new.example.net", "127.0.0.9"):
        with Secure(daemon.ports["tls"], name, made=context(str(made))) as stream:
            assert stream.ask("us.test").answer


def test_options_of_dhcp_servers(portafilter, nsd, folder):
    """contrib/dnr-options says the same in the words of RFC 9463, and the servers take its lines."""
    plain6 = free_port()
    daemon = house(portafilter, nsd.upstream, ("127.0.0.1", "::1"), listen={"dns": [f"127.0.0.1:{(plain4 := free_port())}", f"[::1]:{plain6}"]})
    run = subprocess.run([TOP / "contrib/dnr-options", f"127.0.0.1@{plain4}", f"::1@{plain6}"], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    name = b"\3dns\7example\3net\0"
    params = {"tls": b"\0\1\0\4\3dot\0\3\0\2" + struct.pack("!H", daemon.ports["tls"]),
              "https": b"\0\1\0\3\2h2\0\3\0\2" + struct.pack("!H", daemon.ports["https"]) + b"\0\7\0\20" + PATH}
    v4 = b"".join(struct.pack("!2H", 2 + 1 + len(name) + 1 + 4 + len(params[one]), priority) + bytes([len(name)]) + name + b"\4\x7f\0\0\1" + params[one]
                  for priority, one in ((1, "tls"), (2, "https")))
    v6 = [struct.pack("!2H", priority, len(name)) + name + struct.pack("!H", 16) + bytes(15) + b"\1" + params[one] for priority, one in ((1, "tls"), (2, "https"))]
    assert f"dhcp-option=162,{v4.hex(':')}\n" in run.stdout and f"dhcp-option=option6:144,{v6[0].hex(':')}\n" in run.stdout, run.stdout
    for data in (v4, *v6):
        assert f'"data": "{data.hex()}"' in run.stdout
    lines = "".join(line + "\n" for line in run.stdout.split("\n") if line.startswith("dhcp-option="))
    (folder / "dnsmasq.conf").write_text(lines + "dhcp-range=192.0.2.10,192.0.2.20\ndhcp-range=2001:db8::10,2001:db8::20\n")
    taken = subprocess.run(["dnsmasq", "--test", "-C", folder / "dnsmasq.conf"], capture_output=True, text=True)
    assert taken.returncode == 0, taken.stderr
    daemon.write(listen={**daemon.config["listen"], "discovery": "off"})
    daemon.signal(signal.SIGHUP)
    daemon.wait_log("snapshot 2 is in force")
    run = subprocess.run([TOP / "contrib/dnr-options", f"127.0.0.1@{plain4}"], capture_output=True, text=True)
    assert run.returncode == 1 and "names no encrypted listener" in run.stderr

"""Whole servers for tests/bench/speed.py: each with a list of names to block, a cache, and NSD behind it. One function for each:
it writes the files of a server into `place.folder` and returns the command; `place.log` says where its queries go:
"off", or its own way ("sqlite", "dnstap", "text")."""
import os
import shutil
import subprocess

from list_servers import write, zone_of


def portafilter(place):
    """As a household has it and more: 200 devices, 20 rules of which four ask where answers stand, the databases where they are."""
    rules = [f"  - {{name: overseas {i}, tags: [t{i}], standing: overseas, action: flag}}\n" for i in range(4)]
    rules += [f"  - {{name: names {i}, tags: [t{i % 4}], names: ['*.never{i}.test'], action: sinkhole}}\n" for i in range(15)]
    devices = [f"  - {{name: device {i}, ip: 127.9.{i // 100}.{i % 100 + 1}, tags: [t{i % 4}]}}\n" for i in range(199)]
    journal = {"off": "journal: off\n", "sqlite": f"journal: {{path: {place.folder}/journal.db}}\n",
               "dnstap": f"journal: {{path: off, rings: {place.folder}/rings, also: [{{dnstap: {place.folder}/tap.sock}}]}}\n",
               "sqlite and dnstap": f"journal: {{path: {place.folder}/journal.db, also: [{{dnstap: {place.folder}/tap.sock}}]}}\n"}[place.log]
    geo = ""
    if place.geoip:
        geo = f"geo: {{location: [{', '.join(place.geoip['location'])}], control: [{', '.join(place.geoip['control'])}], max-age: 36500d}}\n"
    user = ""
    if os.getuid() == 0:  # which it does not stay
        user = "user: nobody\n"
        shutil.chown(place.folder, "nobody")
    write(place.folder / "list", (name + "\n" for name in place.names))
    write(place.folder / "conf",
          [f"{user}listen: {{dns: ['127.0.0.1:{place.port}'], control: {place.folder}/socket}}\nupstreams: ['{place.upstream[0]}:{place.upstream[1]}']\n",
           f"workers: {place.workers}\nhome: [US]\n{geo}{journal}lists: [{{name: l, file: {place.folder}/list}}]\ndevices:\n",
           "  - {name: this, ip: 127.0.0.1, tags: [t0]}\n", *devices, "rules:\n", *rules, "  - {name: listed, lists: [l], action: sinkhole}\n"])
    return [str(place.build / "portafilterd"), "-c", f"{place.folder}/conf"]


def echo(place):
    return [str(place.build / "tests/bench/echo"), str(place.port)]


def relay(place):
    return [str(place.build / "tests/bench/relay"), str(place.port), place.upstream[0], str(place.upstream[1])]


def unbound(place):
    log = f" logfile: {place.folder}/log\n log-queries: yes\n" if place.log == "text" else ""
    write(place.folder / "conf",
          [f"server:\n chroot: ''\n username: ''\n directory: {place.folder}\n pidfile: ''\n use-syslog: no\n interface: 127.0.0.1\n port: {place.port}\n{log}",
           " do-daemonize: no\n do-not-query-localhost: no\n num-threads: 1\n module-config: iterator\n minimal-responses: yes\n",
           " msg-cache-size: 128m\n rrset-cache-size: 256m\n outgoing-range: 8192\n num-queries-per-thread: 4096\n",
           *(f' local-zone: "{name}." always_null\n' for name in place.names),
           f"remote-control:\n control-enable: no\nforward-zone:\n name: .\n forward-addr: {place.upstream[0]}@{place.upstream[1]}\n"])
    return ["unbound", "-d", "-c", f"{place.folder}/conf"]


def dnsdist(place):
    tap = ""
    if place.log == "dnstap":
        tap = f'tap = newFrameStreamUnixLogger("{place.folder}/tap.sock", {{inputQueueSize=8192}})\naddAction(AllRule(), DnstapLogAction("bench", tap))\n'
    keys = ("".join(chr(len(label)) + label for label in name.split(".")) + "\0" for name in place.names)
    write(place.folder / "text", [*(f"+{len(key)},1:{key}->1\n" for key in keys), "\n"])
    subprocess.run(["cdb", "-c", f"{place.folder}/cdb", f"{place.folder}/text"], check=True)
    write(place.folder / "conf",
          [f'setLocal("127.0.0.1:{place.port}")\nsetACL("127.0.0.0/8")\nsetSecurityPollSuffix("")\nsetMaxUDPOutstanding(65535)\n',
           f'newServer({{address="{place.upstream[0]}:{place.upstream[1]}"}})\ngetPool(""):setCache(newPacketCache(600000, {{maxTTL=86400}}))\n{tap}',
           f'addAction(KeyValueStoreLookupRule(newCDBKVStore("{place.folder}/cdb", 0), KeyValueLookupKeySuffix()), RCodeAction(DNSRCode.NXDOMAIN))\n'])
    return ["dnsdist", "-C", f"{place.folder}/conf", "--supervised", "--disable-syslog"]


def powerdns(place):
    write(place.folder / "zone", zone_of(place.names))
    write(place.folder / "lua", [f'rpzFile("{place.folder}/zone", {{policyName="rpz"}})\n'])
    write(place.folder / "recursor.conf",
          [f"local-address=127.0.0.1\nlocal-port={place.port}\nsocket-dir={place.folder}\ndaemon=no\nthreads=1\ndnssec=off\nhint-file=no\n",
           f"security-poll-suffix=\nforward-zones-recurse=.={place.upstream[0]}:{place.upstream[1]}\nwrite-pid=no\ndisable-syslog=yes\nquiet=yes\n",
           f"max-cache-entries=2000000\nmax-packetcache-entries=1000000\nlua-config-file={place.folder}/lua\n"])
    return ["pdns_recursor", f"--config-dir={place.folder}"]


def knot(place):
    write(place.folder / "zone", zone_of(place.names))
    write(place.folder / "conf",
          [f"net.listen('127.0.0.1', {place.port}, {{ kind = 'dns' }})\nnet.ipv6 = false\nlog_level('err')\ncache.size = 300 * MB\ntrust_anchors.remove('.')\n",
           "for _, name in ipairs({'ta_signal_query', 'ta_sentinel', 'ta_update', 'priming', 'detect_time_skew', 'detect_time_jump'}) do modules.unload(name) end\n",
           f"policy.add(policy.rpz(policy.DENY, '{place.folder}/zone'))\npolicy.add(policy.all(policy.FORWARD({{'{place.upstream[0]}@{place.upstream[1]}'}})))\n"])
    return ["kresd", "-n", "-c", f"{place.folder}/conf", str(place.folder)]


def bind(place):
    write(place.folder / "zone", zone_of(place.names))
    log = f'logging {{ channel q {{ file "{place.folder}/log"; print-time yes; }}; category queries {{ q; }}; }};\n' if place.log == "text" else ""
    write(place.folder / "conf",
          [f'options {{ directory "{place.folder}"; pid-file none; session-keyfile none; listen-on port {place.port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};',
           f" forward only; forwarders {{ {place.upstream[0]} port {place.upstream[1]}; }}; recursion yes; dnssec-validation no; minimal-responses yes;",
           f' response-policy {{ zone "rpz"; }} qname-wait-recurse no; querylog {"yes" if log else "no"}; recursive-clients 10000; }};\n{log}',
           f' zone "rpz" {{ type primary; file "{place.folder}/zone"; allow-query {{ none; }}; }}; controls {{ }};\n'])
    return ["named", "-f", "-n", "1", "-c", f"{place.folder}/conf"]


def dnsmasq(place):
    log = f"log-queries\nlog-facility={place.folder}/log\n" if place.log == "text" else ""
    write(place.folder / "conf",
          [f"port={place.port}\nlisten-address=127.0.0.1\nbind-interfaces\nno-resolv\nno-hosts\nno-poll\nuser=root\npid-file=\n{log}",
           f"cache-size=10000\ndns-forward-max=10000\nserver={place.upstream[0]}#{place.upstream[1]}\n", *(f"address=/{name}/#\n" for name in place.names)])
    return ["dnsmasq", "-k", "-C", f"{place.folder}/conf"]


# Title, what makes its files, and the ways in which it can log: the first is none.
CEILINGS = [("echo", echo, ["off"]), ("relay", relay, ["off"])]
SERVERS = [("portafilter", portafilter, ["off", "sqlite", "dnstap", "sqlite and dnstap"]), ("unbound", unbound, ["off", "text"]),
           ("dnsdist", dnsdist, ["off", "dnstap"]), ("powerdns", powerdns, ["off"]), ("knot", knot, ["off"]), ("bind", bind, ["off", "text"]),
           ("dnsmasq", dnsmasq, ["off", "text"])]
BESIDE = {"dnsdist": "cdb"}  # what must be installed beside the server

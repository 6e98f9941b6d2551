"""Whole servers with a large list, each started with nothing and with the list: how long until it answers for a listed name, how much of
that was its own processor time, and how much memory a name takes. For tests/bench/lists.py.

All are started in a folder of their own, on a port of 127.0.0.1, one after the other. What is not installed is left out with a line
that says so. Resident memory is that of the process; what the empty server takes is taken off."""
import functools
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import time

TICKS = os.sysconf("SC_CLK_TCK")
PORT = 5353 + os.getpid() % 20000
PATIENCE_S = 300
# Nothing is asked outside: the port of `discard`, where nobody answers.
NOBODY = "127.0.0.1:9"


def write(path, lines):
    with open(path, "w") as file:
        file.writelines(lines)
    return str(path)


# ---- one function for each server: writes its files and returns its command


def portafilter(build, folder, names):
    lists = "lists: []\nrules: []\n"
    if names:
        write(folder / "list", (name + "\n" for name in names))
        lists = f"lists: [{{name: l, file: {folder}/list}}]\nrules: [{{name: r, lists: [l], action: sinkhole}}]\n"
    user = ""
    if os.getuid() == 0:  # which it does not stay
        user = "user: nobody\n"
        shutil.chown(folder, "nobody")
    write(folder / "conf", [f"{user}listen: {{dns: ['127.0.0.1:{PORT}'], control: {folder}/socket}}\nupstreams: ['{NOBODY}']\nworkers: 1\n"
                            f"journal: {{path: {folder}/journal.db}}\n{lists}"])
    return [str(build / "portafilterd"), "-c", f"{folder}/conf"]


def unbound(folder, names, zone=False):
    listed = [f'server:\n local-zone: "{name}." always_null\n' for name in names]
    if zone and names:
        write(folder / "zone", zone_of(names))
        listed = [f'rpz:\n name: rpz.bench\n zonefile: {folder}/zone\n']
    write(folder / "conf", [f"server:\n chroot: ''\n username: ''\n directory: {folder}\n pidfile: ''\n use-syslog: no\n interface: 127.0.0.1\n port: {PORT}\n"
                            f" do-daemonize: no\n num-threads: 1\n module-config: '{'respip ' * zone}iterator'\nremote-control:\n control-enable: no\n", *listed])
    return ["unbound", "-d", "-c", f"{folder}/conf"]


def dnsmasq(folder, names):
    write(folder / "conf", [f"port={PORT}\nlisten-address=127.0.0.1\nbind-interfaces\nno-resolv\nno-hosts\nuser=root\npid-file=\n", *(f"address=/{name}/#\n" for name in names)])
    return ["dnsmasq", "-k", "-C", f"{folder}/conf"]


def zone_of(names):
    """The names alone: with a wildcard for what is below each, zones take twice as long and twice as much."""
    yield "$TTL 3600\n@ SOA localhost. root.localhost. 1 3600 600 86400 3600\n@ NS localhost.\n"
    for name in names:
        yield f"{name} CNAME .\n"


def bind(folder, names):
    write(folder / "zone", zone_of(names))
    write(folder / "conf", [f'options {{ directory "{folder}"; pid-file none; session-keyfile none; listen-on port {PORT} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};'
                            ' recursion yes; dnssec-validation no; response-policy { zone "rpz"; } qname-wait-recurse no; };'
                            f' zone "rpz" {{ type primary; file "{folder}/zone"; allow-query {{ none; }}; }}; controls {{ }};\n'])
    return ["named", "-f", "-n", "1", "-c", f"{folder}/conf"]


def powerdns(folder, names):
    write(folder / "zone", zone_of(names))
    write(folder / "lua", [f'rpzFile("{folder}/zone", {{policyName="rpz"}})\n'])
    write(folder / "recursor.conf", [f"local-address=127.0.0.1\nlocal-port={PORT}\nsocket-dir={folder}\ndaemon=no\nthreads=1\ndnssec=off\nhint-file=no\nsecurity-poll-suffix=\n"
                                     f"forward-zones-recurse=.={NOBODY}\nwrite-pid=no\ndisable-syslog=yes\nlua-config-file={folder}/lua\n"])
    return ["pdns_recursor", f"--config-dir={folder}"]


def knot(folder, names):
    write(folder / "zone", zone_of(names))
    write(folder / "conf", [f"net.listen('127.0.0.1', {PORT}, {{ kind = 'dns' }})\nnet.ipv6 = false\nlog_level('err')\ntrust_anchors.remove('.')\n"
                            "for _, name in ipairs({'ta_signal_query', 'ta_sentinel', 'ta_update', 'priming', 'detect_time_skew', 'detect_time_jump'}) do modules.unload(name) end\n"
                            f"policy.add(policy.rpz(policy.DENY, '{folder}/zone'))\npolicy.add(policy.all(policy.REFUSE))\n"])
    return ["kresd", "-n", "-c", f"{folder}/conf", str(folder)]


def dnsdist(folder, names, database=False):
    """Its set of suffixes in memory, or (database) a CDB that tinycdb has made before, which is not timed."""
    rule = ""
    if names and database:
        keys = ("".join(chr(len(label)) + label for label in name.split(".")) + "\0" for name in names)
        write(folder / "text", [*(f"+{len(key)},1:{key}->1\n" for key in keys), "\n"])
        subprocess.run(["cdb", "-c", f"{folder}/cdb", f"{folder}/text"], check=True)
        rule = f'KeyValueStoreLookupRule(newCDBKVStore("{folder}/cdb", 0), KeyValueLookupKeySuffix())'
    elif names:
        write(folder / "list", (name + "\n" for name in names))
        rule = "SuffixMatchNodeRule(listed)"
    write(folder / "conf", [f'setLocal("127.0.0.1:{PORT}")\nsetACL("127.0.0.0/8")\nsetSecurityPollSuffix("")\n',
                            f'listed = newSuffixMatchNode()\nfor name in io.lines("{folder}/list") do listed:add(newDNSName(name)) end\n' if rule.startswith("Suffix") else "",
                            f"addAction({rule}, RCodeAction(DNSRCode.NXDOMAIN))\n" if rule else ""])
    return ["dnsdist", "-C", f"{folder}/conf", "--supervised", "--disable-syslog"]


def servers(build):
    """Title, what makes its files, and what must be installed beside the server."""
    return [("portafilter", functools.partial(portafilter, build), None), ("unbound local-zone", unbound, None),
            ("unbound RPZ", functools.partial(unbound, zone=True), None), ("dnsmasq address", dnsmasq, None), ("BIND RPZ", bind, None),
            ("Knot Resolver RPZ", knot, None), ("PowerDNS Recursor RPZ", powerdns, None), ("dnsdist suffixes", dnsdist, None),
            ("dnsdist CDB, made before", functools.partial(dnsdist, database=True), "cdb")]


def answers(name):
    """Does it answer at once, from itself? REFUSED and SERVFAIL are no such answers."""
    wire = struct.pack("!6H", 7, 0x100, 1, 0, 0, 0) + b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0\0\1\0\1"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(0.05)
        try:
            sock.sendto(wire, ("127.0.0.1", PORT))
            reply = sock.recv(4096)
        except OSError:
            return None
    return (reply[3] & 15) in (0, 3)


def processor_s(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_bytes(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


def start(command, listed):
    """(seconds until it answers, of the processor, resident bytes), or None when it does not come up."""
    begin = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while process.poll() is None and time.monotonic() < begin + PATIENCE_S:
            reply = answers("listed.example")
            if reply if listed else reply is not None or time.monotonic() > begin + 3:
                return time.monotonic() - begin, processor_s(process.pid), resident_bytes(process.pid)
        return None
    finally:
        process.terminate()
        process.wait()


def show(title, count, figures, empty):
    if not figures or not empty:
        print(f"{title:24} did not answer within {PATIENCE_S} s, or ended: no figure", flush=True)
        return
    seconds, processor, resident = figures
    print(f"{title:24} {count:9d} {seconds:12.2f} s {processor:6.2f} s {count / seconds:11,.0f} {(resident - empty[2]) / count:9.1f}", flush=True)


def bench_servers(build, folder, names, only=None):
    print(f"\n{'whole servers':24} {'names':>9} {'answers after':>14} {'cpu':>8} {'names/s':>11} {'B a name':>9}")
    for title, make, beside in servers(build):
        if only and title not in only:
            continue
        place = folder / title.replace(" ", "-")
        place.mkdir()
        program = make(place, [])[0]
        missing = [one for one in (program, beside) if one and not shutil.which(one)]
        if missing:
            print(f"{title:24} {os.path.basename(missing[0])} is not installed: skipped", flush=True)
        else:
            empty, full = start(make(place, []), False), start(make(place, names), True)
            show(title, len(names), full, empty)
            if title == "portafilter":
                show(title + ", cached", len(names), start([program, "-c", f"{place}/conf"], True), empty)
        shutil.rmtree(place, ignore_errors=True)
    if not only:
        print("Pi-hole is no package of Debian: no figure here.")

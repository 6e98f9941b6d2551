"""What large lists cost, here and elsewhere: `make bench-lists`.

First the name index by itself (bench_lists): synthetic lists of a million names, in one file and in 200, ten million with
--full, and the lists of PF_SHARED when they are there. Then whole servers, each started with nothing and with the million: how
long until it answers for a listed name, how much of that was its own processor time, and how much memory a name takes.
Servers that are not installed are left out with a line that says so. All are started in a folder of their own, on a port of
127.0.0.1, one after the other.

Processor time is what holds still on a machine that does other things too; the time until the answer is what a person waits.
"""
import argparse
import json
import os
import pathlib
import random
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("PF_BUILD", TOP / "build")).resolve()
SHARED = pathlib.Path(os.environ.get("PF_SHARED", TOP.parent / "shared"))
TICKS = os.sysconf("SC_CLK_TCK")
PORT = 5353 + os.getpid() % 20000
PATIENCE_S = 300
ZONES = ["com", "net", "org", "io", "xyz", "info"]
WORDS = ["ads", "track", "metrics", "pixel", "cdn", "stats", "t", "a"]
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


def draw_names(count):
    """Different names of two and three labels, the same ones each time; `listed.example` is the last."""
    draw, names = random.Random(20251123), set()
    while len(names) < count - 1:
        base = "".join(draw.choices(LETTERS, k=draw.randint(6, 14))) + "." + draw.choice(ZONES)
        names.add(base if draw.random() < 0.6 else draw.choice(WORDS) + "." + base)
    return sorted(names, key=hash_of) + ["listed.example"]


def hash_of(name):
    return struct.unpack("!Q", (name.encode() * 8)[-8:])[0] * 0x9E3779B97F4A7C15 % 2**64


def write(path, lines):
    with open(path, "w") as file:
        file.writelines(lines)
    return str(path)


# ---- the index by itself


def run_index(files):
    run = subprocess.run([str(BUILD / "tests/bench/bench_lists"), *files], capture_output=True, text=True)
    if run.returncode:
        sys.exit(run.stderr)
    return json.loads(run.stdout)


def from_cache(row):
    return f"{row['cache_s'] * 1000:.1f} ms" if row["cache_s"] < PATIENCE_S else "not kept"


def print_row(title, row):
    print(f"{title:24} {row['names']:9d} {row['load_s']:11.3f} s {row['load_cpu_s']:5.3f} s {from_cache(row):>11} "
          f"{row['bytes_a_name']:9.2f} {row['hit_ns']:5.0f} ns {row['miss_ns']:5.0f} ns {row['memory_ns']:5.0f} ns", flush=True)


def draw_expressions(count):
    """Of the kinds that lists have: a domain, numbered hosts, something between two texts, one in a hundred that says no text."""
    draw = random.Random(3)

    def word(least, most):
        return "".join(draw.choices(LETTERS, k=draw.randint(least, most)))
    for i in range(count):
        zone = draw.choice(ZONES)
        if i % 100 == 99:
            yield f"^[a-{draw.choice('rstuvw')}]{{{10 + i // 100 % 30},60}}$\n"
        else:
            yield [f"(^|\\.){word(6, 12)}\\.{zone}$\n", f"^ad[sx]?[0-9]*[.-]{word(5, 10)}\\.{zone}$\n", f"^{word(4, 8)}-.*\\.{word(4, 10)}\\.{zone}$\n",
                   f"(track|pixel)[0-9]+\\.{word(5, 9)}\\.\n"][i % 4]


def draw_wildcards(count):
    draw = random.Random(4)
    for _ in range(count):
        yield f"||{''.join(draw.choices(LETTERS, k=draw.randint(3, 6)))}*.{''.join(draw.choices(LETTERS, k=draw.randint(4, 10)))}.{draw.choice(ZONES)}^\n"


def print_on_top(title, row, plain):
    print(f"{title:24} {row['patterns']:9d} ready in {row['load_cpu_s'] - plain['load_cpu_s']:.2f} s of the processor; a name takes {row['hit_ns'] - plain['hit_ns']:.0f} ns more "
          f"when it is listed, {row['miss_ns'] - plain['miss_ns']:.0f} ns when not; from the cache {from_cache(row)}", flush=True)


def bench_index(folder, names, full):
    one = write(folder / "one.txt", (name + "\n" for name in names))
    draw, several = random.Random(7), [[] for _ in range(200)]
    for name in names:  # each stands in one list; and again, one in five in a second list, one in 25 in a third
        several[draw.randrange(200)].append(name + "\n")
    parts = [write(folder / f"part{i}.txt", lines) for i, lines in enumerate(several)]
    for name in names:
        for number in {draw.randrange(200) for _ in range((draw.random() < 0.2) + (draw.random() < 0.04))}:
            several[number].append(name + "\n")
    shared = [write(folder / f"shared{i}.txt", lines) for i, lines in enumerate(several)]
    whole = [write(folder / f"empty{i}.txt", ["# none\n"]) for i in range(199)] + [one]
    print(f"\n{'the name index':24} {'names':>9} {'text → index':>13} {'cpu':>7} {'from cache':>11} {'B a name':>9} {'hit':>8} {'miss':>8} {'a line':>8}")
    plain = run_index([one])
    print_row("1 list", plain)
    print_row("200 lists, each a part", run_index(parts))
    print_row("200 lists that overlap", run_index(shared))
    # The same questions: 199 lists beside the one.
    beside, again = run_index(whole), run_index([one])
    print_row("1 list and 199 empty", beside)
    print_row("1 list again", again)
    print(f"{'200 lists to 1':24} hits {beside['hit_ns'] / again['hit_ns']:.2f}, misses {beside['miss_ns'] / again['miss_ns']:.2f}")
    print_on_top("expressions", run_index([write(folder / "regex.txt", draw_expressions(10_000)), one]), again)
    print_on_top("wildcards", run_index([write(folder / "wildcards.txt", draw_wildcards(10_000)), one]), again)
    if full:
        print_row("1 list", run_index([write(folder / "big.txt", (name + "\n" for name in draw_names(10_000_000)))]))
    real = [str(p) for p in sorted((SHARED / "data/lists").glob("*/*")) if p.name.endswith((".txt", "")) and p.name not in ("LICENSE", "regex.list", "dnsmasq-spy.conf", "firewall-ip-spy.txt")]
    if real:
        print_row(f"{len(real)} real lists", run_index(real))


# ---- whole servers


def portafilter(folder, names):
    lists = "lists: []\nrules: []\n"
    if names:
        write(folder / "list", (name + "\n" for name in names))
        lists = f"lists: [{{name: l, file: {folder}/list}}]\nrules: [{{name: r, lists: [l], action: sinkhole}}]\n"
    user = ""
    if os.getuid() == 0:  # which it does not stay
        user = "user: nobody\n"
        shutil.chown(folder, "nobody")
    write(folder / "conf", [f"{user}listen: {{dns: ['127.0.0.1:{PORT}'], control: {folder}/socket}}\nupstreams: ['127.0.0.1:9']\nworkers: 1\n"
                            f"journal: {{path: {folder}/journal.db}}\n{lists}"])
    return [str(BUILD / "portafilterd"), "-c", f"{folder}/conf"]


def unbound(folder, names):
    write(folder / "conf", [f"server:\n chroot: ''\n username: ''\n directory: {folder}\n pidfile: ''\n use-syslog: no\n interface: 127.0.0.1\n port: {PORT}\n"
                            " do-daemonize: no\n num-threads: 1\n module-config: iterator\n", "remote-control:\n control-enable: no\nserver:\n",
                            *(f' local-zone: "{name}." always_null\n' for name in names)])
    return ["unbound", "-d", "-c", f"{folder}/conf"]


def dnsmasq(folder, names):
    write(folder / "conf", [f"port={PORT}\nlisten-address=127.0.0.1\nbind-interfaces\nno-resolv\nno-hosts\nuser=root\npid-file=\n", *(f"address=/{name}/#\n" for name in names)])
    return ["dnsmasq", "-k", "-C", f"{folder}/conf"]


def zone_of(names):
    return ["$TTL 3600\n@ SOA localhost. root.localhost. 1 3600 600 86400 3600\n@ NS localhost.\n", *(f"{name} CNAME .\n*.{name} CNAME .\n" for name in names)]


def bind(folder, names):
    write(folder / "zone", zone_of(names))
    write(folder / "conf", [f'options {{ directory "{folder}"; pid-file none; session-keyfile none; listen-on port {PORT} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};'
                            ' recursion yes; dnssec-validation no; response-policy { zone "rpz"; } qname-wait-recurse no; };'
                            f' zone "rpz" {{ type primary; file "{folder}/zone"; allow-query {{ none; }}; }}; controls {{ }};\n'])
    return ["named", "-f", "-n", "1", "-c", f"{folder}/conf"]


def powerdns(folder, names):
    write(folder / "zone", zone_of(names))
    write(folder / "lua", [f'rpzFile("{folder}/zone", {{policyName="rpz"}})\n'])
    write(folder / "recursor.conf", [f"local-address=127.0.0.1\nlocal-port={PORT}\nsocket-dir={folder}\ndaemon=no\nthreads=1\ndnssec=off\nlua-config-file={folder}/lua\n"])
    return ["pdns_recursor", f"--config-dir={folder}"]


SERVERS = {"portafilter": portafilter, "unbound local-zone": unbound, "dnsmasq address": dnsmasq, "BIND RPZ": bind, "PowerDNS RPZ": powerdns}


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


def bench_servers(folder, names, servers=None):
    print(f"\n{'whole servers':24} {'names':>9} {'answers after':>14} {'cpu':>8} {'B a name':>9}")
    for title, make in (servers or SERVERS).items():
        place = folder / title.replace(" ", "-")
        place.mkdir()
        if not shutil.which(make(place, [])[0]):
            print(f"{title:24} is not installed: skipped")
            continue
        empty, full = start(make(place, []), False), start(make(place, names), True)
        again = start([str(BUILD / "portafilterd"), "-c", f"{place}/conf"], True) if title == "portafilter" else None
        for label, figures in ((title, full), (title + ", cached", again)):
            if figures and empty:
                print(f"{label:24} {len(names):9d} {figures[0]:12.2f} s {figures[1]:6.2f} s {(figures[2] - empty[2]) / len(names):9.1f}")
            elif label == title:
                print(f"{label:24} did not answer within {PATIENCE_S} s, or ended: no figure")
        shutil.rmtree(place, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="ten million names, too")
    parser.add_argument("--names", type=int, default=1_000_000)
    arguments = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="bench-lists-"))
    folder.chmod(0o755)
    try:
        names = draw_names(arguments.names)
        bench_index(folder, names, arguments.full)
        bench_servers(folder, names)
        if arguments.full:
            bench_servers(folder, draw_names(10_000_000), {"portafilter": portafilter})
    finally:
        shutil.rmtree(folder, ignore_errors=True)


main()

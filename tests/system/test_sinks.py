"""What is written beside the SQLite journal: dnstap and syslog to real collectors, and to collectors that misbehave."""
import json
import re
import signal
import socket
import subprocess

import dns.name
import pytest

import collectors
from collectors import decoded, split_frames
from harness import PATIENCE_S, ROOT, answer, ask, find_program, question, send_udp, wait_until

NAMES = {"sink.test": ("sinkhole", "nxdomain"), "zero.test": ("sinkhole", None), "drop.test": ("sinkhole", "drop"), "flag.test": ("flag", None)}
RULES = [{"name": f"rule {name}", "names": [name], "action": action} | ({"reply": reply} if reply else {}) for name, (action, reply) in NAMES.items()]
RULES.append({"name": "where they stand", "addresses": ["192.0.2.77"], "action": "sinkhole"})


def sink(daemon, name):
    return next(s for s in daemon.status()["journal"]["sinks"] if s["name"] == name)


def wait_written(daemon, name, count):
    wait_until(lambda: sink(daemon, name)["journalled"] == count, f"{count} records are written to {name}")


@pytest.fixture
def listener():
    """listener(serve) starts a server of one's own."""
    servers = []

    def start(*arguments, **more):
        servers.append(collectors.Listener(*arguments, **more))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def capture():
    started = []

    def start(**more):
        started.append(collectors.FstrmCapture(**more))
        return started[-1]

    yield start
    for one in started:
        one.end()


def also(portafilter, upstream, *sinks, handler=None, path="journal.db", **more):
    daemon = portafilter(ready=False)
    daemon.write(upstreams=[upstream(handler or (lambda q, t: answer(q, "192.0.2.1"))).upstream], rules=RULES,
                 journal={"path": path if path == "off" else f"{daemon.folder}/{path}", "also": list(sinks)}, **more)
    daemon.start()
    return daemon


@pytest.mark.parametrize("tcp", [False, True], ids=["unix", "tcp, alone"])
def test_dnstap_to_fstrm_capture(portafilter, upstream, capture, tcp):
    """Every message as it was on the wire, in an order that makes sense, and readable by programs that are not ours. Over TCP no file is kept
    beside it, and one message for each exchange brings both."""
    collector = capture(tcp=tcp)
    wires = []

    def handler(query, transport):
        reply = answer(query, "192.0.2.77" if query.question[0].name.to_text() == "far.test." else "192.0.2.1").to_wire()
        wires.append((query, reply))
        return reply

    every = {} if tcp else {"messages": ["CLIENT_QUERY", "CLIENT_RESPONSE", "FORWARDER_QUERY", "FORWARDER_RESPONSE"]}
    daemon = also(portafilter, upstream, {"dnstap": collector.place} | every, handler=handler, path="off" if tcp else "journal.db")
    sent = {}
    for name in ("a.test", "a.test", "sink.test", "zero.test", "flag.test", "far.test", "drop.test"):
        packet = question(name).to_wire()
        sent.setdefault(name, []).append((packet, send_udp(daemon.port, packet, source="127.0.0.11", timeout=0.2 if name == "drop.test" else PATIENCE_S)))
    assert ask(daemon.port, "b.test", tcp=True)
    wait_written(daemon, "dnstap", 8)
    if tcp:
        assert [s["name"] for s in daemon.status()["journal"]["sinks"]] == ["dnstap"] and "journal    off: 8 put" in daemon.cli("status")[1]
        code, _, err = daemon.cli("log")
        assert code == 1 and "No journal is kept" in err
        assert not list(daemon.folder.glob("journal.db*"))
    daemon.stop()
    messages = collector.end()
    kinds = "FR CR,CR,CR,CR,FR CR,FR CR,CQ,FR CR" if tcp else "CQ FQ FR CR,CQ CR,CQ CR,CQ CR,CQ FQ FR CR,CQ FQ FR CR,CQ,CQ FQ FR CR"
    assert [m["kind"] for m in messages] == kinds.replace(",", " ").split()
    assert all(("query" in m) == (tcp or m["kind"][1] == "Q") for m in messages)
    queries = [m["query"] for m in messages if m["kind"] == "CQ" or (tcp and m["kind"] == "CR")]
    assert queries[:7] == [packet for name in sent for packet, _ in sent[name]]
    assert [m["response"] for m in messages if m["kind"] == "CR"][:6] == [reply for name in sent for _, reply in sent[name] if reply]
    assert [m["query"] for m in messages if m["kind"] == ("FR" if tcp else "FQ")] == [query.to_wire() for query, _ in wires]
    assert [m["response"] for m in messages if m["kind"] == "FR"] == [reply for _, reply in wires]
    first, last = next(m for m in messages if m["kind"][0] == "C"), messages[-1]
    local = bytes([127, 0, 0, 1])
    assert (first["query_address"], first["response_address"], first["response_port"], first["protocol"], first["family"]) == (bytes([127, 0, 0, 11]), local, daemon.port, 1, 1)
    assert last["protocol"] == 2 and messages[1]["response_address"] == local and messages[1]["query_port"] > 1023
    assert first["version"].startswith(b"portafilter ") and first["identity"] == socket.gethostname().encode()
    for message in messages:
        times = [message[f"{end}_sec"] * 10**9 + message[f"{end}_nsec"] for end in ("query", "response") if f"{end}_sec" in message]
        assert times == sorted(times) and times[0] > 0
    check_policies(messages)
    check_readers(collector.file, messages)
    check_schema(collector)


def check_policies(messages):
    """type, rule, action, match and value; and standing with the rest of what we know."""
    told = [m for m in messages if "extra" in m and m["extra"]]
    assert [m["kind"] for m in told] == ["CR"] * 6 + ["CQ", "CR"], "a reply that was not sent is told with its question"
    policies = [m.get("policy") for m in told]
    named = [(p["rule"].decode(), p.get("action"), p["match"], p["value"]) if p else None for p in policies]
    assert named == [None, None, ("rule sink.test", 1, 1, b"sink.test"), ("rule zero.test", 6, 1, b"zero.test"), ("rule flag.test", 3, 1, b"flag.test"),
                     ("where they stand", 6, 3, bytes([192, 0, 2, 77])), ("rule drop.test", 4, 1, b"drop.test"), None]
    assert all(p["type"] == b"portafilter" for p in policies if p)
    extra = [json.loads(m["extra"]) for m in told]
    assert [e["action"] for e in extra] == ["allow", "allow", "sinkhole", "sinkhole", "flag", "sinkhole", "sinkhole", "allow"]
    assert extra[0]["device_id"] == "ip:127.0.0.11" and extra[0]["source"] == "upstream" and extra[1]["source"] == "cache"
    assert {"standing", "confidence", "reason", "device", "took_us"} < set(extra[0])
    assert extra[2]["reason"].startswith("sinkholed by rule 1")


def check_schema(collector):
    """What the published schema says of the policy, read by protobuf's own compiler."""
    texts = [decoded(frame, collector.folder) for frame in split_frames(collector.file.read_bytes())[1]]
    policies = [text[text.index("  policy {"):].splitlines() for text in texts if "  policy {" in text]
    said = [[line.strip() for line in lines[1:6]] for lines in policies]
    assert said == [[f'type: "portafilter"', f'rule: "{rule}"', f"action: {action}", f"match: {match}", f'value: "{value}"'] for rule, action, match, value in (
        ("rule sink.test", "NXDOMAIN", "QNAME", "sink.test"), ("rule zero.test", "LOCAL_DATA", "QNAME", "zero.test"), ("rule flag.test", "PASS", "QNAME", "flag.test"),
        ("where they stand", "LOCAL_DATA", "RESPONSE_IP", r"\300\000\002M"), ("rule drop.test", "DROP", "QNAME", "drop.test"))]
    for text in texts:
        assert not re.search(r"^ *\d+[: ]", text, re.MULTILINE), f"a field that the schema does not know:\n{text}"


def check_readers(file, messages):
    """Debian's dnstap-ldns and BIND's dnstap-read understand each message."""
    run = subprocess.run([find_program("dnstap-ldns"), "-q", "-r", file], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    lines = run.stdout.splitlines()
    assert [line.split()[2] for line in lines] == [m["kind"] for m in messages]
    assert '"a.test." IN A' in lines[0] and any("127.0.0.11" in line for line in lines[:4])
    run = subprocess.run([find_program("dnstap-read"), "-p", file], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout.count(";; QUESTION SECTION:") == len(messages), run.stdout
    assert "NXDOMAIN" in run.stdout and "192.0.2.77" in run.stdout


# ---- collectors that misbehave


LONG = [f'"{i:02} {"x" * 200}"' for i in range(18)]


def flood(port, name, count):
    """Asks for one name over and over, a few at a time, until each is answered."""
    packet = question(name, "TXT", payload=4096).to_wire()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(PATIENCE_S)
        sock.connect(("127.0.0.1", port))
        for _ in range(count // 10):
            for _ in range(10):
                sock.send(packet)
            for _ in range(10):
                assert len(sock.recv(65535)) > 3000


def test_all_at_once_and_one_stands_still(portafilter, upstream, capture, rsyslog):
    """A collector that is stopped holds up nobody: all else is written, what does not fit is counted, and it goes on by itself."""
    collector, log = capture(), rsyslog()
    daemon = also(portafilter, upstream, {"dnstap": collector.place}, {"syslog": log.place("unix"), "rate": 100000}, {"jsonl": "queries.jsonl", "max-size": "64K", "files": 3},
                  handler=lambda q, t: answer(q, *LONG, rdtype="TXT"))
    ask(daemon.port, "long.test", "TXT")
    wait_written(daemon, "dnstap", 1)
    collector.process.send_signal(signal.SIGSTOP)
    flood(daemon.port, "long.test", 2000)
    for name in ("sqlite", "syslog", "jsonl"):
        wait_written(daemon, name, 2001)
    wait_until(lambda: sink(daemon, "dnstap")["dropped"] > 0, "what does not fit is counted")
    stalled, code, out = sink(daemon, "dnstap"), *daemon.cli("status")[:2]
    assert "does not take what it is sent" in stalled["last_error"] and code == 0
    assert re.search(r"dnstap: [\d,]+ written, [\d,]+ dropped; The collector .* does not take", out), out
    collector.process.send_signal(signal.SIGCONT)
    wait_until(lambda: sum(sink(daemon, "dnstap")[k] for k in ("journalled", "dropped")) == 2001, "it goes on where it stopped")
    flood(daemon.port, "long.test", 10)
    status = daemon.status()
    assert status["queries"]["answered"] == 2011
    for name in ("sqlite", "syslog", "jsonl", "dnstap"):
        wait_until(lambda: sum(sink(daemon, name)[k] for k in ("journalled", "dropped")) == 2011, f"{name}: answered = journalled + dropped")
        assert (sink(daemon, name)["dropped"] > 0) == (name == "dnstap")
    written = sink(daemon, "dnstap")["journalled"]
    wait_until(lambda: len(log.messages()) == 2011, "rsyslogd has them all")
    files = [daemon.folder / f"queries.jsonl{suffix}" for suffix in ("", ".1", ".2")]
    assert all(f.exists() for f in files) and not (daemon.folder / "queries.jsonl.3").exists()
    daemon.stop()
    assert [m["kind"] for m in collector.end()].count("CR") == written


def test_a_collector_that_goes_and_comes_back(portafilter, upstream, capture):
    """What is asked while nobody listens is brought when somebody does."""
    collector = capture()
    daemon = also(portafilter, upstream, {"dnstap": collector.place})
    ask(daemon.port, "a.test")
    wait_written(daemon, "dnstap", 1)
    collector.process.kill()
    collector.process.wait()
    for _ in range(5):
        ask(daemon.port, "a.test")
    wait_until(lambda: sink(daemon, "dnstap")["last_error"], "it is told")
    assert daemon.rows(6)
    collector.socket.unlink()
    collector.start(collector.folder / "second")
    wait_written(daemon, "dnstap", 6)
    assert sink(daemon, "dnstap") == {"name": "dnstap", "journalled": 6, "dropped": 0, "last_error": ""}
    daemon.stop()
    assert [m["kind"] for m in collector.end()] == ["CR"] * 5


def test_collectors_that_speak_nonsense(portafilter, upstream, listener):
    """One after the other: garbage, an early end, another content type, a control frame without end. The fifth gets everything."""
    good = collectors.control(collectors.ACCEPT, b"some other type", collectors.CONTENT_TYPE)
    answers = [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"", collectors.control(collectors.ACCEPT, b"protobuf:other"), b"\0\0\0\0\xff\xff\xff\xff", good]

    def serve(self, connection, number):
        if number < 4:
            connection.recv(1000)
            connection.sendall(answers[number])
            connection.close()
            return
        connection.sendall(good)
        self.take(connection, number)

    server = listener(serve, tcp=False)
    daemon = also(portafilter, upstream, {"dnstap": server.place})
    for _ in range(3):
        ask(daemon.port, "a.test")
    wait_written(daemon, "dnstap", 3)
    daemon.rows(3)
    daemon.stop()
    assert len(server.received) == 5
    controls, frames = collectors.split_frames(server.received[4])
    assert controls == [collectors.READY, collectors.START, collectors.STOP]
    assert [collectors.dnstap(frame)["kind"] for frame in frames] == "FR CR CR CR".split()
    log = daemon.log()
    assert log.count("The journal (dnstap) can not be written") <= 2 and "is written again" in log, "no noise for each attempt"


# ---- syslog


@pytest.fixture
def rsyslog():
    started = []

    def start():
        started.append(collectors.Rsyslog())
        return started[-1]

    yield start
    for one in started:
        one.end()


def test_syslog_to_rsyslogd(portafilter, upstream, rsyslog):
    """Over each transport rsyslogd understands every part, whatever the name; the structured data is what the journal says."""
    log = rsyslog()
    places = [log.place(t) for t in ("unix", "udp", "tcp")]
    daemon = also(portafilter, upstream, *[{"syslog": p, "enterprise": 64000 + i} for i, p in enumerate(places)],
                  devices=[{"name": 'a "device" [x]\\', "ip": "127.0.0.11"}], handler=lambda q, t: answer(q, "192.0.2.1"))
    hostile = [dns.name.Name([label, b"test", b""]) for label in (b'"]\\\n\0', b"%s%n\r\n<13>1", b"\xff" * 63, b"a]b[c=", b'" x="')]
    for name in ["a.test", "sink.test", "drop.test", *hostile]:
        ask(daemon.port, name, source="127.0.0.11", timeout=0.2 if name == "drop.test" else PATIENCE_S)
    rows = daemon.rows(8)
    wait_until(lambda: len(log.messages()) == 24, "each message came by each way")
    for i in range(3):
        messages = [m for m in log.messages() if f"query@{64000 + i}" in m["data"]]
        assert len(messages) == 8
        for row, message in zip(rows, messages):
            data = message["data"][f"query@{64000 + i}"]
            assert (message["app"], message["msgid"]) == ("portafilterd", "query")
            assert i == 0 or message["time"] == row["time"], "(imuxsock puts in its own)"
            assert message["pri"] == ("30" if row["action"] == "allow" else "29")
            assert message["message"] == (row["reason"] if row["rule"] else "")
            keys = ("device", "client", "name", "type", "rcode", "action", "source")
            assert {k: data[k] for k in keys} == {k: row[k] for k in keys}
            assert data.get("rule") == row["rule"] and data["device-id"] and int(data["took-us"]) == row["took_us"]


@pytest.mark.skipif(not ROOT or not collectors.Journald.PROGRAM.exists(), reason="needs systemd-journald, and a mount namespace")
def test_syslog_to_journald(portafilter, upstream, request):
    """journald takes severity and facility out and keeps the rest as it came: RFC 5424, with every name and reason whole."""
    log = collectors.Journald()
    request.addfinalizer(log.end)
    if not log.runs():
        pytest.skip("journald does not run here")
    daemon = also(portafilter, upstream, {"syslog": str(log.place), "enterprise": 64000}, devices=[{"name": 'a "device" [x]\\', "ip": "127.0.0.11"}])
    hostile = [dns.name.Name([label, b"test", b""]) for label in (b'"]\\\n\0', b"%s%n\r\n<13>1", b"\xff" * 63, b"a]b[c=", b'" x="')]
    for name in ["a.test", "sink.test", *hostile]:
        ask(daemon.port, name, source="127.0.0.11")

    def messages():
        return [entry for entry in log.entries() if "query@64000" in entry["MESSAGE"]]

    rows = daemon.rows(7)
    wait_until(lambda: len(messages()) == 7, "journald has them all")
    for row, entry in zip(rows, messages()):
        head, data, told = re.fullmatch(r'1 (\S+) \S+ portafilterd \S+ query \[query@64000((?: [\w-]+="(?:[^"\\\]]|\\.)*")*)\] ?(.*)', entry["MESSAGE"], re.S).groups()
        data = {key: re.sub(r"\\(.)", r"\1", value) for key, value in re.findall(r' ([\w-]+)="((?:[^"\\\]]|\\.)*)"', data)}
        assert (entry["PRIORITY"], entry["SYSLOG_FACILITY"]) == ("6" if row["action"] == "allow" else "5", "3")
        assert head == row["time"] and told.lstrip("\ufeff") == (row["reason"] if row["rule"] else "")
        keys = ("device", "client", "name", "type", "rcode", "action", "source")
        assert {k: data[k] for k in keys} == {k: row[k] for k in keys}


def test_syslog_has_a_rate(portafilter, upstream, rsyslog):
    log = rsyslog()
    daemon = also(portafilter, upstream, {"syslog": log.place("unix"), "rate": 1}, handler=lambda q, t: answer(q, *LONG, rdtype="TXT"))
    flood(daemon.port, "long.test", 100)
    wait_until(lambda: sum(sink(daemon, "syslog")[k] for k in ("journalled", "dropped")) == 100, "all are written or dropped")
    counts = sink(daemon, "syslog")
    assert 1 <= counts["journalled"] <= 1 + PATIENCE_S and counts["dropped"] >= 80
    wait_until(lambda: len(log.messages()) == counts["journalled"], "what counts as written is there")
    assert daemon.rows(100)


@pytest.mark.parametrize("entry, error", [
    ({"dnstap": "udp://127.0.0.1:6000"}, "no place to write to"), ({"dnstap": "tcp://localhost:6000"}, "host names are not looked up"),
    ({"syslog": "http://127.0.0.1"}, "udp://ADDRESS:PORT"), ({"syslog": "/dev/log", "files": 3}, "`files` is for `jsonl` alone"),
    ({"dnstap": "/a", "jsonl": "/b"}, "not several"), ({"dnstap": "/" + "x" * 110}, "longer than the 107 bytes"), ({"dnstap": "/a", "rate": 3}, "`rate` is for `syslog` alone"),
    ({"dnstap": "/a", "messages": ["CLIENT_QUERIES"]}, "did you mean `CLIENT_QUERY`"), ({"jsonl": "/a", "messages": "CLIENT_QUERY"}, "`messages` is for `dnstap` alone"),
    ({}, "needs one of the keys"), ({"jsonl": "/x", "files": 0}, "files"), ({"jsonl": "/x", "max-size": "1K"}, "max-size"), ({"jsnl": "/x"}, "did you mean `jsonl`"),
    ({"syslog": "tcp://192.0.2.1:99999"}, "bad address")])
def test_errors_in_also(portafilter, entry, error):
    daemon = portafilter({"journal": {"also": [entry]}}, ready=False)
    code, out, err = daemon.cli("check")
    assert code == 1 and error in out + err, out + err


def test_a_reload_says_that_sinks_stay(portafilter, upstream):
    daemon = also(portafilter, upstream, {"jsonl": "a.jsonl"})
    daemon.write(journal={"also": [{"jsonl": "a.jsonl", "files": 3}, {"syslog": "udp://127.0.0.1:9"}]})
    code, out, err = daemon.cli("reload")
    assert code == 0 and "`journal.also` has changed; it stays as it was" in out + err, out + err
    assert [s["name"] for s in daemon.status()["journal"]["sinks"]] == ["sqlite", "jsonl"]

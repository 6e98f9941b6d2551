"""`portafilter replay`: captures instead of live traffic. The command runs alone, against a configuration of its own."""
import json
import os
import pty
import re
import sqlite3
import subprocess

import dns.message
import dns.rrset
import pytest

import packets
from harness import BUILD, SHARED, TOP, PATIENCE_S

COFFEE, TV, ROUTER = "020000000011", "020000000012", "0200000000fe"
START = 1572607800  # 2019-11-01 11:30:00 UTC, a Friday
PCAPS = SHARED / "data/pcap"


def replay(folder, config, files, *more, code=0):
    """(the document, stderr)"""
    path = folder / "portafilter.yaml"
    path.write_text(json.dumps({"upstreams": ["127.0.0.1:1"], "geo": {"location": []}, "state": str(folder)} | config))
    run = subprocess.run([BUILD / "portafilter", "replay", "--json", "-c", path, *files, *more], capture_output=True, text=True,
                         timeout=PATIENCE_S, env=os.environ | {"TZ": "UTC"})
    assert run.returncode == code, run.stderr
    return json.loads(run.stdout) if run.stdout else None, run.stderr


def write(folder, name, content):
    (folder / name).write_bytes(content)
    return folder / name


def rows(path, what="time, device, client, name, type, rcode, action, rule, source, upstream, took_us"):
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        return database.execute(f"SELECT {what} FROM v_queries ORDER BY time, name").fetchall()


class Talk:
    """Questions and answers as frames, each an eighth of a second behind the one before."""

    def __init__(self):
        self.frames = []
        self.at = START
        self.ident = 0

    def add(self, packet, mac=COFFEE):
        self.frames.append((self.at, packets.ethernet(packet, mac)))
        self.at += 0.125

    def messages(self, name, rdtype, *records, rcode=0):
        self.ident += 1
        question = dns.message.make_query(name, rdtype, id=self.ident)
        answer = dns.message.make_response(question)
        answer.set_rcode(rcode)
        for record in records:
            answer.answer.append(dns.rrset.from_text(*record.split(" ", 4)))
        return question.to_wire(), answer.to_wire()

    def ask(self, client, name, *addresses, mac=COFFEE, rdtype="A", answered=True, rcode=0):
        question, answer = self.messages(name, rdtype, *(f"{name}. 60 IN {rdtype} {a}" for a in addresses), rcode=rcode)
        server = "192.0.2.53" if ":" not in client else "2001:db8::53"
        self.add(packets.udp(client, server, 40000 + self.ident, 53, question), mac)
        if answered:
            self.add(packets.udp(server, client, 53, 40000 + self.ident, answer), ROUTER)


RULES = {
    "home": ["US"],
    "devices": [{"name": "lobby coffee", "mac": "02:00:00:00:00:11", "tags": ["coffee"]},
                {"name": "camera net", "ip": "192.168.40.0/24", "tags": ["camera"]}],
    "rules": [{"name": "no ads", "tags": ["coffee"], "names": ["*.ads.example"], "action": "sinkhole"},
              {"name": "by day", "tags": ["camera"], "names": ["day.example"], "during": "Fri 11:00-12:00", "action": "flag"},
              {"name": "there", "addresses": ["198.51.100.0/24"], "action": "sinkhole", "reply": "nxdomain"}],
}


def test_the_same_rules_and_journal_as_live(folder):
    talk = Talk()
    talk.ask("192.168.1.11", "a.ads.example", "203.0.113.1")
    talk.ask("2001:db8::11", "b.ads.example", "2001:db8::1", rdtype="AAAA")
    talk.ask("192.168.1.12", "a.ads.example", "203.0.113.1", mac=TV)
    talk.ask("192.168.40.7", "day.example", "203.0.113.2", mac="020000000013")
    talk.ask("192.168.1.12", "x.example", "203.0.113.3", mac=TV)
    # the next answer to the same name is another one: each is judged by itself
    talk.ask("192.168.1.12", "x.example", "198.51.100.3", mac=TV)
    talk.ask("192.168.1.12", "gone.example", mac=TV, rcode=3)
    talk.ask("203.0.113.99", "silent.example", mac=TV, answered=False)
    talk.at = START + 3600
    talk.ask("192.168.40.7", "day.example", "203.0.113.2", mac="020000000013")
    journal = folder / "out.db"
    summary, err = replay(folder, RULES, [write(folder, "a.pcap", packets.pcap(talk.frames))], "--journal", journal)
    capture = summary["capture"]
    assert (capture["packets"], capture["questions"], capture["answers"]) == (17, 9, 8)
    assert (capture["paired"], capture["unanswered"], capture["unasked"], capture["damaged"], capture["other"]) == (8, 1, 0, 0, 0)
    assert (summary["decided"], summary["allowed"], summary["flagged"], summary["sinkholed"]) == (9, 5, 1, 3)
    assert summary["first"] == "2019-11-01T11:30:00.000Z" and summary["journalled"] == 9
    found = {(f["device"], f["name"], f["action"], f["rule"]) for f in summary["findings"]}
    assert found == {("lobby coffee", "a.ads.example", "sinkhole", "no ads"), ("lobby coffee", "b.ads.example", "sinkhole", "no ads"),
                     ("camera net", "day.example", "flag", "by day"), ("02:00:00:00:00:12", "x.example", "sinkhole", "there")}
    seen = rows(journal)
    assert [(r[1], r[3], r[5], r[6], r[8]) for r in seen] == [
        ("lobby coffee", "a.ads.example", "NOERROR", "sinkhole", "policy"),
        ("lobby coffee", "b.ads.example", "NOERROR", "sinkhole", "policy"),
        ("02:00:00:00:00:12", "a.ads.example", "NOERROR", "allow", "upstream"),
        ("camera net", "day.example", "NOERROR", "flag", "upstream"),
        ("02:00:00:00:00:12", "x.example", "NOERROR", "allow", "upstream"),
        ("02:00:00:00:00:12", "x.example", "NXDOMAIN", "sinkhole", "upstream"),
        ("02:00:00:00:00:12", "gone.example", "NXDOMAIN", "allow", "upstream"),
        ("02:00:00:00:00:12", "silent.example", "SERVFAIL", "allow", "upstream"),
        ("camera net", "day.example", "NOERROR", "allow", "upstream")]
    assert seen[4][0] == "2019-11-01T11:30:01.000Z" and seen[4][9:] == ("192.0.2.53:53", 125000)
    # nothing of the capture is too old for its journal, also when there is time to look
    assert len(rows(journal)) == 9
    # a second capture is added
    replay(folder, RULES, [folder / "a.pcap"], "--journal", journal)
    assert len(rows(journal)) == 18


def test_every_format_says_the_same(folder):
    talk = Talk()
    talk.ask("192.168.1.11", "a.ads.example", "203.0.113.1")
    talk.ask("192.168.40.7", "day.example", "203.0.113.2", mac=TV)
    # two questions in one segment, their answers in one as well, out of order
    first, second = talk.messages("tcp1.example", "A", "tcp1.example. 60 IN A 198.51.100.1"), talk.messages("tcp2.example", "A")
    for half in (0, 1):
        ends = ("192.168.1.11", "192.0.2.53", 50000, 53) if not half else ("192.0.2.53", "192.168.1.11", 53, 50000)
        both = b"".join(len(m[half]).to_bytes(2, "big") + m[half] for m in (first, second))
        talk.add(packets.tcp(*ends, 1000, 2))
        talk.add(packets.tcp(*ends, 1001 + 20, 0x18, both[20:]))
        talk.add(packets.tcp(*ends, 1001, 0x18, both[:20]))
    frames = talk.frames
    files = {
        "a.pcap": packets.pcap(frames),
        "little.pcapng": packets.pcapng([(at, frame, 1) for at, frame in frames]),
        "big.pcapng": packets.pcapng([(at, frame, 1) for at, frame in frames], order=">", nanoseconds=True),
        "mixed.pcapng": packets.pcapng([(at, frame if i % 2 else frame[14:], 1 if i % 2 else 101) for i, (at, frame) in enumerate(frames)]),
        "two.pcapng": b"".join(packets.pcapng([(at, frame, 1) for at, frame in part]) for part in (frames[:3], frames[3:])),
    }
    for name, content in files.items():
        summary, err = replay(folder, RULES, [write(folder, name, content)])
        capture = summary["capture"]
        assert (capture["packets"], capture["questions"], capture["answers"], capture["paired"]) == (10, 4, 4, 4), name
        assert capture["damage"] == {} and summary["flagged"] == 1, name
        # without MACs the coffee machine is nobody that the rules know
        assert summary["sinkholed"] == (1 if name == "mixed.pcapng" else 2), name


def test_dnstap(folder):
    talk = Talk()
    question, answer = talk.messages("x.example", "A", "x.example. 60 IN A 198.51.100.1")
    other, its_answer = talk.messages("day.example", "A", "day.example. 60 IN A 203.0.113.2")
    frames = [packets.dnstap(5, "192.168.1.12", 1234, START + 0.25, query=question), packets.dnstap(3, "192.168.1.1", 999, START + 0.3, query=question),
              packets.dnstap(6, "192.168.1.12", 1234, START + 0.5, response=answer),
              # a writer that logs answers alone, with their questions
              packets.dnstap(6, "192.168.40.7", 1235, START + 1, query=other, response=its_answer, protocol=2),
              b"\xff\xff\xff", packets.dnstap(6, "192.168.40.7", 1235, START + 1, response=b"short")]
    journal = folder / "out.db"
    summary, err = replay(folder, RULES, [write(folder, "a.tap", packets.frame_stream(frames))], "--journal", journal)
    capture = summary["capture"]
    assert (capture["packets"], capture["other"], capture["questions"], capture["answers"], capture["paired"]) == (6, 1, 2, 2, 2)
    assert capture["damage"] == {"frames that are no dnstap": 1, "messages shorter than the header of DNS": 1}
    assert [(r[0], r[1], r[3], r[6], r[10]) for r in rows(journal)] == [
        ("2019-11-01T11:30:00.250Z", "192.168.1.12", "x.example", "sinkhole", 250000),
        ("2019-11-01T11:30:01.000Z", "camera net", "day.example", "flag", 0)]
    # cut off anywhere it gives what it holds
    for size, count in ((len(packets.frame_stream(frames[:3], stop=False)), 1), (len(packets.frame_stream(frames[:3], stop=False)) + 3, 1), (70, 0)):
        summary, err = replay(folder, RULES, [write(folder, "b.tap", packets.frame_stream(frames)[:size])])
        assert summary["capture"]["paired"] == count and summary["capture"]["damage"] == {"the file ends or breaks in the middle": 1}
        assert "b.tap breaks behind frame" in err
    _, err = replay(folder, RULES, [write(folder, "c.tap", packets.frame_stream(frames, content=b"protobuf:other"))], code=1)
    assert "c.tap is a Frame Streams file, but what it holds is not protobuf:dnstap.Dnstap." in err


def test_what_is_damaged(folder):
    talk = Talk()
    for i in range(20):
        talk.ask("192.168.1.11", f"n{i}.example", "203.0.113.1")
    for name, whole in (("a.pcap", packets.pcap(talk.frames)), ("a.pcapng", packets.pcapng([(at, frame, 1) for at, frame in talk.frames]))):
        summary, err = replay(folder, RULES, [write(folder, name, whole[:-30])])
        assert (summary["capture"]["questions"], summary["capture"]["answers"], summary["capture"]["unanswered"]) == (20, 19, 1)
        assert summary["capture"]["damage"] == {"the file ends or breaks in the middle": 1}
        assert f"{name} breaks behind packet 39" in err and "what stands before was read" in err
    for content, said in ((b"", "x is empty."), (b"GET / HTTP/1.1\r\n", "neither pcap nor pcapng nor dnstap"), (b"\x0a\x0d\x0d\x0a\x1c\0\0\0", "neither pcap"),
                          (packets.pcap(talk.frames, link=105), "link type IEEE802_11 (105)")):
        _, err = replay(folder, RULES, [write(folder, "x", content)], code=1)
        assert said in err, err
    _, err = replay(folder, RULES, [folder / "nothing"], code=1)
    assert "nothing can not be read: No such file or directory." in err
    _, err = replay(folder, RULES | {"rules": [{"name": "x"}]}, [folder / "a.pcap"], code=1)
    assert "portafilter.yaml:" in err
    _, err = replay(folder, RULES, [folder / "a.pcap"], "--journal", folder / "no/such.db", code=1)
    assert "There is no folder" in err


def test_behind_a_router_a_mac_is_nobody(folder):
    talk = Talk()
    for i in range(12):
        talk.ask(f"10.0.0.{i + 1}", "x.example", "203.0.113.1", mac="020000000099")
    summary, _ = replay(folder, RULES, [write(folder, "a.pcap", packets.pcap(talk.frames))], "--journal", folder / "out.db")
    assert summary["routers"] == 1
    devices = [row[1] for row in rows(folder / "out.db")]
    assert devices == ["02:00:00:00:00:99"] * 8 + [f"10.0.0.{i}" for i in range(9, 13)]


def on_terminal(*words):
    """What a command writes to a terminal as its standard error."""
    master, slave = pty.openpty()
    with subprocess.Popen([BUILD / "portafilter", *words], stdout=subprocess.DEVNULL, stderr=slave) as run:
        os.close(slave)
        seen = b""
        while True:
            try:
                piece = os.read(master, 4096)
            except OSError:  # EIO: nobody has the other end any more
                break
            if not piece:
                break
            seen += piece
        assert run.wait(PATIENCE_S) == 0, seen
    os.close(master)
    return seen.decode()


def test_a_bar_on_a_terminal(folder):
    talk = Talk()
    for i in range(2000):
        talk.ask("192.168.1.11", f"n{i % 7}.example", "203.0.113.7")
    path = write(folder, "long.pcap", packets.pcap(talk.frames))
    _, err = replay(folder, RULES, [path])
    assert "[" not in err and "\r" not in err  # no terminal
    seen = on_terminal("replay", "-c", folder / "portafilter.yaml", path)
    bars = re.findall(r"\r\[([# ]{40})\] +(\d+) %", seen)
    assert bars and all(bar.count("#") == int(share) * 40 // 100 and bar == bar.rstrip().ljust(40) for bar, share in bars), seen
    shares = [int(share) for _, share in bars]
    assert shares == sorted(shares) and shares[-1] <= 100
    assert seen.rstrip("\r\n").endswith(" " * 48) or re.search(r"\r {48}\r", seen), seen  # it is wiped away at the end


def captures():
    return [line.split("\t") for line in (TOP / "tests/system/captures.tsv").read_text().splitlines() if line and not line.startswith("#")]


@pytest.mark.skipif(not PCAPS.exists(), reason=f"{PCAPS} is not there: the data of ../shared is not part of the tree")
def test_counts_are_those_of_tshark(folder):
    """All captures: what we count is what tshark counts, less what captures.tsv explains."""
    table = {row[0]: row for row in captures()}
    assert set(table) == {str(path.relative_to(PCAPS)) for path in PCAPS.glob("*/*.pcap*")}
    for name, (_, count, questions, answers, other_questions, other_answers, why) in table.items():
        summary, err = replay(folder, {}, [PCAPS / name])
        capture = summary["capture"]
        assert capture["packets"] == int(count), name
        assert capture["questions"] == int(questions) - int(other_questions), name
        assert capture["answers"] == int(answers) - int(other_answers), name
        assert bool(why.strip()) == (other_questions != "0" or other_answers != "0"), name
        assert summary["decided"] + summary["refused"] == capture["paired"] + capture["unanswered"], name

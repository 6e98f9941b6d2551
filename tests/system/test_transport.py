"""UDP and TCP: sizes, TC, pipelining, limits, and the address that a reply leaves from."""
import collections
import contextlib
import os
import pathlib
import resource
import socket
import statistics
import struct
import threading
import time

import dns.flags
import dns.message
import dns.rcode
import pytest

from harness import ANSWER_S, PATIENCE_S, WRAP, Stream, addresses, answer, ask, free_port, question, send_udp, wait_until

CLIENT_CONNECTIONS_MAX = 64  # of one client in one worker, net/tcp_clients.h


def size(daemon, name, rdtype="A", payload=None, **more):
    """(bytes of the reply, reply)"""
    query = question(name, rdtype, payload=payload, edns=payload is not None, **more)
    wire = send_udp(daemon.port, query.to_wire(), timeout=ANSWER_S)
    return len(wire), dns.message.from_wire(wire)


def test_sizes_are_honoured(portafilter, nsd):
    daemon = portafilter({"upstreams": [nsd.upstream]})
    for payload, most, whole in ((None, 512, False), (100, 512, False), (512, 512, False), (700, 700, False), (1232, 1232, True)):
        length, reply = size(daemon, "middle.test", payload=payload)
        assert length <= most
        assert bool(reply.flags & dns.flags.TC) == (not whole), payload
        assert len(addresses(reply)) == (55 if whole else 0), payload
        assert (reply.edns == 0) == (payload is not None), "OPT if and only if the client sent one"


def test_tc_then_tcp(portafilter, nsd):
    daemon = portafilter({"upstreams": [nsd.upstream]})
    for payload in (None, 512, 1232):
        length, reply = size(daemon, "large.test", "TXT", payload=payload)
        assert reply.flags & dns.flags.TC and length <= (payload or 512) and not reply.answer
    whole = ask(daemon.port, "large.test", "TXT", tcp=True)
    assert not whole.flags & dns.flags.TC
    assert len(whole.answer[0]) == 20
    # a client that says that it takes more gets more
    length, reply = size(daemon, "large.test", "TXT", payload=4096)
    assert (length <= 4096 and reply.flags & dns.flags.TC) or len(reply.answer[0]) == 20


def test_the_question_comes_back_in_its_letters(portafilter, nsd):
    daemon = portafilter({"upstreams": [nsd.upstream]})
    for _ in range(2):
        reply = ask(daemon.port, "Us.TeSt")
        assert reply.question[0].name.to_text() == "Us.TeSt."
    assert len(addresses(reply)) == 1


def test_pipelined_tcp_is_answered_out_of_order(portafilter, upstream):
    release = threading.Event()

    def handler(query, transport):
        if query.question[0].name.to_text().startswith("slow"):
            release.wait(PATIENCE_S)
        return answer(query, "192.0.2.1")

    daemon = portafilter({"upstreams": [upstream(handler).upstream]})
    slow, fast = question("slow.test"), question("fast.test")
    with Stream(daemon.port) as stream:
        stream.send(slow.to_wire(), fast.to_wire())
        first = dns.message.from_wire(stream.receive())
        release.set()
        second = dns.message.from_wire(stream.receive())
    assert (first.id, second.id) == (fast.id, slow.id)


def test_pipelined_without_end(portafilter, upstream):
    """PF_PIPELINED=100000 for all of them; the slow ones, which came first, hold nobody up."""
    count, slow_count = int(os.environ.get("PF_PIPELINED", 3000)), 20
    release = threading.Event()

    def handler(query, transport):
        if query.question[0].name.to_text().startswith("slow"):
            release.wait(PATIENCE_S)
        return answer(query, "192.0.2.1")

    daemon = portafilter({"upstreams": [upstream(handler).upstream]})
    assert ask(daemon.port, "fast.test").rcode() == dns.rcode.NOERROR
    slow = [question(f"slow{i}.test").to_wire() for i in range(slow_count)]
    wire = question("fast.test").to_wire()
    fast = [struct.pack("!H", i % 65536) + wire[2:] for i in range(count)]
    with Stream(daemon.port, timeout=PATIENCE_S) as stream:
        sender = threading.Thread(target=stream.send, args=(*slow, *fast))
        sender.start()
        replies = stream.sock.makefile("rb")

        def receive():  # a whole message
            return replies.read(struct.unpack("!H", replies.read(2))[0])
        answered = collections.Counter(receive()[:2] for _ in range(count))
        assert answered == collections.Counter(one[:2] for one in fast)
        release.set()
        assert sorted(receive()[:2] for _ in slow) == sorted(one[:2] for one in slow)
        sender.join(PATIENCE_S)


def test_hundred_queries_on_one_connection(portafilter, nsd):
    daemon = portafilter({"upstreams": [nsd.upstream]})
    queries = {}
    for i in range(100):
        query = question("us.test" if i % 2 else f"n{i}.us.test")
        query.id = i + 1
        queries[query.id] = query
    with Stream(daemon.port) as stream:
        stream.send(*[q.to_wire() for q in queries.values()])
        for _ in range(100):
            reply = dns.message.from_wire(stream.receive())
            assert queries.pop(reply.id).question == reply.question
    assert not queries


def test_tcp_byte_by_byte(portafilter, nsd):
    daemon = portafilter({"upstreams": [nsd.upstream]})
    wire = question("us.test").to_wire()
    with Stream(daemon.port) as stream:
        stream.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in len(wire).to_bytes(2, "big") + wire:
            stream.sock.sendall(bytes([byte]))
        assert dns.message.from_wire(stream.receive()).rcode() == dns.rcode.NOERROR


def test_half_closed_connection_gets_its_replies(portafilter, nsd):
    daemon = portafilter({"upstreams": [nsd.upstream]})
    with Stream(daemon.port) as stream:
        stream.send(question("us.test").to_wire(), question("cn.test").to_wire())
        stream.sock.shutdown(socket.SHUT_WR)
        assert stream.receive() and stream.receive()
        assert stream.receive() is None


def test_connections_of_one_client_are_limited(portafilter, nsd):
    daemon = portafilter({"upstreams": [nsd.upstream]})
    wire = question("us.test").to_wire()
    streams, served, refused = [], 0, 0
    try:
        for _ in range(CLIENT_CONNECTIONS_MAX + 16):
            stream = Stream(daemon.port, source="127.0.0.11")
            streams.append(stream)
            try:
                stream.send(wire)
                reply = stream.receive()
            except OSError:
                reply = None
            served, refused = served + (reply is not None), refused + (reply is None)
        assert (served, refused) == (CLIENT_CONNECTIONS_MAX, 16)
        # others, and UDP, do not feel it
        assert ask(daemon.port, "us.test", source="127.0.0.12", tcp=True).rcode() == dns.rcode.NOERROR
        assert ask(daemon.port, "us.test", source="127.0.0.11").rcode() == dns.rcode.NOERROR
        # and a place that is given up can be had again
        streams[0].sock.close()
        wait_until(lambda: ask(daemon.port, "us.test", source="127.0.0.11", tcp=True, timeout=1), "a closed connection makes room")
    finally:
        for stream in streams:
            stream.sock.close()


@pytest.mark.slow
def test_idle_connections_are_closed(portafilter, nsd):
    daemon = portafilter({"upstreams": [nsd.upstream]})
    with Stream(daemon.port, timeout=30) as idle, Stream(daemon.port, timeout=30) as half:
        half.sock.sendall(b"\x00\x20\x12")  # a length and one byte, and then nothing
        begin = time.monotonic()
        assert idle.receive() is None
        assert half.receive() is None
        assert 5 < time.monotonic() - begin < 25


def test_replies_leave_from_the_address_that_was_asked(portafilter, nsd):
    port = free_port()
    daemon = portafilter({"upstreams": [nsd.upstream], "listen": {"dns": [f"0.0.0.0:{port}"]}})
    for server in ("127.0.0.1", "127.0.0.5", "127.1.2.3"):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(ANSWER_S)
            sock.bind(("127.0.0.11", 0))
            sock.sendto(question("us.test").to_wire(), (server, port))
            _, peer = sock.recvfrom(4096)
            assert peer == (server, port)
        assert ask(port, "us.test", server=server, tcp=True).rcode() == dns.rcode.NOERROR
    assert {row["client"] for row in daemon.rows(6)} >= {"127.0.0.11"}


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            sock.bind(("::1", 0))
        return True
    except OSError:
        return False


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no ::1")
def test_several_addresses_and_ipv6(portafilter, nsd):
    ports = [free_port() for _ in range(3)]
    daemon = portafilter({"upstreams": [nsd.upstream],
                          "listen": {"dns": [f"127.0.0.1:{ports[0]}", f"127.0.0.2:{ports[1]}", f"[::1]:{ports[2]}"]},
                          "devices": [{"name": "six", "ip": "::1"}]})
    for tcp in (False, True):
        assert ask(ports[0], "us.test", tcp=tcp)
        assert ask(ports[1], "us.test", server="127.0.0.2", tcp=tcp)
        assert ask(ports[2], "us.test", server="::1", source="::1", tcp=tcp)
    assert [row["device"] for row in daemon.rows(2, "client = '::1'")] == ["six", "six"]


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no ::1")
def test_ipv6_wildcard(portafilter, nsd):
    """[::] serves IPv6 and leaves IPv4 to 0.0.0.0 on the same port."""
    port = free_port()
    portafilter({"upstreams": [nsd.upstream], "listen": {"dns": [f"0.0.0.0:{port}", f"[::]:{port}"]}})
    assert ask(port, "us.test", server="::1", source="::1")
    assert ask(port, "us.test", server="127.0.0.7")


def test_who_may_ask(portafilter, upstream):
    server = upstream()
    daemon = portafilter({"upstreams": [server.upstream], "allow-from": ["127.0.0.11/32", "127.0.1.0/24"]})
    for tcp in (False, True):
        for source in ("127.0.0.11", "127.0.1.77"):
            assert ask(daemon.port, "us.test", source=source, tcp=tcp).rcode() == dns.rcode.NOERROR
        for source in ("127.0.0.12", "127.0.2.1"):
            reply = ask(daemon.port, "other.test", source=source, tcp=tcp)
            assert reply is None or reply.rcode() == dns.rcode.REFUSED
    assert ask(daemon.port, "other.test", source="127.0.0.12").rcode() == dns.rcode.REFUSED
    assert server.count("other.test") == 0
    assert daemon.status()["queries"]["refused"] >= 3


def test_who_asks_too_much(portafilter, upstream):
    """Over the limit: silence, now and then the advice to come over TCP, which works; others do not feel it; a reload lifts it."""
    server = upstream()
    limit = {"queries": 30, "slip": 5, "exempt": ["127.0.0.99"]}
    daemon = portafilter({"upstreams": [server.upstream], "rate-limit": limit})
    sent, replies = 120, collections.Counter()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.11", 0))
        sock.settimeout(0.2)
        for _ in range(sent):
            sock.sendto(question("us.test").to_wire(), ("127.0.0.1", daemon.port))
        wait_until(lambda: daemon.status()["queries"]["received"] == sent, "all have arrived")
        try:
            while True:
                reply = dns.message.from_wire(sock.recv(4096))
                replies[bool(reply.flags & dns.flags.TC)] += 1
        except socket.timeout:
            pass
    # a slow machine gives a client a new token every two seconds
    limited = daemon.status()["queries"]["limited"]
    assert replies[False] == sent - limited and 30 <= replies[False] < 60
    assert replies[True] == limited // 5
    assert ask(daemon.port, "us.test", source="127.0.0.11", tcp=True).rcode() == dns.rcode.NOERROR
    for _ in range(40):
        assert ask(daemon.port, "us.test", source="127.0.0.99").rcode() == dns.rcode.NOERROR
    assert ask(daemon.port, "us.test", source="127.0.0.12").rcode() == dns.rcode.NOERROR
    daemon.write(**{"rate-limit": "off"})
    assert daemon.cli("reload")[0] == 0
    for _ in range(40):
        assert ask(daemon.port, "us.test", source="127.0.0.11").rcode() == dns.rcode.NOERROR
    queries = daemon.status()["queries"]
    assert queries["received"] == queries["answered"] + queries["limited"]


# PF_IDLE=5000 pytest -s -k idle_connections_cost: as many as a campus has.
IDLE = int(os.environ.get("PF_IDLE", "300"))


def cpu_us(daemon):
    """Of all threads, since their start."""
    tasks = pathlib.Path(f"/proc/{daemon.process.pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1000


def descriptors_of(daemon):
    """How many it holds, connections that it has let in among them."""
    return len(os.listdir(f"/proc/{daemon.process.pid}/fd"))


def cost_us(daemon, queries=100):
    """Processor time of one answer out of the cache."""
    wire = question("us.test").to_wire()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(("127.0.0.1", daemon.port))
        sock.settimeout(ANSWER_S)
        before = cpu_us(daemon)
        for _ in range(queries):
            sock.send(wire)
            assert sock.recv(4096)[:2] == wire[:2]
        return (cpu_us(daemon) - before) / queries


@pytest.mark.skipif(bool(WRAP), reason="needs speed")
def test_idle_connections_cost_udp_nothing(portafilter, nsd):
    """A daemon that holds many and one that holds none are asked in turn; an answer takes the same, and all are still there in the end."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with contextlib.ExitStack() as stack:
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        busy, calm = (portafilter({"upstreams": [nsd.upstream], "journal": "off"}) for _ in range(2))
        begin, before = time.monotonic(), descriptors_of(busy)
        streams = [stack.enter_context(Stream(busy.port, source=f"127.0.{i // 3000 + 1}.{i % 3000 // 50 + 1}")) for i in range(IDLE)]
        wait_until(lambda: descriptors_of(busy) >= before + IDLE, "all have been let in, which the kernel had done before")
        rounds = [(cost_us(busy), cost_us(calm)) for _ in range(7)]
        with_them, without = (statistics.median(cost) for cost in zip(*rounds))
        ratio = statistics.median(busy_us / calm_us for busy_us, calm_us in rounds)
        print(f"\n{IDLE} idle connections: {with_them:.1f} µs an answer, without {without:.1f} µs; the ratio is {ratio:.2f}, the median of {len(rounds)} rounds")
        assert ratio < 2
        for stream in streams[::-1]:
            if time.monotonic() - begin > 9:
                break  # they may go by now
            stream.sock.setblocking(False)
            with pytest.raises(BlockingIOError):
                stream.sock.recv(1)

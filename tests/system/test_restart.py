"""SIGUSR2: another program in place of this one, with its sockets; and sockets that a service manager has opened."""
import contextlib
import http.client
import os
import pathlib
import signal
import socket
import subprocess

import dns.message
import pytest

from harness import BUILD, PATIENCE_S, WRAP, Stream, addresses, ask, question, wait_until
from test_reload import Sender


def replace(daemon):
    daemon.starts += 1
    daemon.signal(signal.SIGUSR2)
    wait_until(daemon.is_ready, "the next one is ready")


def test_the_next_one_has_the_sockets_and_the_journal(portafilter, nsd):
    daemon = portafilter({"upstreams": [nsd.upstream], "rules": []})
    pid, started = daemon.process.pid, daemon.status()["started"]
    assert addresses(ask(daemon.port, "us.test"))
    daemon.write(rules=[{"name": "all of it", "names": ["us.test"], "action": "sinkhole"}])
    replace(daemon)
    assert daemon.status()["pid"] == pid and daemon.status()["started"] > started
    assert addresses(ask(daemon.port, "us.test")) == ["0.0.0.0"]
    with Stream(daemon.port) as stream:
        stream.send(question("us.test").to_wire())
        assert stream.receive()
    assert [row["action"] for row in daemon.rows(3)] == ["allow", "sinkhole", "sinkhole"]
    daemon.write(workers=3)
    replace(daemon)
    for _ in range(12):
        assert addresses(ask(daemon.port, "us.test")) == ["0.0.0.0"]


def test_it_stays_when_the_next_one_would_not_start(portafilter, nsd):
    daemon = portafilter({"upstreams": [nsd.upstream]})
    good = dict(daemon.config)
    daemon.write(rules=[{"name": "r", "nmaes": ["x.test"], "action": "flag"}])
    daemon.signal(signal.SIGUSR2)
    daemon.wait_log("not replaced: a new daemon would not start with this configuration")
    daemon.config = good
    daemon.write(listen={"dns": [f"127.0.0.1:{daemon.port}", "127.0.0.77:1"]})
    daemon.signal(signal.SIGUSR2)
    daemon.wait_log(r"not replaced: `listen` names 127\.0\.0\.77:1, where nobody listens yet")
    assert daemon.log().count("portafilter is ready") == 1
    assert addresses(ask(daemon.port, "us.test"))


def web_port_of_root(number):
    """An address on which nobody listens below 1024, one for each process of pytest."""
    address = f"127.0.3.{number + 1}"
    with socket.socket() as sock:
        sock.bind((address, 443))
    return address


@pytest.mark.skipif(os.getuid() != 0, reason="root binds it")
def test_the_page_keeps_its_port_of_root(portafilter, nsd):
    """The rights to bind it are gone when the next program starts: it has the socket."""
    number = int("".join(filter(str.isdigit, os.environ.get("PYTEST_XDIST_WORKER", ""))) or 15)
    address = web_port_of_root(number)

    def shows():
        connection = http.client.HTTPConnection(address, 443, timeout=PATIENCE_S)
        with contextlib.closing(connection):
            connection.request("GET", "/")
            return connection.getresponse().status

    daemon = portafilter({"upstreams": [nsd.upstream], "listen": {"web": f"{address}:443"}})
    first = shows()
    for _ in range(2):
        replace(daemon)
        assert shows() == first and daemon.log().count("portafilter is ready") == daemon.starts
    uids = set((pathlib.Path("/proc") / str(daemon.process.pid) / "status").read_text().split("Uid:")[1].splitlines()[0].split())
    assert "0" not in uids
    assert addresses(ask(daemon.port, "us.test"))


@pytest.mark.skipif(bool(WRAP), reason="valgrind is the program there")
def test_sockets_of_a_service_manager(portafilter, nsd):
    """More workers than sockets: they share them."""
    daemon = portafilter({"upstreams": [nsd.upstream], "workers": 3}, ready=False)
    udp, tcp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), socket.socket()
    with udp, tcp:
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        for sock in (udp, tcp):
            sock.bind(("127.0.0.1", daemon.port))
        tcp.listen(8)
        # what is asked before anybody is there
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        client.settimeout(PATIENCE_S)
        client.sendto(question("us.test").to_wire(), ("127.0.0.1", daemon.port))
        shell = 'exec 3<&$1 4<&$2 && exec env LISTEN_PID=$$ LISTEN_FDS=2 "$3" -c "$4"'
        with open(daemon.folder / "log", "ab") as log:
            process = subprocess.Popen(["bash", "-c", shell, "bash", str(udp.fileno()), str(tcp.fileno()), str(BUILD / "portafilterd"), str(daemon.path)],
                                       stdout=log, stderr=log, pass_fds=(udp.fileno(), tcp.fileno()))
    try:
        assert addresses(dns.message.from_wire(client.recv(4096)))
        for i in range(10):
            assert addresses(ask(daemon.port, "us.test", tcp=bool(i % 2)))
    finally:
        client.close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0, daemon.log()


@pytest.mark.slow
@pytest.mark.skipif(bool(WRAP), reason="needs speed")
@pytest.mark.skipif(os.getuid() != 0, reason="needs root's large buffers")
def test_no_query_is_lost_between_two_programs(portafilter, nsd):
    """2,000 queries a second, and meanwhile the daemon replaces itself twice."""
    daemon = portafilter({"upstreams": [nsd.upstream], "workers": None})
    sender = Sender(daemon.port, 2000, "cn.test")
    sender.start()
    for _ in range(2):
        replace(daemon)
    wait_until(lambda: sender.sent >= 4000, "it has sent for two seconds")
    sender.enough.set()
    sender.join()
    assert (len(sender.got), sender.wrong) == (sender.sent, 0)
    count = "SELECT count(*) AS n FROM v_queries"
    wait_until(lambda: daemon.journal(count)[0]["n"] >= sender.sent, "all is written down")
    assert daemon.journal(count)[0]["n"] == sender.sent

"""kill -9: whatever was answered stands in the journal, once."""
import os
import socket
import struct
import time

import pytest

from harness import WRAP, ask, question

KILLS = int(os.environ.get("PF_KILLS", "6"))
RATE = 5000  # queries a second
RUN_S = 0.35  # longer than a round of the journal's writer


class Burst:
    """Asks names that nobody asked before, at a rate, and notes which of them were answered."""

    def __init__(self, port, first):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.connect(("127.0.0.1", port))
        self.sock.setblocking(False)
        self.first, self.sent, self.answered = first, 0, set()

    def read(self):
        try:
            while True:
                reply = self.sock.recv(4096)
                # the first label is the number of the query
                self.answered.add(int(reply[13:13 + reply[12]]))
        except (BlockingIOError, ConnectionRefusedError):
            pass

    def run(self, seconds):
        tail = question("x.kill.test").to_wire()[14:]
        begin = time.monotonic()
        while (now := time.monotonic() - begin) < seconds:
            while self.sent < now * RATE:
                number = self.first + self.sent
                label = str(number).encode()
                self.sock.send(struct.pack("!HHHHHH", number & 0xffff, 0x0100, 1, 0, 0, 1) + bytes([len(label)]) + label + tail)
                self.sent += 1
            self.read()


@pytest.mark.slow
@pytest.mark.skipif(bool(WRAP), reason="needs speed")
def test_kill_9_loses_nothing(portafilter):
    """Under 5,000 queries a second; PF_KILLS says how often."""
    daemon = portafilter({"workers": 2, "rules": [{"name": "sink", "names": ["*.kill.test"], "action": "sinkhole"}]})
    answered, next_name, recovered = set(), 0, 0
    for _ in range(KILLS):
        burst = Burst(daemon.port, next_name)
        burst.run(RUN_S)
        daemon.kill()
        burst.read()
        burst.sock.close()
        next_name += burst.sent
        answered |= burst.answered
        daemon.start()
        status = daemon.status()["journal"]
        assert status["dropped"] == 0
        recovered += status["recovered"]
    assert len(answered) > KILLS * RUN_S * RATE * 0.5, "it was under load"
    assert recovered > 0, "the rings had something to tell"
    ask(daemon.port, "last.kill.test")
    daemon.rows(1, "name = 'last.kill.test'")
    names = [int(row["name"].split(".")[0]) for row in daemon.journal("SELECT name FROM v_queries WHERE name <> 'last.kill.test'")]
    assert len(names) == len(set(names)), "none is there twice"
    assert not answered - set(names), "none is missing"
    assert daemon.journal("PRAGMA integrity_check")[0]["integrity_check"] == "ok"

"""What a service manager hears: READY=1, the watchdog for as long as no worker hangs, STOPPING=1."""
import contextlib
import ctypes
import errno
import os
import pathlib
import re
import shutil
import socket
import subprocess
import time

import pytest

from harness import ROOT, STRICT, TOP, WRAP, wait_until

PTRACE_SINGLESTEP, PTRACE_GETREGS, PTRACE_SETREGS, PTRACE_ATTACH, PTRACE_DETACH = 9, 12, 13, 16, 17
RAX, RSI, RDI, ORIG_RAX, RIP, RSP, REGISTERS = 10, 13, 14, 15, 16, 19, 27  # of x86-64's user_regs_struct
WALL = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
LIBC.ptrace.restype = ctypes.c_long


class Manager:
    """The receiving end of NOTIFY_SOCKET."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind(str(path))
        path.chmod(0o777)
        self.sock.setblocking(False)
        self.heard = []

    def listen(self):
        try:
            while True:
                self.heard.append(self.sock.recv(4096).decode())
        except BlockingIOError:
            return self.heard

    def waits_for(self, state, count=1):
        wait_until(lambda: self.listen().count(state) >= count, f"{count} × {state}")


@pytest.fixture
def manager(folder, monkeypatch):
    manager = Manager(folder / "notify.sock")
    monkeypatch.setenv("NOTIFY_SOCKET", str(folder / "notify.sock"))
    yield manager
    manager.sock.close()


def thread(daemon, name):
    """The id of a thread of the daemon."""
    return next(int(task.name) for task in pathlib.Path(f"/proc/{daemon.process.pid}/task").iterdir()
                if (task / "comm").read_text().strip() == name)


@contextlib.contextmanager
def standing_still(daemon, name):
    """One thread of the daemon does nothing meanwhile."""
    number = thread(daemon, name)
    if LIBC.ptrace(PTRACE_ATTACH, number, None, None):
        pytest.skip(f"no thread can be stopped here: {os.strerror(ctypes.get_errno())}")
    try:
        yield
    finally:
        assert LIBC.ptrace(PTRACE_DETACH, number, None, None) == 0


def call_instead(number, call, path=b"", second=0):
    """A thread is stopped in the call that it waits in and makes another, as somebody would who had taken it over; then it goes on. What the call
    gave; None: it was its end."""
    assert LIBC.ptrace(PTRACE_ATTACH, number, None, None) == 0
    os.waitpid(number, WALL)
    registers = (ctypes.c_longlong * REGISTERS)()
    assert LIBC.ptrace(PTRACE_GETREGS, number, None, ctypes.addressof(registers)) == 0
    before = registers[:]
    registers[RAX], registers[ORIG_RAX], registers[RDI], registers[RSI] = call, -1, registers[RSP] - 1024, second
    registers[RIP] -= 2  # to the `syscall` that it waits in
    with open(f"/proc/{number}/mem", "r+b", 0) as memory:
        memory.seek(registers[RDI])
        memory.write(path + b"\0")
    assert LIBC.ptrace(PTRACE_SETREGS, number, None, ctypes.addressof(registers)) == 0
    assert LIBC.ptrace(PTRACE_SINGLESTEP, number, None, None) == 0
    _, status = os.waitpid(number, WALL)
    if not os.WIFSTOPPED(status):
        return None
    assert LIBC.ptrace(PTRACE_GETREGS, number, None, ctypes.addressof(registers)) == 0
    result = registers[RAX]
    registers[:] = before
    registers[RAX], registers[ORIG_RAX] = -errno.EINTR, -1
    assert LIBC.ptrace(PTRACE_SETREGS, number, None, ctypes.addressof(registers)) == 0
    assert LIBC.ptrace(PTRACE_DETACH, number, None, None) == 0
    return result


def test_ready_and_stopping(portafilter, manager):
    daemon = portafilter()
    manager.waits_for("READY=1")
    daemon.stop()
    manager.waits_for("STOPPING=1")
    assert manager.heard == ["READY=1", "STOPPING=1"]


@pytest.mark.skipif(not ROOT, reason="stops a thread of another user's process")
@pytest.mark.skipif(bool(WRAP), reason="valgrind's threads are not the kernel's")
def test_a_hung_worker_ends_the_watchdog(portafilter, manager, monkeypatch):
    monkeypatch.setenv("WATCHDOG_USEC", "4000000")
    daemon = portafilter({"workers": 2})
    manager.waits_for("WATCHDOG=1", 2)
    assert daemon.status()["workers_hung"] == 0
    with standing_still(daemon, "worker 1"):
        begin = time.monotonic()
        daemon.wait_log(r"worker 1 hangs: its loop has not come round for \d+ ms")
        assert time.monotonic() - begin < 10 * STRICT
        wait_until(lambda: daemon.status()["workers_hung"] == 1, "status counts it")
        fed = manager.listen().count("WATCHDOG=1")
        assert re.search(r"1 worker hung", daemon.cli("status")[1])
    daemon.wait_log("worker 1 goes on")
    manager.waits_for("WATCHDOG=1", fed + 1)
    assert daemon.status()["workers_hung"] == 0


@pytest.mark.skipif(bool(WRAP) or not ROOT or "PF_HANG" not in os.environ, reason="PF_HANG=1 waits for what the unit says: some six seconds")
def test_as_the_unit_says_it_is_noticed_within_ten_seconds(portafilter, manager, monkeypatch):
    """The watchdog is fed no more, and the log says why, before systemd would end it."""
    seconds = int(re.search(r"^WatchdogSec=(\d+)s$", (TOP / "contrib/portafilterd.service").read_text(), re.M).group(1))
    assert seconds <= 10
    monkeypatch.setenv("WATCHDOG_USEC", str(seconds * 1000000))
    daemon = portafilter({"workers": 2})
    manager.waits_for("WATCHDOG=1")
    with standing_still(daemon, "worker 0"):
        begin = time.monotonic()
        daemon.wait_log("worker 0 hangs")
        noticed, fed = time.monotonic() - begin, manager.listen().count("WATCHDOG=1")
        print(f"noticed after {noticed:.1f} s")
        assert noticed < 10
        time.sleep(max(0, seconds - noticed))  # a whole period of the watchdog
        assert manager.listen().count("WATCHDOG=1") == fed
    manager.waits_for("WATCHDOG=1", fed + 1)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_the_unit_is_closed():
    run = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=20", str(TOP / "contrib/portafilterd.service")],
                         capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr

"""What the journal suffers no answer feels: a full disk, a locked database, one made read-only, a writer that stands still. It resumes by itself, and
every query is written or counted."""
import contextlib
import os
import shutil
import sqlite3
import statistics
import subprocess
import time

import dns.rcode
import pytest

from harness import PATIENCE_S, ROOT, SLOW, WRAP, ask, wait_until
from test_supervisor import standing_still

QUERIES = 300
ROUNDS_MIN = 9
ROUNDS_MAX = int(os.environ.get("PF_FAULT_ROUNDS", "0"))


@contextlib.contextmanager
def full(daemon):
    filler = daemon.folder / "disk" / "filler"
    with open(filler, "wb", buffering=0) as file:
        with contextlib.suppress(OSError):
            while True:
                file.write(bytes(65536))
        with contextlib.suppress(OSError):
            while True:
                file.write(bytes(512))
    yield r"disk is full"
    filler.unlink()


@contextlib.contextmanager
def locked(daemon):
    base = sqlite3.connect(daemon.folder / "disk" / "journal.db", timeout=PATIENCE_S, isolation_level=None)
    base.execute("BEGIN IMMEDIATE")
    yield r"is locked by another program"
    base.execute("ROLLBACK")
    base.close()


def is_writable(path):
    """A file that is made immutable while somebody has it open: may that one go on? Some file systems let him."""
    with open(path, "wb", buffering=0) as file:
        subprocess.run(["chattr", "+i", str(path)], capture_output=True)
        try:
            file.write(b"x")
            return True
        except OSError:
            return False
        finally:
            subprocess.run(["chattr", "-i", str(path)], capture_output=True)


@contextlib.contextmanager
def read_only(daemon):
    if not shutil.which("chattr") or is_writable(daemon.folder / "disk" / "probe"):
        pytest.skip("no file can be made read-only under its writer here")
    files = [str(daemon.folder / "disk" / name) for name in ("journal.db", "journal.db-wal")]
    subprocess.run(["chattr", "+i", *files], check=True)
    try:
        yield r"can not be "
    finally:
        subprocess.run(["chattr", "-i", *files], capture_output=True)


@contextlib.contextmanager
def stopped(daemon):
    with standing_still(daemon, "journal"):
        yield None


def took(daemon, names):
    """Seconds of each answer, in order of size."""
    times = []
    for name in names:
        begin = time.monotonic()
        assert ask(daemon.port, name, timeout=2 * SLOW).rcode() == dns.rcode.NOERROR
        times.append(time.monotonic() - begin)
    return sorted(times)


@pytest.fixture
def disk(portafilter, nsd, request):
    """A daemon whose journal is on a disk of 20 MB of its own; its rings are not. In memory nobody can make a file read-only while
    it is written: then it is a folder."""
    daemon = portafilter({"upstreams": [nsd.upstream]}, ready=False)
    disk = daemon.folder / "disk"
    disk.mkdir()
    disk.chmod(0o777)
    daemon.write(journal={"path": str(disk / "journal.db")})
    if request.node.callspec.params["fault"] is read_only:
        daemon.start()
        yield daemon
        return
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=20m,mode=0777", "tmpfs", str(disk)], capture_output=True, text=True)
    if mount.returncode:
        pytest.skip(f"nothing can be mounted here: {mount.stderr.strip()}")
    daemon.start()
    yield daemon
    daemon.stop()
    subprocess.run(["umount", "-l", str(disk)], check=True)


def p99(times):
    return times[QUERIES * 99 // 100]


@pytest.mark.skipif(not ROOT, reason="mounts a disk")
@pytest.mark.skipif(bool(WRAP), reason="needs speed, and the kernel's threads")
@pytest.mark.parametrize("fault", [full, locked, read_only, stopped])
def test_no_answer_feels_what_the_journal_suffers(disk, fault):
    daemon = disk
    names = ["us.test", "cn.test"] * (QUERIES // 2)
    usual = took(daemon, names)
    wait_until(lambda: daemon.status()["journal"]["journalled"] == QUERIES, "all is written")
    with fault(daemon) as told:
        suffered = took(daemon, names)
        journal = daemon.status()["journal"]
        if told:
            wait_until(lambda: told in daemon.status()["journal"]["last_error"], "status says what is wrong")
        assert journal["put"] == 2 * QUERIES and journal["journalled"] < 2 * QUERIES
        # and again, as long as it lasts: nothing piles up anywhere but in the rings
        suffered = min(suffered, took(daemon, names), key=p99)
    assert p99(suffered) < SLOW * p99(usual) + 0.005
    wait_until(lambda: daemon.status()["journal"]["journalled"] == 3 * QUERIES, "it has resumed, and has all")
    journal = daemon.status()["journal"]
    assert journal["dropped"] == 0 and journal["last_error"] == ""
    base = sqlite3.connect(f"file:{daemon.folder}/disk/journal.db?mode=ro", uri=True, timeout=PATIENCE_S)
    with contextlib.closing(base):
        assert base.execute("SELECT count(*) FROM v_queries").fetchone() == (3 * QUERIES,)


@pytest.mark.skipif(not ROUNDS_MAX, reason="`make bench-faults`: it takes minutes")
@pytest.mark.skipif(not ROOT, reason="mounts a disk")
@pytest.mark.parametrize("fault", [full, locked, read_only, stopped])
def test_the_slowest_answers_are_as_fast(disk, fault):
    """99 of 100 answers come within 1.10 of the time that they take undisturbed. What else the machine does comes and goes, so both are measured in turn, each
    before the other every second time, and the median of the rounds' ratios counts: of nine rounds, or of more, up to PF_FAULT_ROUNDS."""
    daemon = disk
    names = ["us.test", "cn.test"] * (QUERIES // 2)
    usual, suffered = [], []

    def settled():
        journal = daemon.status()["journal"]
        return journal["journalled"] == journal["put"] and not journal["last_error"]

    took(daemon, names)
    while len(usual) < ROUNDS_MIN or (len(usual) < ROUNDS_MAX and median_ratio(usual, suffered) > 1.1):
        for disturbed in (False, True) if len(usual) % 2 else (True, False):
            wait_until(settled, "all is written")
            with fault(daemon) if disturbed else contextlib.nullcontext():
                (suffered if disturbed else usual).append(p99(took(daemon, names)))
    wait_until(settled, "it has resumed, and has all")
    print(f"{fault.__name__}: 99 of 100 answers within {1e6 * statistics.median(usual):.0f} µs, meanwhile {1e6 * statistics.median(suffered):.0f} µs; "
          f"the ratio is {median_ratio(usual, suffered):.3f}, the median of {len(usual)} rounds")
    assert daemon.status()["journal"]["dropped"] == 0
    assert median_ratio(usual, suffered) <= 1.1


def median_ratio(usual, suffered):
    return statistics.median(after / before for before, after in zip(usual, suffered))

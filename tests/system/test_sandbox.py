"""What a running daemon can still do, and that all of its work goes on inside (the harness starts every daemon with `sandbox: strict`)."""
import contextlib
import errno
import os
import pathlib
import platform
import re
import signal
import sys

import pytest

from conftest import CN
from harness import LOCATION, PATIENCE_S, ROOT, WRAP, addresses, answer, make_folder, small_control, wait_until
from test_notify import CAMERA, FLAG, GEO
from test_restart import replace
from test_supervisor import call_instead, thread

pytestmark = pytest.mark.skipif(bool(WRAP), reason="valgrind has ways of its own")

SYS_CHROOT = 161


def facts(daemon):
    """What the kernel says of each thread."""
    for task in pathlib.Path(f"/proc/{daemon.process.pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
            yield dict(re.findall(r"^(\w+):\s*(.*)$", (task / "status").read_text(), re.M))


def test_no_thread_has_rights(portafilter):
    daemon = portafilter({"workers": 2})
    sandbox = daemon.status()["sandbox"]
    assert sandbox["mode"] == "strict" and sandbox["refused"] == 0
    if sandbox["calls"] == "open" or not sandbox["landlock"]:
        pytest.skip(sandbox["missing"])
    assert (sandbox["calls"], sandbox["missing"]) == ("kill", "")
    found = list(facts(daemon))
    assert len(found) >= 5
    for fact in found:
        assert (fact["Seccomp"], fact["NoNewPrivs"]) == ("2", "1"), fact["Name"]
        assert {int(fact[name], 16) for name in ("CapPrm", "CapEff", "CapInh", "CapAmb")} == {0}, fact["Name"]
        assert not ROOT or set(fact["Uid"].split()) != {"0"}
        assert not ROOT or int(fact["CapBnd"], 16) == 0, "nor could a program that it runs have any"


@pytest.mark.skipif(not ROOT or platform.machine() != "x86_64", reason="makes a thread of another user's process do something")
def test_a_call_that_it_has_no_use_for_ends_it(portafilter):
    """A worker is stopped in its wait and made to call chroot instead, as somebody would who had taken it over."""
    daemon = portafilter()
    if daemon.status()["sandbox"]["calls"] == "open":
        pytest.skip("no seccomp here")
    number = thread(daemon, "worker 0")
    assert call_instead(number, SYS_CHROOT) is None
    daemon.process.wait(PATIENCE_S)
    daemon.expected = -signal.SIGSYS
    assert daemon.process.returncode == -signal.SIGSYS


def test_what_stands_elsewhere_is_refused_with_the_reason(portafilter, folder):
    daemon = portafilter({"lists": [], "rules": []})
    if not daemon.status()["sandbox"]["landlock"]:
        pytest.skip("no Landlock here")
    here = daemon.write_file("here.txt", "here.test\n")
    (folder / "there.txt").write_text("there.test\n")
    rule = [{"name": "r", "lists": ["l"], "action": "sinkhole"}]
    daemon.write(lists=[{"name": "l", "file": str(here)}], rules=rule)
    assert daemon.cli("reload")[0] == 0
    assert addresses(daemon.ask("here.test")) == ["0.0.0.0"]
    daemon.write(lists=[{"name": "l", "file": str(folder / "there.txt")}])
    code, out, err = daemon.cli("reload")
    assert code == 1 and "there.txt` of `file` can not be read: its folder was not named when the daemon started" in out + err
    assert addresses(daemon.ask("here.test")) == ["0.0.0.0"]
    daemon.stop()
    daemon.start()
    assert addresses(daemon.ask("there.test")) == ["0.0.0.0"]


@pytest.mark.skipif(not all(path.exists() for path in LOCATION), reason="the location databases are not there")
def test_the_next_program_is_in_the_same_sandbox(portafilter, upstream):
    folder = make_folder()
    script = folder / "tell"
    script.write_text(f"#!/bin/sh\ncat >{folder}/new && mv {folder}/new \"{folder}/$PORTAFILTER_NAME\"\n")
    script.chmod(0o755)
    abroad = upstream(lambda query, transport: answer(query, CN))
    daemon = portafilter({"upstreams": [abroad.upstream], "notify": [{"on": "flagged", "command": str(script)}], "geo": GEO | {"control": [small_control()]}, "home": ["US"],
                          "devices": CAMERA, "rules": FLAG})
    filters = {fact.get("Seccomp_filters") for fact in facts(daemon)}
    daemon.ask("a.test", source="127.0.0.11")
    wait_until(lambda: (folder / "a.test").exists(), "the helper has run the command")
    replace(daemon)
    assert {fact.get("Seccomp_filters") for fact in facts(daemon)} == filters
    assert daemon.status()["sandbox"]["calls"] in ("kill", "open")
    daemon.ask("b.test", source="127.0.0.11")
    wait_until(lambda: (folder / "b.test").exists(), "and its successor too")
    daemon.write(sandbox="off")
    replace(daemon)
    daemon.wait_log("`sandbox: off` counts after a restart")
    assert {fact["Seccomp"] for fact in facts(daemon)} == {"2"}


def test_without(portafilter):
    daemon = portafilter({"sandbox": "off"})
    assert {key: daemon.status()["sandbox"][key] for key in ("mode", "calls", "landlock")} == {"mode": "off", "calls": "open", "landlock": 0}
    assert {fact["Seccomp"] for fact in facts(daemon)} == {"0"}


# Runs a program for which the kernel has not got some calls: a filter of seccomp says so in its place. Calls that are asked for what they have are
# (number, first argument), others (number, None).
OLD_KERNEL = """
import ctypes, os, struct, sys
lines = [(0x20, 0, 0, 0)]  # the call's number
for number, first, error in eval(sys.argv[1]):
    if first is not None:
        lines += [(0x15, 0, 4, number), (0x20, 0, 0, 16), (0x15, 0, 1, first), (0x06, 0, 0, 0x50000 | error), (0x20, 0, 0, 0)]
    else:
        lines += [(0x15, 0, 1, number), (0x06, 0, 0, 0x50000 | error)]
lines.append((0x06, 0, 0, 0x7fff0000))
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in lines))
program = struct.pack("HxxxxxxQ", len(lines), ctypes.addressof(code))
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, program, 0, 0):
    sys.exit("the filter: " + os.strerror(ctypes.get_errno()))
os.execv(sys.argv[2], sys.argv[2:])
"""
LANDLOCK, PRCTL, SECCOMP, PR_GET_SECCOMP = 444, 157, 317, 21
NO_LANDLOCK, LANDLOCK_OFF = (LANDLOCK, None, errno.ENOSYS), (LANDLOCK, None, errno.EOPNOTSUPP)
NO_SECCOMP = [(PRCTL, PR_GET_SECCOMP, errno.EINVAL), (SECCOMP, None, errno.ENOSYS)]
NO_FILES, NO_CALLS = "files are not fenced (no Landlock in this kernel)", "calls of the kernel are not fenced (no seccomp in this build or kernel)"


@pytest.mark.skipif(platform.machine() != "x86_64", reason="knows the numbers of these calls")
@pytest.mark.parametrize("absent, missing", [
    ([LANDLOCK_OFF], NO_FILES), ([NO_LANDLOCK, *NO_SECCOMP], f"{NO_CALLS}; {NO_FILES}")], ids=["Landlock is off", "neither"])
def test_an_old_kernel(portafilter, absent, missing):
    """It starts, gives up its rights all the same, and says what is missing: in the log, in the status, and in words."""
    daemon = portafilter(ready=False)
    daemon.prefix = [sys.executable, "-c", OLD_KERNEL, repr(absent)]
    daemon.start()
    daemon.wait_log(re.escape(f"sandbox: {missing}"))
    sandbox = daemon.status()["sandbox"]
    if sandbox["calls"] == "open" and len(absent) == 1:
        pytest.skip("no seccomp in this build")
    assert (sandbox["mode"], sandbox["landlock"], sandbox["missing"]) == ("strict", 0, missing)
    assert sandbox["calls"] == ("kill" if len(absent) == 1 else "open")
    assert f"sandbox: {missing}" in daemon.cli("status")[1]
    assert {int(fact["CapEff"], 16) for fact in facts(daemon)} == {0}
    assert daemon.ask("us.test") is not None


def test_a_command_that_comes_later_is_told(portafilter):
    daemon = portafilter({"sandbox": "on"})
    daemon.write(notify=[{"command": "/bin/true"}])
    assert daemon.cli("reload")[0] == 0
    daemon.wait_log("commands under `notify` are run after a restart only")

"""The recursor as a process: what it can still do, what its end costs, and how it keeps the root's key and name servers."""
import errno
import os
import platform
import re

import pytest

from harness import BUILD, ROOT, WRAP, addresses, wait_until
from test_recursion import check, children, inside, internet, recursion  # noqa: F401
from test_supervisor import call_instead

SYS_OPEN, SYS_MKDIR, SYS_CHROOT, SIGSYS = 2, 83, 161, 31

pytestmark = pytest.mark.skipif(not (BUILD / "portafilter-recursor").exists(), reason="built without libunbound")


def facts(pid):
    """What the kernel says of a process."""
    with open(f"/proc/{pid}/status") as file:
        return dict(re.findall(r"^(\w+):\s*(.*)$", file.read(), re.M))


def child_of(daemon):
    return wait_until(lambda: children(daemon), "there is one that asks")[0]


def is_answered(internet, daemon, label):  # noqa: F811
    return addresses(inside(internet, daemon, f"{label}.secure.example")) == ["198.51.100.9"]


@pytest.mark.skipif(not ROOT or bool(WRAP) or platform.machine() != "x86_64", reason="makes another user's process do something")
def test_it_has_no_rights(portafilter, internet):  # noqa: F811
    """All of the signed lab is asked behind its fences; a call that it has no use for, if only the daemon has, is its end, and it is begun anew."""
    daemon = portafilter(recursion(internet), namespace=internet.namespace)
    sandbox = daemon.status()["sandbox"]
    if sandbox["missing"]:
        pytest.skip(sandbox["missing"])
    check(internet, daemon)
    child = child_of(daemon)
    assert daemon.status()["recursion"]["restarts"] == 0
    for pid in (child, int(facts(child)["PPid"])):
        fact = facts(pid)
        assert (fact["Seccomp"], fact["NoNewPrivs"]) == ("2", "1")
        assert {int(fact[name], 16) for name in ("CapPrm", "CapEff", "CapInh", "CapAmb")} == {0} and "0" not in fact["Uid"].split()
    state = os.path.dirname(daemon.config["state"] + "/")
    for path, rights, result in (("/etc/passwd", os.O_RDONLY, -errno.EACCES), (f"{state}/made", os.O_CREAT | os.O_WRONLY, -errno.EACCES),
                                 (daemon.config["journal"]["path"], os.O_RDWR, -errno.EACCES), (f"{state}/recursor/root.key", os.O_RDWR, 0)):
        assert min(call_instead(child, SYS_OPEN, path.encode(), rights), 0) == result, path
    for count, number in ((1, SYS_CHROOT), (2, SYS_MKDIR)):
        child = child_of(daemon)
        assert is_answered(internet, daemon, f"n{count}")
        assert call_instead(child, number, b"/nowhere") is None
        wait_until(lambda: daemon.status()["recursion"]["restarts"] == count, "it is counted")
        assert is_answered(internet, daemon, f"m{count}") and child_of(daemon) != child
    assert daemon.log().count(f"the recursor ended by signal {SIGSYS}") == 2

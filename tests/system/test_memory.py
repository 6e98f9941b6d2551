"""What the daemon holds when it has nothing to do: the same figure as ps and top show."""
import re

import pytest

from harness import SANITIZED, WRAP

MB_MAX = 12


def resident_kb(daemon):
    with open(f"/proc/{daemon.process.pid}/status") as status:
        return int(re.search(r"^VmRSS:\s+(\d+) kB", status.read(), re.M)[1])


@pytest.mark.skipif(bool(WRAP) or SANITIZED, reason="valgrind and the sanitizers have memory of their own")
@pytest.mark.parametrize("change", [{"journal": "off"}, {}], ids=["no-journal", "sqlite"])
def test_at_rest(portafilter, nsd, change):
    daemon = portafilter({"upstreams": [nsd.upstream], "geo": {"location": [], "control": []}, "vendors": None, **change})
    ready = resident_kb(daemon)
    assert daemon.ask("us.test").answer
    answered = resident_kb(daemon)
    assert max(ready, answered) < MB_MAX << 10, (ready, answered)

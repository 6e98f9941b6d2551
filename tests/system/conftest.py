"""Fixtures of the system tests; the work is done in harness.py."""
import pathlib
import shutil
import signal
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import harness  # noqa: E402

# One CN address and one US address on which both pinned databases agree, and on which they will: a national
# resolver of China, and the address block of the US Department of Defense.
CN = "114.114.114.114"
US = "6.6.6.6"

ZONE = f"""
cn.test. A {CN}
us.test. A {US}
ends.cn. A {US}
mixed.test. A {CN}
mixed.test. A {US}
special.test. A 192.168.1.1
hop.test. CNAME cn.test.
hops.test. CNAME hop.test.
short.test. 2 A {US}
long.test. 3600 A {US}
text.test. TXT "an answer without an address"
svc.test. HTTPS 1 . alpn=h2 ipv4hint={CN}
"""
# 900 bytes: more than 512, less than 1232; 4,000 bytes: more than any UDP answer
ZONE += "".join(f"middle.test. A 198.51.100.{i}\n" for i in range(55))
ZONE += "".join(f'large.test. TXT "{i:02} {"x" * 200}"\n' for i in range(20))


def pytest_configure(config):
    # Whoever runs the tests in the background ignores SIGINT, and so would all programs that they start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    config.addinivalue_line("markers", "slow: takes more than some seconds, or needs speed")


def pytest_collection_modifyitems(items):
    if not (harness.BUILD / "portafilterd").exists():
        skip = pytest.mark.skip(reason=f"there is no {harness.BUILD}/portafilterd; build first, or set PF_BUILD")
        for item in items:
            item.add_marker(skip)


@pytest.fixture(scope="session")
def nsd():
    """NSD with the names of contrib/lab/names.tsv and those of ZONE."""
    lines = [ZONE]
    for line in (harness.TOP / "contrib/lab/names.tsv").read_text().splitlines():
        if not line.startswith("#"):
            name, address = line.split("\t")[:2]
            lines.append(f"{name}. {'AAAA' if ':' in address else 'A'} {address}")
    server = harness.Nsd("\n".join(lines) + "\n")
    yield server
    server.stop()


@pytest.fixture
def portafilter():
    """portafilter(config…) starts a daemon; each is ended with SIGTERM and held to its exit code."""
    daemons = []

    def start(*arguments, **more):
        daemon = harness.Daemon(*arguments, **more)
        daemons.append(daemon)
        return daemon

    yield start
    problems = []
    for daemon in daemons:
        try:
            daemon.clean()
        except AssertionError as problem:
            problems.append(str(problem))
    assert not problems, "\n".join(problems)


@pytest.fixture
def upstream():
    """upstream(handler) starts an upstream that does what the handler says."""
    servers = []

    def start(*arguments, **more):
        servers.append(harness.Upstream(*arguments, **more))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture(scope="session")
def geo():
    """The `geo` of a configuration with the pinned databases; they are of June 2026 and count for ten years."""
    missing = [str(p) for p in harness.LOCATION + harness.CONTROL if not p.exists()]
    if missing:
        pytest.skip(f"{missing[0]} is not there; run contrib/fetch-geoip build/GeoIP, or set PF_GEOIP")
    return {"location": harness.LOCATION, "control": harness.CONTROL, "max-age": "3650d"}


@pytest.fixture
def folder():
    path = harness.make_folder()
    yield path
    shutil.rmtree(path)

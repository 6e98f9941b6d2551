"""contrib/fetch-geoip from a server of our own: what is whole is taken, all else leaves the old files as they are."""
import datetime
import gzip
import hashlib
import http.server
import io
import os
import subprocess
import tarfile
import threading

import pytest

from harness import BUILD, LOCATION, SHARED, TOP, make_folder

NEWER = LOCATION[1].read_bytes() if LOCATION[1].exists() else b""
OLDER = LOCATION[0].read_bytes() if LOCATION[0].exists() else b""


@pytest.fixture
def server():
    """Serves what a test puts into `files`; remembers what was asked for."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append((self.path, self.headers.get("Authorization")))
            body = files.get(self.path)
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_):
            pass

    files, asked = {}, []
    web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    web.files, web.asked, web.url = files, asked, f"http://127.0.0.1:{web.server_port}"
    yield web
    web.shutdown()


def fetch(folder, *arguments, **environment):
    return subprocess.run([str(TOP / "contrib/fetch-geoip"), *arguments, str(folder)], capture_output=True, text=True, timeout=120,
                          env={**os.environ, "PORTAFILTER": str(BUILD / "portafilter"), **environment})


def test_dbip_of_this_month_or_the_last(server):
    folder = make_folder()
    last = (datetime.datetime.now(datetime.timezone.utc).replace(day=1) - datetime.timedelta(days=1)).strftime("%Y-%m")
    server.files[f"/free/dbip-country-lite-{last}.mmdb.gz"] = gzip.compress(OLDER, 1)
    run = fetch(folder, "--dbip", DBIP_URL=server.url + "/free")
    assert run.returncode == 0, run.stderr
    assert (folder / "dbip-country.mmdb").read_bytes() == OLDER
    assert "DB-IP" in (folder / "CREDITS").read_text()
    assert len(server.asked) >= 2 and server.asked[-1][0].endswith(f"{last}.mmdb.gz")
    assert not list(folder.glob(".fetch*"))


def test_only_what_is_whole_is_used(server):
    folder = make_folder()
    target = folder / "country.mmdb"
    good = hashlib.sha256(NEWER).hexdigest()
    server.files.update({"/good": NEWER, "/short": NEWER[:100000], "/page": b"<html>login</html>", "/gz": gzip.compress(NEWER, 1)[:5000]})
    assert fetch(folder, "--url", server.url + "/good", "--name", target.name, "--sha256", good, "--credit", "somebody").returncode == 0
    assert target.read_bytes() == NEWER and "country.mmdb  somebody" in (folder / "CREDITS").read_text()
    before = target.stat().st_ino
    for path, words in (("/short", "its end is missing"), ("/page", "no mmdb file"), ("/gz", "gzip"), ("/nowhere", "404")):
        run = fetch(folder, "--url", server.url + path, "--name", target.name)
        assert run.returncode == 1 and words in run.stderr, (path, run.stderr)
    run = fetch(folder, "--url", server.url + "/good", "--name", "other.mmdb", "--sha256", "0" * 64)
    assert run.returncode == 1 and "digest" in run.stderr
    run = fetch(folder, "--url", "http://192.0.2.1/country.mmdb", "--name", "other.mmdb")
    assert run.returncode == 1 and "rotocol" in run.stderr, "only https leaves the machine"
    assert target.stat().st_ino == before and sorted(p.name for p in folder.iterdir()) == ["CREDITS", "country.mmdb"]
    again = fetch(folder, "--url", server.url + "/good", "--name", target.name)
    assert again.returncode == 0 and "as new as" in again.stdout and target.stat().st_ino == before
    assert fetch(folder, "--nonsense").returncode == 2 and fetch(folder, "--url", server.url + "/good").returncode == 1


def test_maxmind_account(server):
    database = SHARED / "data/mmdb/GeoLite2-Country-Test.mmdb"
    if not database.exists():
        pytest.skip(f"no {database}")
    folder, archive = make_folder(), io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        tar.add(database, "GeoLite2-Country_20261101/GeoLite2-Country.mmdb")
    server.files["/db/GeoLite2-Country/download?suffix=tar.gz"] = archive.getvalue()
    key = folder / "key"
    key.write_text("s3cret\n")
    run = fetch(folder, "--maxmind", "GeoLite2-Country", MAXMIND_URL=server.url + "/db", MAXMIND_ACCOUNT="42", MAXMIND_KEY_FILE=str(key))
    assert run.returncode == 0, run.stderr
    assert (folder / "GeoLite2-Country.mmdb").read_bytes() == database.read_bytes()
    assert server.asked[-1][1] == "Basic NDI6czNjcmV0"
    assert "s3cret" not in run.stdout + run.stderr
    assert fetch(folder, "--maxmind", "GeoLite2-Country", MAXMIND_URL=server.url).returncode == 1

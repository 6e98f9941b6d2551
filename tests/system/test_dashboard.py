"""The dashboard in a real browser on the real daemon: each page, a rule from a click to an answer on the wire and back, who may what,
strangers' text, a phone, the dark, and what axe-core finds. PF_SHOTS=FOLDER keeps a picture of each page."""
import gzip
import json
import os
import pathlib
import shutil
import subprocess

import dns.message
import dns.name
import dns.query
import dns.rcode
import pytest

from harness import PATIENCE_S, TOP, ask, free_port, wait_until

PASSWORD, VIEWER = "a portafilter of steel", "only looking today"
HOSTILE = "<img src=x onerror=alert(1)> \u202egnp"
DEVICES = [{"name": "lobby coffee", "ip": "127.0.0.11", "tags": ["coffee"]},
           {"name": "yard camera", "ip": "127.0.0.13", "tags": ["camera"]},
           {"name": HOSTILE, "ip": "127.0.0.17", "tags": ["odd"]}]
RULES = [{"name": "where do cameras call", "tags": ["camera"], "standing": "overseas", "confidence": "low", "action": "flag"},
         {"name": "too late", "tags": ["camera"], "standing": "overseas", "confidence": "low", "action": "sinkhole"},
         {"name": "never asked for", "tags": ["coffee"], "names": ["nobody.asks.test"], "action": "sinkhole"},
         {"name": "listed", "tags": ["odd"], "lists": ["kitchen"], "action": "flag"}]
ASKED = {11: ["ot.io.mi.com", "home.mi.com", "upgrades.electricimp.com", "api.exc.mob.com"], 13: ["m4.iotcplatform.com", "lbs1.goolink.org", "hop.test"],
         17: ["ot.io.mi.com", "us.test"], 19: ["home.mi.com"]}
SCRIPT_NAME = dns.name.Name([b"<script>alert(1)</script>", b"a\"b'c", b"x\x07\x1b[31m", b"test", b""])
PAGES = ["overview", "devices", "device/lobby%20coffee", "live", "endpoints", "rules", "lists", "health", "explain/lobby%20coffee/ot.io.mi.com/A"]


class Browser:
    def __init__(self):
        modules = os.environ.get("PF_NODE_MODULES", str(TOP / "src/web/node_modules"))
        for needed in (f"{modules}/playwright-core", f"{modules}/axe-core", "/usr/bin/chromium"):
            if not os.path.exists(needed):
                pytest.skip(f"{needed} is not there; contrib/check brings it")
        if not shutil.which("node"):
            pytest.skip("no node")
        self.process = subprocess.Popen(["node", str(TOP / "tests/system/browser.mjs"), modules, "/usr/bin/chromium"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, env={**os.environ, "PF_PATIENCE_MS": str(int(PATIENCE_S * 1000))})

    def __getattr__(self, command):
        def run(**given):
            self.process.stdin.write(json.dumps({"do": command, **given}) + "\n")
            self.process.stdin.flush()
            answer = json.loads(self.process.stdout.readline())
            assert "error" not in answer, f"{command} {given}: {answer['error']}\n{answer['page']}"
            return answer["value"]
        return run

    def close(self):
        self.process.stdin.close()
        self.process.wait(PATIENCE_S)


class House:
    """A daemon with something to show, and a browser that is logged in as the admin."""

    def __init__(self, daemon, port):
        self.daemon, self.url = daemon, f"http://127.0.0.1:{port}"
        self.browser = Browser()
        self.shots = os.environ.get("PF_SHOTS")

    def enter(self, password=PASSWORD, **more):
        browser = self.browser
        browser.open(url=self.url + "/", **more)
        browser.type(selector="input[type=password]", value=password)
        browser.press(selector="button", text="Log in")
        browser.see(selector="nav a", text="Overview")
        return browser

    def go(self, page):
        self.browser.go(hash="#/" + page)
        self.browser.see(selector="h1.sentence", text="")
        self.browser.gone(selector=".waiting")

    def keep(self, name):
        if self.shots:
            pathlib.Path(self.shots).mkdir(parents=True, exist_ok=True)
            self.browser.shot(path=f"{self.shots}/{name}.png")

    def rcode(self, name, source="127.0.0.11"):
        return ask(self.daemon.port, name, source=source).rcode()


pytestmark = pytest.mark.slow # a browser


@pytest.fixture(scope="module")
def house(nsd, geo):
    from harness import Daemon
    browser_wanted = Browser()
    browser_wanted.close()
    port = free_port()
    daemon = Daemon({"upstreams": [nsd.upstream], "home": ["US"], "geo": geo, "devices": DEVICES, "tags": ["guest"], "rules": RULES,
                     "listen": {"web": f"127.0.0.1:{port}"}}, ready=False)
    daemon.write(lists=[{"name": "kitchen", "file": daemon.write_file("kitchen.txt", "us.test\nlisted.test\n")}])
    daemon.start()
    for role, password in (("admin", PASSWORD), ("viewer", VIEWER)):
        code, told, _ = daemon.api("/api/v1/password", "POST", json.dumps({"role": role, "password": password}), {"Content-Type": "application/json"})
        assert code == 200, told
    count = 1
    for last, names in ASKED.items():
        for name in names:
            ask(daemon.port, name, source=f"127.0.0.{last}")
            count += 1
    query = dns.message.make_query(SCRIPT_NAME, "A")
    assert dns.query.udp(query, "127.0.0.1", PATIENCE_S, daemon.port, source="127.0.0.17").rcode() == dns.rcode.NXDOMAIN
    daemon.rows(count)
    daemon.summed()
    place = House(daemon, port)
    yield place
    place.browser.close()
    daemon.clean()


def test_who_has_no_password_sees_nothing(house):
    browser = house.browser
    browser.open(url=house.url + "/#/devices")
    browser.see(selector="h1.sentence", text="Who looks?")
    browser.type(selector="input[type=password]", value="wrong wrong")
    browser.press(selector="button", text="Log in")
    browser.see(selector="[role=alert]", text="not the password")
    assert browser.count(selector="nav") == 0
    assert browser.faults() == []
    house.keep("login")
    browser.type(selector="input[type=password]", value=PASSWORD)
    browser.press(selector="button", text="Log in")
    browser.see(selector="h1.sentence", text="devices ask here")


def test_each_page_says_what_is(house):
    browser = house.enter()
    house.go("overview")
    said = browser.text(selector="h1.sentence")
    assert "4 devices asked" in said and "some answers stand overseas" in said, said
    assert browser.count(selector=".map .land.overseas") >= 1 and browser.count(selector=".map .land.home") == 1
    assert browser.count(selector=".map .arc") >= 1 and browser.count(selector=".series canvas") == 1
    browser.press(selector="td button", text="China")
    browser.see(selector="h2", text="Who asks for what in China")
    browser.see(selector="td .name", text="ot.io.mi.com")
    house.go("device/lobby%20coffee")
    said = browser.text(selector="h1.sentence")
    assert "lobby coffee asks for 4 names" in said and "in China (high confidence), run by" in said, said
    assert browser.count(selector=".flow .bar-domain") >= 3 and browser.count(selector=".heat td[title]") == 7 * 24
    house.go("endpoints")
    browser.type(selector=".filters input", value="yard camera")
    browser.gone(selector="td a.device[href*='lobby']")
    browser.see(selector="td .name", text="m4.iotcplatform.com")
    house.go("rules")
    browser.see(selector="td", text="never fitted")
    browser.see(selector="td .loud", text='the rule "too late" can never decide')
    house.go("health")
    browser.see(selector="td", text="dbip 2026-06")
    house.go("explain/yard%20camera/m4.iotcplatform.com/A")
    assert browser.text(selector="h1.sentence").startswith('flagged by rule 1 "where do cameras call": m4.iotcplatform.com')
    browser.see(selector=".walk .fits", text="where do cameras call")
    assert browser.troubles() == []


def test_a_rule_from_a_click_to_the_wire_and_back(house):
    browser = house.enter()
    assert house.rcode("ot.io.mi.com") == dns.rcode.NOERROR
    house.go("device/lobby%20coffee")
    browser.press(selector="button", text="Sinkhole overseas")
    browser.see(selector=".trial", text="In the last 7 days this would have stopped")
    assert house.rcode("ot.io.mi.com") == dns.rcode.NOERROR # nothing has happened yet
    house.keep("preview")
    browser.press(selector="button", text="Do it")
    browser.see(selector=".note", text="is in force")
    answer = ask(house.daemon.port, "ot.io.mi.com", source="127.0.0.11")
    assert [str(a) for rrset in answer.answer for a in rrset] == ["0.0.0.0"], answer
    browser.press(selector=".note button", text="Undo")
    browser.see(selector=".note", text="is gone")
    answer = ask(house.daemon.port, "ot.io.mi.com", source="127.0.0.11")
    assert "0.0.0.0" not in str(answer.answer)
    assert browser.troubles() == []


def test_a_rule_is_written_tried_and_taken_away(house):
    browser = house.enter()
    house.go("rules")
    browser.type(selector="textarea", value="name: x\nacton: flag\n")
    browser.press(selector="button", text="What would it have done?")
    browser.see(selector=".note.bad", text="not right")
    browser.type(selector="textarea", value="name: no mobs\ntags: [coffee]\nnames: ['*.mob.com']\naction: sinkhole\nreply: nxdomain\n")
    browser.press(selector="button", text="What would it have done?")
    browser.see(selector=".trial", text="1 lookup of 1 name")
    browser.press(selector="button", text="Do it")
    browser.see(selector="td", text="no mobs")
    assert house.rcode("api.exc.mob.com") == dns.rcode.NXDOMAIN
    house.keep("rules-added")
    browser.press(selector="td button", text="Change") # it is written anew
    browser.see(selector="h2", text="Change “no mobs”")
    browser.type(selector="textarea", value="name: no mobs at all  # for now\ntags: [coffee]\nnames: ['*.mob.com']\naction: flag\n")
    browser.press(selector="button", text="What would it have done?")
    browser.see(selector=".trial", text="would have flagged")
    house.keep("rules-changed")
    browser.press(selector=".trial button", text="Save it")
    browser.see(selector="td", text="no mobs at all")
    assert "# for now" in (house.daemon.folder / "rules.yaml").read_text()
    assert house.rcode("api.exc.mob.com") == dns.rcode.NOERROR
    browser.press(selector=".note button", text="Undo")
    browser.see(selector=".note", text="is as it was")
    assert house.rcode("api.exc.mob.com") == dns.rcode.NXDOMAIN
    browser.type(selector="textarea", value="name: let mobs through\ntags: [coffee]\nnames: [api.exc.mob.com]\naction: allow\n")
    browser.press(selector="button", text="What would it have done?")
    browser.press(selector=".trial button", text="Do it")
    browser.see(selector="td", text="let mobs through")
    assert house.rcode("api.exc.mob.com") == dns.rcode.NOERROR
    browser.press(selector="td button", text="Later") # and moved
    browser.see(selector=".trial", text="at its new place")
    browser.press(selector=".trial button", text="Move it")
    browser.see(selector=".note", text="has moved")
    assert house.rcode("api.exc.mob.com") == dns.rcode.NXDOMAIN
    for _ in range(2): # and taken away
        rows = browser.count(selector="td button >> text=Take away")
        browser.press(selector="td button", text="Take away")
        browser.see(selector=".trial", text="Without")
        browser.press(selector=".trial button", text="Take it away")
        wait_until(lambda: browser.count(selector="td button >> text=Take away") == rows - 1, "it is gone")
    assert house.rcode("api.exc.mob.com") == dns.rcode.NOERROR
    browser.see(selector="td", text="in portafilter.yaml, line")
    assert browser.troubles() == []


def test_a_newcomer_is_named(house):
    browser = house.enter()
    house.go("device/127.0.0.19")
    browser.type(selector=".naming input", value="toaster")
    browser.press(selector=".naming button", text="Name it")
    browser.see(selector="h1.sentence", text="toaster asks for")
    browser.press(selector=".note button", text="Undo")
    browser.see(selector="h1.sentence", text="127.0.0.19 asks for")
    house.go("device/lobby%20coffee")
    assert browser.count(selector=".naming") == 0 # its name stands in the configuration


def test_what_is_evident_is_shown(house):
    """Home outlined; evidence and CNAMEs at an endpoint; a country's endpoints; the share of each device; figures of health."""
    browser = house.enter()
    house.go("overview")
    assert browser.count(selector=".map .land.mine") == 1
    browser.see(selector=".series canvas", text="")
    browser.see(selector="h2", text="Upstreams and health")
    browser.see(selector=".legend li", text="flagged")
    house.go("devices")
    assert browser.count(selector="td .share") >= 3
    house.go("device/lobby%20coffee")
    browser.see(selector=".map .land.overseas", text="")
    browser.measure(script="document.querySelectorAll('td span').forEach(e => e.dispatchEvent(new PointerEvent('pointerenter')))")
    browser.see(selector="td [title*='dbip 2026-06 CN'][title*='geo-whois 2026-06 CN']", text="overseas")
    evidence = browser.measure(script="[...document.querySelectorAll('td [title]')].map(e => e.title).join('\\n')")
    assert "120.92.123.219" in evidence and "high confidence" in evidence, evidence
    browser.press(selector="[aria-label^='Ireland']", text="")
    browser.see(selector="p", text="Only those in Ireland")
    assert browser.count(selector="td .name >> text=ot.io.mi.com") == 0
    browser.press(selector="button", text="Show all countries")
    assert browser.troubles() == []


def test_lists_and_names_on_the_way(house):
    """A list with its size and what it has hit; the CNAME that led to an endpoint."""
    browser = house.enter()
    house.go("lists")
    browser.see(selector="td", text="kitchen")
    row = browser.text(selector="tbody tr:first-child")
    assert "kitchen" in row and "2" in row.split("kitchen", 1)[1] and "1" in row.split("kitchen", 1)[1], row
    house.go("device/yard%20camera")
    browser.see(selector="td", text="cn.test")
    assert browser.troubles() == []


def test_a_newcomer_is_tagged_in_one_step(house):
    browser = house.enter()
    house.go("devices")
    first = "tbody tr:first-child "
    assert "127.0.0.19" in browser.text(selector=first + "td")
    browser.type(selector=first + ".add-tag input", value="guest")
    browser.press(selector=first + ".add-tag button", text="Tag")
    browser.see(selector=".note", text="has the tag guest now")
    browser.see(selector=".pill", text="guest")
    told = next(d for d in house.daemon.json("devices")["devices"] if d["name"] == "127.0.0.19")
    assert told["tag_origins"]["guest"]["by"] == "person"
    browser.press(selector=".note button", text="Undo")
    browser.see(selector=".note", text="no more")
    wait_until(lambda: "guest" not in next(d for d in house.daemon.json("devices")["devices"] if d["name"] == "127.0.0.19")["tags"], "the tag is gone")


def test_what_is_asked_is_seen_at_once(house):
    browser = house.enter()
    house.go("live")
    wait_until(lambda: house.rcode("home.mi.com", "127.0.0.13") == dns.rcode.NOERROR and browser.count(selector="table.live tbody tr") > 0, "a row")
    browser.see(selector="table.live .name", text="home.mi.com")
    browser.see(selector="table.live .pill", text="flagged")
    browser.see(selector="table.live [title*='plain text']", text="UDP")
    house.keep("live-rows")
    browser.press(selector="button", text="Pause")
    browser.see(selector="h1.sentence", text="Paused")
    house.go("explain/yard%20camera/home.mi.com/A")
    browser.see(selector="p", text="Signatures were not looked at.")


def test_strangers_text_is_text(house):
    browser = house.enter()
    for page in ("overview", "devices", "endpoints"):
        house.go(page)
        browser.see(selector="a.device", text="<img src=x onerror=alert(1)> ⟨U+202E⟩gnp")
        assert browser.count(selector="img") == 0
    house.go("live")
    query = dns.message.make_query(SCRIPT_NAME, "A")

    def seen():
        dns.query.udp(query, "127.0.0.1", PATIENCE_S, house.daemon.port, source="127.0.0.17")
        return browser.count(selector="table.live tbody tr") > 0
    wait_until(seen, "a row")
    shown = browser.text(selector="table.live .name")
    assert shown == r"""\<script\>alert\(1\)\</script\>.a\"b\'c.x\007\027\[31m.test""", shown
    assert browser.count(selector="main script") == 0
    assert browser.troubles() == []


def test_a_viewer_looks_and_changes_nothing(house):
    browser = house.enter(VIEWER)
    browser.see(selector="main p", text="You may look")
    house.go("devices")
    first = "tbody tr:first-child "
    browser.type(selector=first + ".add-tag input", value="guest")
    browser.press(selector=first + ".add-tag button", text="Tag")
    browser.see(selector=".note.bad", text="")
    assert "guest" not in json.dumps(house.daemon.json("devices"))
    browser.press(selector="button", text="Log out")
    browser.see(selector="h1.sentence", text="Who looks?")


@pytest.mark.parametrize("scheme,width", [("light", 1280), ("dark", 1280), ("light", 390)])
def test_every_page_is_for_everybody(house, scheme, width):
    browser = house.enter(scheme=scheme, width=width, height=844)
    for page in PAGES:
        house.go(page)
        assert browser.faults() == [], page
        wide = browser.measure(script="document.scrollingElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{page} is {wide} pixels wider than the window"
        house.keep(f"{page.split('/')[0]}-{scheme}-{width}")
    back = browser.measure(script="getComputedStyle(document.body).backgroundColor")
    assert (back == "rgb(29, 24, 21)") == (scheme == "dark"), back


def test_the_keyboard_is_enough(house):
    browser = house.enter()
    house.go("overview")
    browser.measure(script="document.querySelector('.map .dot.overseas').focus()")
    assert "answer" in browser.text(selector="figcaption")
    browser.key(key="Enter")
    browser.see(selector="h2", text="Who asks for what in")


def test_a_hundred_names_stay_readable(house):
    """What does not fit into the picture is drawn together; no bar is too low for its words, and no words stand on others."""
    lines = (TOP / "contrib/lab/names.tsv").read_text().splitlines()
    names = list(dict.fromkeys(line.split("\t")[0] for line in lines if line[0] != "#" and "\t" in line and ":" not in line.split("\t")[1]))[:100]
    for name in names:
        ask(house.daemon.port, name, source="127.0.0.21")
    house.daemon.rows(100, "client = '127.0.0.21'")
    browser = house.enter()
    house.go("device/127.0.0.21")
    browser.see(selector="h1.sentence", text="asks for 100 names")
    assert browser.count(selector=".flow .bar-domain") == 10 and browser.count(selector=".flow .bar-network") <= 9
    heights = browser.measure(script="[...document.querySelectorAll('.flow .bar-domain, .flow .bar-network')].map(e => e.getBoundingClientRect().height)")
    assert min(heights) >= 10, heights
    gaps = browser.measure(script="""[1, 2].map(column => {
        const boxes = [...document.querySelectorAll('.flow g')].filter(g => g.querySelector(column == 1 ? '.bar-domain' : '.bar-network'))
            .map(g => g.querySelector('text').getBoundingClientRect()).sort((a, b) => a.top - b.top);
        return Math.min(...boxes.slice(1).map((box, i) => box.top - boxes[i].bottom));
    })""")
    assert min(gaps) >= 0, gaps
    house.keep("hundred-names")
    browser.see(selector="button", text="Show all")
    assert browser.troubles() == []


def test_it_is_small():
    """All that a browser fetches for the dashboard, packed, the map included."""
    packed = sum(len(gzip.compress(path.read_bytes(), 9)) for path in (TOP / "src/web/dist").iterdir())
    assert packed < 150_000, packed

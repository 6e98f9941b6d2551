"""Lists from files in all formats, what they cover, and what is said about lines that are not taken."""
import pytest

from harness import addresses, ask


def blocked(daemon, name):
    return addresses(ask(daemon.port, name)) == ["0.0.0.0"]


@pytest.fixture
def listing(portafilter, upstream):
    """listing({name: text}) starts a daemon that sinkholes what is on any of these lists."""
    def start(texts, **more):
        daemon = portafilter(ready=False)
        lists = [dict({"name": name, "file": daemon.write_file(f"{name}.txt", text)}, **more.get(name, {})) for name, text in texts.items()]
        daemon.write(upstreams=[upstream().upstream], lists=lists, rules=[{"name": "listed", "lists": list(texts), "action": "sinkhole"}])
        daemon.start()
        return daemon
    return start


CASES = {
    "plain": ("# a comment\nplain.test\n\nUPPER.test.\ninline.test  # why\n",
              ["plain.test", "a.b.plain.test", "upper.test", "Inline.Test"], ["other.test", "notplain.test", "test"]),
    "hosts": ("127.0.0.1 localhost\n::1 ip6-localhost\n0.0.0.0 0.0.0.0\n0.0.0.0 one.test two.test\n:: three.test\n127.0.0.1\tfour.test # why\r\n",
              ["one.test", "two.test", "three.test", "four.test"], ["sub.one.test", "localhost", "five.test"]),
    "wildcard": ("*.wild.test\n", ["a.wild.test", "a.b.wild.test"], ["wild.test", "awild.test"]),
    "adblock": ("[Adblock Plus]\n! comment\n||block.test^\n||deep.test^\n@@||good.deep.test^\n!||off.test^\n||odd.test^$third-party\n",
                ["block.test", "a.block.test", "deep.test", "bad.deep.test"], ["good.deep.test", "a.good.deep.test", "off.test"]),
    "crlf and BOM": (b"\xef\xbb\xbffirst.test\r\nsecond.test\r\n", ["first.test", "second.test", "a.second.test"], ["third.test"]),
    "unicode": ("bücher.test\nxn--caf-dma.test\n", ["xn--bcher-kva.test", "xn--caf-dma.test"], ["bucher.test"]),
    "no newline at the end": ("one.test\nlast.test", ["last.test"], ["other.test"]),
}


@pytest.mark.parametrize("case", CASES)
def test_formats(listing, case):
    text, on, off = CASES[case]
    daemon = listing({"l": text})
    for name in on:
        assert blocked(daemon, name), name
    for name in off:
        assert not blocked(daemon, name), name


def test_skipped_lines_are_counted_with_reasons(listing):
    daemon = listing({"l": "good.test\nbad..test\ngood.test\n^(re\nads/x\n" + "x" * 5000 + "\nhttp://url.test/path\n<html>\n||m.test^$popup\n"})
    info = daemon.json("lists")["lists"][0]
    assert (info["name"], info["names"], info["lines"]) == ("l", 1, 9)
    assert sum(s["count"] for s in info["skipped"]) == 8
    by_reason = {s["reason"]: s["lines"] for s in info["skipped"]}
    assert len(by_reason) >= 5 and [3] in by_reason.values()
    code, text, _ = daemon.cli("lists")
    assert code == 0 and "l" in text and all(reason in text for reason in by_reason)


def test_an_exception_counts_in_its_own_list_only(listing):
    daemon = listing({"one": "||x.test^\n@@||a.x.test^\n", "two": "a.x.test\n"})
    assert blocked(daemon, "a.x.test")
    lists = daemon.json("explain", "127.0.0.1", "a.x.test")["lists"]
    assert [(entry["name"], entry["line"], entry["entry"]) for entry in lists] == [("two", 1, "a.x.test")]


def test_entry_and_line_are_named(listing):
    daemon = listing({"tv": "# head\nother.test\n  example.test  # why\r\n*.below.test\n"})
    told = daemon.json("explain", "127.0.0.1", "deep.example.test")
    path = daemon.json("lists")["lists"][0]["file"]
    assert told["lists"] == [{"name": "tv", "file": path, "entry": "example.test", "line": 3, "text": "example.test  # why", "cname": None}]
    assert told["reason"].endswith('deep.example.test is on list "tv" (entry example.test)')
    told = daemon.json("explain", "127.0.0.1", "a.below.test")
    assert told["reason"].endswith('is on list "tv" (entry *.below.test)')
    assert (told["lists"][0]["line"], told["lists"][0]["entry"]) == (4, "*.below.test")


def test_a_rule_may_want_better_evidence_than_its_list(listing):
    daemon = listing({"tv": "seen.test  # kind=telemetry evidence=A\nread.test  # kind=telemetry evidence=C\n"})
    rules = [{"name": "sure", "lists": [{"name": "tv", "evidence": "B"}], "action": "sinkhole"}, {"name": "rest", "lists": ["tv"], "action": "flag"}]
    daemon.write(rules=rules)
    code, text, err = daemon.cli("reload")
    assert code == 0, text + err
    assert blocked(daemon, "a.seen.test") and not blocked(daemon, "read.test")
    told = daemon.json("explain", "127.0.0.1", "seen.test")
    assert told["reason"].endswith('seen.test is on list "tv (evidence B)" (entry seen.test)')
    assert daemon.json("explain", "127.0.0.1", "read.test")["rule"] == 2
    assert {row["name"]: row["names"] for row in daemon.json("lists")["lists"]} == {"tv": 2, "tv (evidence B)": 1}
    daemon.write(rules=[dict(rules[0], lists=[{"name": "tv", "evidence": "high"}])])
    code, _, err = daemon.cli("reload")
    assert code == 1 and "unknown word `high` for `evidence`" in err and blocked(daemon, "seen.test")


def test_a_line_that_has_gone_is_not_invented(listing):
    """The index is of the file as it was read; explain says so when the file has changed since."""
    daemon = listing({"tv": "example.test\n"})
    daemon.write_file("tv.txt", "other.test\n")
    told = daemon.json("explain", "127.0.0.1", "example.test")["lists"]
    assert [(row["entry"], row["line"], row["text"]) for row in told] == [("example.test", None, None)]
    code, text, _ = daemon.cli("explain", "127.0.0.1", "example.test")
    assert code == 0 and "does not hold any more" in text


def test_a_changed_list_acts_after_a_reload(listing):
    daemon = listing({"l": "one.test\n"})
    assert not blocked(daemon, "two.test")
    daemon.write_file("l.txt", "two.test\n")
    assert daemon.cli("reload")[0] == 0
    assert blocked(daemon, "two.test") and not blocked(daemon, "one.test")


def test_a_list_that_is_no_list_is_refused(listing, portafilter):
    daemon = listing({"l": "one.test\n"})
    daemon.write_file("l.txt", "<!DOCTYPE html>\n<html><body>404 not found</body></html>\n")
    code, _, err = daemon.cli("reload")
    assert code == 1 and "l.txt" in err
    assert blocked(daemon, "one.test"), "the last good list is kept"

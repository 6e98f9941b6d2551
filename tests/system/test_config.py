"""A configuration that is wrong: told at once, all of it, each with its place, before anything is touched."""
import os
import pwd
import re
import subprocess

import pytest

from harness import BUILD, ROOT, WRAP, ask, free_port

GOOD = """listen: {{dns: "127.0.0.1:{port}", control: {folder}/control.sock}}
upstreams: ["127.0.0.1:1"]
geo: {{location: []}}
journal: {{path: {folder}/journal.db}}
{user}"""


def check(path, program="portafilter"):
    """(exit code, what was said) of the command and of the daemon, which must agree."""
    runs = [subprocess.run(WRAP + [str(BUILD / "portafilterd"), "-n", "-c", str(path)], capture_output=True, text=True),
            subprocess.run([str(BUILD / "portafilter"), "check", "-c", str(path)], capture_output=True, text=True)]
    assert runs[0].returncode == runs[1].returncode, [r.stderr + r.stdout for r in runs]
    said = [r.stdout + r.stderr for r in runs]
    # FILE:LINE:COLUMN: what is wrong; the daemon's log has the level in front of it, the command behind
    find = re.compile(r"(portafilter\.yaml:\d+:\d+): (?:error: )?([^\n]*)")
    errors = [find.findall(text) for text in said]
    assert errors[0] == errors[1]
    return runs[0].returncode, [": ".join(error) for error in errors[1]], said[1]


@pytest.fixture
def config(folder):
    def write(text="", good=True):
        path = folder / "portafilter.yaml"
        user = "user: nobody\n" if ROOT else ""
        head = GOOD.format(port=free_port(), folder=folder, user=user) if good else ""
        if text.startswith("geo:"):
            head = head.replace("geo: {location: []}\n", "")
        path.write_text(head + text)
        return path
    return write


def test_a_good_one(config):
    assert check(config())[0] == 0


ERRORS = {
    "unknown key": ("hoem: [US]\n", r"hoem.*home"),
    "unknown key of a rule": ("rules:\n  - {name: r, tag: [coffee], action: flag}\n", r"tag.*tags"),
    "wrong type": ("home: {US: yes}\n", r"home"),
    "no country": ("home: [XX]\n", r"XX"),
    "bad address": ("allow-from: [10.0.0.300]\n", r"10\.0\.0\.300"),
    "host bits": ("allow-from: [10.0.0.1/8]\n", r"10\.0\.0\.1/8"),
    "bad MAC": ("devices:\n  - {name: a, mac: 64-bc-0c}\n", r"64-bc-0c"),
    "device without address": ("devices:\n  - {name: a, tags: [x]}\n", r"a"),
    "the same name twice": ("devices:\n  - {name: a, ip: 10.0.0.1}\n  - {name: a, ip: 10.0.0.2}\n", r"a"),
    "the same address twice": ("devices:\n  - {name: a, ip: 10.0.0.1}\n  - {name: b, ip: 10.0.0.1}\n", r"10\.0\.0\.1"),
    "the same key twice": ("home: [US]\nhome: [DE]\n", r"home"),
    "unknown list": ("rules:\n  - {name: r, lists: [tv], action: sinkhole}\n", r"tv"),
    "unknown tag": ("rules:\n  - {name: r, tags: [cofee], action: sinkhole}\n", r"cofee"),
    "missing list file": ("lists:\n  - {name: tv, file: /nowhere/tv.txt}\n", r"/nowhere/tv\.txt"),
    "missing database": ("geo: {location: [/nowhere/at/all.mmdb]}\n", r"/nowhere/at/all\.mmdb"),
    "unknown action": ("rules:\n  - {name: r, action: blok}\n", r"blok.*"),
    "unknown reply": ("rules:\n  - {name: r, action: sinkhole, reply: nxdomian}\n", r"nxdomian"),
    "no action": ("rules:\n  - {name: r}\n", r"action"),
    "unknown standing": ("rules:\n  - {name: r, standing: abroad, action: flag}\n", r"abroad"),
    "unknown type": ("rules:\n  - {name: r, types: [AA], action: flag}\n", r"AA"),
    "bad regex": ("rules:\n  - {name: r, names: [\"/(/\"], action: flag}\n", r""),
    "bad duration": ("geo: {location: [], max-age: 3 parsecs}\n", r"3 parsecs"),
    "no YAML": ("home: [US\n", r""),
    "a tab": ("home:\n\t- US\n", r""),
}


@pytest.mark.parametrize("case", ERRORS)
def test_each_error_has_its_place_and_says_what(config, case):
    text, pattern = ERRORS[case]
    path = config(text)
    code, errors, said = check(path)
    assert code == 1, said
    assert errors and re.search(pattern, " ".join(errors)), said
    line = int(errors[0].split(":")[1])
    lines = path.read_text().splitlines()
    first = len(lines) - len(text.splitlines()) + 1
    assert first <= line <= len(lines) + 1, f"{line} is not in {first}…{len(lines)}: {errors}"


def test_all_at_once(config):
    code, errors, said = check(config("hoem: [US]\nhome: [XX, YY]\nallow-from: [nonsense]\nrules:\n  - {name: r, tags: [nobody], action: blok}\n"))
    assert code == 1 and len(errors) >= 6, said
    lines = [int(e.split(":")[1]) for e in errors]
    assert lines == sorted(lines)


def test_a_file_that_is_not_there(folder):
    run = subprocess.run([str(BUILD / "portafilterd"), "-c", str(folder / "none.yaml")], capture_output=True, text=True)
    assert run.returncode == 1 and "none.yaml" in run.stderr
    assert check(folder / "none.yaml")[0] == 1


def test_the_daemon_does_not_start_on_a_wrong_one(config):
    run = subprocess.run([str(BUILD / "portafilterd"), "-c", str(config("hoem: [US]\n"))], capture_output=True, text=True)
    assert run.returncode == 1 and "hoem" in run.stderr


@pytest.mark.skipif(not ROOT, reason="only root can be asked to become somebody else")
def test_root_needs_a_user(config):
    for user in ("", "user: root\n", "user: nobody-at-all-here\n"):
        path = config()
        path.write_text(path.read_text().replace("user: nobody\n", user))
        run = subprocess.run([str(BUILD / "portafilterd"), "-c", str(path)], capture_output=True, text=True, timeout=30)
        assert run.returncode == 1, run.stderr
        assert "user" in run.stderr and "root" in run.stderr or "nobody-at-all-here" in run.stderr


@pytest.mark.skipif(not ROOT, reason="only root has privileges to give up")
def test_privileges_are_given_up(portafilter):
    daemon = portafilter()
    status = dict(line.split(":\t", 1) for line in open(f"/proc/{daemon.process.pid}/status").read().splitlines() if ":\t" in line)
    nobody = pwd.getpwnam("nobody")
    assert set(status["Uid"].split()) == {str(nobody.pw_uid)} and set(status["Gid"].split()) == {str(nobody.pw_gid)}
    assert set(status["Groups"].split()) <= {str(nobody.pw_gid)}
    assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0
    assert status["NoNewPrivs"].strip() == "1"


def test_a_taken_port_is_named(portafilter, config):
    daemon = portafilter()
    path = config()
    path.write_text(re.sub(r"127\.0\.0\.1:\d+\"", f"127.0.0.1:{daemon.port}\"", path.read_text(), count=1))
    run = subprocess.run([str(BUILD / "portafilterd"), "-c", str(path)], capture_output=True, text=True, timeout=60)
    assert run.returncode == 1 and str(daemon.port) in run.stderr


def test_options_of_the_daemon(folder):
    version = subprocess.run([str(BUILD / "portafilterd"), "-V"], capture_output=True, text=True)
    assert version.returncode == 0 and re.search(r"\d+\.\d+\.\d+", version.stdout)
    assert subprocess.run([str(BUILD / "portafilterd"), "-x"], capture_output=True).returncode == 2
    assert subprocess.run([str(BUILD / "portafilterd"), "-c"], capture_output=True).returncode == 2


def test_the_journal_can_not_be_written(portafilter, config, folder):
    path = config()
    path.write_text(path.read_text().replace(f"{folder}/journal.db", "/proc/journal.db"))
    run = subprocess.run([str(BUILD / "portafilterd"), "-c", str(path)], capture_output=True, text=True, timeout=60)
    assert run.returncode == 1 and "/proc/journal.db" in run.stderr


def test_log_priorities_under_systemd(portafilter, monkeypatch, folder):
    stderr = os.stat(folder)
    monkeypatch.setenv("JOURNAL_STREAM", f"{stderr.st_dev}:{stderr.st_ino}")
    daemon = portafilter()
    assert re.search(r"^<6>.*portafilter is ready", daemon.log(), re.M)


def test_no_answer_without_upstreams_that_work(portafilter):
    assert ask(portafilter().port, "a.test", timeout=10).rcode() == 2

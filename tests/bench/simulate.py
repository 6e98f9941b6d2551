#!/usr/bin/python3
"""simulate.py BUILD RECORDS [JOURNAL]: how long do `portafilter simulate` and `portafilter report` take for so many queries?

The journal is the month of bench_journal, which is run first and prints its own figures, or one that it kept. Simulated are rules on names and on standing, and
the same with schedules; reported are all devices and one with a browser. Fails when a simulation takes longer than a minute.
"""
import json
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

RULES = [{"name": "things", "names": ["*.vendor7.example.com", "*.vendor8.example.com"], "action": "sinkhole"},
         {"name": "abroad", "standing": "overseas", "action": "flag"}]
DURING = [RULES[0] | {"during": "22:00-06:00"}, RULES[1] | {"during": "mon-fri 08:00-17:00"}]


GOAL_S = 60  # for ten million


def timed(what, command):
    """The document that the command tells, and the seconds that it took."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    run = subprocess.run([*command, "--json"], capture_output=True, text=True)
    wall, after = time.monotonic() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    if run.returncode not in (0, 1):
        sys.exit(run.stderr)
    print(f"{what}: {wall:.2f} s, CPU {after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime:.2f} s")
    return json.loads(run.stdout), wall


def main():
    build, records = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2]
    with tempfile.TemporaryDirectory(dir=build) as folder:
        folder = pathlib.Path(folder)
        journal = pathlib.Path(sys.argv[3]).resolve() if len(sys.argv) > 3 else folder / "journal.db"
        if len(sys.argv) < 4:
            subprocess.run([build / "tests/bench/bench_journal", records, "1000", journal])
        config = {"upstreams": ["127.0.0.1:1"], "home": ["US"], "geo": {"location": []}, "state": str(folder), "journal": {"path": str(journal)}}
        (folder / "portafilter.yaml").write_text(json.dumps(config))
        portafilter, since = [build / "portafilter"], ["-c", folder / "portafilter.yaml", "--since", "2020-01-01"]
        slow = False
        for what, rules in (("names and standing", RULES), ("with two schedules", DURING)):
            (folder / "rules.yaml").write_text(json.dumps({"rules": rules}))
            document, took = timed(f"simulate, {what}", [*portafilter, "simulate", folder / "rules.yaml", *since])
            print(f"  {document['queries']:,} queries, {len(document['rows']):,} rows would be others")
            slow = slow or took > GOAL_S or not document["rows"]
        for what, arguments in (("all devices", []), ("one with a browser", ["--device", "device 3"])):
            document, took = timed(f"report, {what}", [*portafilter, "report", *arguments, *since])
            print(f"  {document['totals']['queries']:,} queries, {document['totals']['names']:,} names")
        if slow:
            sys.exit(f"It takes longer than {GOAL_S} s, or finds nothing.")


if __name__ == "__main__":
    main()

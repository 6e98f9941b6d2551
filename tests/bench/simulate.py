#!/usr/bin/python3
"""simulate.py BUILD [RECORDS]: how long does `portafilter simulate` take for so many queries (a million)?

The journal is the month of bench_journal, which is run first and prints its own figures. Simulated are rules on names and on standing, and the same
with schedules.
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


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    records = sys.argv[2] if len(sys.argv) > 2 else "1000000"
    with tempfile.TemporaryDirectory(dir=build) as folder:
        folder = pathlib.Path(folder)
        subprocess.run([build / "tests/bench/bench_journal", records, "1000", folder / "journal.db"])
        config = {"upstreams": ["127.0.0.1:1"], "home": ["US"], "geo": {"location": []}, "state": str(folder), "journal": {"path": str(folder / "journal.db")}}
        (folder / "portafilter.yaml").write_text(json.dumps(config))
        for what, rules in (("names and standing", RULES), ("with two schedules", DURING)):
            (folder / "rules.yaml").write_text(json.dumps({"rules": rules}))
            before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
            run = subprocess.run([build / "portafilter", "simulate", "-c", folder / "portafilter.yaml", folder / "rules.yaml", "--since", "2020-01-01", "--json"],
                                 capture_output=True, text=True)
            wall, after = time.monotonic() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
            if run.returncode not in (0, 1):
                sys.exit(run.stderr)
            document = json.loads(run.stdout)
            print(f"simulate, {what}: {wall:.2f} s, CPU {after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime:.2f} s,"
                  f" {document['queries']:,} queries, {len(document['rows']):,} rows would be others")


if __name__ == "__main__":
    main()

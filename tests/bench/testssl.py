#!/usr/bin/python3
"""testssl.py BUILD: testssl.sh of Debian against the listeners for DNS over TLS and HTTPS, with a certificate as a public authority signs them.

Prints what it finds that is neither good nor mere information, and how much there is of each severity. Ends with 1 when anything is over "low".
"""
import collections
import json
import subprocess
import sys

from encrypted import Portafilter

FINE = {"OK", "INFO", "LOW", "DEBUG"}


def main():
    bad = 0
    with Portafilter(sys.argv[1]) as server:
        for name, port in (("DNS over TLS", server.tls), ("DNS over HTTPS", server.https)):
            file = server.folder / f"{port}.json"
            subprocess.run(["testssl", "--quiet", "--color", "0", "--warnings", "off", "--ip", "one", "--add-ca", server.folder / "ca.pem",
                            "--jsonfile", file, f"localhost:{port}"], stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
            found = json.loads(file.read_text())
            counts = collections.Counter(one["severity"] for one in found)
            for one in found:
                if one["severity"] not in ("OK", "INFO", "DEBUG"):
                    print(f"{name}: {one['severity']}: {one['id']}: {one['finding']}")
            print(f"{name}: " + ", ".join(f"{count} {severity}" for severity, count in sorted(counts.items())))
            bad += sum(count for severity, count in counts.items() if severity not in FINE) + (counts["OK"] == 0)
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())

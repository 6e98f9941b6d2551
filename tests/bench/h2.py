#!/usr/bin/python3
"""h2.py BUILD: the cases of tests/system/http2_cases.py against portafilterd and, in the same run, against unbound where it is installed.

Prints what each gets wrong, and how many of the cases it passes. Ends with 1 when portafilterd passes fewer than unbound, or fewer than 141.
"""
import sys

from encrypted import Portafilter, Unbound

import http2_cases

LEAST = 141
PATIENCE_S = 3


def main():
    passed = {}
    for server in (Portafilter(sys.argv[1]), Unbound()):
        if not server.is_there():
            print(f"{server.name} is not installed, or speaks no HTTP/2")
            continue
        with server:
            wrong = http2_cases.run("127.0.0.1", server.https, PATIENCE_S)
        for section, words, step in wrong:
            print(f"{server.name}: {section}: {words}: {step}")
        passed[server.name] = len(http2_cases.CASES) - len(wrong)
    for name, count in passed.items():
        print(f"{name}: {count} of {len(http2_cases.CASES)}")
    return passed["portafilter"] < max(LEAST, *passed.values())


if __name__ == "__main__":
    sys.exit(main())

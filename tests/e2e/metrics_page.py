#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Looks at the metrics of a daemon as Prometheus' own library reads them.

Usage: metrics_page.py check URL           the page is OpenMetrics; its families, as JSON
       metrics_page.py value URL SAMPLE    the values of a sample, a line each: labels as JSON, value
       metrics_page.py storm ADDRESS PORT  1,000 clients that say nothing, half of a request or garbage,
                                           or do not read; until standard input ends
"""

import collections
import json
import resource
import socket
import sys
import time
import urllib.request

from prometheus_client.openmetrics import parser

ACCEPT = "application/openmetrics-text;version=1.0.0"
TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"
CLIENTS = 1000
SAYINGS = (b"", b"GET /metrics HTTP/1.1\r\nHos", b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
           b"\x16\x03\x01\xff\r\n\r\n\0" * 8, b"A" * 65536)


def fetch(url):
    request = urllib.request.Request(url, headers={"Accept": ACCEPT})
    with urllib.request.urlopen(request, timeout=30) as answer:
        if answer.headers["Content-Type"] != TYPE:
            sys.exit(f"{url}: Content-Type {answer.headers['Content-Type']}")
        return answer.read().decode("ascii")


def families_of(text):
    """By name. Each family stands in the page once."""
    if not text.endswith("\n# EOF\n"):
        sys.exit("the page does not end with # EOF")
    families = list(parser.text_string_to_metric_families(text))
    for name, times in collections.Counter(family.name for family in families).items():
        if times > 1:
            sys.exit(f"family {name} is there {times} times")
    return {family.name: family for family in families}


def check(url):
    found = {}
    for name, family in families_of(fetch(url)).items():
        if not family.documentation.endswith("."):
            sys.exit(f"{name} has no sentence for help: {family.documentation!r}")
        found[name] = {"type": family.type, "unit": family.unit, "help": family.documentation,
                       "samples": sorted({sample.name for sample in family.samples}),
                       "labels": sorted({label for sample in family.samples
                                         for label in sample.labels})}
    print(json.dumps(found, indent=1))


def value(url, name):
    for family in families_of(fetch(url)).values():
        for sample in family.samples:
            if sample.name == name:
                print(json.dumps(sample.labels, sort_keys=True), f"{sample.value:.15g}")


def storm(address, port):
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(limit, 4096), limit))
    clients = []
    for _ in range(CLIENTS):
        client = socket.socket()
        client.setblocking(False)
        client.connect_ex((address, int(port)))
        clients.append(client)
    print("all have begun", flush=True)
    left = dict(enumerate(clients))
    while left:
        for i, client in list(left.items()):
            try:
                client.send(SAYINGS[i % len(SAYINGS)])
            except BlockingIOError:  # not connected yet
                continue
            except OSError:
                pass
            del left[i]
        time.sleep(0.01)
    print("all have said it", flush=True)
    sys.stdin.read()


def main():
    {"check": check, "value": value, "storm": storm}[sys.argv[1]](*sys.argv[2:])


if __name__ == "__main__":
    main()

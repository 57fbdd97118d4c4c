#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Holds alerts and dashboard to the metrics that the daemons have.

Usage: dashboards.py SOURCE

Prometheus' own tool runs the alerts on series made up in alerts.yml, and parses each panel's expressions. Each name in
an expression must be a metric of docs/metrics.md, which another test holds to the source and a third one to
what the daemons give. Grafana's model of a dashboard: every panel has a place, a type and its queries' data source.
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

KINDS = {"timeseries", "stat", "table", "gauge", "row", "state-timeline", "heatmap"}
SKIP = 77


def promtool(*words):
    run = subprocess.run(["promtool", *words], capture_output=True, text=True)
    if run.returncode:
        sys.exit(f"promtool {' '.join(map(str, words))}:\n{run.stdout}{run.stderr}")
    return run.stdout


def metrics_of(source):
    """Names of samples, as the page lists them, with those that a histogram has."""
    rows = re.findall(r"^\| `(covey_\w+)` \| (\w+) \|", (source / "docs/metrics.md").read_text(), re.M)
    names = {name for name, kind in rows if kind != "histogram"}
    for name, kind in rows:
        if kind == "histogram":
            names |= {name + suffix for suffix in ("_bucket", "_sum", "_count")}
    if len(names) < 40:
        sys.exit("docs/metrics.md lists hardly any metric")
    return names


def expect_known(where, expression, names):
    used = set(re.findall(r"\bcovey_\w+", expression))
    if not used:
        sys.exit(f"{where}: {expression} is about no metric of covey")
    if used - names:
        sys.exit(f"{where} uses {', '.join(sorted(used - names))}, which no daemon gives")


def check_alerts(source, folder, names):
    rules = source / "deploy/prometheus/covey.rules.yml"
    promtool("check", "rules", rules)
    shutil.copy(rules, folder)
    tests = source / "tests/unit/deploy/alerts.yml"
    shutil.copy(tests, folder)
    promtool("test", "rules", folder / "alerts.yml")
    text = rules.read_text()
    for alert, body in re.findall(r"- alert: (\w+)\n(.*?)labels:", text, re.S):
        expect_known(alert, body, names)
        if alert not in tests.read_text():
            sys.exit(f"alerts.yml does not make {alert} fire")


def expressions_of(board):
    for panel in board["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["name"], re.fullmatch(r"label_values\((.*), \w+\)", variable["query"])[1]


def check_panel(panel, places):
    place = panel["gridPos"]
    cells = {(x, y) for x in range(place["x"], place["x"] + place["w"])
             for y in range(place["y"], place["y"] + place["h"])}
    if place["x"] + place["w"] > 24 or cells & places:
        sys.exit(f"panel {panel['title']} has no place of its own")
    places |= cells
    if panel["type"] not in KINDS:
        sys.exit(f"panel {panel['title']} is a {panel['type']}")
    if panel["type"] == "row":
        return
    if panel["datasource"] != {"type": "prometheus", "uid": "${source}"} or not panel["targets"]:
        sys.exit(f"panel {panel['title']} has no query, or another data source")
    letters = [target["refId"] for target in panel["targets"]]
    if len(set(letters)) != len(letters):
        sys.exit(f"panel {panel['title']} has queries of one letter")


def check_dashboard(source, folder, names):
    board = json.loads((source / "deploy/grafana/covey.json").read_text())
    ids = [panel["id"] for panel in board["panels"]]
    if board["uid"] != "covey" or board["schemaVersion"] < 36 or len(set(ids)) != len(ids):
        sys.exit("the dashboard has no uid, no version, or panels of one id")
    places = set()
    for panel in board["panels"]:
        check_panel(panel, places)
    rules = []
    for where, expression in expressions_of(board):
        expect_known(where, expression, names)
        plain = expression.replace("$__rate_interval", "5m").replace("$__range", "1h")
        plain = re.sub(r"\$\w+", "x", plain)
        rules.append({"record": f"panel:{len(rules)}", "expr": plain})
    if len(rules) < 15:
        sys.exit("the dashboard has hardly any query")
    # JSON is YAML, too.
    (folder / "panels.yml").write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))
    promtool("check", "rules", folder / "panels.yml")


def main():
    source = pathlib.Path(sys.argv[1]).resolve()
    if not shutil.which("promtool"):
        sys.exit(SKIP)
    names = metrics_of(source)
    with tempfile.TemporaryDirectory() as folder:
        check_alerts(source, pathlib.Path(folder), names)
        check_dashboard(source, pathlib.Path(folder), names)


if __name__ == "__main__":
    main()

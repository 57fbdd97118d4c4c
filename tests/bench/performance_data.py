#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What covey-bench measured, as docs/performance/ keeps it: one file for each figure.

    performance_data.py record DATE REVISION MACHINE COMMANDS <JSON-LINES >FIGURE.tsv

COMMANDS: one a line. The file begins with lines "# NAME<TAB>VALUE": these four, and those of the JSON
lines' fields that are the same in all. The other fields make its columns. What follows from others is
left out.
"""

import csv
import json
import statistics
import sys

ABOUT = ("date", "revision", "machine", "command")
DERIVED = {"gbit_s", "raw_ns_per_packet"}


class Figure:
    """The rows of one figure, and when, of what, where and how they were measured."""

    def __init__(self, path):
        self.rows = []
        self.about = {name: [] for name in ABOUT}
        if path.exists():
            self.read(path.read_text(encoding="utf-8").splitlines())

    def read(self, lines):
        same = {}
        for line in lines:
            if line.startswith("# "):
                name, value = line[2:].split("\t", 1)
                if name in ABOUT:
                    self.about[name].append(value)
                else:
                    same[name] = value
        body = (line for line in lines if not line.startswith("# "))
        for row in csv.DictReader(body, delimiter="\t"):
            self.rows.append({name: number(value) for name, value in {**same, **row}.items()})

    def select(self, **wanted):
        return [row for row in self.rows if all(row[name] == wanted[name] for name in wanted)]

    def values(self, name, **wanted):
        """All values of a column, in the order of their rows, each once."""
        return list(dict.fromkeys(row[name] for row in self.select(**wanted)))

    def row(self, **wanted):
        """The one row that has these values, or None."""
        rows = self.select(**wanted)
        if len(rows) > 1:
            raise LookupError(f"{len(rows)} rows have {wanted}")
        return rows[0] if rows else None

    def ns(self, **wanted):
        row = self.row(**wanted)
        return row and row["ns_per_packet"]

    def times(self, **wanted):
        """Least, median and most of several rows, or None."""
        times = [row["ns_per_packet"] for row in self.select(**wanted)]
        return (min(times), statistics.median(times), max(times)) if times else None

    def median(self, **wanted):
        times = self.times(**wanted)
        return times and times[1]


def number(text):
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text


def record(lines, about, out):
    rows = [json.loads(line) for line in lines]
    if not rows:
        raise ValueError("nothing was measured")
    for row in rows:
        if row.keys() != rows[0].keys():
            raise ValueError(f"other fields than those of the first line: {row}")
    same = {name: rows[0][name] for name in rows[0] if name not in {"ns_per_packet", *DERIVED}
            and all(row[name] == rows[0][name] for row in rows)}
    for name, values in (about | same).items():
        for value in str(values).splitlines():
            print(f"# {name}\t{value}", file=out)
    columns = [name for name in rows[0] if name not in {*same, *DERIVED}]
    table = csv.DictWriter(out, columns, extrasaction="ignore", delimiter="\t",
                           lineterminator="\n")
    table.writeheader()
    table.writerows(rows)


if __name__ == "__main__":
    if len(sys.argv) != 6 or sys.argv[1] != "record":
        sys.exit(__doc__)
    record(sys.stdin, dict(zip(ABOUT, sys.argv[2:])), sys.stdout)

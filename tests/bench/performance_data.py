#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What covey-bench measured, as docs/performance/ keeps it: one file for each figure.

    performance_data.py record DATE REVISION MACHINE COMMANDS <JSON-LINES >FIGURE.tsv

COMMANDS: one a line. The file begins with lines "# NAME<TAB>VALUE": these four, and those of the JSON
lines' fields that are the same in all. The other fields make its columns. What follows from others is
left out. The figures size and headroom have thousands of points, which the pictures show; their files
keep what the tables say of them.
"""

import csv
import json
import math
import statistics
import sys

ABOUT = ("date", "revision", "machine", "command")
DERIVED = {"gbit_s", "raw_ns_per_packet"}
# Of the figure size: each with all sizes from the one before.
RANGES_END = (128, 256, 512, 1024, 2049)


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


def number(text):
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text


# --- what is kept of many points ------------------------------------------------------------------

def size_kept(rows):
    """For each range of sizes and each dataplane: the mean time, and the ratios of raw's time to it
    at each size. Ratios are cut, as in the tables."""
    kept = []
    begin = min(row["size"] for row in rows)
    for end in RANGES_END:
        times = {}
        for row in rows:
            if begin <= row["size"] < end:
                times.setdefault(row["dataplane"], []).append(row["ns_per_packet"])
        for dataplane, of in times.items():
            ratios = sorted(raw / ns for raw, ns in zip(times.get("raw", of), of))
            least, median, most = (math.floor(ratio * 1e4) / 1e4 for ratio in
                                   (ratios[0], ratios[len(ratios) // 2], ratios[-1]))
            kept.append({"figure": "size", "direction": rows[0]["direction"],
                         "dataplane": dataplane, "size": begin, "last_size": end - 1,
                         "mean_ns": round(statistics.fmean(of), 6), "least_raw_over": least,
                         "median_raw_over": median, "most_raw_over": most})
        begin = end
    return kept


def headroom_kept(rows):
    """For each size, dataplane and number of segments: the times over all headrooms."""
    times = {}
    for row in rows:
        point = row["size"], row["dataplane"], row["segments"]
        times.setdefault(point, []).append(row["ns_per_packet"])
    return [{"figure": "headroom", "direction": rows[0]["direction"], "dataplane": dataplane,
             "size": size, "segments": segments, "least_ns": min(of),
             "median_ns": statistics.median(of), "most_ns": max(of)}
            for (size, dataplane, segments), of in times.items()]


KEPT = {"size": size_kept, "headroom": headroom_kept}


def record(lines, about, out):
    rows = [json.loads(line) for line in lines]
    if not rows:
        raise ValueError("nothing was measured")
    for row in rows:
        if row.keys() != rows[0].keys():
            raise ValueError(f"other fields than those of the first line: {row}")
    rows = KEPT.get(rows[0]["figure"], list)(rows)
    same = {name: rows[0][name] for name in rows[0]
            if name not in DERIVED and not name.endswith(("ns", "ns_per_packet", "_over"))
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

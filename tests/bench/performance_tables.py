#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The tables of docs/performance/notebook.md, made of what docs/performance/ keeps.

    performance_tables.py FOLDER PAGE

Each table of TABLES stands in the page between "<!-- NAME -->" and "<!-- end -->".
"""

import pathlib
import re
import sys

sys.dont_write_bytecode = True  # before what is ours

# pylint: disable=wrong-import-position
from performance_aims import aims, cut, rate_over, thousands
from performance_data import Figure

FIGURES = ("throughput", "bursts", "cores", "size", "headroom", "senders", "multicast", "reorder",
           "qos_queue", "gateway")
DIRECTIONS = ("encrypt", "decrypt")


# --- cells ----------------------------------------------------------------------------------------

def table(head, rows):
    lines = ["| " + " | ".join(map(str, cells)) + " |" for cells in (head, *rows)]
    return [lines[0], "|" + "---|" * len(head), *lines[1:]]


def time_text(ns):
    if ns is None:
        return "–"
    return f"{ns:.1f}" if ns < 100 else f"{ns:,.0f}"


def ratio_text(ratio):
    return "–" if ratio is None else cut(ratio)


def gbit_text(size, ns):
    return "–" if ns is None else f"{size * 8 / ns:.1f}"


# --- the tables -----------------------------------------------------------------------------------

def about(figures):
    """Where the figures come from."""
    recorded = {name: figure.about for name, figure in figures.items() if figure.rows}
    machines = dict.fromkeys(machine for of in recorded.values() for machine in of["machine"])
    yield "Measured on:"
    yield ""
    yield from (f"- {machine}" for machine in machines)
    yield ""
    yield from table(["figure", "date", "revision", "command"],
                     [[f"`{name}`", of["date"][0], f"`{of['revision'][0]}`", f"`{command}`"]
                      for name, of in recorded.items() for command in of["command"]])


def aims_table(figures):
    yield from table(["rate", "aim", "measured", "", "beside it"],
                     [aim.cells() for aim in aims(figures)])


def throughput(figures):
    figure = figures["throughput"]
    dataplanes = figure.values("dataplane")
    head = ["bytes", *dataplanes, "raw / vpe", "rte-ipsec / vpe", "vpe, Gbit/s"]
    for direction in DIRECTIONS:
        rows = []
        for name in figure.values("figure"):
            for size in figure.values("size", figure=name, direction=direction):
                ns = {of: figure.ns(figure=name, dataplane=of, direction=direction, size=size)
                      for of in dataplanes}
                rows.append([f"mix ({size})" if name == "imix" else thousands(size),
                             *map(time_text, ns.values()),
                             ratio_text(rate_over(ns["vpe"], ns["raw"])),
                             ratio_text(rate_over(ns["vpe"], ns["rte-ipsec"])),
                             gbit_text(size, ns["vpe"])])
        yield from [f"{direction.capitalize()}ing:", "", *table(head, rows), ""]


def bursts(figures):
    figure = figures["bursts"]
    dataplanes = figure.values("dataplane")
    rows = []
    for direction in DIRECTIONS:
        for size in figure.values("size", direction=direction):
            for burst in figure.values("burst"):
                ns = {of: figure.ns(dataplane=of, direction=direction, size=size, burst=burst)
                      for of in dataplanes}
                rows.append([f"{direction}ing", thousands(size), burst,
                             *map(time_text, ns.values()),
                             ratio_text(rate_over(ns["vpe"], ns["rte-ipsec"]))])
    yield from table(["", "bytes", "burst", *dataplanes, "rte-ipsec / vpe"], rows)


def cores(figures):
    figure = figures["cores"]
    dataplanes = figure.values("dataplane")
    rows = []
    for direction in DIRECTIONS:
        for size in figure.values("size", direction=direction):
            for count in figure.values("cores"):
                cells = []
                for of in dataplanes:
                    row = figure.row(dataplane=of, direction=direction, size=size, cores=count)
                    cells.append(cores_cell(row))
                rows.append([f"{direction}ing", thousands(size), count, *cells])
    yield from table(["", "bytes", "cores", *dataplanes], rows)


def cores_cell(row):
    if row is None:
        return "–"
    ns, one = row["ns_per_packet"], row["one_core_ns_per_packet"]
    return time_text(ns) + (f" (× {cut(rate_over(ns, one))})" if row["cores"] > 1 else "")


def size_ranges(figures):
    figure = figures["size"]
    dataplanes = figure.values("dataplane")
    rows = []
    for begin in figure.values("size"):
        of = {row["dataplane"]: row for row in figure.select(size=begin)}
        vpe = of["vpe"]
        rows.append([f"{thousands(begin)} to {thousands(vpe['last_size'])}",
                     *(time_text(of[name]["mean_ns"]) for name in dataplanes),
                     *(cut(vpe[f"{which}_raw_over"]) for which in ("least", "median", "most"))])
    yield from table(["bytes", *(f"{of}, mean" for of in dataplanes), "raw / vpe, least", "median",
                      "most"], rows)


def segments(figures):
    figure = figures["headroom"]
    rows = []
    for size in sorted(figure.values("size")):
        for of in figure.values("dataplane"):
            one, two = (figure.row(dataplane=of, size=size, segments=count) for count in (1, 2))
            rows.append([thousands(size), f"`{of}`", times_cell(one), times_cell(two),
                         ratio_text(rate_over(two and two["median_ns"], one and one["median_ns"]))])
    yield from table(["bytes", "", "one segment", "two segments", "one / two"], rows)


def times_cell(row):
    if row is None:
        return "–"
    least, median, most = (time_text(row[f"{which}_ns"]) for which in ("least", "median", "most"))
    return f"{median} ({least} to {most})"


def senders(figures):
    figure = figures["senders"]
    ways = [(scope, windows) for scope in figure.values("key_scope") for windows in (1, 8)]
    rows = []
    for count in figure.values("senders"):
        cells = []
        for scope, windows in ways:
            ns, one = (figure.ns(dataplane="vpe", key_scope=scope, senders=of, windows=of * windows)
                       for of in (count, 1))
            cells.append(f"{time_text(ns)} ({ratio_text(rate_over(ns, one))})")
        rows.append([thousands(count), *cells])
    key = {"sender": "a key for each", "group": "one key for all"}
    yield from table(["senders", *(f"{key[scope]}, {windows} window{'s' * (windows > 1)}"
                                   for scope, windows in ways)], rows)


def multicast(figures):
    figure = figures["multicast"]
    dataplanes = [of for of in figure.values("dataplane") if of != "raw"]
    yield from table(["bytes", "receivers", *dataplanes],
                     [[thousands(size), receivers,
                       *(time_text(figure.ns(dataplane=of, size=size, receivers=receivers))
                         for of in dataplanes)]
                      for size in figure.values("size") for receivers in figure.values("receivers")])


def reorder(figures):
    figure = figures["reorder"]
    depths = figure.values("depth")
    rows = []
    for of in figure.values("dataplane"):
        for window in figure.values("replay_window"):
            row = [figure.row(dataplane=of, replay_window=window, depth=depth) for depth in depths]
            rows.append([f"`{of}`", thousands(window),
                         *(f"{point['lost'] / point['packets'] * 100:.0f} %" for point in row)])
    yield from table(["", "replay window", *(f"depth {thousands(depth)}" for depth in depths)], rows)


def queue(figures):
    figure = figures["qos_queue"]
    ways = {"one": "all in one window", "eight": "a window for each class"}
    rows = []
    for window in figure.values("replay_window"):
        points = [figure.row(way=way, replay_window=window) for way in ways]
        rows.append([thousands(window), *(
            f"{thousands(point['lost'])} ({point['lost'] / point['packets'] * 100:.0f} %)" for point in points)])
    yield from table(["replay window", *ways.values()], rows)


def gateway(figures):
    figure = figures["gateway"]
    rows = []
    for direction in DIRECTIONS:
        for size in figure.values("size", direction=direction):
            vpe, secgw = (figure.ns(dataplane=of, direction=direction, size=size)
                          for of in ("vpe", "ipsec-secgw"))
            rows.append([f"{direction}ing", thousands(size), time_text(vpe), time_text(secgw),
                         ratio_text(rate_over(vpe, secgw)), gbit_text(size, vpe)])
    yield from table(["", "bytes", "vpe", "ipsec-secgw", "ipsec-secgw / vpe", "vpe, Gbit/s"], rows)


# By name: the figures that a table is nothing without, and what makes it.
TABLES = {
    "about": ((), about),
    "aims": ((), aims_table),
    "throughput": (("throughput",), throughput),
    "bursts": (("bursts",), bursts),
    "cores": (("cores",), cores),
    "size": (("size",), size_ranges),
    "segments": (("headroom",), segments),
    "senders": (("senders",), senders),
    "multicast": (("multicast",), multicast),
    "reorder": (("reorder",), reorder),
    "queue": (("qos_queue",), queue),
    "gateway": (("gateway",), gateway),
}
# What measures a figure that tests/performance does not.
OTHERS = {"qos_queue": "tests/bench/qos_queue.sh"}


# --- the page -------------------------------------------------------------------------------------

def text_of(name, figures):
    needs, make = TABLES[name]
    absent = [figure for figure in needs if not figures[figure].rows]
    if absent:
        return f"Not measured yet: `{OTHERS.get(absent[0], f'tests/performance {absent[0]}')}`."
    return "\n".join(make(figures)).strip()


def page_with_tables(page, figures):
    """The page with its tables made again. ValueError: its marks are not those of the tables."""
    marks = re.findall(r"^<!-- ([a-z]+) -->$", page, re.M)
    if sorted(marks) != sorted([*TABLES, *["end"] * len(TABLES)]) or set(marks[1::2]) != {"end"}:
        raise ValueError(f"the page has the marks {marks}, and should have one of each of "
                         f"{list(TABLES)}, each with its end")
    return re.sub(r"^<!-- (?!end)([a-z]+) -->$.*?^<!-- end -->$",
                  lambda mark: f"<!-- {mark[1]} -->\n\n{text_of(mark[1], figures)}\n\n<!-- end -->",
                  page, flags=re.M | re.S)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    folder, page = map(pathlib.Path, sys.argv[1:])
    figures = {name: Figure(folder / f"{name}.tsv") for name in FIGURES}
    try:
        made = page_with_tables(page.read_text(encoding="utf-8"), figures)
    except ValueError as error:
        sys.exit(f"{page}: {error}")
    page.write_text(made, encoding="utf-8")


if __name__ == "__main__":
    main()

#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The picture of docs/performance.md, made of what docs/performance/ keeps.

    performance_picture.py FOLDER PAGE >summary.svg

One half is of FOLDER/throughput.tsv. The other is of the table of paths in PAGE, the notebook.
"""

import pathlib
import re
import sys

sys.dont_write_bytecode = True  # before what is ours

# pylint: disable=wrong-import-position
from performance_aims import thousands
from performance_data import Figure

SIZES = (92, 512, 1400, 8000)
# By how a bar is drawn: name in the data, and in words.
DATAPLANES = {"other": ("raw", "AES-GCM alone"), "covey": ("vpe", "covey"),
              "third": ("rte-ipsec", "DPDK's ESP library")}
PATHS = {"other": ("plain VXLAN, not encrypted", "plain VXLAN"),
         "covey": ("covey: sockets, TAP (the default)", "covey"),
         "third": ("VXLAN in wireguard-go", "wireguard-go")}
TOP, BOTTOM, BAR = 90, 310, 38

HEAD = '''<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 960 400" role="img" aria-labelledby="title desc">
<title id="title">What covey reaches on one core, and between two tenants</title>
<desc id="desc">Bars, in Gbit/s. Left: one core that encrypts, by packet size, for AES-GCM alone, covey and DPDK's ESP library. Right: one TCP stream between two tenants, for plain VXLAN, covey and VXLAN in wireguard-go.</desc>
<style>
  .text { font: 15px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1f2933; text-anchor: middle; }
  .left { text-anchor: start; }
  .small { font-size: 12.5px; fill: #52606d; }
  .strong { font-weight: 600; }
  .line { stroke: #9aa5b1; stroke-width: 1.5; }
  .other { fill: #c3ccd5; }
  .covey { fill: #1b8a5a; }
  .third { fill: #d9822b; }
  @media (prefers-color-scheme: dark) {
    .text { fill: #e4e7eb; }
    .small { fill: #a9b4c0; }
    .line { stroke: #616e7c; }
    .other { fill: #616e7c; }
    .covey { fill: #3ebd84; }
    .third { fill: #f0a35b; }
  }
</style>'''


def gbit_text(value):
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"


def text(x, y, words, *more):
    return f'<text x="{x}" y="{y}" class="{" ".join(("text", *more))}">{words}</text>'


def panel(x, title, groups):
    """groups: below each, its words; the values of its bars by how they are drawn."""
    width = sum(len(bars) * BAR + 24 for _, bars in groups)
    most = max(value for _, bars in groups for value in bars.values())
    yield text(x, 40, title, "left", "strong")
    yield f'<path d="M{x} {BOTTOM} L{x + width} {BOTTOM}" class="line"/>'
    for words, bars in groups:
        x += 12
        yield text(x + len(bars) * BAR // 2, BOTTOM + 22, words, "small")
        for kind, value in bars.items():
            height = max(round((BOTTOM - TOP) * value / most), 1)
            yield (f'<rect x="{x}" y="{BOTTOM - height}" width="{BAR - 4}" height="{height}" '
                   f'class="{kind}"/>')
            yield text(x + (BAR - 4) // 2, BOTTOM - height - 6, gbit_text(value), "small")
            x += BAR
        x += 12


def legend(x, names):
    for kind, (_, words) in names.items():
        yield f'<rect x="{x}" y="354" width="14" height="14" class="{kind}"/>'
        yield text(x + 21, 366, words, "left", "small")
        x += 40 + 7 * len(words)


def one_core(figure):
    for size in SIZES:
        times = {kind: figure.ns(figure="throughput", dataplane=name, direction="encrypt", size=size)
                 for kind, (name, _) in DATAPLANES.items()}
        yield (f"{thousands(size)} bytes",
               {kind: size * 8 / ns for kind, ns in times.items() if ns})


def paths(page):
    """Gbit/s of TCP. LookupError: the page's table lacks one."""
    values = {}
    for kind, (name, _) in PATHS.items():
        row = re.search(rf"^\| {re.escape(name)} \| (\d+) \|", page, re.M)
        if not row:
            raise LookupError(f"no row says the TCP rate of {name}")
        values[kind] = int(row[1]) / 1000
    yield "one TCP stream", values


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    folder, page = map(pathlib.Path, sys.argv[1:])
    try:
        tenants = list(paths(page.read_text(encoding="utf-8")))
    except LookupError as error:
        sys.exit(f"{page}: {error}")
    print(HEAD)
    print(*panel(30, "One core, encrypting, Gbit/s", list(one_core(Figure(folder / "throughput.tsv")))),
          *legend(42, DATAPLANES),
          *panel(640, "Between two tenants, Gbit/s", tenants), *legend(640, PATHS), "</svg>", sep="\n")


if __name__ == "__main__":
    main()

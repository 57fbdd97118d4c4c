#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes files into C, so that the program has them whatever else is installed.

    embed.py OUT.c FILE...

page.html is served at /, the others at their names.
"""

import pathlib
import sys

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


def array(name, data):
    rows = [", ".join(str(byte) for byte in data[at:at + 24]) for at in range(0, len(data), 24)]
    return f"static const unsigned char {name}[] = {{\n" + ",\n".join(rows) + "};\n"


def row(name, path):
    place = "/" if path.name == "page.html" else f"/{path.name}"
    return f'\t{{"{place}", "{TYPES[path.suffix]}", (const char *){name}, sizeof({name})}},\n'


def main():
    out, *names = sys.argv[1:]
    files = {f"file{i}": pathlib.Path(name) for i, name in enumerate(names)}
    pathlib.Path(out).write_text(
        '#include "page.h"\n'
        + "".join(array(name, path.read_bytes()) for name, path in files.items())
        + "static const struct metrics_file files[] = {\n"
        + "".join(row(name, path) for name, path in files.items())
        + "};\nconst struct metrics_file *page_list(size_t *ret_count)\n{\n"
        + "\t*ret_count = sizeof(files) / sizeof(files[0]);\n\treturn files;\n}\n",
        encoding="ascii")


main()

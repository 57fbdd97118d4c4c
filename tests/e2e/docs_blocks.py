#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes what the pages tell a reader to type, for tests/e2e/89-docs-commands.sh.

Usage: docs_blocks.py SOURCE FOLDER

Each block of shell becomes FOLDER/PAGE.NN, in its order on the page; each command of the table of tasks in
docs/operations.md becomes a line "WHERE<tab>COMMAND" of FOLDER/tasks.
"""

import pathlib
import re
import sys
import textwrap

BLOCK = re.compile(r"^( *)```sh\n(.*?)^ *```$", re.M | re.S)
TASK = re.compile(r"^\| [^|]+ \| ([^|]+) \| ([^|]*`covey[^|]*) \|$", re.M)


def main(source, folder):
    pages = [source / "README.md", source / "CONTRIBUTING.md", *sorted(source.glob("docs/**/*.md"))]
    for page in pages:
        for number, block in enumerate(BLOCK.findall(page.read_text(encoding="utf-8"))):
            name = f"{page.relative_to(source)}".replace("/", "_")
            (folder / f"{name}.{number:02}").write_text(textwrap.dedent(block[1]), encoding="utf-8")
    page = (source / "docs/operations.md").read_text(encoding="utf-8")
    tasks = TASK.findall(re.search(r"^## Day two$.*?^## ", page, re.M | re.S)[0])
    lines = [f"{where}\t{command}\n" for where, cell in tasks
             for command in re.findall(r"`(covey[^`]*)`", cell)]
    (folder / "tasks").write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))

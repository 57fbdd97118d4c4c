# SPDX-License-Identifier: BSD-3-Clause
"""What covey and its daemons say of themselves by --help: commands, arguments and options."""

import os
import pathlib
import re
import subprocess
from typing import NamedTuple

OPTION = re.compile(r"^ +(?:-(\S), +)?--([a-z-]+)(?:(\[)?=([^\s\]]+)\]?)?(?: +(.*))?$")
COMMON = " Options of every command:"

# argp breaks no line then, and adds no remark on short options.
UNBROKEN = {"ARGP_HELP_FMT": "rmargin=4000,no-dup-args-note"}


class Option(NamedTuple):
    short: str  # "" if it has no letter
    name: str
    value: str  # "" if it takes none
    is_optional: bool  # the value
    text: str

    def forms(self):
        """As one types it; nobody wants to be offered -?."""
        return [f"-{self.short}"] * bool(self.short and self.short != "?") + [f"--{self.name}"]


class Help(NamedTuple):
    name: str  # of the program
    usages: list  # what comes behind the program's name, without [OPTION...]
    commands: dict  # what each does, of covey alone
    own: list  # options
    common: list  # options that all commands have

    @property
    def options(self):
        return self.own + self.common


def run(*command):
    result = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False,
                            env={**os.environ, **UNBROKEN})
    return result.stdout or result.stderr


def read(program, *command):
    """Of a program, or of one of covey's commands."""
    name = pathlib.Path(program).name
    text = run(program, *command, "--help")
    usages = [usage.replace("[OPTION...]", "").split()
              for usage in re.findall(rf"^(?:Usage:| +or:) +{name}(?: (.*))?$", text, re.M)]
    commands = dict(re.findall(r"^  (\w+) +(\w.*)", text.partition("Commands:\n")[2].partition("\n\n")[0], re.M))
    own, common = [], []
    for line in text.splitlines():
        match = OPTION.match(line)
        if match:
            option = Option(match[1] or "", match[2], match[4] or "", bool(match[3]), match[5] or "")
            is_common = COMMON in text and text.index(COMMON) < text.index(line)
            (common if is_common else own).append(option)
    return Help(name, usages, commands, own, common)

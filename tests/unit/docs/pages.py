#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Holds the documentation to the source: names, links, letters of options, inventory variables.

Usage: pages.py CHECK SOURCE [PROGRAM... | MANUAL...]
CHECK is one of the functions below that begin with check_.
"""

import pathlib
import re
import shutil
import subprocess
import sys


SKIP = 77  # meson's "could not be tried"


class Mistakes:
    def __init__(self):
        self.found = []

    def expect(self, condition, text):
        if not condition:
            self.found.append(text)


def read(source, path):
    return (source / path).read_text(encoding="utf-8")


def check_drops(source, programs, mistakes):
    """Each drop reason has a row in the protocol page and one that says what to do in the operations
    page, and no row names another."""
    names = set(re.findall(r'X\(\w+,\s*"([a-z-]+)"', read(source, "include/covey/drop.h")))
    rows = re.findall(r"\| `((?:in|out)-[a-z-]+)` \|$", read(source, "docs/protocol.md"), re.M)
    mistakes.expect(len(names) > 20, "include/covey/drop.h holds hardly any reason")
    for name in sorted(names - set(rows)):
        mistakes.expect(False, f"docs/protocol.md has no row for drop reason {name}")
    for name in sorted(set(rows) - names):
        mistakes.expect(False, f"docs/protocol.md names {name}, which is no drop reason")
    told = re.findall(r"^\| `((?:in|out)-[a-z-]+)` \|", read(source, "docs/operations.md"), re.M)
    mistakes.expect(len(told) == len(set(told)), "docs/operations.md has two rows for one drop reason")
    for name in sorted(names - set(told)):
        mistakes.expect(False, f"docs/operations.md does not say what to do about {name}")
    for page in ("docs/bring-up.md", "docs/threat-model.md", "docs/architecture.md",
                 "docs/operations.md"):
        for name in re.findall(r"`((?:in|out)-[a-z-]+)`", read(source, page)):
            mistakes.expect(name in names, f"{page} names {name}, which is no drop reason")


# Where the pages write a limit as a power of two: how the text around it reads, and which one of
# include/covey/limits.h it is.
LIMITS = (
    (r"2\^(\d+)(?: packets)? (?:for each|in a) second", "COVEY_PACKETS_PER_SECOND_MAX"),
    (r"soft limit \| 2\^(\d+)", "COVEY_PACKETS_SOFT"),
    (r"2\^(\d+) \(asks for a rekey\)", "COVEY_PACKETS_SOFT"),
    (r"At 2\^(\d+) packets, and at", "COVEY_PACKETS_SOFT"),
    (r"2\^(\d+) packets take 64 s", "COVEY_PACKETS_SOFT"),
    (r"hard limit \| 2\^(\d+)", "COVEY_PACKETS_HARD"),
    (r"2\^(\d+) \(stops\)", "COVEY_PACKETS_HARD"),
    (r"at 1500 bytes, 2\^(\d+) packets", "COVEY_PACKETS_HARD"),
    (r"At 2\^(\d+) packets the member itself stops", "COVEY_PACKETS_HARD"),
    (r"failed ICVs under one SA, at all members together \| 2\^(\d+)", "COVEY_ICV_FAILURES_MAX"),
    (r"failed ICVs per SA \| 2\^(\d+)", "COVEY_ICV_FAILURES_MAX"),
    (r"at 2\^(\d+) failed ICVs", "COVEY_ICV_FAILURES_MAX"),
    (r"each claim takes 2\^(\d+) packets", "COVEY_ICV_FAILURES_MAX"),
    (r"epoch × 2\^(\d+)", "COVEY_ESN_COUNTER_MAX"),
    (r"last value, 2\^(\d+) − 1", "COVEY_ESN_COUNTER_MAX"),
    (r"counter of one window \| 2\^(\d+) − 1", "COVEY_ESN_COUNTER_MAX"),
    (r"ESN counter \| 2\^(\d+)", "COVEY_ESN_COUNTER_MAX"),
    (r"move the SPI by 2\^(\d+) at most", "COVEY_SPI_JUMP_MAX"),
    (r"skip SPIs: up to 2\^(\d+)", "COVEY_SPI_JUMP_MAX"),
)
# Powers of two that are no limit: chances, the count of all SPIs, others' numbers.
NO_LIMITS = (r"/ 2\^(\d+)|of the 2\^(32) in|index.{,20} above 2\^(30)|share of 2\^(20) packets|"
             r"of 2\^(32) packets, about one")


def limits_of(source):
    """The limits that limits.h writes as powers of two, with their exponents."""
    return dict(re.findall(r"^#define (\w+) +\(+UINT64_C\(1\) << (\d+)\)",
                           read(source, "include/covey/limits.h"), re.M))


def check_limits(source, programs, mistakes):
    """Each power of two in the pages is the limit that it says, wherever it stands."""
    limits = limits_of(source)
    mistakes.expect(len(limits) > 5, "include/covey/limits.h holds hardly any power of two")
    met = set()
    for path in sorted(source.glob("docs/**/*.md")):
        page = re.sub(r"\s+", " ", path.read_text(encoding="utf-8"))
        powers = {match.start() for match in re.finditer(r"2\^\d+(?!\d|\.\d)", page)}
        powers -= {match.start() + match[0].index("2^")
                   for match in re.finditer(NO_LIMITS, page)}
        for pattern, name in LIMITS:
            for match in re.finditer(pattern, page):
                met.add(pattern)
                powers.discard(match.start(1) - 2)
                mistakes.expect(match[1] == limits.get(name),
                                f"{path.name}: \"{match[0]}\", but {name} is 2^{limits.get(name)}")
        for at in sorted(powers):
            mistakes.expect(False, f"{path.name}: which limit is \"{page[max(at - 40, 0):at + 40]}\"?"
                            " Add it to LIMITS in tests/unit/docs/pages.py")
    for pattern, name in LIMITS:
        mistakes.expect(pattern in met, f"no page has \"{pattern}\", which LIMITS in pages.py has")


def sections_of(page, level):
    """Headings of one level, each with the text below it."""
    parts = re.split(rf"^{'#' * level} (.+)$", page, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


def check_bodies(proto, page, mistakes):
    """The numbers of Message's bodies stand in one table, and no others."""
    message = re.search(r"message Message \{\n  oneof body \{(.*?)\}", proto, re.S)[1]
    bodies = set(re.findall(r"(\w+) \w+ = (\d+);", message))
    rows = set()
    for number, name, link in re.findall(r"^\| (\d+) \| \[(\w+)\]\(#(\w+)\) \|", page, re.M):
        mistakes.expect(link == name.lower(), f"docs/protocol.md: {name} leads to {link}")
        rows.add((name, number))
    mistakes.expect(len(bodies) > 10, "covey.proto holds hardly any body")
    for name, number in sorted(bodies - rows):
        mistakes.expect(False, f"docs/protocol.md has no row for body {number} {name}")
    for name, number in sorted(rows - bodies):
        mistakes.expect(False, f"docs/protocol.md has body {number} {name}, covey.proto has not")


def check_exchange(source, programs, mistakes):
    """The worked exchange that the tests play is the page's, whole and in its order."""
    blocks = re.findall(r"^```hex\n; exchange (\S+)$", read(source, "docs/protocol.md"), re.M)
    steps = re.findall(r'^\t\{"([a-z0-9-]+)", (?:true|false)\},$',
                       read(source, "tests/unit/docs/exchange.h"), re.M)
    mistakes.expect(len(blocks) > 15, "docs/protocol.md holds hardly any message in hex")
    mistakes.expect(blocks == steps, f"docs/protocol.md has {blocks}, exchange.h has {steps}")


def check_messages(source, programs, mistakes):
    """Each message, field and code of the .proto file stands in the protocol page, with its number."""
    proto = re.sub(r"//.*", "", read(source, "overlay/control/channel/covey.proto"))
    page = read(source, "docs/protocol.md")
    sections = sections_of(page, 4)
    sub = {"SaUse": "Heartbeat", "ClearHeard": "Heartbeat", "ProbeSeen": "ProbeReport",
           "ProbeDrop": "ProbeReport", "ProbeHeard": "ProbeReport"}
    messages = re.findall(r"message (\w+) \{(.*?)\n\}", proto, re.S)
    mistakes.expect(len(messages) > 10, "covey.proto holds hardly any message")
    check_bodies(proto, page, mistakes)
    for name, body in messages:
        if name == "Message":
            continue
        section = sections.get(sub.get(name, name), "")
        mistakes.expect(section, f"docs/protocol.md has no section {name}")
        for field, number in re.findall(r"(\w+) = (\d+)", body):
            mistakes.expect(
                f"| {number} {field} |" in section,
                f"docs/protocol.md, {name}: no row for field {number} {field}",
            )
    for name, number in re.findall(r"REFUSAL_(\w+) = (\d+)", proto):
        mistakes.expect(f"| {number} | {name} |" in page, f"no row for refusal {number} {name}")
    for prefix in ("CIPHER_AES", "KEY_SCOPE"):
        for name, number in re.findall(rf"{prefix}_(\w+) = ([1-9])", proto):
            name = "AES_" + name if prefix == "CIPHER_AES" else name
            mistakes.expect(f"{number} {name}" in page, f"docs/protocol.md lacks {number} {name}")


def anchor(heading):
    heading = re.sub(r"[^\w\s-]", "", heading.strip().lower())
    return heading.replace(" ", "-")


def check_links(source, programs, mistakes):
    """Links between pages lead to files and headings that exist."""
    pages = [source / "README.md", source / "CONTRIBUTING.md", *sorted(source.glob("docs/**/*.md"))]
    headings = {
        page: {anchor(h) for h in re.findall(r"^#+ (.+)$", page.read_text(), re.M)}
        for page in pages
    }
    count = 0
    for page in pages:
        for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
            if "://" in link:
                continue
            count += 1
            path, _, fragment = link.partition("#")
            target = (page.parent / path).resolve() if path else page
            mistakes.expect(target.exists(), f"{page.name}: {link} leads nowhere")
            if fragment and target in headings:
                mistakes.expect(fragment in headings[target], f"{page.name}: no heading {link}")
    mistakes.expect(count > 20, f"only {count} links were found")


FAMILY = r'static const struct metrics_family \w+ = \{\s*"(\w+)",\s*METRICS_(\w+),'
SUFFIXES = {"COUNTER": "_total", "INFO": "_info"}


def check_metrics(source, programs, mistakes):
    """Each family of metrics has a row in its page, each alert one that says what to do, and no row is
    of another."""
    named = []
    for path in ("overlay/control/metrics/metrics_common.c", *source.glob("overlay/host/show/*.c"),
                 *source.glob("gkm/*.c")):
        named += [name + SUFFIXES.get(kind, "") for name, kind in re.findall(FAMILY, read(source, path))]
    rows = re.findall(r"^\| `(covey_\w+)` \|", read(source, "docs/metrics.md"), re.M)
    mistakes.expect(len(named) > 40, "the source holds hardly any metric")
    for name in sorted(set(named) - set(rows)):
        mistakes.expect(False, f"docs/metrics.md has no row for {name}")
    for name in sorted(set(rows) - set(named)):
        mistakes.expect(False, f"docs/metrics.md has {name}, which is no metric")
    for names in (named, rows):
        for name in {name for name in names if names.count(name) > 1}:
            mistakes.expect(False, f"{name} is there twice")
    alerts = set(re.findall(r"- alert: (\w+)", read(source, "deploy/prometheus/covey.rules.yml")))
    told = set(re.findall(r"^\| `(Covey\w+)` \|", read(source, "docs/operations.md"), re.M))
    mistakes.expect(len(alerts) > 10, "covey.rules.yml holds hardly any alert")
    for name in sorted(alerts ^ told):
        mistakes.expect(False, f"{name} is not both an alert and a row of docs/operations.md")


def check_paths(source, programs, mistakes):
    """Files that the pages name are there."""
    for page in ("CONTRIBUTING.md", "docs/architecture.md", "docs/threat-model.md", "README.md",
                 "docs/operations.md"):
        text = read(source, page)
        named = re.findall(r"`((?:include|overlay|gkm|dataplane|deploy|tests|docs)/[\w/.*-]+)`", text)
        for path in named:
            if "AREA" in path:
                continue
            found = list(source.glob(path.rstrip("/"))) if "*" in path else [source / path]
            mistakes.expect(
                any(p.exists() for p in found), f"{page} names {path}, which is not there"
            )


def folders_with_code(source):
    """Folders of the programs' source, as the list of folders writes them."""
    found = {path.parent for top in ("include", "overlay", "gkm", "dataplane")
             for path in source.glob(f"{top}/**/*.[ch]")}
    return {f"{path.relative_to(source)}/" for path in found}


def check_questions(source, programs, mistakes):
    """CONTRIBUTING's answers are folders that are there and in the architecture page's list; the
    list has each folder of the source, and only what is there."""
    listed = re.findall(r"^\| `([\w/]+/)`", sections_of(read(source, "docs/architecture.md"), 3).get(
        "List of folders", ""), re.M)
    rows = re.findall(r"^\| (.+) \| `([^`|]+)` \|$", sections_of(read(source, "CONTRIBUTING.md"), 3).get(
        "Where lives ...?", ""), re.M)
    mistakes.expect(len(rows) >= 20, f"CONTRIBUTING.md has {len(rows)} questions, not twenty")
    for question, folder in rows:
        mistakes.expect((source / folder).is_dir(), f"{question}: {folder} is not there")
        mistakes.expect(folder in listed, f"{question}: {folder} is not in the list of folders")
    for folder in listed:
        mistakes.expect((source / folder).is_dir(), f"the list of folders has {folder}, not there")
    for folder in sorted(folders_with_code(source) - set(listed)):
        mistakes.expect(False, f"the list of folders in docs/architecture.md lacks {folder}")


def check_tests(source, programs, mistakes):
    """Tests that the architecture page names by their functions are there."""
    text = read(source, "docs/architecture.md")
    named = re.findall(r"`(tests/unit/[\w/]+\.c)`: ((?:`\w+`(?:, )?)+)", text)
    mistakes.expect(len(named) > 5, "docs/architecture.md names hardly any test")
    for path, names in named:
        for name in re.findall(r"\w+", names):
            mistakes.expect(
                re.search(rf"\b{name}\(void \*\*state\)", read(source, path)),
                f"docs/architecture.md names {name}, which is not in {path}",
            )


def check_inventory(source, programs, mistakes):
    """Each key of the inventory's tables has an entry in its manual page, and no entry more."""
    tables = read(source, "overlay/model/schema.c")
    keys = set(re.findall(r'^\t\{"(\w+)", FIELD_OF_', tables, re.M))
    page = read(source, "docs/man/covey-inventory.5")
    entries = set(re.findall(r"^\.It Va (\w+)$", page, re.M))
    mistakes.expect(len(keys) > 20, "overlay/model/schema.c holds hardly any key")
    for key in sorted(keys - entries):
        mistakes.expect(False, f"covey-inventory.5 has no entry for {key}")
    for key in sorted(entries - keys):
        mistakes.expect(False, f"covey-inventory.5 has an entry for {key}, which is no key")


# What a program calls by a shorter name than the others.
SAME_OPTION = {("covey-gkm", "socket"): "gkm-socket"}


def check_letters(source, arguments, mistakes):
    """A letter stands for the same option in all programs and commands."""
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(source / "deploy/help"))
    import programs

    meanings = {}
    for program in arguments:
        alone = programs.read(program)
        for command in ([], *([name] for name in alone.commands)):
            for option in programs.read(program, *command).options:
                if option.short:
                    name = SAME_OPTION.get((alone.name, option.name), option.name)
                    who = " ".join([alone.name, *command])
                    meanings.setdefault(option.short, {}).setdefault(name, set()).add(who)
    mistakes.expect(len(meanings) > 5, "--help shows hardly any letter")
    for short, means in sorted(meanings.items()):
        told = ", ".join(f"--{name} of {' and '.join(sorted(who))}" for name, who in sorted(means.items()))
        mistakes.expect(len(means) == 1, f"-{short} means several things: {told}")


def check_manuals(source, pages, mistakes):
    """Neither groff nor mandoc finds anything to warn of in the manual pages."""
    checks = (["groff", "-ww", "-mandoc", "-Tutf8", "-z"], ["mandoc", "-T", "lint", "-W", "warning"])
    if not all(shutil.which(check[0]) for check in checks):
        sys.exit(SKIP)
    for page in pages:
        for check in checks:
            run = subprocess.run([*check, page], capture_output=True, text=True, check=False)
            said = (run.stdout + run.stderr).strip()
            mistakes.expect(run.returncode == 0 and not said, f"{check[0]}: {said or run.returncode}")


def main():
    check = globals().get("check_" + sys.argv[1])
    mistakes = Mistakes()
    check(pathlib.Path(sys.argv[2]).resolve(), sys.argv[3:], mistakes)
    for mistake in mistakes.found:
        print(mistake)
    return 1 if mistakes.found else 0


if __name__ == "__main__":
    sys.exit(main())

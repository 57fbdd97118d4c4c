#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A manual page in mdoc, from prose and from what the program's --help says.

manual.py PROSE PROGRAM > PAGE

PROSE is mdoc, with these lines between, each in a place of its own:

@synopsis [--OPTION[!]...]     the options, as in one way to call a daemon; those with ! must be there. Without any:
                               all of covey's commands, as @command has them
@commands                      covey's commands, and what each does in short
@command WORD... [+OPTION...]  how that command is called, as the item of a list; the options are for @synopsis
@option [COMMAND] --OPTION     an option and what it does, as the item of a list; more prose may follow
@options [COMMAND]             those of its options that have no @option, as items of a list
@same COMMAND COMMAND          the first one has the second one's options

It is an error if anything that --help has is missing, or if something is named that it does not have.
"""

import pathlib
import re
import sys

sys.dont_write_bytecode = True  # not into the source
import programs

PROGRAMS = {"covey": 1, "covey-gkm": 8, "covey-host": 8}
PUNCTUATION = re.compile(r"[.,:;)]*$")
NOBODY_ASKS = ("help", "usage", "version")  # in a synopsis


class Mistake(Exception):
    pass


def plain(text):
    """Text that mdoc takes for nothing else."""
    text = text.replace("\\", "\\e")
    return "\\&" + text if text[:1] in ".'" else text


def argument(word):
    """FILE is the reader's; words in small letters are typed as they are."""
    macros = [("Ar " if choice.isupper() else "Cm ") + choice.lower() for choice in word.split("|")]
    return " | ".join(macros).replace("| Cm ", "| ") if word.islower() else " | ".join(macros)


def value_of(option):
    if not option.value:
        return ""
    if option.is_optional:
        return f" Ns Op = Ns {argument(option.value)}"
    return f" {argument(option.value)}"


def usage_words(words):
    """What comes behind a command, on one line."""
    parts = []
    for i, word in enumerate(words):
        inner = word.strip("[].")
        if word.startswith("[") and i + 1 < len(words):  # an Op goes to the line's end
            raise Mistake(f"{word} may be left out, and is not the last: {' '.join(words)}")
        macro = f"Fl {inner[1:]}" if inner.startswith("--") else argument(inner)
        parts.append("Op " * word.startswith("[") + macro + " ..." * ("..." in word))
    return " ".join(parts)


def sentences(text):
    """One to a line, the default as a sentence of its own."""
    text = re.sub(r" \(([^() ]+)\)$", r". Default: \1", text)
    return re.split(r"(?<=\.) (?=[A-Z])", text + ("" if text.endswith(".") else "."))


class Page:
    def __init__(self, program):
        self.program = program
        self.help = programs.read(program)
        self.of_command = {name: programs.read(program, name) for name in self.help.commands}
        self.open = {("", option.name) for option in self.help.options}  # without their place yet
        self.open |= {(name, option.name) for name, of in self.of_command.items() for option in of.own}
        self.arguments = {word.strip("[].") for of in (self.help, *self.of_command.values())
                          for word in [*sum(of.usages, []), *(option.value for option in of.own)]}
        self.forms = {}  # by the words of @command: (usages, options)

    def called(self, command):
        return f"{self.help.name} {command}".rstrip()

    def options(self, command):
        return self.of_command[command].own if command else self.help.options

    def option(self, command, name):
        for option in self.options(command):
            if option.name == name:
                return option
        raise Mistake(f"{self.called(command)} has no option --{name}")

    def take(self, command, name):
        self.option(command, name)
        if (command, name) not in self.open:
            raise Mistake(f"--{name} of {self.called(command)} is there already")
        self.open.discard((command, name))

    def markup(self, text):
        """Lines of mdoc."""
        lines, words = [], []
        for part in re.findall(r"`[^`]+`\S*|\S+", text):
            macro = self.macro(part)
            if not macro:
                words.append(part)
                continue
            lines += [plain(" ".join(words))] * bool(words) + [macro]
            words = []
        return lines + [plain(" ".join(words))] * bool(words)

    def macro(self, part):
        """What is more than a word, with the punctuation behind it."""
        end = PUNCTUATION.search(part)[0] if "(" not in part else ""
        word = part[:len(part) - len(end)]
        behind = "".join(f" {mark}" for mark in end)
        if word.startswith("`"):
            return f".Ql {word.strip('`')}{behind}"
        if re.fullmatch(r"--[a-z-]+", word):
            return f".Fl {word[1:]}{behind}"
        if word.startswith("/") and len(word) > 1:
            return f".Pa {word}{behind}"
        if word in self.arguments and word.isupper():
            return f".Ar {word.lower()}{behind}"
        name, of, _ = word.partition("'s")
        if name in PROGRAMS and name != "covey":
            macro = "Nm" if name == self.help.name else f"Xr {name} {PROGRAMS[name]}"
            return f".{macro}{' Ns ' + chr(39) + 's' if of else behind}"
        return None

    def told(self, text):
        return [line for sentence in sentences(text) for line in self.markup(sentence)]

    def item(self, command, name):
        option = self.option(command, name)
        short = "\\&?" if option.short == "?" else option.short
        letter = f"Fl {short} , " if short else ""
        return [f".It {letter}Fl -{name}{value_of(option)}", *self.told(option.text)]

    def do_option(self, words):
        *command, name = words
        command = " ".join(command)
        self.take(command, name.lstrip("-"))
        return self.item(command, name.lstrip("-"))

    def do_options(self, words):
        command = " ".join(words)
        names = [option.name for option in self.options(command) if (command, option.name) in self.open]
        for name in names:
            self.take(command, name)
        return [line for name in names for line in self.item(command, name)]

    def do_same(self, words):
        one, other = words
        if self.options(one) != self.options(other):
            raise Mistake(f"{one} does not have the options of {other}")
        self.open -= {(one, option.name) for option in self.options(one)}
        return []

    def do_commands(self, _):
        return [line for name, text in self.help.commands.items()
                for line in (f".It Cm {name}", *self.markup(text))]

    def heading(self, words):
        usages, _ = self.forms[words]
        rests = [usage_words(usage[len(words):]) for usage in usages]
        fixed = f"Cm {' '.join(word for word in words if word[0] != '-')}"
        fixed += "".join(f" Fl {word[1:]}" for word in words if word[0] == "-")
        return f"{fixed} {' | '.join(rests)}".rstrip()

    def do_command(self, words):
        return [f".It {self.heading(tuple(word for word in words if not word.startswith('+')))}"]

    def do_synopsis(self, words):
        if words:
            return [".Nm", *self.synopsis_options("", words)]
        lines = []
        for form, (_, options) in self.forms.items():
            head, *rest = re.split(r" (?=Op |Ar )", self.heading(form), maxsplit=1)
            lines += [".Nm", ".Op Ar option ...", f".{head}", *self.synopsis_options(form[0], options),
                      *(f".{part}" for part in rest)]
        return lines

    def synopsis_options(self, command, words):
        lines = []
        for word in words:
            option = self.option(command, word.strip("-+!"))
            flag, value = f"Fl {option.short or '-' + option.name}", value_of(option)
            if option.short:
                value = value.replace("= Ns ", "")
            lines.append(f".{'' if word.endswith('!') else 'Op '}{flag}{value}")
        return lines

    def read_commands(self, prose):
        """The forms, in the prose's order; a usage belongs to the longest one that it begins with."""
        for line in re.findall(r"^@command (.*)$", prose, re.M):
            words = line.split()
            form = tuple(word for word in words if not word.startswith("+"))
            if form[0] not in self.of_command:
                raise Mistake(f"there is no command {form[0]}")
            self.forms[form] = ([], [word for word in words if word.startswith("+")])
        for name, of in self.of_command.items():
            for usage in of.usages:
                fitting = [form for form in self.forms if tuple(usage[:len(form)]) == form]
                if not fitting:
                    raise Mistake(f"nothing is said of: covey {' '.join(usage)}")
                self.forms[max(fitting, key=len)][0].append(usage)
        for form, (usages, _) in self.forms.items():
            if not usages:
                raise Mistake(f"there is no covey {' '.join(form)}")

    def check_synopsis(self, prose):
        """Each option is in some form."""
        if self.forms:
            shown = {(form[0], word.strip("+")) for form, (_, options) in self.forms.items() for word in options}
            shown |= {(form[0], word.lstrip("-")) for form in self.forms for word in form if word[0] == "-"}
            shown |= {(name, word.lstrip("-")) for name, of in self.of_command.items()
                      for usage in of.usages for word in usage if word.startswith("--")}
            wanted = {(name, option.name) for name, of in self.of_command.items() for option in of.own}
        else:
            shown = {("", word.strip("-!")) for line in re.findall(r"^@synopsis (.*)$", prose, re.M)
                     for word in line.split()}
            wanted = {("", option.name) for option in self.help.options if option.name not in NOBODY_ASKS}
        for command, name in sorted(wanted - shown):
            raise Mistake(f"the synopsis lacks --{name} of {self.called(command)}")

    def make(self, prose):
        self.read_commands(prose)
        self.check_synopsis(prose)
        lines = []
        for line in prose.splitlines():
            word, *words = line.split() or [""]
            if not word.startswith("@"):
                lines.append(line)
                continue
            do = getattr(self, f"do_{word[1:]}", None)
            if not do:
                raise Mistake(f"what is {word}?")
            lines += do(words)
        for command, name in sorted(self.open):
            raise Mistake(f"nothing is said of --{name} of {self.called(command)}")
        return "\n".join(lines) + "\n"


def main():
    prose, program = sys.argv[1:]
    try:
        print(Page(program).make(pathlib.Path(prose).read_text(encoding="utf-8")), end="")
    except Mistake as mistake:
        sys.exit(f"{prose}: {mistake}")


if __name__ == "__main__":
    main()

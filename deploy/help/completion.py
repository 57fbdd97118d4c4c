#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Completion of bash for covey and its daemons, from what their --help says.

completion.py COVEY [DAEMON...] > COMPLETION

So it has the options, commands and arguments that the programs have, and no others.
"""

import pathlib
import re
import sys

sys.dont_write_bytecode = True  # not into the source
import programs

# Who asks for one of these names completes it by that function.
KINDS = {"FILE": "compgen -f --", "PATH": "compgen -f --", "DIR": "compgen -d --",
         "GROUP": "_covey_table GROUP", "HOST": "_covey_table HOST", "NAME": "_covey_table HOST"}

HEAD = """\
# Completion of bash for {names}. Made from what --help says.

# _covey_table COLUMN WORD: names in the inventory, as `covey check` lists them in a table with that first column.
_covey_table() {{
	local names
	names=$(covey "${{_covey_inventory[@]}}" check 2>/dev/null |
		awk -v column="$1" '$1 == column {{ on = 1; next }} NF == 0 {{ on = 0 }} on {{ print $1 }}')
	compgen -W "$names" -- "$2"
}}
"""

COVEY = """
_covey() {{
	local cur=${{COMP_WORDS[COMP_CWORD]}} verb='' position=0 option='' i word
	local -a _covey_inventory=()
	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${{COMP_WORDS[i]}}
		if [[ $option ]]; then
			[[ $option != -i && $option != --inventory ]] || _covey_inventory=(-i "$word")
			option=''
		elif [[ $word == -* ]]; then
			[[ "{valued}" != *" $word "* ]] || option=$word
		elif [[ ! $verb ]]; then
			verb=$word
		else
			position=$((position + 1))
		fi
	done
	if [[ $option ]]; then
		case $option in
{values}
		esac
		return
	fi
	if [[ $cur == -* ]]; then
		case $verb in
{options}
		esac
		return
	fi
	case "$verb $position" in
{arguments}
	esac
}}
complete -F _covey covey
"""

DAEMON = """
_{function}() {{
	local cur=${{COMP_WORDS[COMP_CWORD]}} option=${{COMP_WORDS[COMP_CWORD - 1]}}
	local -a _covey_inventory=()
	COMPREPLY=()
	case $option in
{values}
	*) mapfile -t COMPREPLY < <(compgen -W "{options}" -- "$cur") ;;
	esac
}}
complete -F _{function} {name}
"""


def words(*names):
    return f'compgen -W "{" ".join(names)}" --'


def merge(generators):
    """Those of single words in one."""
    single = [re.fullmatch(r'compgen -W "([^"]*)" --', generator) for generator in generators]
    names = [match[1] for match in single if match]
    return [generator for generator, match in zip(generators, single) if not match] + ([words(*names)] if names else [])


def reply(pattern, generators, indent):
    """A line of a case: the pattern, and what makes its words."""
    generators = merge(generators)
    made = "; ".join(f'{generator} "$cur"' for generator in generators)
    return f"{indent}{pattern}) mapfile -t COMPREPLY < <({made}) ;;"


def options_of(options):
    """Names with their dashes, and of those that take a value behind a space, what it is."""
    names, values = [], {}
    for option in options:
        names += option.forms()
        if option.value and not option.is_optional:
            values.update(dict.fromkeys(option.forms(), option.value))
    return names, values


def value_lines(values, indent):
    """Options by what they take; of others nothing is known."""
    lines = []
    for kind, generator in KINDS.items():
        forms = sorted(form for form, value in values.items() if value == kind)
        if forms:
            lines.append(reply(" | ".join(forms), [generator], indent))
    for value in sorted({v for v in values.values() if "|" in v}):
        forms = sorted(form for form, of in values.items() if of == value)
        lines.append(reply(" | ".join(forms), [words(*value.split("|"))], indent))
    others = sorted(form for form, value in values.items() if value not in KINDS and "|" not in value)
    if others:
        lines.append(f"{indent}{' | '.join(others)}) ;;")
    return "\n".join(lines)


def arguments_of(usages, special):
    """For each place behind the verb, what makes its words: from the usage lines."""
    places = {}
    for usage in usages:
        place = 0
        for word in usage[1:]:
            for choice in word.strip("[].").split("|"):
                if choice.startswith("-"):
                    break
                generator = special.get(choice) or KINDS.get(choice)
                generator = generator or (words(choice) if choice.islower() else None)
                if generator and generator not in places.setdefault(place, []):
                    places[place].append(generator)
            else:
                place += 1
                continue
            break
    return places


def covey(program):
    alone = programs.read(program)
    listed = re.search(r"there are (.*)", programs.run(program, "--socket", "/dev/null", "show", "?"))
    parts = re.findall(r"[a-z]+", listed[1].replace(" and ", " "))
    special = {"PART": words(*parts), "COMMAND": words(*alone.commands)}
    names, values = options_of(alone.options)
    of_verbs = [("", names)]
    lines = [reply('" 0"', [words(*alone.commands)], "\t")]
    for verb in alone.commands:
        text = programs.read(program, verb)
        names, more = options_of(text.options)
        of_verbs.append((verb, names))
        values.update(more)
        for place, generators in arguments_of(text.usages, special).items():
            lines.append(reply(f'"{verb} {place}"', generators, "\t"))
    options = [reply(f'"{verb}"', [words(*names)], "\t\t") for verb, names in of_verbs]
    return COVEY.format(valued=f" {' '.join(sorted(values))} ", values=value_lines(values, "\t\t"),
                        options="\n".join(options), arguments="\n".join(lines))


def daemon(program):
    text = programs.read(program)
    names, values = options_of(text.options)
    return DAEMON.format(function=text.name.replace("-", "_"), name=text.name, options=" ".join(names),
                         values=value_lines(values, "\t"))


def main():
    program, *daemons = sys.argv[1:]
    names = " and ".join(pathlib.Path(path).name for path in (program, *daemons))
    print(HEAD.format(names=names) + covey(program) + "".join(map(daemon, daemons)), end="")


if __name__ == "__main__":
    main()

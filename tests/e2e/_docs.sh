# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# Commands and configurations that docs/bring-up.md has for hv1, made fit for a host of the lab.

# docs_block LANGUAGE WORD: the first code block of this language that has this word in it.
docs_block() {
	awk -v fence='```'"$1" -v word="$2" '
		/^```/ && inside { inside = 0; if (found) exit; next }
		/^```/ { inside = 1; wanted = $0 == fence; text = ""; next }
		inside && wanted { text = text $0 "\n"; if (index($0, word)) found = 1 }
		END { if (!found) exit 1; printf "%s", text }' "$LAB_SOURCE/docs/bring-up.md" ||
		lab_fail "docs/bring-up.md has no code of $1 with \"$2\""
}

# docs_fit N: from standard input: hvN's own address for hv1's, and each line with hv2's once for each other host.
docs_fit() {
	local line other

	while IFS= read -r line; do
		line=${line//198.51.100.1/$(lab_vtep "$1")}
		if [[ $line == *198.51.100.2* ]]; then
			for other in $(lab_hosts); do
				((other == $1)) || echo "${line//198.51.100.2/$(lab_vtep "$other")}"
			done
		else
			echo "$line"
		fi
	done
}

# docs_run N LANGUAGE WORD [SED-SCRIPT]: the commands of that block, on hvN.
docs_run() {
	docs_block "$2" "$3" | docs_fit "$1" | sed -e 's/\bsudo //' -e "${4:-}" | in_ns "hv$1" bash -euo pipefail -s
}

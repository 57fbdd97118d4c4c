# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# How the demo speaks: headings, aligned rows, a verdict per claim. Colour on terminals alone.

PRINT_PROBLEMS=0

if [[ -t 1 && -z ${NO_COLOR:-} ]]; then
	PRINT_BOLD=$'\e[1m' PRINT_GOOD=$'\e[32m' PRINT_BAD=$'\e[1;31m' PRINT_DIM=$'\e[2m'
	PRINT_END=$'\e[0m'
else
	PRINT_BOLD='' PRINT_GOOD='' PRINT_BAD='' PRINT_DIM='' PRINT_END=''
fi

print_heading() {
	printf '\n%s%s%s\n' "$PRINT_BOLD" "$*" "$PRINT_END"
}

print_note() {
	printf '  %s%s%s\n' "$PRINT_DIM" "$*" "$PRINT_END"
}

# print_cell WIDTH TEXT [good|bad]: padded, so that colours do not shift the columns.
print_cell() {
	local text colour=''

	printf -v text "%-$1s" "$2"
	case ${3:-} in
	good) colour=$PRINT_GOOD ;;
	bad) colour=$PRINT_BAD ;;
	esac
	printf '  %s%s%s' "$colour" "$text" "${colour:+$PRINT_END}"
}

print_row() {
	local cell

	for cell in "$@"; do print_cell 9 "$cell"; done
	printf '\n'
}

# print_step TEXT GOOD COMMAND...: nothing can follow when the command fails, so that ends the demo.
print_step() {
	local text=$1 good=$2

	shift 2
	printf '  %-64s' "$text"
	"$@" >/dev/null
	printf '%s%s%s\n' "$PRINT_GOOD" "$good" "$PRINT_END"
}

# print_claim TEXT GOOD BAD COMMAND...: the word GOOD when the command succeeds; else BAD, and the
# demo fails in the end.
print_claim() {
	local text=$1 good=$2 bad=$3

	shift 3
	printf '  %-64s' "$text"
	if "$@" >/dev/null 2>&1; then
		printf '%s%s%s\n' "$PRINT_GOOD" "$good" "$PRINT_END"
	else
		printf '%s%s%s\n' "$PRINT_BAD" "$bad" "$PRINT_END"
		print_problem
	fi
}

print_problem() {
	PRINT_PROBLEMS=$((PRINT_PROBLEMS + 1))
}

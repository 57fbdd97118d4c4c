# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# What a test measured, for tests/run to pass on.

# figure NAME VALUE UNIT
figure() {
	printf 'figure: %s %s %s\n' "$1" "$2" "$3"
}

# percentile P VALUE...: of the values, sorted, the lowest that P percent of them do not exceed.
percentile() {
	local p=$1 sorted rank

	shift
	mapfile -t sorted < <(printf '%s\n' "$@" | sort -n)
	rank=$(((p * ${#sorted[@]} + 99) / 100))
	echo "${sorted[rank - 1]}"
}

# figures_of NAME UNIT VALUE...: how many there are, p50, p99 and the highest.
figures_of() {
	local name=$1 unit=$2

	shift 2
	figure "$name-count" $# times
	figure "$name-p50" "$(percentile 50 "$@")" "$unit"
	figure "$name-p99" "$(percentile 99 "$@")" "$unit"
	figure "$name-max" "$(percentile 100 "$@")" "$unit"
}

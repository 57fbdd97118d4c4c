# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# Wall clocks that jump: of what the lab starts in a namespace whose clock was set before.

FAKETIME=$(find /usr/lib/*/faketime -name libfaketimeMT.so.1)

# A step of the wall clock leaves the monotonic one alone.
clock_environment() {
	printf '%s\n' "LD_PRELOAD=$FAKETIME" "FAKETIME_TIMESTAMP_FILE=$LAB_DIR/clock-$1" \
		FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1 FAKETIME_DONT_RESET=1
}

# set_clock NAME DAYS: that many days off. "NAME" is a namespace.
set_clock() {
	printf '%+dd\n' "$2" >"$LAB_DIR/clock-$1.new"
	mv "$LAB_DIR/clock-$1.new" "$LAB_DIR/clock-$1"
}

# What the lab starts in a namespace has its clock.
lab_spawn_plain=$(declare -f lab_spawn)
eval "${lab_spawn_plain/lab_spawn/spawn}"
lab_spawn() {
	local environment

	mapfile -t environment < <(clock_environment "$2")
	if [[ -e $LAB_DIR/clock-$2 ]]; then
		spawn "$1" "$2" env "${environment[@]}" "${@:3}"
	else
		spawn "$@"
	fi
}

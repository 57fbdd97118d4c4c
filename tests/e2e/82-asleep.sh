#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The deadline of a mode passes while the machines are suspended: the key manager and all members are where it
# leads within seconds after they wake up, and so are members whose key manager is dead. No timer has told
# them, as timers stand still meanwhile. Whoever sets a clock moves no deadline.
# ports: both
. "$(dirname "$0")/_init.sh"

# What the lab starts of covey sleeps as the file says.
lab_spawn_awake=$(declare -f lab_spawn)
eval "${lab_spawn_awake/lab_spawn/spawn}"
lab_spawn() {
	case $1 in
	hv* | gkm)
		spawn "$1" "$2" env "LD_PRELOAD=$(lab_program asleep.so)" \
			"COVEY_ASLEEP=$LAB_DIR/asleep" "${@:3}"
		;;
	*) spawn "$@" ;;
	esac
}

mode_at() { # N
	lab_show "$1" '.groups[0].mode | "\(.name) \(.in_force)"'
}

all_are_in() { # MODE
	local n

	for n in $(lab_hosts); do
		[[ $(mode_at "$n") == "$1 true" ]] || return 1
	done
}

gkm_is_in() { # MODE
	[[ $(lab_at_gkm --json mode tenants | jq -r '"\(.mode) \(.under_way)"') == "$1 false" ]]
}

mode() { # WORD...
	lab_at_gkm mode tenants "$@" >>"$LAB_DIR/log/mode"
}

sleep_for() { # SECONDS, of all sleeps so far [SECONDS by which clocks were set]
	echo "$1 ${2:-0}" >"$LAB_DIR/asleep.new"
	mv "$LAB_DIR/asleep.new" "$LAB_DIR/asleep"
}

E2E_ORACLES=off # clear frames may be on the wire
e2e_up
e2e_wait_ping 1 2
mode transition --confirm-within 30m
all_are_in transition || fail "not all are in transition"
sleep_for 1700
lab_wait_joined # a session that was silent for so long is over
lab_wait 5 "the key manager to be in transition" gkm_is_in transition
all_are_in transition || fail "the deadline has not come, and not all are in transition"
rest=$(lab_at_gkm --json mode tenants | jq .left_s)
((rest > 0 && rest <= 100)) || fail "$rest s are left of 1800 after 1700"
sleep_for 1900
start=$(lab_now_ms)
lab_wait 10 "all to enforce after they woke up" all_are_in enforce
lab_wait 10 "the key manager to enforce" gkm_is_in enforce
echo "undone at most $(($(lab_now_ms) - start)) ms after all woke up"
lab_wait_joined

# The key manager is dead.
mode transition --confirm-within 30m
all_are_in transition || fail "not all are in transition"
lab_stop gkm KILL
rm -f "$LAB_DIR/gkm.sock"
sleep_for 4000
start=$(lab_now_ms)
lab_wait 10 "all to enforce without the key manager" all_are_in enforce
echo "undone at most $(($(lab_now_ms) - start)) ms after the members woke up alone"

# The members' clocks jump by ten years, ahead and back.
YEARS=$((10 * 365 * 86400))
lab_start_gkm
lab_wait_joined
lab_wait 10 "the key manager to enforce" gkm_is_in enforce
mode transition --confirm-within 10s
start=$(lab_now_ms)
lab_stop gkm KILL
rm -f "$LAB_DIR/gkm.sock"
for set in "$YEARS" "-$YEARS" 0 "$YEARS"; do
	sleep_for 4000 "$set"
	sleep 1
	(($(lab_now_ms) - start > 9000)) || all_are_in transition || fail "a clock that was set has moved the deadline"
done
lab_wait 10 "all to enforce at the deadline" all_are_in enforce
(($(lab_now_ms) - start > 9000)) || fail "the deadline came too early"
e2e_wait_ping 1 2
e2e_recorder_oracle
e2e_iv_oracle

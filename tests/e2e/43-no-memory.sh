#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# One allocation of covey-host fails, its libraries' included: at start, in the join, in a rekey or at
# the stop. It ends with an error, or goes on and forwards; it does not crash or hang, and nothing
# leaves the host in clear.
# long: 7200
. "$(dirname "$0")/_init.sh"
# shellcheck source=tests/e2e/_figures.sh
. "$E2E_HERE/_figures.sh"

# The next to fail is at this one plus 1 plus a part of it; there are some tens of thousands.
GROWTH=$(long_or_short 20 1)

# start_without N: hv3, as lab_start_covey does it, but our child, whose status tells how it ended.
start_without() {
	: >"$LAB_DIR/log/hv3"
	ip netns exec "$(lab_ns hv3)" env "LD_PRELOAD=$LAB_BUILD/tests/unit/no-memory.so" \
		"COVEY_NO_MEMORY_AT=$1" "$(lab_program covey-host)" \
		--inventory "$LAB_DIR/inventory.yaml" --pki "$LAB_DIR/pki" --name hv3 \
		--socket "$LAB_DIR/hv3.sock" --log-level "$LAB_LOG_LEVEL" \
		>>"$LAB_DIR/log/hv3" 2>&1 </dev/null &
	child=$!
	echo "$child" >"$LAB_DIR/pid/hv3"
}

is_gone_or() {
	lab_is_gone hv3 || "$@"
}

# await N WHAT COMMAND...: false when hv3 has ended.
await() {
	lab_wait 40 "allocation $1 having failed, for $2" is_gone_or "${@:3}"
	lab_is_running hv3
}

# Joins, forwards, changes the key.
live() {
	local spi

	await "$1" "hv3 to join" lab_has_joined 3 || return 1
	await "$1" "t3 to reach t1" e2e_ping 3 1 || return 1
	spi=$(e2e_gkm_active_spi)
	lab_at_gkm rekey tenants >>"$LAB_DIR/log/rekey"
	await "$1" "an SA after $spi" e2e_agree_above "$spi" || return 1
	await "$1" "t1 to reach t3" e2e_ping 1 3
}

# libnftables does not return: it says that memory failed, and ends the process with status 2, or it
# uses what it did not get and crashes. The guard stands in both cases.
is_libnftables() {
	case $1 in
	2) grep -q ': Memory allocation failure$' "$LAB_DIR/log/hv3" ;;
	139) grep -q '^no-memory: an allocation of libnftables' "$LAB_DIR/log/hv3" ;;
	*) return 1 ;;
	esac
}

# After a stop that was asked for, 0 is good as well.
judge() {
	local at=$1 asked=$2 status=0

	wait "$child" || status=$?
	rm -f "$LAB_DIR/pid/hv3"
	if ((status == 0 && asked)); then
		return 0
	fi
	! is_libnftables "$status" || return 0 # a program that crashes says nothing
	((status == 1)) || fail "allocation $at having failed, hv3 ends with status $status"
	grep -qv '^no-memory: ' "$LAB_DIR/log/hv3" ||
		fail "allocation $at having failed, hv3 ends without a word"
}

e2e_up
lab_stop hv3
at=1
tried=0
while true; do
	start_without "$at"
	if live "$at"; then
		lab_signal hv3 TERM
		lab_wait "$LAB_STOP_S" "hv3 to stop, allocation $at having failed" lab_is_gone hv3
		judge "$at" 1
	else
		judge "$at" 0
	fi
	grep -q '^no-memory: ' "$LAB_DIR/log/hv3" || break
	tried=$((tried + 1))
	at=$((at + 1 + at / GROWTH))
done
((tried > 10)) || fail "only $tried allocations failed"
figure failed-one-by-one "$tried" allocations
figure counted-to "$at" allocations

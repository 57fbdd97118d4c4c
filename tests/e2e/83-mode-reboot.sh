#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The inventory still says `mode: observe`, and a host is started anew with its machine while the key manager
# is away. If its group enforced, or the host was evicted, it stays closed: from the guard on, before
# covey-host runs. If the group was in observe, it begins there.
# ports: both
# shellcheck disable=SC2034 # for lab.sh
LAB_GROUP_VARS="        mode: observe"
. "$(dirname "$0")/_init.sh"

mode_at() { # N
	lab_show "$1" '.groups[0].mode | "\(.name) \(.in_force)"'
}

# all_are_in MODE [N...]
all_are_in() {
	local n mode=$1

	shift
	for n in $([[ $# == 0 ]] && lab_hosts || echo "$@"); do
		[[ $(mode_at "$n") == "$mode true" ]] || return 1
	done
}

mode() { # WORD...
	lab_at_gkm mode tenants "$@" >>"$LAB_DIR/log/mode" 2>"$LAB_DIR/log/refused"
}

only_clear_packets_are_in_the_way() {
	! mode enforce && grep -q -- '--despite-clear' "$LAB_DIR/log/refused"
}

covey_host() { # N OPTION...
	in_ns "hv$1" "$(lab_program covey-host)" --inventory "$LAB_DIR/inventory.yaml" --name "hv$1" \
		--socket "$LAB_DIR/hv$1.sock" --state "$LAB_DIR/hv$1.modes" "${@:2}"
}

# As after a boot without the key manager: no rules, and nothing in /run. The guard is the first that comes.
reboot() { # N
	lab_stop gkm KILL
	rm -f "$LAB_DIR/gkm.sock"
	lab_stop "hv$1" KILL
	covey_host "$1" --guard off
	rm -f "$LAB_DIR/hv$1.sock" "$LAB_DIR/hv$1.sock.modes" "$LAB_DIR/hv$1.sock.instance"
	covey_host "$1" --guard on
}

vxlan_seen() {
	e2e_report recorder .kinds.vxlan
}

# Nothing of the others is on the wire.
silence() {
	for n in 2 3; do
		lab_stop "hv$n"
		lab_ip "t$n" link set eth0 down
	done
}

# What t1 sends, as clear VXLAN on the wire.
leaked() {
	local before

	before=$(vxlan_seen)
	in_ns t1 ping -q -c 20 -i 0.02 -W 1 -p "$E2E_CANARY" "$(lab_tenant 2)" >/dev/null || true
	echo $(($(vxlan_seen) - before))
}

expect_closed() { # WHEN
	expect "clear VXLAN of hv1 $1, with the guard alone" "$(leaked)" 0
	lab_start_covey 1
	lab_attach_covey 1
	lab_wait 10 "hv1 to enforce" all_are_in enforce 1
	expect "clear VXLAN of hv1 $1" "$(leaked)" 0
}

E2E_ORACLES=off # clear frames are on the wire
e2e_up
e2e_wait_ping 1 2
all_are_in observe || fail "not all are in observe"
(($(leaked) > 0)) || fail "in observe nothing is on the wire in clear"
mode transition
lab_wait 60 "all to have said what they hear" only_clear_packets_are_in_the_way
mode enforce --despite-clear
all_are_in enforce || fail "not all enforce"
silence
reboot 1
expect_closed "after it enforced"

# The key manager opens it again: then the inventory counts at the next boot.
lab_start_gkm
for n in 2 3; do
	lab_ip "t$n" link set eth0 up
	lab_start_covey "$n"
	lab_attach_covey "$n"
done
lab_wait_joined
lab_wait 10 "all to enforce" all_are_in enforce
mode observe
lab_wait 10 "all to be in observe" all_are_in observe
reboot 1
if [[ $LAB_PORTS == kernel ]]; then
	(($(leaked) > 0)) || fail "the guard holds back what is in observe"
fi
lab_start_covey 1
lab_attach_covey 1
lab_wait 10 "hv1 to be in observe" all_are_in observe 1

# An evicted host, in a group that is in observe.
lab_start_gkm
lab_wait_joined
lab_at_gkm evict hv1 >>"$LAB_DIR/log/mode"
lab_wait 10 "hv1 to be closed" all_are_in enforce 1
silence
reboot 1
expect_closed "after it was evicted"
e2e_recorder_oracle
e2e_iv_oracle

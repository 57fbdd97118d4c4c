#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# An inventory that names no covey_fabric_port meant a bump in the wire once. A host that still has its fabric
# address and VXLAN device on covey0 is left as it is: covey-host and `covey check` say what to do, also after
# a restart of the machine. Nothing leaves in clear meanwhile. The operator does as told, and later goes back.
# ports: kernel
LAB_HOSTS=2
# shellcheck disable=SC2034 # read by name
LAB_PORTS_1=bump
LAB_FABRIC_INTERFACE=fab0 # a bump had to name it
# shellcheck source=tests/e2e/_init.sh
. "$(dirname "$0")/_init.sh"

# What covey-host of hv1 and `covey check` there say: words of both.
expect_refused() { # WHEN WORDS
	lab_start_covey 1
	lab_wait 30 "covey-host of hv1 to give up" lab_is_gone hv1
	tail -n 1 "$LAB_DIR/log/hv1" | grep -q "error: .*$2.*covey_fabric_port: auto" ||
		fail "covey-host does not say what to do $1"
	in_ns hv1 "$(lab_program covey)" check --host hv1 "$LAB_DIR/inventory.yaml" >"$LAB_DIR/log/check"
	grep -q "^On this host: .*$2.*covey_fabric_port: auto" "$LAB_DIR/log/check" ||
		fail "covey check does not say what to do $1: $(<"$LAB_DIR/log/check")"
}

write_inventory() { # WAY OF hv1
	# shellcheck disable=SC2034 # read by name
	LAB_PORTS_1=$1
	lab_write_inventory "$LAB_DIR/inventory.yaml"
}

says_problem() { # N WORDS
	lab_show "$1" '.problems[]' | grep -q "$2"
}

no_way_out() {
	if e2e_ping 1 2; then fail "t1 reached t2 $1"; fi
}

e2e_up
e2e_wait_ping 1 2
lab_stop hv1
write_inventory kernel
! grep -q covey_fabric_port "$LAB_DIR/inventory.yaml" || fail "the inventory names a port"
lab_ip hv1 address show dev covey0 >"$LAB_DIR/before"
expect_refused "at first" "covey0 has the VTEP address"
lab_ip hv1 address show dev covey0 | diff "$LAB_DIR/before" - || fail "covey0 was changed"
lab_has_vxlan 1 || fail "vxlan100 was removed"
no_way_out "past covey0 of the bump"

# The pair alone, too: its address is not there yet, or elsewhere.
lab_ip hv1 address flush dev covey0
expect_refused "without the address" "covey0 is of a bump in the wire"

# As after a restart of the machine: covey0 is new, and gets the address where the network's set-up says so.
lab_ip hv1 link delete covey0
lab_start_covey 1
lab_wait 30 "covey-host of hv1 to miss its address" lab_is_gone hv1
tail -n 1 "$LAB_DIR/log/hv1" | grep -q "error: .*VTEP address" || fail "covey-host does not miss its address"
lab_address hv1 covey0 "$(lab_vtep 1)"
lab_add_vxlan 1 covey0
expect_refused "after a restart of the machine" "covey0 has the VTEP address"
no_way_out "by the new covey0"

# The new way.
lab_ip hv1 link delete covey0
lab_keep_card 1
lab_start_covey 1
lab_attach_covey 1
lab_wait 30 "hv1 to join" lab_has_joined 1
e2e_wait_ping 1 2
expect "hv1's fabric port" "$(lab_show 1 '.ports[] | select(.role == "fabric") | .driver')" kernel

# A VXLAN device that was made anew on covey0, out of habit.
misplaced="VXLAN device vxlan100 is bound to covey0"
lab_ip hv1 link delete vxlan100
lab_add_vxlan 1 covey0
lab_wait 5 "covey show to name the device" says_problem 1 "$misplaced"
in_ns hv1 "$(lab_program covey)" check --host hv1 "$LAB_DIR/inventory.yaml" >"$LAB_DIR/log/check"
grep -q "$misplaced" "$LAB_DIR/log/check" || fail "covey check does not name it: $(<"$LAB_DIR/log/check")"
grep -q "warning: $misplaced" "$LAB_DIR/log/hv1" || fail "the log does not name it"
lab_ip hv1 link delete vxlan100
lab_add_vxlan 1 fab0
e2e_wait_ping 1 2
! says_problem 1 "$misplaced" || fail "covey show still names the device"

# And back. On kernels before Linux 6.17 there is a pair beside covey0 meanwhile.
lab_stop hv1
LAB_HOST_PRELOAD=$LAB_BUILD/tests/unit/old-kernel.so
lab_start_covey 1
lab_wait 30 "hv1 to join again" lab_has_joined 1
lab_ip hv1 link show dev covey0s >/dev/null
lab_stop hv1
LAB_HOST_PRELOAD=
write_inventory bump
lab_ip hv1 link delete vxlan100
lab_ip hv1 address flush dev fab0
lab_start_covey 1
lab_wait 30 "covey-host of hv1 to give up" lab_is_gone hv1
tail -n 1 "$LAB_DIR/log/hv1" | grep -q "error: .*ip link delete covey0" ||
	fail "covey-host does not say what to do about the TAP device"
lab_ip hv1 link delete covey0
lab_start_covey 1
lab_attach_covey 1
lab_wait 30 "hv1 to join" lab_has_joined 1
e2e_wait_ping 1 2
! lab_ip hv1 link show dev covey0s >/dev/null 2>&1 || fail "covey0s is still there"

#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Leave and join by the command line: who left sends and reads nothing, the others go on; a group that
# the inventory does not give is refused.
LAB_GROUPS="      storage:
        vnis: [300]
        members: [hv1, hv2]"
. "$(dirname "$0")/_init.sh"

state() {
	lab_show "$1" "[.groups[] | select(.name == \"$2\") | .state] | first // \"none\""
}

state_is() {
	[[ $(state "$1" "$2") == "$3" ]]
}

members_are() {
	[[ $(lab_show "$1" '[.groups[] | select(.name == "tenants") | .members[].vtep] | sort |
		join(" ")') == "$2" ]]
}

e2e_up
e2e_wait_ping 1 3
e2e_wait_ping 1 2
e2e_receive 3
e2e_keep_sending 1 3 --rate 500
for n in 1 2; do lab_wait 10 "hv$n to be in storage" state_is "$n" storage joined; done
expect "hv3 in storage" "$(state 3 storage)" none

lab_covey 2 leave tenants
lab_wait 10 "hv2 to be out" state_is 2 tenants none
expect "hv2's SAs of tenants" "$(lab_show 2 '[.sas[] | select(.group == "tenants")] | length')" 0
if e2e_ping 2 3; then fail "hv2 still reaches hv3"; fi
lab_wait 10 "hv1 to forget hv2" members_are 1 "$(lab_vtep 1) $(lab_vtep 3)"

lab_covey 2 join tenants
lab_wait 10 "hv2 to be in again" state_is 2 tenants joined
e2e_wait_ping 2 3

if lab_covey 3 join storage >"$LAB_DIR/log/refused" 2>&1; then fail "hv3 joined storage"; fi
grep -q "covey join: .*not a member of the group" "$LAB_DIR/log/refused" ||
	fail "hv3 is refused in other words: $(<"$LAB_DIR/log/refused")"
expect "hv3 in storage" "$(state 3 storage)" refused
expect "hv3's SAs of storage" \
	"$(lab_show 3 '[.sas[] | select(.group == "storage")] | length')" 0
if lab_covey 3 join nosuch >"$LAB_DIR/log/unknown" 2>&1; then fail "hv3 joined nosuch"; fi
grep -q "covey join: the inventory has no group nosuch" "$LAB_DIR/log/unknown" ||
	fail "the unknown group is refused in other words: $(<"$LAB_DIR/log/unknown")"
expect "hv3 in nosuch" "$(state 3 nosuch)" none
lab_stop tx1-3
e2e_expect_all 1 3

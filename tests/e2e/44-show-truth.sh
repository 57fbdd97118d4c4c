#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# covey show tells what a host can send and receive, with the key manager away, too, and what is wrong:
# a VTEP address that no interface has, a VXLAN device whose VNI is in no group, a guard that was switched
# off, a program that has taken VXLAN's port. A stopped key manager does not do later what it did not answer.
# Its VXLAN devices may be elsewhere, so that it must hold the port in any case.
# shellcheck disable=SC2034 # read by name
LAB_HOST_VARS_3="          covey_vxlan_elsewhere: true"
. "$(dirname "$0")/_init.sh"

group() {
	lab_show "$1" ".groups[] | select(.name == \"tenants\") | $2"
}

group_is() {
	[[ $(group "$1" "$2") == "$3" ]]
}

is_ready() {
	[[ $(lab_show "$1" .ready) == true ]]
}

# A problem of hvN that has all these words in it.
says() {
	[[ $(lab_show "$1" "any(.problems[]; test(\"$2\"))") == true ]]
}

says_not() {
	! says "$@"
}

e2e_up
expect "hv1 is ready" "$(lab_show 1 .ready)" true
expect "hv1's problems" "$(lab_show 1 '.problems | length')" 0
expect "hv1 sends and receives for longer than an hour" \
	"$(group 1 '.sends and .receives and .sends_s > 3600 and .receives_s > 3600')" true

# A VNI that is in no group.
lab_ip hv1 link add vxlan4711 type vxlan id 4711 dstport 4789 local "$(lab_vtep 1)" \
	remote "$(lab_vtep 2)" dev "$(lab_underlay 1)"
lab_ip hv1 link set vxlan4711 up
lab_ip hv1 address add 192.168.47.1/24 dev vxlan4711
in_ns hv1 ping -q -c 1 -W 1 192.168.47.2 >/dev/null || true
lab_wait 10 "hv1 to name VNI and device" says 1 'VNI 4711, device vxlan4711 is in no group'
lab_ip hv1 link delete vxlan4711

# A VTEP address that no interface has.
lab_ip hv1 address flush dev "$(lab_underlay 1)"
expect "hv1 is ready without its address" "$(lab_show 1 .ready)" false
says 1 "no interface of this host has its VTEP address $(lab_vtep 1)" ||
	fail "hv1 does not say that its address is missing"
lab_address hv1 "$(lab_underlay 1)" "$(lab_vtep 1)"
lab_wait 10 "hv1 to be ready again" is_ready 1

# A guard that was switched off, and on again while covey-host puts up its own, too.
lab_guard() {
	in_ns "hv$1" "$(lab_program covey-host)" --inventory "$LAB_DIR/inventory.yaml" --name "hv$1" \
		--guard "$2" 2>>"$LAB_DIR/log/guard"
}
for _ in {1..5}; do
	lab_guard 1 off
	lab_wait 10 "hv1 to say that its guard is off" says 1 'the guard of .* was removed'
	expect "hv1 is ready without its guard" "$(lab_show 1 .ready)" false
	lab_guard 1 on
	lab_wait 10 "hv1 to be ready with its guard" is_ready 1
done
says_not 1 'the guard of' || fail "hv1 says that something is wrong with its guard"

# A program has taken VXLAN's port while covey-host did not run.
lab_stop hv3
lab_ip hv3 link set vxlan100 down
lab_spawn taken hv3 /usr/bin/python3 -c '
import signal, socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as user:
    user.bind(("", 4789))
    print("ready", flush=True)
    signal.pause()
'
lab_wait 10 "the program to take the port" grep -q ready "$LAB_DIR/log/taken"
lab_start_covey 3
lab_wait 60 "hv3 to say that its port is taken" says 3 'not served: cannot hold UDP port 4789'
lab_wait 60 "hv3 to join" lab_has_joined 3
expect "hv3 is ready without the port" "$(lab_show 3 .ready)" false
lab_stop taken KILL
lab_wait 10 "hv3 to be ready with the port" is_ready 3
says_not 3 'not served' || fail "hv3 says that the port is taken"
lab_ip hv3 link set vxlan100 up

# A key manager that is stopped: who has given up is not to learn later that it was done.
lab_signal gkm STOP
if timeout 3 "$(lab_program covey)" --gkm-socket "$LAB_DIR/gkm.sock" evict hv3; then
	fail "a stopped key manager answered"
fi
lab_signal gkm CONT
lab_wait 10 "the key manager to go on" lab_at_gkm show --gkm
expect "hv3 is evicted" "$(lab_show_gkm '[.groups[].members[] | select(.state == "evicted")] | length')" 0

# Asked at the wrong socket.
if "$(lab_program covey)" --socket "$LAB_DIR/gkm.sock" show >/dev/null 2>"$LAB_DIR/log/wrong"; then
	fail "the key manager's socket answers for covey-host's"
fi
grep -q "covey-gkm answers at" "$LAB_DIR/log/wrong" || fail "it says: $(<"$LAB_DIR/log/wrong")"

# The outcome of a rekey.
expect "a rekey ends" "$(lab_at_gkm rekey tenants | grep -c '^Rekey of tenants: done, the new SPI is')" 1

# Away.
lab_wait_joined
lab_stop gkm KILL
lab_wait 20 "hv1 to notice" group_is 1 .state "cut off"
expect "hv1 sends without a key manager" "$(group 1 '.sends and .receives and .sends_s > 3600')" true
says 1 "the key manager at .* cannot be reached" || fail "hv1 does not say that the key manager is away"
lab_stop hv2
lab_start_covey 2
lab_wait 20 "hv2 to say that it has no key" says 2 "group tenants: there is no key to send with"
expect "hv2 is ready" "$(lab_show 2 .ready)" false
expect "hv2's state" "$(group 2 .state)" joining
expect "hv2 sends or receives" "$(group 2 '.sends or .receives')" false
parting=$(lab_covey 1 leave tenants)
[[ $parting == *"this host cannot join tenants again"* ]] || fail "leave says: $parting"

# Back: joined is when a packet can be sent.
lab_start_gkm
lab_wait 90 "hv2 to join" lab_has_joined 2
lab_covey 1 join tenants >"$LAB_DIR/log/joined" 2>&1 ||
	lab_poll 60 lab_covey 1 join tenants || fail "hv1 cannot join: $(<"$LAB_DIR/log/joined")"
expect "hv1 sends when it says that it has joined" "$(group 1 .sends)" true

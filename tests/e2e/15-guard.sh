#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The kernel's guard: with covey-host dead, or never started, clear VXLAN of a unicast device over the
# bare fabric interface does not leave and does not enter, until the operator removes the guard.
# ports: both
LAB_HOSTS=2
. "$(dirname "$0")/_init.sh"
# shellcheck source=deploy/demo/leak.sh
. "$LAB_HERE/leak.sh"
# shellcheck disable=SC2034 # leak.sh pings with it
CANARY=$E2E_CANARY

guard() {
	in_ns "hv$1" "$(lab_program covey-host)" --inventory "$LAB_DIR/inventory.yaml" \
		--pki "$LAB_DIR/pki" --name "hv$1" --guard "$2"
}

received() {
	lab_ip "hv$1" -json -s link show dev vxlan200 | jq '.[0].stats64.rx.packets'
}

expect_tight() {
	leak_is_tight 1 2 || fail "$1: hv1 reached hv2 in clear"
	expect "$1: clear VXLAN on the wire" "$(e2e_report recorder .kinds.vxlan)" 0
}

inject_clear() {
	in_ns evil "$(lab_program inject)" --capture "$LAB_DIR/recorder.pcap" --as clear-vxlan \
		--count 10 --canary "$E2E_CANARY" --cast 0 --from "$(lab_vtep 2)" \
		--to "$(lab_vtep 1)" eth0 >/dev/null
}

vxlan100_received() {
	lab_ip hv1 -json -s link show dev vxlan100 | jq '.[0].stats64.rx.packets'
}

e2e_up
e2e_add_evil
e2e_wait_ping 2 1
for n in 1 2; do leak_add_bare "$n" $((3 - n)); done
for n in 1 2; do leak_add_neighbour "$n" $((3 - n)); done
expect_tight "covey-host alive"

lab_stop hv1 KILL
lab_stop hv2 KILL
expect_tight "covey-host dead"
(($(leak_guarded 1) >= 10)) || fail "the guard counted $(leak_guarded 1) packets"

# Into the bare interface: the VTEP's address is there now, and the kernel would take it.
e2e_report recorder .snapshot >/dev/null
if [[ $LAB_PORTS != kernel ]]; then
	lab_ip hv1 address flush dev covey0
	lab_ip hv1 link delete vxlan100
	lab_address hv1 fab0 "$(lab_vtep 1)"
	lab_add_vxlan 1 fab0
fi
taken=$(vxlan100_received)
inject_clear
before=$(leak_guarded 1)
inject_clear
guarded_more() { (($(leak_guarded 1) >= before + 10)); }
lab_wait 5 "the guard to drop what was injected" guarded_more
expect "packets that vxlan100 took from the bare interface" $(($(vxlan100_received) - taken)) 0
expect "packets that vxlan200 took" "$(received 1)" 0

# Never started: a fresh guard, put up by the command alone. While there is none, the kernel itself
# could send, such as its reports of multicast groups.
for n in 1 2; do
	for device in vxlan100 vxlan200; do lab_ip "hv$n" link set "$device" down; done
	guard "$n" off
	guard "$n" on
	for device in vxlan100 vxlan200; do lab_ip "hv$n" link set "$device" up; done
done
for n in 1 2; do leak_add_neighbour "$n" $((3 - n)); done
expect_tight "guard alone"
e2e_oracles

# Without the guard all this would leak: so the tests above can fail.
E2E_ORACLES=off
for n in 1 2; do guard "$n" off; done
leak_ping 1 2 || fail "no leak without the guard: then this test shows nothing"
if e2e_wire_oracle 2>/dev/null; then fail "the wire oracle did not see the leak"; fi

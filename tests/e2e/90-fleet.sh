#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# From machines with nothing but sshd to tenants' encrypted traffic by one command. A second run changes nothing.
# When a host cannot be reached, the run says which one and at which step, and the rest stays protected. In its long
# form, a fabric's whole life (_fleet_life.sh).
# ports: kernel
# shellcheck disable=SC2034 # for lab.sh
LAB_HOSTS=${COVEY_TEST_LONG:+4}
LAB_HOSTS=${LAB_HOSTS:-2}
. "$(dirname "$0")/_init.sh"
# shellcheck source=tests/e2e/_fleet.sh
. "$E2E_HERE/_fleet.sh"
# shellcheck source=tests/e2e/_fleet_life.sh
. "$E2E_HERE/_fleet_life.sh"

first_run() {
	local start=$SECONDS

	deploy deploy >"$FLEET_DIR/first" || fail "the first run failed: $(<"$FLEET_DIR/first")"
	echo "figure: fleet_first_run $((SECONDS - start)) s"
	e2e_wait_ping 1 2
	expect "hosts that have another's key" \
		"$(on hv1 'ls /etc/covey/pki' | tr '\n' ' ')" "ca.crt hv1.crt hv1.key "
	expect "the key's mode" "$(on hv1 'stat -c %a:%U /etc/covey/pki/hv1.key /etc/covey/pki')" \
		$'600:root\n700:root'
}

second_run() {
	local start=$SECONDS

	deploy deploy >"$FLEET_DIR/second" || fail "the second run failed: $(<"$FLEET_DIR/second")"
	echo "figure: fleet_second_run $((SECONDS - start)) s"
	grep -qx '0 changed.' "$FLEET_DIR/second" ||
		fail "the second run changed something: $(<"$FLEET_DIR/second")"
}

# What is planned is said with the traffic that it touches, and nothing is done.
planned() {
	FLEET_VNIS="100, 200"
	fleet_inventory
	deploy plan >"$FLEET_DIR/plan" || fail "it cannot be planned: $(<"$FLEET_DIR/plan")"
	grep -q '^  gkm1: Put the inventory; traffic: none is touched' "$FLEET_DIR/plan" ||
		fail "the plan does not say what it does to traffic: $(<"$FLEET_DIR/plan")"
	grep -qx '  hv2 .* 1 change to make' "$FLEET_DIR/plan" ||
		fail "the plan does not say what there is to do: $(<"$FLEET_DIR/plan")"
	expect "the key manager's inventory, after a plan" "$(on gkm1 'grep -c 200 /etc/covey/inventory.yaml')" 0
}

unreachable_host() {
	on hv1 systemctl stop fleet-sshd
	! deploy deploy >"$FLEET_DIR/plan" || fail "a host that cannot be reached is no failure: $(<"$FLEET_DIR/plan")"
	grep -q '^  hv1 .*FAILED at "Look at what is there": cannot be reached' "$FLEET_DIR/plan" ||
		fail "the summary does not name host and step: $(<"$FLEET_DIR/plan")"
	grep -q '^  hv2 .*not begun, and as it was$' "$FLEET_DIR/plan" ||
		fail "the summary does not say how the others are: $(<"$FLEET_DIR/plan")"
	expect "the key manager's inventory" "$(on gkm1 'grep -c 200 /etc/covey/inventory.yaml')" 0
	e2e_wait_ping 1 2
	inside hv1 systemctl start fleet-sshd
}

fleet_up
e2e_record
fleet_packages "$FLEET_DIR/packages" 1.0
if [[ $E2E_LONG ]]; then
	E2E_ORACLES=off # it begins in clear
	FLEET_HOSTS="1 2 3"
	LAB_GROUP_VARS="        mode: observe"
	fleet_inventory
	fleet_life
	exit 0
fi
fleet_inventory
for n in $(lab_hosts); do lab_add_vxlan "$n" fab0; done
first_run
second_run
planned
unreachable_host

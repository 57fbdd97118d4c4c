#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# From machines with nothing but sshd to tenants' encrypted traffic by one command. A second run changes nothing.
# When a host cannot be reached, the run says which one and at which step, and the rest stays protected. The packages
# of a host are upgraded, and its tenants are without network for a moment only. In its long form, a fabric's whole
# life (_fleet_life.sh).
# ports: kernel
# shellcheck disable=SC2034 # for lab.sh
LAB_HOSTS=${COVEY_TEST_LONG:+4}
LAB_HOSTS=${LAB_HOSTS:-2}
. "$(dirname "$0")/_init.sh"
# shellcheck source=tests/e2e/_figures.sh
. "$E2E_HERE/_figures.sh"
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
	expect "the modes" "$(on hv1 'stat -c %a:%U /etc/covey/pki/hv1.key /etc/covey/pki /etc/covey/inventory.yaml')" \
		$'600:root\n700:root\n600:root'
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

# So much for a busy machine; one that is not needs less than a second.
OUTAGE_MS=5000

outage() { # NAME SINCE STREAM: in ms, all pauses together
	e2e_report "$1" "[.streams[\"$3\"].pauses[] | select(.[1] > $2) | .[1] - .[0]] | add // 0"
}

flows_since() { # AT_1 AT_2: both ways, frames that tN had not received then
	e2e_has_received 1 2 $(($1 + 500)) && e2e_has_received 2 1 $(($2 + 500))
}

# By a package repository. What runs is restarted once, after all is unpacked.
upgrade() {
	local before pid at_1 at_2

	fleet_packages "$FLEET_DIR/upgrade" 1.1
	fleet_repository hv1 "$FLEET_DIR/upgrade"
	e2e_receive 1
	e2e_receive 2
	e2e_keep_sending 1 2 --rate 500
	e2e_keep_sending 2 1 --rate 500
	lab_wait 10 "the streams" flows_since 0 0
	before=$(e2e_report rx1 .at_ms)
	pid=$(on hv1 systemctl show -P MainPID covey-host)
	deploy_by_repository deploy --limit hv1 >"$FLEET_DIR/upgraded" || fail "the upgrade: $(<"$FLEET_DIR/upgraded")"
	grep -q "^  hv1: Install packages of the machine's repositories" "$FLEET_DIR/upgraded" ||
		fail "the run does not say that it upgrades hv1: $(<"$FLEET_DIR/upgraded")"
	expect "hv1's version" "$(on hv1 "dpkg-query -W -f '\${Version}' covey-host")" 1.1
	[[ $(on hv1 systemctl show -P MainPID covey-host) != "$pid" ]] || fail "covey-host was not restarted"
	at_1=$(e2e_report rx1 '.streams["2"].received')
	at_2=$(e2e_report rx2 '.streams["1"].received')
	lab_wait 30 "the streams after the upgrade" flows_since "$at_1" "$at_2"
	at_1=$(outage rx1 "$before" 2)
	at_2=$(outage rx2 "$before" 1)
	figure fleet_upgrade_outage_in "$at_1" ms
	figure fleet_upgrade_outage_out "$at_2" ms
	((at_1 > 0 && at_1 <= OUTAGE_MS && at_2 > 0 && at_2 <= OUTAGE_MS)) ||
		fail "hv1 was away for $at_1 ms in, $at_2 ms out"
	for n in 1-2 2-1; do lab_stop "tx$n"; done
	for n in 1 2; do e2e_expect_intact "$n"; done
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
upgrade

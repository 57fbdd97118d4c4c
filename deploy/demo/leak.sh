# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# A host without its covey-host: the kernel's VXLAN devices are still there, and a second, unicast one
# would send over the bare fabric interface. No VXLAN of either may leave, and none may come in.

leak_bare() {
	echo "10.78.0.$1"
}

# leak_add_bare N PEER: the fabric interface of hvN gets an address of its own, and a unicast VXLAN
# device that the kernel routes over it. The neighbour is told, so that not even ARP is in the way.
leak_add_bare() {
	local mac

	mac=$(lab_ip "hv$2" -json link show dev fab0 | jq -r '.[0].address')
	lab_ip "hv$1" address add "$(leak_bare "$1")/24" dev fab0
	lab_ip "hv$1" neigh replace "$(leak_bare "$2")" lladdr "$mac" dev fab0 nud permanent
	lab_ip "hv$1" link add vxlan200 type vxlan id 200 local "$(leak_bare "$1")" \
		remote "$(leak_bare "$2")" dstport 4789
	lab_ip "hv$1" address add "172.17.0.$1/24" dev vxlan200
	lab_ip "hv$1" link set vxlan200 up
}

# So that even the first ping is sent as a VXLAN packet, without an ARP request before it.
leak_add_neighbour() {
	local mac

	mac=$(lab_ip "hv$2" -json link show dev vxlan200 | jq -r '.[0].address')
	lab_ip "hv$1" neigh replace "172.17.0.$2" lladdr "$mac" dev vxlan200
}

# Ten pings with the canary over the second device.
leak_ping() {
	in_ns "hv$1" ping -q -c 10 -i 0.02 -W 1 -p "$CANARY" "172.17.0.$2" >/dev/null
}

# Packets that the guard of hvN has kept from leaving or entering, and those that it has forwarded to covey0,
# which go nowhere while covey-host does not run.
leak_guarded() {
	lab_rules "hv$1" | jq -s '[.[].expr[].counter?.packets // 0] | add // 0'
}

leak() {
	local before

	print_heading "kill -9 of covey-host on hv1"
	lab_stop hv1 KILL
	before=$(leak_guarded 1)
	print_claim "t1 reaches t2" "no" "YES" leak_is_cut 1 2
	print_claim "t2 still reaches t3" "yes" "NO" in_ns t2 ping -q -c 3 -i 0.05 -W 2 \
		-p "$CANARY" "$(lab_tenant 3)"
	leak_add_bare 1 2
	leak_add_bare 2 1
	leak_add_neighbour 1 2
	leak_add_neighbour 2 1
	print_claim "hv1 reaches hv2 by a unicast VXLAN device on bare fab0" "no" "YES" \
		leak_is_tight 1 2
	print_claim "hv2 reaches hv1 the same way, while covey-host runs on hv2" "no" "YES" \
		leak_is_tight 2 1
	print_claim "kept back by the guard in hv1's kernel" "$(($(leak_guarded 1) - before)) packets" \
		"none" test $(($(leak_guarded 1) - before)) -ge 10
	show_record
	show_verdict
}

leak_is_cut() {
	! in_ns "t$1" ping -q -c 10 -i 0.02 -W 1 -p "$CANARY" "$(lab_tenant "$2")"
}

leak_is_tight() {
	! leak_ping "$1" "$2"
}

# Back to a fabric that works. The host that comes back is no second one with its certificate, so the key
# manager raises no alarm of this or anything else.
leak_undo() {
	local n

	for n in 1 2; do
		lab_ip "hv$n" link delete vxlan200
		lab_ip "hv$n" address delete "$(leak_bare "$n")/24" dev fab0
	done
	lab_stop recorder
	lab_start_covey 1
	lab_wait_joined
	print_claim "covey-host of hv1 started again: t1 reaches t2" "yes" "NO" \
		lab_poll 15 in_ns t1 ping -q -c 1 -W 1 "$(lab_tenant 2)"
	leak_alarms
}

# The alarms of the key manager, of which there must be none.
leak_alarms() {
	local count

	count=$(grep -c ALARM "$LAB_DIR/log/gkm" || true)
	print_claim "alarms in the key manager's log" 0 "$count" test "$count" = 0
	if [[ $count != 0 ]]; then
		grep -m 3 ALARM "$LAB_DIR/log/gkm"
	fi
}

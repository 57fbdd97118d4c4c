#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Open vSwitch with its userspace datapath. With covey_fabric_port: kernel, the kernel's VXLAN device is a port of its
# bridge; VXLAN that Open vSwitch makes itself and sends by the card is dropped. As a bump in the wire, it makes VXLAN
# itself and covey0 is a port of its bridge, with a rule that lets this pass. (48-collect-metadata.sh has what its
# kernel datapath needs.)
# ports: both
LAB_HOSTS=2
LAB_FABRIC_INTERFACE=fab0
. "$(dirname "$0")/_init.sh"
# shellcheck source=tests/e2e/_both_casts.sh
. "$E2E_HERE/_both_casts.sh"
# shellcheck source=tests/e2e/_docs.sh
. "$E2E_HERE/_docs.sh"
# shellcheck source=tests/e2e/_ovs.sh
. "$E2E_HERE/_ovs.sh"

NO_DEVICE="VXLAN that came through no VXLAN device"
[[ $LAB_PORTS != kernel ]] || LAB_HOST_VARS="          covey_offload: off"

# The tenants' bridge is Open vSwitch's, and nothing of theirs is left to a card to finish.
free_tenant() { # N
	lab_ip "hv$1" link set tenant0 nomaster
	lab_ip "hv$1" link delete br100
	lab_finish_checksums "t$1" eth0
}

attach_kernel() {
	lab_wait 60 "covey0 of hv$1" lab_host_is_up "$1"
	lab_ip "hv$1" link add vxlan100 type vxlan id 100 group "$(lab_multicast)" local "$(lab_vtep "$1")" \
		dev fab0 dstport 4789
	lab_ip "hv$1" link set vxlan100 mtu 1450 up
	ovs_docs "$1" "br-int vxlan100"
}

attach_bump() {
	lab_wait 60 "covey0 of hv$1" lab_host_is_up "$1"
	ovs_docs "$1" "add-port br-phy covey0"
	docs_run "$1" sh "table netdev openvswitch"
}

lab_attach_covey() {
	free_tenant "$1"
	ovs_start "$1"
	"attach_$LAB_PORTS" "$1"
}

tcp() { # FROM TO
	in_ns "t$1" timeout 60 /usr/bin/python3 "$E2E_HERE/mtu_tenant.py" tcp "$(lab_tenant "$2")" ||
		fail "TCP from t$1 to t$2"
}

clear_seen() {
	e2e_report recorder .kinds.vxlan
}

# reaches_no_more WHEN: t1 does not reach t2, and nothing of it is on the wire.
reaches_no_more() {
	if in_ns t1 ping -q -c 5 -i 0.05 -W 1 -p "$E2E_CANARY" "$(lab_tenant 2)" >/dev/null; then
		fail "t1 reached t2 $1"
	fi
	expect "clear VXLAN on the wire $1" "$(clear_seen)" 0
}

# Tunnels of its own, by the card.
take_card() { # N
	local mac

	mac=$(lab_mac "$1")
	ovs_env "$1" ovs-vsctl del-port vxlan100 -- add-br br-phy -- set bridge br-phy datapath_type=netdev \
		other_config:hwaddr="\"$mac\"" -- add-port br-phy fab0 -- add-port br-int tun -- \
		set interface tun type=vxlan options:key=100 options:remote_ip="$(lab_vtep $((3 - $1)))"
	lab_ip "hv$1" address flush dev fab0
	lab_ip "hv$1" link set br-phy up
	lab_address "hv$1" br-phy "$(lab_vtep "$1")"
}

# Without the card's name, its bridge is the only uplink, and covey-host says what that means. Then the guard does not
# keep in what the tenants still have to say.
warns_of_bridge() {
	lab_stop recorder
	LAB_FABRIC_INTERFACE=
	lab_write_inventory "$LAB_DIR/inventory.yaml"
	lab_stop hv1
	lab_start_covey 1
	lab_wait 30 "hv1 to join with its bridge as uplink" lab_has_joined 1
	grep -q "warning: uplink br-phy is a TAP device" "$LAB_DIR/log/hv1" || fail "hv1's log does not warn"
	in_ns hv1 "$(lab_program covey)" --inventory "$LAB_DIR/inventory.yaml" check --host hv1 |
		grep -q "On this host: uplink br-phy is a TAP device" || fail "covey check does not warn"
}

both_casts
lab_spawn server t2 /usr/bin/python3 "$E2E_HERE/mtu_tenant.py" serve
lab_wait 10 "the server" grep -q ready "$LAB_DIR/log/server"
tcp 1 2
lab_stop hv1 KILL
reaches_no_more "although covey-host is dead"
lab_start_covey 1
lab_wait 30 "hv1 to join again" lab_has_joined 1
e2e_wait_ping 1 2

before=$(e2e_guarded 1 "$NO_DEVICE")
if [[ $LAB_PORTS == kernel ]]; then
	for n in 1 2; do take_card "$n"; done
	lab_wait 10 "hv1 to reach hv2" in_ns hv1 ping -q -c 1 -W 1 "$(lab_vtep 2)"
else
	in_ns hv1 nft delete table netdev openvswitch
fi
reaches_no_more "by VXLAN without a mark"
e2e_guarded_more 1 "$NO_DEVICE" $((before + 1)) || fail "the guard dropped nothing"
[[ $LAB_PORTS != kernel ]] || warns_of_bridge

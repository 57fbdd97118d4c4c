#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# With covey_fabric_port: kernel, VXLAN devices that have no VNI, remote or interface of their own: they
# take all that from each packet's metadata (`external`), as OVS and OVN have them. One was there before
# covey came, one comes later.
# ports: kernel
LAB_HOSTS=2
LAB_GROUPS="      flows: {vnis: [201, 202], members: [hypervisors]}"
. "$(dirname "$0")/_init.sh"

# The address of a host inside the device's networks, by VNI.
inner() { # N VNI
	echo "172.18.$(($2 - 200)).$1"
}

add_external() { # N
	lab_ip "hv$1" link add flows0 address "02:00:00:00:09:0$1" type vxlan external dstport 4789
	lab_ip "hv$1" link set flows0 up
}

# add_flow N VNI: what a flow table would say of packets to the other host.
add_flow() {
	local other=$((3 - $1))

	lab_ip "hv$1" address add "$(inner "$1" "$2")/32" dev flows0
	lab_ip "hv$1" route add "$(inner "$other" "$2")/32" src "$(inner "$1" "$2")" encap ip id "$2" \
		dst "$(lab_vtep "$other")" src "$(lab_vtep "$1")" dev flows0
	lab_ip "hv$1" neigh add "$(inner "$other" "$2")" lladdr "02:00:00:00:09:0$other" dev flows0
}

ping_inner() { # VNI [COUNT]
	in_ns hv1 ping -q -c "${2:-1}" -i 0.02 -W 1 -p "$E2E_CANARY" "$(inner 2 "$1")"
}

# The kernel opens one socket for such a device and others only when they are alike.
without_tenants() {
	lab_attach_covey() { lab_wait 60 "covey0 of hv$1" lab_host_is_up "$1"; }
}

without_tenants
lab_wires
for n in 1 2; do
	add_external "$n"
	add_flow "$n" 201
done
ping_inner 201 >/dev/null || fail "the devices do not work without covey"
lab_write_inventory "$LAB_DIR/inventory.yaml"
for n in 1 2; do
	in_ns "hv$n" "$(lab_program covey-host)" --inventory "$LAB_DIR/inventory.yaml" --name "hv$n" \
		--guard on
done
e2e_record
if ping_inner 201 >/dev/null; then fail "hv1 reached hv2 past the guard"; fi
lab_programs
lab_wait 10 "VNI 201" ping_inner 201
ping_inner 201 50 >/dev/null
for n in 1 2; do add_flow "$n" 202; done
lab_wait 10 "VNI 202" ping_inner 202

# Made anew while covey-host runs.
for n in 1 2; do lab_ip "hv$n" link delete flows0; done
add_again() { lab_has_flows "$1" || add_external "$1"; }
lab_has_flows() { lab_ip "hv$1" link show dev flows0 up 2>/dev/null | grep -q .; }
for n in 1 2; do
	lab_wait 10 "the device at hv$n" add_again "$n"
	add_flow "$n" 202
done
lab_wait 10 "VNI 202 by a new device" ping_inner 202
lab_stop hv1 KILL
if ping_inner 202 3 >/dev/null; then fail "hv1 reached hv2 although covey-host is dead"; fi
expect "VPE that the switch saw" "$(e2e_report recorder '.kinds.vpe >= 100')" true
expect "what hosts sent in clear" "$(e2e_report recorder .kinds.vxlan)" 0

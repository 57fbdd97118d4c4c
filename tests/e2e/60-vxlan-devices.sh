#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Each way to make a VXLAN device, with covey_fabric_port: kernel, over IPv4 and over IPv6: bound to the
# card or to nothing, with one remote or a table of them, with and without outer UDP checksums, and without a
# VNI of its own (`external`). Each is made while covey-host runs, in the place of the one before. Through
# each, tenants reach each other both ways, and 2 MiB of TCP come unaltered there and back. All of it is
# encrypted.
# ports: kernel
if [[ ! ${LAB_FAMILY:-} ]]; then
	for family in 4 6; do LAB_FAMILY=$family "$0" || exit 1; done
	exit 0
fi
LAB_HOSTS=2
. "$(dirname "$0")/_init.sh"

FLOW_MTU=1450 # as the tenants have it

# A line for each: its name, how tenants come to it, and what `ip link add ... type vxlan dstport 4789` gets
# beside that. LOCAL and REMOTE are the VTEPs.
#   bridge   it has a VNI, and tenants are behind a bridge
#   table    the same, and where frames go is in the bridge's table
#   flows    it has none: it takes VNI and remote from the route, and the hosts' own addresses are in there
#   flows-c  the same, and the route asks for UDP checksums
#   flows-g  as flows, but there is no Ethernet in it (VXLAN-GPE)
devices_4() {
	cat <<-DEVICES
		bound      bridge   id 100 local LOCAL remote REMOTE dev fab0
		unbound    bridge   id 100 local LOCAL remote REMOTE
		no-local   bridge   id 100 remote REMOTE
		table      table    id 100 local LOCAL nolearning
		checksums  bridge   id 100 local LOCAL remote REMOTE udpcsum
		none       bridge   id 100 local LOCAL remote REMOTE noudpcsum
		policy     bridge   id 100 local LOCAL remote REMOTE gbp
		dont       bridge   id 100 local LOCAL remote REMOTE df set tos inherit
		ports      bridge   id 100 local LOCAL remote REMOTE srcport 20000 20100
		external   flows    external
		checked    flows-c  external
		generic    flows-g  external gpe
	DEVICES
}

devices_6() {
	cat <<-DEVICES
		bound      bridge   id 100 local LOCAL remote REMOTE dev fab0
		unbound    bridge   id 100 local LOCAL remote REMOTE
		table      table    id 100 local LOCAL nolearning
		zero       bridge   id 100 local LOCAL remote REMOTE udp6zerocsumtx udp6zerocsumrx
		zero-in    bridge   id 100 local LOCAL remote REMOTE noudp6zerocsumtx udp6zerocsumrx
		external   flows-c  external
		zero-flows flows    external udp6zerocsumrx
		generic    flows-g  external gpe udp6zerocsumrx
	DEVICES
}

# --- one device -----------------------------------------------------------------------------------

# add_device N OPTION...: the port may still be held for the one before, whose socket was another.
add_device() {
	local n=$1 options=${*:2}

	options=${options//LOCAL/$(lab_vtep "$n")}
	options=${options//REMOTE/$(lab_vtep $((3 - n)))}
	# shellcheck disable=SC2086 # words
	lab_ip "hv$n" link add vxlan100 type vxlan dstport 4789 $options
	[[ $options == *gpe* ]] || lab_ip "hv$n" link set vxlan100 address "02:00:00:00:10:0$n"
	lab_ip "hv$n" link set vxlan100 up || { lab_ip "hv$n" link delete vxlan100 && return 1; }
}

# attach KIND N: what is behind it.
attach() {
	local n=$2 encap=ip checksums=()

	case $1 in
	bridge | table) lab_ip "hv$n" link set vxlan100 master br100 ;;&
	table) bridge -n "$(lab_ns "hv$n")" fdb append 00:00:00:00:00:00 dev vxlan100 \
		dst "$(lab_vtep $((3 - n)))" ;;
	flows*)
		((LAB_FAMILY == 4)) || encap=ip6
		[[ $1 != flows-c ]] || checksums=(csum)
		lab_ip "hv$n" link set vxlan100 mtu "$FLOW_MTU"
		lab_ip "hv$n" address add "$(flow_address "$n")/32" dev vxlan100
		lab_ip "hv$n" route add "$(flow_address $((3 - n)))/32" src "$(flow_address "$n")" encap "$encap" \
			id 100 dst "$(lab_vtep $((3 - n)))" src "$(lab_vtep "$n")" "${checksums[@]}" dev vxlan100
		[[ $1 == flows-g ]] || lab_ip "hv$n" neigh add "$(flow_address $((3 - n)))" \
			lladdr "02:00:00:00:10:0$((3 - n))" dev vxlan100
		;;
	esac
}

flow_address() {
	echo "172.18.0.$1"
}

# --- traffic --------------------------------------------------------------------------------------

ping_from() { # NAMESPACE ADDRESS
	in_ns "$1" ping -q -c 1 -W 1 -p "$E2E_CANARY" "$2"
}

# talk NAME NAMESPACE-1 ADDRESS-1 NAMESPACE-2 ADDRESS-2
talk() {
	lab_wait 15 "$1: $2 to reach $4" ping_from "$2" "$5"
	lab_wait 15 "$1: $4 to reach $2" ping_from "$4" "$3"
	in_ns "$2" timeout 60 /usr/bin/python3 "$E2E_HERE/mtu_tenant.py" tcp "$5" ||
		fail "$1: TCP from $2 to $4"
}

vpe_seen() {
	e2e_report recorder .kinds.vpe
}

through() { # NAME KIND OPTION...
	local before n

	for n in 1 2; do
		! lab_has_vxlan "$n" || lab_ip "hv$n" link delete vxlan100
	done
	before=$(vpe_seen)
	for n in 1 2; do
		lab_wait 10 "$1: a device at hv$n" add_device "$n" "${@:3}"
		attach "$2" "$n"
	done
	if [[ $2 == flows* ]]; then
		talk "$1" hv1 "$(flow_address 1)" hv2 "$(flow_address 2)"
	else
		talk "$1" t1 "$(lab_tenant 1)" t2 "$(lab_tenant 2)"
	fi
	(($(vpe_seen) - before >= 1000)) || fail "$1: only $(($(vpe_seen) - before)) VPE packets"
	expect "$1: what hosts sent in clear" "$(e2e_report recorder .kinds.vxlan)" 0
}

lab_attach_covey() { lab_wait 60 "covey0 of hv$1" lab_host_is_up "$1"; }
e2e_up
for name in hv2 t2; do
	lab_spawn "serve-$name" "$name" /usr/bin/python3 "$E2E_HERE/mtu_tenant.py" serve
	lab_wait 10 "the server of $name" grep -q ready "$LAB_DIR/log/serve-$name"
done
while read -r name kind options; do
	start=$(lab_now_ms)
	# shellcheck disable=SC2086 # words
	through "$name" "$kind" $options </dev/null
	echo "IPv$LAB_FAMILY, $name: $options ($(($(lab_now_ms) - start)) ms)"
done < <("devices_$LAB_FAMILY")

#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# With covey_fabric_port: kernel and covey0 as one end of a veth pair, as on kernels without tunnel GSO:
# unicast and multicast. While covey-host is dead, nothing leaves, in clear or otherwise. Then covey0
# becomes a TAP device and a veth pair again; one that is not covey's is left alone. With jumbo frames,
# which AF_XDP does not carry, too.
# ports: kernel
if [[ ! ${LAB_FABRIC_MTU:-} ]]; then
	for mtu in 1600 9000; do LAB_FABRIC_MTU=$mtu "$0" || exit 1; done
	exit 0
fi
LAB_HOSTS=2
LAB_HOST_VARS="          covey_host_port: veth"
. "$(dirname "$0")/_init.sh"
# shellcheck source=tests/e2e/_both_casts.sh
. "$E2E_HERE/_both_casts.sh"

host_port() { # N
	lab_show "$1" '.ports[] | select(.role == "host") | "\(.driver): \(.offload)"'
}

covey0() { # FILTER
	lab_ip hv1 -d -json link show dev covey0 | jq -r ".[0] | $1"
}

has_no_carrier() {
	covey0 .operstate | grep -q -v UP
}

vxlan_seen() { # of hv1: the other's tenant may ask for its neighbour meanwhile
	e2e_report recorder '.ports.hv1.kinds | .vxlan + .vpe'
}

has_sent() {
	(($(e2e_report tx1-2 .sent) >= $1))
}

tenant_goes_on() { # FRAMES
	lab_wait 20 "the tenant to send" has_sent $(($(e2e_report tx1-2 .sent) + $1))
}

restart() { # LINES: with these variables
	lab_stop hv1
	LAB_HOST_VARS=$1
	lab_write_inventory "$LAB_DIR/inventory.yaml"
	lab_start_covey 1
	lab_wait 30 "hv1 to join again" lab_has_joined 1
	e2e_wait_ping 1 2
}

both_casts
if ((LAB_FABRIC_MTU == 9000)); then
	expect "the host port" "$(host_port 1)" "net_af_packet: none (covey_host_port: veth)"
	exit 0
fi
expect "the host port" "$(host_port 1)" "net_af_xdp: none (covey_host_port: veth)"
index=$(covey0 .ifindex)
((index >= 0x40000000)) || fail "covey0 has index $index, which another interface may come to have"

# Dead, with the process that takes covey0's carrier away or without it.
keeper() {
	in_ns hv1 ip netns pids "$(lab_ns hv1)" | while read -r pid; do
		[[ $(cat "/proc/$pid/comm" 2>/dev/null) != covey-carrier ]] || echo "$pid"
	done
}
for with in "" keeper; do
	e2e_keep_sending 1 2 --rate 2000 --count 1000000
	e2e_wait_ping 1 2
	[[ ! $with ]] || kill -KILL "$(keeper)"
	lab_stop hv1 KILL
	[[ $with ]] || lab_wait 10 "covey0 to lose its carrier" has_no_carrier
	tenant_goes_on 500 # what was on its way has arrived meanwhile
	before=$(vxlan_seen)
	tenant_goes_on 1000
	expect "VXLAN or VPE of hv1 on the wire while its covey-host is dead" "$(vxlan_seen)" "$before"
	lab_stop tx1-2
	lab_start_covey 1
	lab_wait 30 "hv1 to join again" lab_has_joined 1
	e2e_wait_ping 1 2
	expect "covey0's index after the restart" "$(covey0 .ifindex)" "$index"
done

# Each way of it gives way to the other.
restart ""
expect "what covey0 is by itself" "$(covey0 .linkinfo.info_kind)" \
	"$(case $(host_port 1) in tap:*) echo tun ;; *) echo veth ;; esac)"
restart "          covey_host_port: tap"
expect "what covey0 is" "$(covey0 .linkinfo.info_kind)" tun
restart "          covey_host_port: veth"
expect "what covey0 is" "$(covey0 .linkinfo.info_kind)" veth
((index != $(covey0 .ifindex))) || fail "covey0 has the index of the pair before"

# refuses_pair PEER TEXT: covey0 and PEER are there, and not its own. It says so and leaves them alone.
refuses_pair() {
	lab_ip hv1 link add covey0 type veth peer name "$1"
	lab_start_covey 1
	lab_wait 30 "covey-host to refuse it" lab_is_gone hv1
	grep -q "$2" "$LAB_DIR/log/hv1" || fail "not what the log was to say: $2"
	lab_ip hv1 link delete covey0
}

lab_stop hv1
lab_ip hv1 link delete covey0
refuses_pair covey0p "covey0 is of a bump in the wire. But the fabric port is kernel"
refuses_pair other0 "interface covey0 exists and is not what covey makes for covey_fabric_port: kernel"

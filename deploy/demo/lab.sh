# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# The lab: three hypervisors, a key manager and a switch in network namespaces, for the demo, the
# end-to-end tests and the benchmarks. No interface of the machine itself is touched.
#
#   ┌────────────────────────────── sw ───────────────────────────────┐
#   │              br0: IGMP and MLD snooping, querier                │
#   │    hv1             hv2             hv3               gkm        │
#   └─────┬───────────────┬───────────────┬─────────────────┬─────────┘
#         │ veth          │               │                 │
#   ┌─────┴───────────────────┐          ...          ┌─────┴───────────┐
#   │   fab0   10.77.0.1/24   │ hv1                   │ eth0 10.77.0.10 │ gkm
#   │    │  ╎ UDP sockets     │                       │ covey-gkm       │
#   │    │ covey-host         │                       └─────────────────┘
#   │    │  ╎                 │
#   │    ├►covey0             │ a TAP device; the guard at fab0 forwards to it what vxlan100 sends
#   │    │                    │
#   │   vxlan100 239.1.1.1    │
#   │   br100                 │
#   └─────┬───────────────────┘
#         │ veth
#   ┌─────┴───────────────────┐
#   │   eth0 172.16.0.1/24    │ t1, a tenant
#   └─────────────────────────┘
#
# The VTEP address and vxlan100 are there from before covey-host starts. With LAB_PORTS=bump covey is a bump
# in the wire, and hv1 is as below. LAB_PORTS_2=bump: of hv2 alone.
#
#   fab0, no address ╌ AF_XDP ╌ covey-host ╌ AF_XDP ╌ covey0 10.77.0.1/24 ─ vxlan100 ─ br100
#
# With LAB_MODE=bump dpdk-testpmd carries frames between fab0 and covey0, with LAB_MODE=plain nothing
# is between: vxlan100 sits on fab0 itself. Both are controls: what the oracles must find, and
# what the speed is measured against.

LAB_HERE=$(dirname "${BASH_SOURCE[0]}")
LAB_SOURCE=$(realpath "$LAB_HERE/../..")
LAB_BUILD=${COVEY_BUILD:-$LAB_SOURCE/build}

# shellcheck source=deploy/demo/life.sh
. "$LAB_HERE/life.sh"
# shellcheck source=deploy/demo/inventory.sh
. "$LAB_HERE/inventory.sh"

# What a test may set before lab_up. LAB_WIRE: the number of a host that gets a wire of its own.
LAB_MODE=${LAB_MODE:-covey}
LAB_HOSTS=${LAB_HOSTS:-3}
LAB_FAMILY=${LAB_FAMILY:-4}
LAB_LOG_LEVEL=${LAB_LOG_LEVEL:-info}
LAB_FABRIC_MTU=${LAB_FABRIC_MTU:-1600} # tenants keep 1450
LAB_PORTS=${LAB_PORTS:-kernel}         # how covey sits in the hosts: kernel, or bump in the wire
LAB_QUEUES=${LAB_QUEUES:-1}            # of each interface that is plugged into the switch

lab_ns() {
	echo "covey-$LAB_ID-$1"
}

# in_ns NAME COMMAND...
in_ns() {
	local ns

	ns=$(lab_ns "$1")
	shift
	ip netns exec "$ns" "$@"
}

# lab_ip NAME ARGUMENT...: ip in that namespace, without entering it.
lab_ip() {
	local ns

	ns=$(lab_ns "$1")
	shift
	ip -n "$ns" "$@"
}

# lab_rules NAMESPACE: its rules of nftables, each a line of JSON. Without the table that covey-host owns:
# nft 1.0.6 prints no JSON of such a table, nor of a ruleset that has one.
lab_rules() {
	local family table

	in_ns "$1" nft list tables | while read -r _ family table; do
		[[ $table == */own/* ]] || in_ns "$1" nft --json list table "$family" "$table" || true
	done | jq -c '.nftables[].rule? | select(.)'
}

lab_hosts() {
	seq 1 "$LAB_HOSTS"
}

# lab_ports N: how covey sits in hvN.
lab_ports() {
	local own=LAB_PORTS_$1

	echo "${!own:-$LAB_PORTS}"
}

# lab_underlay N: the interface of hvN that has the VTEP address, and under its VXLAN devices.
lab_underlay() {
	if [[ $(lab_ports "$1") == kernel ]]; then echo fab0; else echo covey0; fi
}

# --- addresses ------------------------------------------------------------------------------------

lab_vtep() {
	if ((LAB_FAMILY == 6)); then echo "fd77::$1"; else echo "10.77.0.$1"; fi
}

lab_prefix_len() {
	if ((LAB_FAMILY == 6)); then echo 64; else echo 24; fi
}

lab_gkm_address() {
	lab_vtep 10
}

lab_multicast() {
	if ((LAB_FAMILY == 6)); then echo ff05::100; else echo 239.1.1.1; fi
}

lab_tenant() {
	echo "172.16.0.$1"
}

# lab_address NAMESPACE INTERFACE ADDRESS
lab_address() {
	local flags=()

	((LAB_FAMILY == 4)) || flags=(nodad)
	lab_ip "$1" address replace "$3/$(lab_prefix_len)" dev "$2" "${flags[@]}"
}

# --- namespaces and wires -------------------------------------------------------------------------

lab_add_namespace() {
	local ns

	ns=$(lab_ns "$1")
	ip netns add "$ns"
	ip -n "$ns" link set lo up
	# Unasked-for router and neighbour discovery would only blur what the switch counts.
	if ((LAB_FAMILY == 4)) || [[ $1 == t* || $1 == sw || $1 == wire* ]]; then
		in_ns "$1" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 \
			net.ipv6.conf.default.disable_ipv6=1
	fi
}

lab_add_switch() {
	lab_add_namespace sw
	if ((LAB_FAMILY == 6)); then # MLD queries need a link-local source address
		in_ns sw sysctl -qw net.ipv6.conf.all.disable_ipv6=0 \
			net.ipv6.conf.default.disable_ipv6=0
	fi
	lab_ip sw link add br0 mtu "$LAB_FABRIC_MTU" type bridge \
		stp_state 0 mcast_snooping 1 mcast_querier 1
	lab_ip sw link set br0 up
	# A switch does not look into what it forwards; this one's kernel would.
	if in_ns sw test -e /proc/sys/net/bridge/bridge-nf-call-iptables; then
		in_ns sw sysctl -qw net.bridge.bridge-nf-call-iptables=0 \
			net.bridge.bridge-nf-call-ip6tables=0
	fi
}

# lab_plug NAME INTERFACE: a wire from that namespace's interface to a switch port of its name.
lab_plug() {
	local queues=(numtxqueues "$LAB_QUEUES" numrxqueues "$LAB_QUEUES")

	lab_ip sw link add "$1" mtu "$LAB_FABRIC_MTU" "${queues[@]}" type veth \
		peer name "$2" mtu "$LAB_FABRIC_MTU" "${queues[@]}" netns "$(lab_ns "$1")"
	lab_write_tags sw "$1"
	lab_ip sw link set "$1" master br0 up
	lab_ip "$1" link set "$2" up
}

# On a wire a VLAN tag is in the frame. A veth pair hands it over beside the frame, where XDP, which
# comes first, does not see it.
lab_write_tags() {
	in_ns "$1" ethtool -K "$2" txvlan off tx-vlan-stag-hw-insert off >/dev/null
}

# Frames that the kernel sends into a wire have unfinished checksums unless told otherwise, and a
# reader behind AF_XDP sees them so.
lab_finish_checksums() {
	in_ns "$1" ethtool -K "$2" tx off >/dev/null
}

lab_add_gkm() {
	lab_add_namespace gkm
	lab_plug gkm eth0
	lab_finish_checksums gkm eth0
	lab_address gkm eth0 "$(lab_gkm_address)"
}

lab_add_host() {
	lab_add_namespace "hv$1"
	if [[ ${LAB_WIRE:-} == "$1" ]]; then
		lab_plug_wire "$1"
	else
		lab_plug "hv$1" fab0
	fi
	if [[ $LAB_MODE/$(lab_ports "$1") == covey/kernel ]]; then
		lab_keep_card "$1"
	fi
}

# lab_keep_card N: what an operator has set up on fab0 before covey comes. Packets that come in by
# another interface than the way back are refused, as many distributions have it.
lab_keep_card() {
	in_ns "hv$1" sysctl -qw net.ipv4.conf.all.rp_filter=1
	[[ ! ${LAB_CUT_FRAMES:-} ]] || lab_finish_checksums "hv$1" fab0
	lab_address "hv$1" fab0 "$(lab_vtep "$1")"
}

# lab_plug_wire N: a namespace between hvN and its switch port, whose interfaces `host` and `switch`
# a program has to join.
lab_plug_wire() {
	lab_add_namespace "wire$1"
	lab_ip "wire$1" link add host mtu "$LAB_FABRIC_MTU" type veth \
		peer name fab0 mtu "$LAB_FABRIC_MTU" netns "$(lab_ns "hv$1")"
	lab_ip sw link add "hv$1" mtu "$LAB_FABRIC_MTU" type veth \
		peer name switch mtu "$LAB_FABRIC_MTU" netns "$(lab_ns "wire$1")"
	lab_write_tags "wire$1" host
	lab_ip sw link set "hv$1" master br0 up
	lab_ip "hv$1" link set fab0 up
	lab_ip "wire$1" link set host up
	lab_ip "wire$1" link set switch up
}

# lab_add_tenant N: a tenant namespace and the bridge in hvN that the VXLAN device will join.
lab_add_tenant() {
	local mtu=$((LAB_FABRIC_MTU - 80 - 70)) # VPE over IPv6, then VXLAN over IPv6

	lab_add_namespace "t$1"
	lab_ip "hv$1" link add br100 type bridge stp_state 0 mcast_snooping 0
	lab_ip "hv$1" link set br100 up
	lab_ip "hv$1" link add tenant0 mtu "$mtu" type veth \
		peer name eth0 mtu "$mtu" netns "$(lab_ns "t$1")"
	lab_ip "hv$1" link set tenant0 master br100 up
	lab_ip "t$1" address add "$(lab_tenant "$1")/24" dev eth0
	lab_ip "t$1" link set eth0 up
	lab_ip "t$1" route add 224.0.0.0/4 dev eth0
}

# lab_add_vxlan N INTERFACE: the kernel's VXLAN device over that interface, which has the VTEP
# address.
lab_add_vxlan() {
	lab_ip "hv$1" link add vxlan100 type vxlan id 100 group "$(lab_multicast)" \
		local "$(lab_vtep "$1")" dev "$2" dstport 4789
	lab_ip "hv$1" link set vxlan100 master br100 up
}

# --- up -------------------------------------------------------------------------------------------

# lab_wires: the switch, the key manager's and the hosts' namespaces, tenants; no program yet.
lab_wires() {
	local n

	lab_add_switch
	lab_add_gkm
	for n in $(lab_hosts); do
		lab_add_host "$n"
		lab_add_tenant "$n"
	done
}

# lab_up: all of it, programs included, until every host has joined.
lab_up() {
	lab_wires
	lab_programs
}

lab_programs() {
	local n

	if [[ $LAB_MODE == covey ]]; then
		lab_write_inventory "$LAB_DIR/inventory.yaml"
		lab_issue_certificates
		lab_start_gkm
	fi
	for n in $(lab_hosts); do
		"lab_start_$LAB_MODE" "$n"
	done
	for n in $(lab_hosts); do
		"lab_attach_$LAB_MODE" "$n"
	done
	if [[ $LAB_MODE == covey ]]; then
		lab_wait_joined
	fi
}

# --- plain: VXLAN on the fabric interface, which keeps the offloads that it comes with ------------

lab_start_plain() {
	lab_address "hv$1" fab0 "$(lab_vtep "$1")"
}

lab_attach_plain() {
	lab_add_vxlan "$1" fab0
}

# --- bump: testpmd carries frames unchanged -------------------------------------------------------

# Its threads float over all cores: pinned, two bumps would share one and be half as fast.
lab_start_bump() {
	local cores="0-$(($(nproc) - 1))"

	lab_ip "hv$1" link add covey0 mtu "$LAB_FABRIC_MTU" type veth \
		peer name covey0p mtu "$LAB_FABRIC_MTU"
	lab_finish_checksums "hv$1" covey0
	lab_ip "hv$1" link set covey0p up promisc on
	lab_ip "hv$1" link set covey0 up
	lab_spawn "bump$1" "hv$1" stdbuf -oL dpdk-testpmd \
		--lcores="0@($cores),1@($cores)" --no-huge -m 256 --no-pci --no-shconf --no-telemetry \
		--file-prefix="covey-$LAB_ID-$1" \
		--vdev=net_af_xdp0,iface=fab0 --vdev=net_af_xdp1,iface=covey0p \
		-- --forward-mode=io -a --total-num-mbufs=8192 --nb-cores=1 --stats-period 3600
}

lab_attach_bump() {
	lab_wait 60 "testpmd of hv$1" grep -q 'io packet forwarding' "$LAB_DIR/log/bump$1"
	lab_address "hv$1" covey0 "$(lab_vtep "$1")"
	lab_add_vxlan "$1" covey0
}

# --- the recorder ---------------------------------------------------------------------------------

# lab_start_recorder HEX...: listen on the switch's ports to what hosts and key manager send, and look
# for these canaries. Before the others' work, or it would miss packets where cores are few.
lab_start_recorder() {
	local n ports=() canaries=()

	for n in $(lab_hosts); do ports+=("hv$n"); done
	for n in "$@"; do canaries+=(--canary "$n"); done
	lab_spawn recorder sw nice -n -15 "$(lab_program recorder)" \
		--output "$LAB_DIR/recorder.json" --pcap "$LAB_DIR/recorder.pcap" \
		"${canaries[@]}" "${ports[@]}" gkm
	lab_wait 30 "the recorder" test -e "$LAB_DIR/recorder.json"
}

# --- covey ----------------------------------------------------------------------------------------

# lab_program NAME: its path. With COVEY_PROGRAMS=/usr covey's own ones are those that are installed there.
lab_program() {
	case ${COVEY_PROGRAMS:+installed:}$1 in
	installed:covey) echo "$COVEY_PROGRAMS/bin/covey" ;;
	installed:covey-host | installed:covey-gkm) echo "$COVEY_PROGRAMS/sbin/$1" ;;
	installed:*) echo "$LAB_BUILD/tests/e2e/$1" ;;
	covey) echo "$LAB_BUILD/overlay/cli/covey" ;;
	covey-host) echo "$LAB_BUILD/overlay/host/covey-host" ;;
	covey-gkm) echo "$LAB_BUILD/gkm/covey-gkm" ;;
	*) echo "$LAB_BUILD/tests/e2e/$1" ;;
	esac
}

lab_issue_certificates() {
	"$(lab_program covey)" --inventory "$LAB_DIR/inventory.yaml" --pki "$LAB_DIR/pki" \
		pki init >"$LAB_DIR/log/pki"
	"$(lab_program covey)" --inventory "$LAB_DIR/inventory.yaml" --pki "$LAB_DIR/pki" \
		pki issue --all >>"$LAB_DIR/log/pki"
}

lab_start_gkm() {
	lab_spawn gkm gkm "$(lab_program covey-gkm)" --inventory "$LAB_DIR/inventory.yaml" \
		--pki "$LAB_DIR/pki" --state "$LAB_DIR/gkm.db" --socket "$LAB_DIR/gkm.sock" \
		--log-level "$LAB_LOG_LEVEL"
	lab_wait 30 "covey-gkm to listen" lab_gkm_listens
}

lab_gkm_listens() {
	in_ns gkm ss -Hltn 'sport = 4798' | grep -q LISTEN
}

# lab_start_covey N [OPTION...]
lab_start_covey() {
	local n=$1

	shift
	lab_spawn "hv$n" "hv$n" ${LAB_HOST_PRELOAD:+env "LD_PRELOAD=$LAB_HOST_PRELOAD"} \
		"$(lab_program covey-host)" --inventory "$LAB_DIR/inventory.yaml" \
		--pki "$LAB_DIR/pki" --name "hv$n" --socket "$LAB_DIR/hv$n.sock" \
		--state "$LAB_DIR/hv$n.modes" --log-level "$LAB_LOG_LEVEL" "$@"
}

lab_attach_covey() {
	lab_wait 60 "covey0 of hv$1" lab_host_is_up "$1"
	[[ $(lab_ports "$1") == kernel ]] || lab_address "hv$1" covey0 "$(lab_vtep "$1")"
	lab_has_vxlan "$1" || lab_add_vxlan "$1" "$(lab_underlay "$1")"
}

lab_has_vxlan() {
	lab_ip "hv$1" link show dev vxlan100 >/dev/null 2>&1
}

lab_host_is_up() {
	lab_ip "hv$1" link show dev covey0 up | grep -q . && [[ -S $LAB_DIR/hv$1.sock ]]
}

# lab_covey N ARGUMENT...: the command line as typed on hvN.
lab_covey() {
	local n=$1

	shift
	"$(lab_program covey)" --socket "$LAB_DIR/hv$n.sock" "$@"
}

# lab_show N FILTER: ask hvN's daemon, print what jq's filter makes of the answer.
lab_show() {
	lab_covey "$1" --json show | jq -r "$2"
}

# lab_at_gkm ARGUMENT...: the command line as typed beside the key manager.
lab_at_gkm() {
	"$(lab_program covey)" --gkm-socket "$LAB_DIR/gkm.sock" "$@"
}

# lab_show_gkm FILTER
lab_show_gkm() {
	lab_at_gkm --json show --gkm | jq -r "$1"
}

lab_has_joined() {
	[[ $(lab_show "$1" 'any(.groups[]; .name == "tenants" and .state == "joined") and
		any(.sas[]; .group == "tenants" and .state == "active")') == true ]]
}

lab_knows_members() {
	[[ $(lab_show "$1" '.groups[] | select(.name == "tenants") | .members | length') -ge $2 ]]
}

# Every host sends and knows every other.
lab_wait_joined() {
	local n

	for n in $(lab_hosts); do
		lab_wait 60 "hv$n to join" lab_has_joined "$n"
	done
	for n in $(lab_hosts); do
		lab_wait 60 "hv$n to know all members" lab_knows_members "$n" "$LAB_HOSTS"
	done
}

#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Packet buffers: for every pair of port kinds, two workers a host, floods of small packets in both
# directions, more than the ports can take. Afterwards as many buffers are free as before, and every
# queue still receives: none is lost, no fill ring has run dry.
#
# Long form: 36,000,000 packets through each host for each pair, an hour's worth at 10,000 a second,
# or COVEY_SOAK_PACKETS. COVEY_SOAK_PAIRS="FABRIC:HOST..." has only these run.
# alone: floods take the whole machine
# long: 14400
# ports: both
LAB_HOSTS=2
LAB_QUEUES=2
LAB_LOG_LEVEL=info
# shellcheck source=tests/e2e/_init.sh
. "$(dirname "$0")/_init.sh"
# shellcheck source=tests/e2e/_figures.sh
. "$E2E_HERE/_figures.sh"
E2E_ORACLES=off # a flood is more than the recorder can take

(($(nproc) > 1)) || fail "two workers need two processors"
PACKETS=${COVEY_SOAK_PACKETS:-$(long_or_short 36000000 20000)}
# What may be elsewhere at rest: the last burst that each worker sent on each port comes back when it
# sends again, and the kernel speaks now and then.
SLACK=256
FLOWS=3
CANARY=$E2E_CANARY

# A fabric port and a host port each; the hosts have different ones, where there are different ones.
PAIRS=(af_xdp:veth af_packet:veth device:veth af_xdp:tap af_packet:tap device:tap af_xdp:device
	af_packet:device device:device)
# "pair" is what `auto` takes on a kernel of Linux 6.2 to 6.16.
[[ $LAB_PORTS != kernel ]] || PAIRS=(kernel:tap kernel:veth kernel:pair kernel:pair)
[[ -z ${COVEY_SOAK_PAIRS:-} ]] || read -ra PAIRS <<<"$COVEY_SOAK_PAIRS"

# --- ports ----------------------------------------------------------------------------------------

# set_pair N FABRIC:HOST: the variables of hvN.
set_pair() {
	local fabric=${2%:*} host=${2#*:} lines

	lines=('covey_cores: "0,1"' "covey_fabric_port: $fabric" "covey_host_port: ${host/pair/auto}")
	[[ $fabric != device ]] ||
		lines+=('covey_fabric_device: "net_af_packet_soak,iface=fab0,qpairs=2,qdisc_bypass=1"')
	[[ $host != device ]] ||
		lines+=("covey_host_device: \"net_tap_soak,iface=covey0,mac=$(lab_mac "$1")\"")
	printf -v "LAB_HOST_VARS_$1" '          %s\n' "${lines[@]}"
}

# What DPDK drives has no guard, nor an interface in the inventory.
write_inventory() {
	local n

	lab_write_inventory "$LAB_DIR/inventory.yaml"
	[[ -e $LAB_DIR/guarded.yaml ]] || cp "$LAB_DIR/inventory.yaml" "$LAB_DIR/guarded.yaml"
	for n in 1 2; do
		[[ ${pair[n]} == device:* ]] || continue
		sed -i "/^ *hv$n:/,/covey_fabric_interface/{/covey_fabric_interface/d}" \
			"$LAB_DIR/inventory.yaml"
		in_ns "hv$n" "$(lab_program covey-host)" --inventory "$LAB_DIR/guarded.yaml" \
			--name "hv$n" --guard off >>"$LAB_DIR/log/hv$n" 2>&1
	done
}

# A DPDK device is the operator's to set up. restart N FABRIC:HOST
restart() {
	local n=$1

	[[ $LAB_PORTS == kernel ]] || for link in vxlan100 covey0; do
		if lab_ip "hv$n" link show dev "$link" >/dev/null 2>&1; then
			lab_ip "hv$n" link delete "$link"
		fi
	done
	lab_start_covey "$n"
	lab_wait 60 "covey0 of hv$n" lab_ip "hv$n" link show dev covey0
	if [[ $2 == *:device ]]; then
		lab_ip "hv$n" link set covey0 mtu 1500 up
		in_ns "hv$n" ethtool -K covey0 tx off >/dev/null
	fi
	lab_attach_covey "$n"
}

# --- traffic --------------------------------------------------------------------------------------

start_flows() {
	local from stream

	for from in 1 2; do
		for ((stream = 10 * from; stream < 10 * from + FLOWS; stream++)); do
			lab_spawn "tx$stream" "t$from" "$(lab_program traffic)" send --port 5000 \
				--canary "$CANARY" --stream "$stream" --rate 500000 --size 64 \
				--output "$LAB_DIR/tx$stream.json" --to "$(lab_tenant $((3 - from)))"
		done
	done
}

stop_flows() {
	local from stream

	for from in 1 2; do
		for ((stream = 10 * from; stream < 10 * from + FLOWS; stream++)); do
			lab_stop "tx$stream"
		done
	done
}

received() {
	lab_show "$1" '[.ports[].rx_packets] | add'
}

has_received() {
	(($(received "$1") >= $2))
}

# flood PACKETS: through each host.
flood() {
	local n goal=()

	for n in 1 2; do goal[n]=$(($(received "$n") + $1)); done
	start_flows
	for n in 1 2; do
		lab_poll $((30 + $1 / 2000)) has_received "$n" "${goal[n]}" ||
			fail "hv$n, ${pair[n]}: $(received "$n") packets received, should be ${goal[n]}"
	done
	stop_flows
}

# Flows from many ports, so that each queue of each port has some: every one is answered.
all_queues_hear() {
	in_ns t1 /usr/bin/python3 - "$(lab_tenant 2)" <<-'PY'
		import socket, sys, time
		sockets = []
		for _ in range(64):
		    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		    s.connect((sys.argv[1], 9))  # nobody there: its kernel says so
		    s.settimeout(2)
		    sockets.append(s)
		deadline = time.monotonic() + 10
		while sockets and time.monotonic() < deadline:
		    for s in list(sockets):
		        try:
		            s.send(b"x")
		            s.settimeout(0.1)
		            s.recv(9)
		        except ConnectionRefusedError:
		            sockets.remove(s)
		        except TimeoutError:
		            pass
		sys.exit(len(sockets) > 0)
	PY
}

# --- buffers --------------------------------------------------------------------------------------

free_buffers() {
	lab_show "$1" .buffers.free
}

is_at_rest() {
	(($(free_buffers "$1") >= $2 - SLACK))
}

soak() {
	local n base=()

	for n in 1 2; do base[n]=$(free_buffers "$n"); done
	flood "$PACKETS"
	for n in 1 2; do
		lab_poll 10 is_at_rest "$n" "${base[n]}" ||
			fail "hv$n, ${pair[n]}: $(free_buffers "$n") buffers are free, before ${base[n]} were"
		figure "buffers-missing-hv$n-${pair[n]/:/-}" $((base[n] - $(free_buffers "$n"))) \
			"of ${base[n]}"
	done
	all_queues_hear || fail "${pair[*]}: some queue does not hear any more"
}

# A tenant answers 64 ports within a second.
quicken() {
	in_ns "$1" sysctl -qw net.ipv4.icmp_ratelimit=0
}

lab_wires
lab_write_inventory "$LAB_DIR/inventory.yaml"
lab_issue_certificates
lab_start_gkm
for n in 1 2; do quicken "t$n"; done
for ((i = 0; i < ${#PAIRS[@]}; i += 2)); do
	pair=([1]="${PAIRS[i]}" [2]="${PAIRS[i + 1]:-${PAIRS[0]}}")
	for n in 1 2; do
		lab_stop "hv$n"
		set_pair "$n" "${pair[n]}"
	done
	LAB_HOST_PRELOAD=
	[[ ${pair[*]} != *:pair* ]] || LAB_HOST_PRELOAD=$LAB_BUILD/tests/unit/old-kernel.so
	write_inventory
	for n in 1 2; do restart "$n" "${pair[n]}"; done
	lab_wait_joined
	lab_wait 60 "t1 to reach t2" in_ns t1 ping -q -c 1 -W 1 "$(lab_tenant 2)"
	soak
done
figure packets $((PACKETS * ${#PAIRS[@]})) received

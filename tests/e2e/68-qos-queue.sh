#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A fabric with QoS, and a queue of the kernel's that really reorders: the switch's port to hv2 has a rate limit
# and eight priorities by DSCP (HTB). While a tenant sends in all eight at once, the higher ones overtake the
# lower ones by thousands of packets. With the classes in the WindowID nothing is lost, at any size of the replay
# window. The same traffic in one window loses packets, until the window holds more than overtake.
# QOS_WINDOWS: the sizes. tests/bench/qos_queue.sh draws the curve over all of them.
# ports: kernel
# alone: queues fill by the rate at which traffic is sent
if [[ ! ${QOS_WAY:-} ]]; then
	for way in eight one; do QOS_WAY=$way "$0" || exit 1; done
	exit 0
fi

SIZES=${QOS_WINDOWS:-1024 65536}
LAB_HOSTS=2
LAB_GROUPS=
for size in $SIZES; do
	LAB_GROUPS+="      window-$size: {vnis: [$size], members: [hypervisors], replay_window: $size}"$'\n'
done
LAB_FABRIC_VARS="    covey_paths: 1"
if [[ $QOS_WAY == one ]]; then
	LAB_FABRIC_VARS+=$'\n'"    covey_qos_map: {$(seq -s ', ' -f '%g: 0' 0 63)}"
fi
. "$(dirname "$0")/_init.sh"

COUNT=1500 # of each class
RATE=1000  # packets per second
LIMIT=7mbit # of the 14 that are sent
LENGTH=64

lab_add_vxlan() { # N INTERFACE
	lab_ip "hv$1" link add vxlan100 type vxlan id "${vni:-100}" local "$(lab_vtep "$1")" \
		remote "$(lab_vtep $((3 - $1)))" dev "$2" dstport 4789 tos inherit
	lab_ip "hv$1" link set vxlan100 master br100 up
}

# use_window SIZE: the group with replay windows of that size, by its VNI.
use_window() {
	local n

	vni=$1
	for n in 1 2; do
		lab_ip "hv$n" link delete vxlan100
		lab_wait 10 "vxlan100 of hv$n" lab_add_vxlan "$n" fab0
	done
	e2e_wait_ping 1 2
}

# Class 7 goes first. Nothing is dropped here: each class's queue holds all that is sent of it.
add_queue() {
	local class

	in_ns sw tc qdisc add dev hv2 root handle 1: htb default 17
	in_ns sw tc class add dev hv2 parent 1: classid 1:1 htb rate "$LIMIT" ceil "$LIMIT" quantum 1600
	for class in $(seq 0 7); do
		in_ns sw tc class add dev hv2 parent 1:1 classid "1:1$class" htb rate 8kbit ceil "$LIMIT" \
			prio $((7 - class)) quantum 1600
		in_ns sw tc qdisc add dev hv2 parent "1:1$class" pfifo limit $((2 * COUNT))
		in_ns sw tc filter add dev hv2 parent 1: protocol ip prio 1 u32 \
			match ip protocol 17 0xff match ip tos $((class << 5)) 0xe0 flowid "1:1$class"
	done
}

# queue FIELD...: the sum of a field over the classes' queues.
queue() {
	in_ns sw tc -s -json qdisc show dev hv2 | jq "[.[] | select(.kind == \"pfifo\") | .$1] | add"
}

queue_is_empty() {
	[[ $(queue qlen) == 0 ]]
}

# Streams 1 to 8 are of the classes 0 to 7.
send_all() {
	local class senders=()

	for class in $(seq 0 7); do
		in_ns t1 "$(lab_program traffic)" send --to "$(lab_tenant 2)" --port 5000 --canary "$E2E_CANARY" \
			--stream $((class + 1)) --tos $((class << 5)) --count $COUNT --rate $RATE --size $LENGTH \
			--output "$LAB_DIR/tx-$class.json" &
		senders+=($!)
	done
	wait "${senders[@]}"
}

received() {
	e2e_report rx2 '[.streams[].received] | add // 0'
}

# Nothing has come since: what was on its way is there.
all_came() {
	(($(received) + $(e2e_drop 2 in-replay-old) - old >= sent))
}

# measure SIZE
measure() {
	local old sent lost queued

	use_window "$1"
	e2e_receive 2
	old=$(e2e_drop 2 in-replay-old)
	send_all
	queued=$(queue qlen)
	sent=$(jq -s 'map(.sent) | add' "$LAB_DIR"/tx-?.json)
	lab_wait 60 "the queue to run empty" queue_is_empty
	lab_poll 10 all_came || true
	lost=$(($(e2e_drop 2 in-replay-old) - old))
	expect "frames that came, or came too late ($1, $QOS_WAY)" $(($(received) + lost)) "$sent"
	expect "dropped in the queue" "$(queue drops)" 0
	e2e_expect_intact 2
	lab_stop rx2
	((queued > 2000)) || fail "when all were sent, only $queued packets waited"
	echo "qos: {\"figure\": \"qos_queue\", \"way\": \"$QOS_WAY\", \"replay_window\": $1," \
		"\"packets\": $sent, \"queued\": $queued, \"lost\": $lost}"
}

e2e_up
add_queue
for size in $SIZES; do
	measure "$size"
	lost=$(lab_show 2 '.drops["in-replay-old"]')
	if [[ $QOS_WAY == eight ]]; then
		expect "lost with eight classes and windows of $size" "$lost" 0
	elif ((size == 1024)); then
		((lost > 1000)) || fail "only $lost lost in one window of $size: nothing overtook"
	elif ((size == 65536)); then
		expect "lost in one window of $size" $((lost - ${before:-0})) 0
	fi
	before=$lost
done

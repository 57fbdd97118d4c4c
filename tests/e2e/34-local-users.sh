#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A local user without capabilities, and a container behind NAT, send VXLAN of their own making: to
# another host, to the group, to the host itself. No tenant sees it, no VXLAN device learns from it, and
# it is counted by name. A virtual machine of the same user, the host's own address on a VXLAN device and
# a device that has no VNI of its own go on working. While no VXLAN device holds the port, whoever
# takes it reads nothing.
# ports: both
LAB_HOSTS=2
LAB_GROUPS="      direct: {vnis: [101, 102], members: [hypervisors]}"
. "$(dirname "$0")/_init.sh"

FORGED=7777
GENUINE=7778
STATION=02:ba:d0:00:00:01 # of local_user.py

# as_user NAMESPACE COMMAND...
as_user() {
	in_ns "$1" setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set=-all \
		/usr/bin/python3 "$E2E_HERE/local_user.py" "${@:2}"
}

# Count what comes to tN by these two ports, below everything that could drop it.
watch_tenant() {
	in_ns "t$1" nft -f - <<-RULES
		table netdev seen {
			chain in {
				type filter hook ingress device "eth0" priority -500;
				udp dport $FORGED counter
				udp dport $GENUINE counter
			}
		}
	RULES
}

# tenant_saw N PORT
tenant_saw() {
	in_ns "t$1" nft --json list table netdev seen | jq "[.nftables[].rule? | select(.) |
		select(any(.expr[]; .match?.right == $2)) | .expr[].counter?.packets // 0] | add"
}

tenant_saw_all() {
	(($(tenant_saw "$1" "$2") >= $3))
}

# After what the tenants' own kernels exchange has passed, so would what came before it.
expect_nothing_forged() {
	local n

	e2e_wait_ping 1 2
	for n in 1 2; do
		expect "forged frames at t$n: $1" "$(tenant_saw "$n" $FORGED)" 0
		expect "$STATION in the table of hv$n: $1" "$(lab_bridge_knows "$n")" 0
	done
}

lab_bridge_knows() {
	bridge -n "$(lab_ns "hv$1")" fdb show | grep -c "$STATION" || true
}

# forge NAMESPACE SOURCE ADDRESS...: VXLAN that would bring frames to both tenants.
forge() {
	as_user "$1" send 100 "$(lab_tenant 2)" $FORGED "${@:2}"
}

add_container() {
	lab_add_namespace c1
	lab_ip hv1 link add c1 type veth peer name eth0 netns "$(lab_ns c1)"
	lab_ip hv1 address add 10.88.0.1/24 dev c1
	lab_ip hv1 link set c1 up
	lab_ip c1 address add 10.88.0.2/24 dev eth0
	lab_ip c1 link set eth0 up
	lab_ip c1 route add default via 10.88.0.1
	in_ns hv1 sysctl -qw net.ipv4.ip_forward=1
	in_ns hv1 nft -f - <<-RULES
		table ip nat {
			chain out {
				type nat hook postrouting priority 100;
				ip saddr 10.88.0.0/24 masquerade
			}
		}
	RULES
	lab_wait 10 "the container to reach hv2" in_ns c1 ping -q -c 1 -W 1 "$(lab_vtep 2)"
}

# --- what must not come in ------------------------------------------------------------------------

ELSEWHERE="VXLAN from elsewhere than the fabric"
FORWARDED="VXLAN that this host would forward"
NO_DEVICE="VXLAN that came through no VXLAN device"
# By the card, it does not come to covey0: it is what has come through no VXLAN device there.
[[ $LAB_PORTS != kernel ]] || FORWARDED=$NO_DEVICE
NOT_HELD="VXLAN while no VXLAN device holds its port"

e2e_up
for n in 1 2; do watch_tenant "$n"; done
e2e_wait_ping 1 2
add_container

forge hv1 "$(lab_vtep 1)" "$(lab_vtep 2)"
expect_nothing_forged "to another host"
forge hv1 "$(lab_vtep 1)" "$(lab_multicast)"
expect_nothing_forged "to the group"
forge hv1 "$(lab_vtep 1)" "$(lab_vtep 1)" 127.0.0.1
expect_nothing_forged "to the host itself"
forge c1 10.88.0.2 "$(lab_vtep 2)" "$(lab_vtep 1)" 10.88.0.1
expect_nothing_forged "by a container"

# The same, counted.
e2e_expect_guarded 1 "$NO_DEVICE" 10 forge hv1 "$(lab_vtep 1)" "$(lab_vtep 2)"
e2e_expect_guarded 1 "$NO_DEVICE" 10 forge hv1 "$(lab_vtep 1)" "$(lab_multicast)"
e2e_expect_guarded 1 "$ELSEWHERE" 20 forge hv1 "$(lab_vtep 1)" "$(lab_vtep 1)" 127.0.0.1
e2e_expect_guarded 1 "$ELSEWHERE" 20 forge c1 10.88.0.2 "$(lab_vtep 1)" 10.88.0.1
e2e_expect_guarded 1 "$FORWARDED" 10 forge c1 10.88.0.2 "$(lab_vtep 2)"

# --- what must work -------------------------------------------------------------------------------

# A virtual machine of the same user, by a TAP device in the bridge.
lab_ip hv1 tuntap add dev vm0 mode tap user 65534
lab_ip hv1 link set vm0 master br100 up
as_user hv1 frames vm0 "$(lab_tenant 2)" $GENUINE
lab_wait 5 "frames of a user's virtual machine" tenant_saw_all 2 $GENUINE 10

# The host's own address on a VXLAN device, which comes while covey-host runs.
add_direct() {
	lab_ip "hv$1" link add vxlan101 type vxlan id 101 remote "$(lab_vtep $((3 - $1)))" \
		local "$(lab_vtep "$1")" dstport 4789
	lab_ip "hv$1" address add "172.17.0.$1/24" dev vxlan101
	lab_ip "hv$1" link set vxlan101 up
}
ping_from_host() {
	in_ns hv1 setpriv --reuid 65534 --regid 65534 --clear-groups /usr/bin/python3 -c '
import socket, sys
with socket.create_connection((sys.argv[1], 7000), 1) as user:
    assert user.recv(2) == b"ok"
' "$1"
}
listen_at_hv2() {
	lab_spawn answer hv2 /usr/bin/python3 -c '
import socket
with socket.create_server(("", 7000)) as server:
    while True:
        peer, _ = server.accept()
        peer.sendall(b"ok")
        peer.close()
'
}
listen_at_hv2
for n in 1 2; do add_direct "$n"; done
lab_wait 10 "hv1's user to reach hv2 by a VXLAN device" ping_from_host 172.17.0.2

# A device that leaves for another namespace loses the mark: nothing of it passes, and the log says so.
lab_add_namespace away
lab_ip hv1 link add vxlan102 type vxlan id 102 remote "$(lab_vtep 2)" local "$(lab_vtep 1)" dstport 4789
lab_ip hv1 link set vxlan102 netns "$(lab_ns away)"
lab_ip away address add 172.19.0.1/24 dev vxlan102
lab_ip away link set vxlan102 up
before=$(e2e_guarded 1 "$NO_DEVICE")
in_ns away ping -q -c 3 -i 0.05 -W 1 172.19.0.2 >/dev/null || true
lab_wait 5 "VXLAN of a device that has moved to be dropped" e2e_guarded_more 1 "$NO_DEVICE" $((before + 1))
lab_wait 5 "the log to name the device" grep -q 'vxlan102.*moved to another network namespace' \
	"$LAB_DIR/log/hv1"
lab_ip away link delete vxlan102

# --- who takes the port ---------------------------------------------------------------------------

# hv2's user takes the port whenever it is free, while t1 sends to t2, whose address it does not forget.
mkdir "$LAB_DIR/user"
chown 65534 "$LAB_DIR/user"
lab_spawn user hv2 setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set=-all \
	/usr/bin/python3 "$E2E_HERE/local_user.py" listen 4789 "$LAB_DIR/user/port"
lab_ip hv2 link set vxlan101 down
in_ns t1 ip neigh replace "$(lab_tenant 2)" dev eth0 nud permanent \
	lladdr "$(lab_ip t2 -json link show dev eth0 | jq -r '.[0].address')"
e2e_keep_sending 1 2 --rate 2000 --count 1000000
is_up() { lab_ip hv2 link set "$1" up; }
has_bound() { (($(cut -d' ' -f1 "$LAB_DIR/user/port") >= $1)); }
for i in $(seq 1 5); do
	lab_ip hv2 link set vxlan100 down
	lab_wait 10 "the user to take the port" has_bound "$i"
	lab_wait 10 "vxlan100 to get its port back" is_up vxlan100
done
lab_ip hv2 link set vxlan100 down
before=$(e2e_guarded 2 "$NOT_HELD")
lab_wait 5 "VXLAN to be dropped while nothing holds the port" e2e_guarded_more 2 "$NOT_HELD" $((before + 100))
lab_stop user KILL
expect "packets that a user read from VXLAN's port" "$(cut -d' ' -f2 "$LAB_DIR/user/port")" 0
lab_stop tx1-2
lab_wait 10 "vxlan100 to get its port back" is_up vxlan100
e2e_wait_ping 1 2

# --- a device without a VNI of its own ------------------------------------------------------------

for n in 1 2; do
	lab_ip "hv$n" link delete vxlan100
	lab_ip "hv$n" link delete vxlan101
done
add_external() {
	lab_ip "hv$1" link add vxlan9 address "02:00:00:00:09:0$1" type vxlan external dstport 4789
	lab_ip "hv$1" address add "172.18.0.$1/32" dev vxlan9
	lab_ip "hv$1" link set vxlan9 up
}
join_external() {
	local other=$((3 - $1))

	lab_ip "hv$1" route add "172.18.0.$other/32" src "172.18.0.$1" encap ip id 101 \
		dst "$(lab_vtep "$other")" src "$(lab_vtep "$1")" dev vxlan9
	lab_ip "hv$1" neigh add "172.18.0.$other" lladdr "02:00:00:00:09:0$other" dev vxlan9
}
for n in 1 2; do lab_wait 10 "a device without a VNI at hv$n" add_external "$n"; done
for n in 1 2; do join_external "$n"; done
lab_wait 10 "hv1's user to reach hv2 by a device without a VNI" ping_from_host 172.18.0.2

# Somebody flushes all rules: they come back, the devices' marks too.
in_ns hv1 nft flush ruleset
marks_are_back() { in_ns hv1 nft list table netdev covey_guard_covey0/mark | grep -q vxlan9; }
lab_wait 10 "the devices to mark again" marks_are_back
lab_wait 10 "hv1's user to reach hv2 again" ping_from_host 172.18.0.2

# And without covey-host the rules stay.
lab_stop hv1 KILL
e2e_expect_guarded 1 "$ELSEWHERE" 20 forge hv1 "$(lab_vtep 1)" "$(lab_vtep 1)" 127.0.0.1
for n in 1 2; do expect "forged frames at t$n, in all" "$(tenant_saw "$n" $FORGED)" 0; done

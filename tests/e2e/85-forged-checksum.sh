#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A container behind NAT that may open packet sockets sends UDP to a port that is nobody's, and says of its checksum
# that it belongs where the port is. As a bump in the wire its packets come by covey0, and behind the guard's hook
# there the kernel makes VXLAN of them, from the host's own address. covey encrypts none of it, and counts each.
# What VXLAN devices send passes meanwhile, and leaves with covey0's own Ethernet address: also while the
# guard is put up again and again, and when another process begins to keep it.
# ports: bump
LAB_HOSTS=2
. "$(dirname "$0")/_init.sh"

FORGED=7777
COUNT=50

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

mac_of() { # NAMESPACE INTERFACE
	lab_ip "$1" -json link show dev "$2" | jq -r '.[0].address'
}

forge() {
	in_ns c1 /usr/bin/python3 "$E2E_HERE/forged_checksum.py" "$(mac_of hv1 c1)" 10.88.0.2 \
		"$(lab_vtep 2)" 100 "$(lab_tenant 2)" $FORGED $COUNT
}

watch_tenant() {
	in_ns t2 nft -f - <<-RULES
		table netdev seen {
			chain in {
				type filter hook ingress device "eth0" priority -500;
				udp dport $FORGED counter
			}
		}
	RULES
}

tenant_saw() {
	in_ns t2 nft --json list table netdev seen |
		jq '[.nftables[].rule? | select(.) | .expr[].counter?.packets // 0] | add'
}

has_dropped() { # COUNT
	(($(e2e_drop 1 out-no-device) >= $1))
}

# hv1's source addresses on the wire, at the switch.
watch_wire() {
	in_ns sw nft -f - <<-RULES
		table netdev wire {
			chain in {
				type filter hook ingress device "hv1" priority -500;
				udp dport 4798 ether saddr $(mac_of hv1 covey0) counter comment "own"
				udp dport 4798 ether saddr != $(mac_of hv1 covey0) counter comment "another"
			}
		}
	RULES
}

on_wire() { # COMMENT
	in_ns sw nft --json list table netdev wire |
		jq "[.nftables[].rule? | select(.comment == \"$1\") | .expr[].counter?.packets // 0] | add"
}

rules_with() { # ADDRESS
	in_ns hv1 nft list table netdev covey_guard_fab0 | grep -c "@ll,48,48 set $1" || true
}

secret() {
	in_ns hv1 nft list table netdev covey_guard_fab0 | grep -o '@ll,48,48 set 0x[0-9a-f]*' | cut -d' ' -f3
}

e2e_up
watch_tenant
watch_wire
e2e_wait_ping 1 2
add_container

# --- the attack -----------------------------------------------------------------------------------

before=$(e2e_drop 1 out-no-device)
forge
lab_poll 10 has_dropped $((before + COUNT)) || true
e2e_wait_ping 1 2
expect "forged frames at t2" "$(tenant_saw)" 0
expect "forged frames that hv1 dropped" "$(($(e2e_drop 1 out-no-device) - before))" $COUNT

# --- what must pass, while rules are put up anew --------------------------------------------------

first=$(secret)
e2e_receive 2
e2e_receive_multicast 1
e2e_keep_sending 1 2 --rate 4000
lab_wait 10 "t2 to hear t1" e2e_has_received 2 1 100
lab_spawn keeper hv1 "$(lab_program covey-host)" --inventory "$LAB_DIR/inventory.yaml" --name hv1 --guard keep
lab_wait 10 "a keeper" grep -q "guard: kept on" "$LAB_DIR/log/keeper"
# The guard is put up each time when a port of a foreign VXLAN device comes or goes.
for i in $(seq 1 10); do
	lab_ip hv1 link add foreign type vxlan id 9 remote 192.0.2.1 dstport $((9000 + i))
	lab_wait 10 "port $((9000 + i)) to be in the rules" in_ns hv1 sh -c \
		"nft list table netdev covey_guard_fab0 | grep -q $((9000 + i))"
	lab_ip hv1 link delete foreign
done
e2e_send 2 all --rate 1000 --count 100
lab_stop tx1-2
expect "the secret address after all that" "$(secret)" "$first"
e2e_expect_all 1 2
e2e_expect_all 2 1 all
expect "VXLAN dropped meanwhile" "$(e2e_drop 1 out-no-device)" $((before + COUNT))
(($(on_wire own) > 100)) || fail "the switch saw $(on_wire own) packets from covey0's own address"
expect "packets on the wire from another address" "$(on_wire another)" 0

# --- another start --------------------------------------------------------------------------------

lab_stop keeper
lab_stop hv1 KILL
lab_start_covey 1
lab_wait 60 "hv1 to join" lab_has_joined 1
[[ $(secret) != "$first" ]] || fail "the secret address is the same after another start"
e2e_wait_ping 1 2
expect "rules with the former address" "$(rules_with "$first")" 0

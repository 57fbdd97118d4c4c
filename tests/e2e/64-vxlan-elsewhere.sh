#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# covey_vxlan_elsewhere: true, with covey_fabric_port: kernel: VXLAN devices that were made in the host's
# network namespace and moved into another, as some container networks have it. What they send is
# encrypted, also what a process in there sends, and nothing leaves while covey-host is dead. What a process
# of the host, or a container behind NAT, makes itself is dropped as ever. (34-local-users.sh has the same
# with false.)
# ports: kernel
LAB_HOSTS=2
LAB_GROUPS="      elsewhere: {vnis: [102], members: [hypervisors]}"
LAB_HOST_VARS="          covey_vxlan_elsewhere: true"
. "$(dirname "$0")/_init.sh"

FORGED=7777
NO_DEVICE="VXLAN that came through no VXLAN device"

add_away() { # N
	lab_add_namespace "away$1"
	lab_ip "hv$1" link add vxlan102 type vxlan id 102 remote "$(lab_vtep $((3 - $1)))" \
		local "$(lab_vtep "$1")" dstport 4789
	lab_ip "hv$1" link set vxlan102 netns "$(lab_ns "away$1")"
	lab_ip "away$1" link set vxlan102 mtu 1450
	lab_ip "away$1" address add "$(inner "$1")/24" dev vxlan102
	lab_ip "away$1" link set vxlan102 up
}

inner() { # N
	echo "172.19.0.$1"
}

ping_away() { # FROM TO
	in_ns "away$1" ping -q -c 1 -W 1 -p "$E2E_CANARY" "$(inner "$2")"
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

# forge NAMESPACE VNI INNER-ADDRESS SOURCE ADDRESS...: as a user without capabilities.
forge() {
	in_ns "$1" setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set=-all \
		/usr/bin/python3 "$E2E_HERE/local_user.py" send "$2" "$3" "$FORGED" "${@:4}"
}

# Below everything that could drop it.
watch_forged() { # NAMESPACE INTERFACE
	in_ns "$1" nft -f - <<-RULES
		table netdev seen {
			chain in {
				type filter hook ingress device "$2" priority -500;
				udp dport $FORGED counter comment "forged"
			}
		}
	RULES
}

expect_nothing_forged() { # WHEN
	local name

	e2e_wait_ping 1 2
	lab_wait 10 "the devices elsewhere" ping_away 1 2
	for name in t2 away2; do
		expect "forged frames at $name: $1" "$(lab_rules "$name" | jq -s '[.[] |
			select(.comment == "forged") | .expr[].counter?.packets // 0] | add')" 0
	done
}

e2e_up
for n in 1 2; do add_away "$n"; done
add_container
watch_forged t2 eth0
watch_forged away2 vxlan102
e2e_wait_ping 1 2
lab_wait 15 "the devices elsewhere" ping_away 1 2
lab_wait 15 "the devices elsewhere, the other way" ping_away 2 1
grep -q "vxlan102.*what comes from there passes" "$LAB_DIR/log/hv1" ||
	fail "the log does not say that vxlan102 has moved"

# A process in there, and a tenant's TCP beside it.
lab_spawn server away2 /usr/bin/python3 "$E2E_HERE/mtu_tenant.py" serve
lab_wait 10 "the server" grep -q ready "$LAB_DIR/log/server"
before=$(e2e_report recorder .kinds.vpe)
in_ns away1 timeout 60 /usr/bin/python3 "$E2E_HERE/mtu_tenant.py" tcp "$(inner 2)" || fail "TCP elsewhere"
(($(e2e_report recorder .kinds.vpe) - before >= 1000)) ||
	fail "only $(($(e2e_report recorder .kinds.vpe) - before)) VPE packets"

# A socket of the host, and a container's, by NAT: not of this device's making.
for vni in 100 102; do
	to=$(lab_tenant 2)
	((vni == 100)) || to=$(inner 2)
	e2e_expect_guarded 1 "$NO_DEVICE" 10 forge hv1 "$vni" "$to" "$(lab_vtep 1)" "$(lab_vtep 2)"
	e2e_expect_guarded 1 "$NO_DEVICE" 10 forge c1 "$vni" "$to" 10.88.0.2 "$(lab_vtep 2)"
	expect_nothing_forged "VNI $vni"
done

# Dead.
lab_stop hv1 KILL
in_ns away1 ping -q -c 5 -i 0.05 -W 1 -p "$E2E_CANARY" "$(inner 2)" >/dev/null &&
	fail "away1 reached away2 although covey-host is dead"
expect "VXLAN on the wire while covey-host is dead" "$(e2e_report recorder .kinds.vxlan)" 0
lab_start_covey 1
lab_wait 30 "hv1 to join again" lab_has_joined 1
lab_wait 15 "the devices elsewhere" ping_away 1 2

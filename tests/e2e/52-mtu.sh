#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# With covey_fabric_port: kernel, VXLAN devices that were there before covey have an MTU that knows nothing
# of encryption: 1,450 on a fabric of 1,500. TCP passes all the same; so does what may be fragmented;
# and who sends what may not is told what fits. Both families, with and without offload.
# ports: kernel
if [[ ! ${LAB_OFFLOAD:-} ]]; then
	for offload in auto off; do LAB_OFFLOAD=$offload "$0" || exit 1; done
	exit 0
fi
LAB_HOSTS=2
LAB_FABRIC_MTU=1500
LAB_HOST_VARS="          covey_offload: $LAB_OFFLOAD"
. "$(dirname "$0")/_init.sh"

FITS=1390 # 1500, less 60 of VPE and 50 of VXLAN

tenant6() {
	echo "fd00:172::$1"
}

raise() { # N: the tenant's interface, as it was on plain VXLAN
	lab_ip "hv$1" link set tenant0 mtu 1450
	lab_ip "t$1" link set eth0 mtu 1450
	in_ns "t$1" sysctl -qw net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.eth0.disable_ipv6=0
	lab_ip "t$1" address add "$(tenant6 "$1")/64" dev eth0 nodad
}

tenant() { # N ARGUMENT...
	in_ns "t$1" timeout 60 /usr/bin/python3 "$E2E_HERE/mtu_tenant.py" "${@:2}"
}

serves() {
	grep -q ready "$LAB_DIR/log/server"
}

# What the tenant believes of the way there; nothing: its interface's MTU.
learned() { # N ADDRESS
	lab_ip "t$1" -json route get "$2" | jq '.[0].metrics[0].mtu // empty'
}

has_learned() { # ADDRESS
	[[ $(learned 1 "$1") ]]
}

ping_full() { # ADDRESS OPTION...: packets as long as the interface lets through
	in_ns t1 ping -q -c 3 -i 0.1 -W 1 -p "$E2E_CANARY" "${@:2}" "$1" >/dev/null
}

reaches6() {
	ping_full "$(tenant6 2)"
}

too_big() {
	e2e_drop 1 out-too-big
}

e2e_up
for n in 1 2; do raise "$n"; done
e2e_wait_ping 1 2
lab_wait 15 "t1 to reach t2 over IPv6" reaches6
lab_spawn server t2 /usr/bin/python3 "$E2E_HERE/mtu_tenant.py" serve
lab_wait 10 "the tenant's server" serves

# Nobody is told, and nothing is lost.
for address in "$(lab_tenant 2)" "$(tenant6 2)"; do
	tenant 1 tcp "$address" || fail "TCP to $address"
	expect "what t1 learned of $address by TCP" "$(learned 1 "$address")" ""
done
ping_full "$(lab_tenant 2)" -M "dont" -s 1422 || fail "a ping that may be fragmented is lost"
tenant 1 udp "$(lab_tenant 2)" 1422 dont || fail "a datagram that may be fragmented is lost"
expect "packets that did not fit" "$(too_big)" 0

# The first is lost, and its sender told.
for address in "$(lab_tenant 2)" "$(tenant6 2)"; do
	before=$(too_big)
	tenant 1 udp "$address" 1402 && fail "a datagram to $address that does not fit has arrived"
	lab_wait 10 "the error to reach t1" has_learned "$address"
	expect "what t1 learned of $address" "$(learned 1 "$address")" $FITS
	expect "packets that did not fit" "$(too_big)" $((before + 1))
	tenant 1 udp "$address" 1402 || fail "a datagram to $address that t1 fragments is lost"
	ping_full "$address" -M "do" -s $((FITS - 48)) || fail "pings that fit are lost"
	ping_full "$address" -M "do" -s 1402 && fail "t1 sends longer pings than it has learned"
	expect "packets that did not fit then" "$(too_big)" $((before + 1))
	tenant 1 tcp "$address" || fail "TCP to $address after that"
done

# A tenant that does not listen costs no more than a bounded number of answers.
in_ns t1 nft -f - <<-'RULES'
	table inet deaf {
		chain in {
			type filter hook prerouting priority -400;
			icmp type destination-unreachable counter drop
		}
	}
RULES
lab_ip t1 route flush cache
before=$(too_big)
told=$(lab_show 1 .counters.told_too_big)
expect "the tenants that were told" "$told" 2
began=$(lab_now_ms)
in_ns t1 ping -q -c 200 -i 0.002 -W 1 -M "do" -s 1422 -p "$E2E_CANARY" "$(lab_tenant 2)" >/dev/null || true
expect "packets that did not fit" "$(too_big)" $((before + 200))
answers=$(in_ns t1 nft --json list table inet deaf |
	jq '[.nftables[].rule? | select(.) | .expr[].counter?.packets // 0] | add')
took=$(($(lab_now_ms) - began))
((answers >= 8 && answers <= 9 + took / 50)) || fail "$answers answers in $took ms"
expect "the answers that are counted" "$(($(lab_show 1 .counters.told_too_big) - told))" "$answers"

# The host itself believes nothing else, and the operator is told.
expect "what hv1 learned of the way to hv2" "$(lab_ip hv1 -json route get "$(lab_vtep 2)" |
	jq '.[0].metrics[0].mtu // empty')" ""
grep -q "VXLAN device vxlan100 has an MTU of 1450, and $FITS fits" "$LAB_DIR/log/hv1" ||
	fail "the log does not name the VXLAN device"

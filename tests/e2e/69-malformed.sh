#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Lengths, versions and numbers that lie, in headers of real frames, over IPv4 and IPv6: raw ones that a process
# of a host gives to covey0, VXLAN in clear and altered VPE from the fabric. Each is a row with the bytes and the
# counter that must rise: covey's, the guard's, or the kernel's where the kernel keeps the card and drops it
# before. No other counter of covey rises, no line is logged, no tenant sees anything. What tenants' own frames
# say is theirs: they arrive as they left. (unit-dataplane-malformed has more rows.)
# ports: both
if [[ ! ${LAB_FAMILY:-} ]]; then
	for family in 4 6; do LAB_FAMILY=$family "$0" || exit 1; done
	exit 0
fi
LAB_HOSTS=2
. "$(dirname "$0")/_init.sh"

COUNT=2 # of each
FORGED="guard:VXLAN that came through no VXLAN device"
CLEAR="guard:clear VXLAN"
TUNNEL="guard:clear tunnel of another port, with a VNI of the fabric"
FAMILY=
NO_LENGTH=UdpInErrors
if ((LAB_FAMILY == 6)); then
	FAMILY=" over IPv6"
	NO_LENGTH=in-icv # a length of 0 says "as long as IP's" (RFC 2675 section 4)
fi

# Where it is sent, what is changed (malformed.py), and the counter: with the kernel's ports, and in a bump.
#   host    by a packet socket at covey0 of hv1, as VXLAN for hv2
#   clear   from the fabric to hv2, as VXLAN of hv1
#   wire    the same, as VPE
rows() {
	cat <<-ROWS
		host|ip.version=0x05|out-malformed|out-malformed
		host|ip.length+1|out-malformed|out-malformed
		host|ip.length-1|$FORGED|$FORGED
		host|ip.length=0xffff|out-malformed|out-malformed
		host|ip.next=253|out-vpe|out-vpe
		host|udp.length=0|$FORGED|$FORGED
		host|udp.length+1|$FORGED|$FORGED
		host|cut=1|out-malformed|out-malformed
		host|tags=2|$CLEAR$FAMILY, VLAN-tagged|$CLEAR$FAMILY, VLAN-tagged
		host|tags=3|$CLEAR$FAMILY, VLAN-tagged|$CLEAR$FAMILY, VLAN-tagged
		host|vxlan.flags=0|$FORGED|$FORGED
		host|vxlan.vni=0|$FORGED|$FORGED
		host|udp.port=4790|out-not-vxlan|out-tunnel
		host|udp.port=6081,vxlan.flags=0xff|out-not-vxlan|out-tunnel
		host|udp.port=6081,vxlan.vni=99|out-not-vxlan|-
		clear|ip.version=0x05|IpInHdrErrors|in-malformed
		clear|ip.length+1|IpExtInTruncatedPkts|in-malformed
		clear|ip.length-1|$CLEAR|in-malformed
		clear|udp.length=0|$CLEAR|in-malformed
		clear|udp.length+1|$CLEAR|in-malformed
		clear|cut=1|IpExtInTruncatedPkts|in-malformed
		clear|tags=1|$CLEAR|in-clear-vxlan
		clear|tags=2|$CLEAR$FAMILY, VLAN-tagged|in-clear-vxlan
		clear|tags=3|$CLEAR$FAMILY, VLAN-tagged|in-malformed
		clear|short=7|$CLEAR|in-malformed
		clear|vxlan.flags=0|$CLEAR|in-malformed
		clear|vxlan.vni=0|$CLEAR|in-clear-vxlan
		clear|udp.port=4790,vxlan.flags=0x0c|$TUNNEL|in-tunnel
		clear|udp.port=4790,vxlan.flags=0x3c|$TUNNEL|in-tunnel
		clear|udp.port=6081,vxlan.flags=0|$TUNNEL|in-tunnel
		clear|udp.port=6081,vxlan.flags=0xff|$TUNNEL|in-tunnel
		clear|udp.port=6081,udp.length=0|$TUNNEL|in-tunnel
		clear|udp.port=6081,udp.length+1|$TUNNEL|in-tunnel
		clear|udp.port=6081,short=7|$TUNNEL|in-tunnel
		clear|udp.port=8472,tags=1|$TUNNEL|in-tunnel
		clear|udp.port=8472,tags=2|$TUNNEL, VLAN-tagged|in-tunnel
		wire|ip.version=0x05|IpInHdrErrors|in-malformed
		wire|ip.length+1|IpExtInTruncatedPkts|in-malformed
		wire|ip.length-1|UdpInErrors|in-malformed
		wire|ip.next=253|IpInUnknownProtos|in-encapsulation
		wire|udp.length=0,vpe.counter+200000|$NO_LENGTH|in-malformed
		wire|udp.length+1|UdpInErrors|in-malformed
		wire|udp.length-1,vpe.counter+100000|in-icv|in-malformed
		wire|cut=1|IpExtInTruncatedPkts|in-malformed
		wire|short=0|in-short|in-short
		wire|short=31|in-short|in-short
		wire|vpe.spi=0|in-unknown-spi|in-unknown-spi
		wire|vpe.sender=0|in-not-on-roster|in-not-on-roster
		wire|vpe.sender=0xffff|in-not-on-roster|in-not-on-roster
		wire|vpe.epoch=0|in-epoch|in-epoch
		wire|vpe.counter=0|in-icv|in-icv
		wire|vpe.counter=0xffffffffffff|in-icv|in-icv
	ROWS
}

# --- counters -------------------------------------------------------------------------------------

# The kernel's counters have other names over IPv6.
kernel_counter() { # N NAME
	local name=$2

	if ((LAB_FAMILY == 6)); then
		name=${name/IpExt/Ip6}
		[[ $name == *6* ]] || name=${name/p/p6}
	fi
	[[ $name != Udp6* || $name == Udp6InErrors ]] || name=${name/Udp6/Udp}
	in_ns "hv$1" nstat -asz "$name" | awk -v name="$name" '$1 == name { print $2 }'
}

counter() { # N NAME
	case $2 in
	guard:*) lab_show "$1" '[.guard.drops[] | select(.rule == "'"${2#guard:}"'") | .packets] | add // 0' ;;
	[A-Z]*) kernel_counter "$1" "$2" ;;
	*) e2e_drop "$1" "$2" ;;
	esac
}

has_risen() { # N NAME VALUE
	(($(counter "$1" "$2") >= $3))
}

# What covey-host of hvN has dropped, for any reason but one: a kernel says something now and then by any
# interface that it has, and that is not VXLAN.
all_drops() { # N
	lab_show "$1" '[.drops | to_entries[] | select(.key != "out-not-vxlan") | .value] | add'
}

# --- rows -----------------------------------------------------------------------------------------

# By a program in one network namespace, from hv1 to hv2 as it seems.
forge() { # NAMESPACE INTERFACE WHAT EDITS
	in_ns "$1" /usr/bin/python3 "$E2E_HERE/malformed.py" send "$2" "$mac" "$(lab_vtep 1)" "$(lab_vtep 2)" \
		"$E2E_CANARY" "$3" "$4" $COUNT
}

expect_row() { # PLACE EDITS COUNTER
	local n=2 before

	[[ $1 != host ]] || n=1
	before=$(counter "$n" "$3")
	case $1 in
	host) forge hv1 covey0 vxlan "$2" ;;
	clear) forge evil eth0 vxlan "$2" ;;
	wire) forge evil eth0 "$LAB_DIR/recorder.pcap" "$2" ;;
	esac
	lab_poll 5 has_risen "$n" "$3" $((before + COUNT)) || true
	expect "$3 at hv$n after $2, $1" $(($(counter "$n" "$3") - before)) $COUNT
	[[ $3 == *:* || $3 == [A-Z]* || $3 == out-not-vxlan ]] || all[n]=$((all[n] + COUNT))
}

# Of what was logged since, only that a member has looked after its multicast groups, as it does at times, and how
# often the key manager has said something while the members came.
expect_silence() { # N
	local lines

	lines=$(tail -n +$((logged[$1] + 1)) "$LAB_DIR/log/hv$1" |
		grep -v -e "debug: .* multicast groups" -e "debug: received .*: repeated [0-9]* times" || true)
	[[ ! $lines ]] || fail "hv$1 logged: $lines"
}

# The bridges are not to look into what they bridge: they would drop it.
leave_to_bridge() { # N
	[[ ! -e /proc/sys/net/bridge/bridge-nf-call-iptables ]] ||
		in_ns "hv$1" sysctl -qw net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0
}

# A tenant's frame, from t1 to t2.
expect_carried() { # FAMILY EDITS
	in_ns t1 /usr/bin/python3 "$E2E_HERE/malformed.py" tenant eth0 "$1" "$2" >"$LAB_DIR/tenant"
	lab_wait 10 "the tenant's frame with $2" grep -qxf "$LAB_DIR/tenant" "$LAB_DIR/log/seen"
}

e2e_up
e2e_add_evil
mac=$(lab_mac 2)
e2e_wait_ping 1 2
e2e_report recorder .snapshot >/dev/null
lab_spawn seen t2 /usr/bin/python3 "$E2E_HERE/malformed.py" seen eth0
lab_wait 10 "the ear at t2" grep -q ready "$LAB_DIR/log/seen"
for n in 1 2; do
	leave_to_bridge "$n"
	all[n]=$(all_drops "$n")
	logged[n]=$(wc -l <"$LAB_DIR/log/hv$n")
done

column=3
[[ $LAB_PORTS == kernel ]] || column=4
while IFS='|' read -r -a row; do
	[[ ${row[column - 1]} == - ]] || expect_row "${row[0]}" "${row[1]}" "${row[column - 1]}" </dev/null
done < <(rows)
for n in 1 2; do
	expect "drops at hv$n, of all rows" "$(all_drops "$n")" "${all[n]}"
	expect_silence "$n"
done
expect "forged frames at t2" "$(grep -vc ready "$LAB_DIR/log/seen" || true)" 0

# IP and UDP of tenants that lie, and Ethernet that says another type than it carries.
for edits in ip.version=0x05 ip.length=0 ip.length+1 ip.length=0xffff udp.length=0 udp.length+1 cut=70 \
	eth.type=0x0806 eth.type=0x88cc; do
	expect_carried 4 "$edits"
done
for edits in ip.version=0x05 ip.length=0 ip.length+1 udp.length=0 ip.next=0; do
	expect_carried 6 "$edits"
done
for n in 1 2; do
	expect "drops at hv$n, with tenants' frames" "$(all_drops "$n")" "${all[n]}"
	expect_silence "$n"
done
e2e_wait_ping 1 2

#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# ports: both
#
# Proof on the wire: what `covey ping` and `covey check --wire` say of probes between hosts, by packet sockets
# on their uplinks. They find a path in clear, a path of one direction, a wrong MTU and a missing multicast
# route, each planted, and name it. As a bump in the wire covey has the card by AF_XDP: then a program before
# AF_XDP sees what comes, and nothing sees what leaves, which is what the answers must say. In the long form
# also over an underlay of IPv6.
# long: 240
if [[ ! ${LAB_FAMILY:-} && ${COVEY_TEST_LONG:-} ]]; then
	for family in 4 6; do LAB_FAMILY=$family "$0" || exit 1; done
	exit 0
fi
LAB_FAMILY=${LAB_FAMILY:-4}
. "$(dirname "$0")/_init.sh"

# The fabric carries 1600 bytes: 60 are VPE's, and 50 VXLAN's; each 20 more over IPv6.
IP=ip LARGEST=1490
((LAB_FAMILY == 4)) || IP=ip6 LARGEST=1450

# probe FROM TO [OPTION...]: one run of probes; the answer is in $answer, and it is good if all were encrypted.
probe() {
	answer=$(lab_covey "$1" --json ping --count 1 "hv$2" "${@:3}")
}

# direction FROM TO FIELD: what the answer says of that direction.
direction() {
	jq -r ".directions[] | select(.from == \"hv$1\" and .to == \"hv$2\") | .$3" <<<"$answer"
}

expect_verdicts() {
	expect "$1: hv1 to hv2: $(direction 1 2 detail)" "$(direction 1 2 verdict)" "$2"
	expect "$1: hv2 to hv1: $(direction 2 1 detail)" "$(direction 2 1 verdict)" "$3"
}

# expect_named FROM TO TEXT: the reason contains it.
expect_named() {
	[[ $(direction "$1" "$2" detail) == *"$3"* ]] ||
		fail "hv$1 to hv$2: \"$(direction "$1" "$2" detail)\" does not say \"$3\""
}

good() { probe 1 2; }

# check: all members of the group, from hv1. The answer is in $checked.
check() {
	checked=$(lab_covey 1 --json --inventory "$LAB_DIR/inventory.yaml" check --wire tenants)
}

all_good() { check; }

# bad: the directions that are not encrypted, as "FROM>TO CAST VERDICT", by line.
bad() {
	jq -r '.directions[] | select(.verdict != "encrypted") | "\(.from)>\(.to) \(.cast) \(.verdict)"' \
		<<<"$checked" | sort
}

guard() {
	in_ns "hv$1" "$(lab_program covey-host)" --inventory "$LAB_DIR/inventory.yaml" \
		--pki "$LAB_DIR/pki" --name "hv$1" --guard "$2"
}

# block FROM TO: the switch drops VPE of that direction.
block() {
	in_ns sw nft -f - <<-RULES
		table netdev oneway {
			chain in {
				type filter hook ingress device "hv$1" priority 0;
				$IP saddr $(lab_vtep "$1") $IP daddr $(lab_vtep "$2") udp dport 4798 counter drop
			}
		}
	RULES
}

# What hv2's VXLAN device knows, but for the address of the probes themselves.
learned() {
	in_ns hv2 bridge fdb show dev vxlan100 | grep -v '^01:80:c2:00:00:01' | sort
}

# The card of a bump in the wire: what the kernel sends there itself goes around covey.
go_around() {
	local to
	to=$(lab_ip hv2 -json link show dev covey0 | jq -r '.[].address')
	lab_ip hv1 neighbour replace "$(lab_vtep 2)" lladdr "$to" dev fab0
	lab_ip hv1 route replace "$(lab_vtep 2)" dev fab0
}

go_by_covey() {
	lab_ip hv1 route del "$(lab_vtep 2)" dev fab0
	lab_ip hv1 neighbour del "$(lab_vtep 2)" dev fab0
}

# Who can see a direction on the wire, and what is said where they do not arrive.
WITNESS=both
LOST="they left hv2 encrypted, and did not come to hv1"
TOO_BIG="out-too-big"
AROUND=(guard_only guard_only)
CLEAR="hv1>hv2 multicast clear
hv1>hv2 unicast clear
hv1>hv3 multicast clear
hv1>hv3 unicast clear"
guard_only() { :; }
if [[ $LAB_PORTS != kernel ]]; then
	WITNESS=receiver
	TOO_BIG="they did not leave hv1; hv1: VXLAN packets of "
	LOST="they did not come to hv1, and it cannot be seen whether they left hv2: AF_XDP"
	AROUND=(go_around go_by_covey)
	CLEAR="hv1>hv2 unicast clear"
fi

e2e_up
before=$(learned)
lab_wait 10 "probes to pass" good

# Encrypted, under the SA that is active, and seen so at all four places.
probe 1 2 || fail "probes do not pass: $answer"
expect_verdicts "all is well" encrypted encrypted
expect "the SA" "$(direction 1 2 spi)" "$(e2e_active_spi 1)"
expect "who has seen it" "$(jq -r '[.directions[].seen_by] | unique | .[]' <<<"$answer")" "$WITNESS"
[[ $WITNESS == both ]] || expect_named 1 2 "seen by the receiver alone: hv1: AF_XDP"
expect "probes that were seen at each uplink" "$(jq -c '[.reports[].seen[] | select(.watched) | .encrypted] |
	unique' <<<"$answer")" "[31]"
expect "directions that are watched" "$(jq '[.reports[].seen[] | select(.watched)] | length' <<<"$answer")" \
	"$([[ $WITNESS == both ]] && echo 4 || echo 2)"
expect "answers that were measured" "$(jq '[.reports[] | select(.host == "hv1") | .seen[] |
	.round_trip_us[] | select(. > 0)] | length' <<<"$answer")" 5
expect "what VXLAN devices have learned" "$(learned)" "$before"
probe 2 1 || fail "probes of hv2 do not pass: $answer"
probe 1 2 --class 5 || fail "probes of class 5 do not pass: $answer"
expect "the class of the window" "$(jq '[.reports[].seen[] | select(.watched) | .window_id / 8192 | floor] |
	unique | .[]' <<<"$answer")" 5

expect "the largest that pass" "$(lab_covey 1 --json ping --sweep hv2 |
	jq -c '[.largest_there, .largest_back]')" "[$LARGEST,$LARGEST]"
probe 1 2 --size $((LARGEST + 1)) && fail "$((LARGEST + 1)) bytes pass"
expect_verdicts "too large for hv1" "not seen" "not seen"
expect_named 1 2 "$TOO_BIG"

# All members, within 5 seconds: six directions by unicast, six by multicast.
lab_wait 10 "all members to be probed" all_good
began=$(lab_now_ms)
check || fail "not all is encrypted: $checked"
took=$(($(lab_now_ms) - began))
((took <= 5000)) || fail "check --wire took $took ms"
expect "directions" "$(jq -c '[.directions[] | .cast] | group_by(.) | map(length)' <<<"$checked")" "[6,6]"
expect "the largest packets" "$(jq -c '[.directions[].largest] | unique' <<<"$checked")" "[$LARGEST]"

# What cannot be asked for.
for wrong in "hv1" "hv9" "hv2 feeds"; do
	# shellcheck disable=SC2086 # words
	lab_covey 1 ping --count 1 $wrong 2>"$LAB_DIR/wrong" && fail "ping $wrong is no failure"
	grep -q "^covey ping: " "$LAB_DIR/wrong" || fail "ping $wrong: $(cat "$LAB_DIR/wrong")"
done

block 2 1
probe 1 2 && fail "the path of one direction is not found"
expect_verdicts "one direction is blocked" encrypted "not seen"
expect_named 2 1 "$LOST"
check && fail "check --wire does not find the path of one direction"
expect "what check --wire finds" "$(bad)" "hv2>hv1 unicast not seen"
in_ns sw nft delete table netdev oneway
good || fail "after the block: $answer"

lab_ip sw link set hv2 mtu 1400
probe 1 2 && fail "the small MTU of the switch is not found"
expect_verdicts "the switch has a small MTU" "too big" encrypted
expect_named 1 2 "of $LARGEST bytes do not"
lab_ip sw link set hv2 mtu "$LAB_FABRIC_MTU"
good || fail "after the small MTU: $answer"

# The switch sends no multicast to hv3.
in_ns sw nft -f - <<-RULES
	table netdev unrouted {
		chain out {
			type filter hook egress device "hv3" priority 0;
			$IP daddr $(lab_multicast) counter drop
		}
	}
RULES
check && fail "the missing multicast route is not found"
expect "what check --wire finds" "$(bad)" "hv1>hv3 multicast not seen
hv2>hv3 multicast not seen"
in_ns sw nft delete table netdev unrouted
check || fail "after the missing route: $checked"

# In clear, while the operator has removed the guard.
e2e_oracles || fail "the oracles, before the leak that is planted"
E2E_ORACLES=off
guard 1 off
"${AROUND[0]}"
probe 1 2 && fail "the path in clear is not found"
expect "hv1 to hv2" "$(direction 1 2 verdict)" clear
expect_named 1 2 "seen in clear on the uplink of hv1"
check && fail "check --wire does not find the path in clear"
[[ $(bad | grep clear) == "$CLEAR" ]] || fail "check --wire in clear: $(bad)"
(($(e2e_report recorder .kinds.vxlan) > 0)) || fail "nothing was in clear"
"${AROUND[1]}"
guard 1 on
lab_wait 10 "probes to be encrypted again" good
expect_verdicts "the guard is back" encrypted encrypted

# A group that sends in clear by its mode is in clear, and that is what is said.
lab_at_gkm mode tenants observe >/dev/null || fail "the mode cannot be changed"
check && fail "check --wire does not find a group in observe"
expect "what check --wire finds in observe" "$(bad | grep -c " clear$")" 12
lab_at_gkm mode tenants transition >/dev/null || fail "the mode cannot be changed again"
check || fail "in transition not all is encrypted: $checked"

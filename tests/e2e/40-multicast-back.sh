#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The switch has forgotten which groups a host wants, and asks nobody again: multicast is back within a
# second of unicast, after covey-host was away and after the cable was. IPv4 and IPv6.
# ports: both
# alone: it measures how long multicast is away

if [[ -z ${LAB_FAMILY:-} ]]; then
	LAB_FAMILY=4 "$0" && LAB_FAMILY=6 exec "$0"
	exit 1
fi

. "$(dirname "$0")/_init.sh"
# shellcheck source=tests/e2e/_figures.sh
. "$E2E_HERE/_figures.sh"

BACK_MS=1000
ALL=31 # number of t1's stream to the group; 3 is t3's to t2

# Over IPv6 it cannot ask before the kernel has seen that nobody else has its address.
switch_has_address() {
	lab_ip sw -json -6 address show dev br0 | jq -e 'any(.[].addr_info[]?; .scope == "link" and (.tentative | not))' \
		>/dev/null
}

# A switch that has just become a querier sends all groups to everybody until answers may have come. This one
# begins again, with a second for answers.
begin_snooping() {
	((LAB_FAMILY == 4)) || lab_wait 10 "the switch's address" switch_has_address
	lab_ip sw link set br0 type bridge mcast_query_response_interval 100 mcast_querier 0
	lab_ip sw link set br0 type bridge mcast_querier 1
}

# The switch neither asks hv2 nor any kernel by itself: what it hears of hv2, hv2 says unasked.
silence_switch() {
	in_ns sw nft -f - <<-RULES
		table netdev silence {
			chain hv2 {
				type filter hook egress device hv2 priority 0
				igmp type membership-query drop
				icmpv6 type mld-listener-query drop
			}
		}
	RULES
}

# knows_group_of_hv2: the switch sends it to hv2.
knows_group_of_hv2() {
	in_ns sw bridge -json mdb show dev br0 | jq -e --arg group "$(lab_multicast)" \
		'any(.[].mdb[]?; .port == "hv2" and .grp == $group)' >/dev/null
}

# What its timer does 260 s after the last report. A port that is down has been forgotten already.
forget() {
	! knows_group_of_hv2 || in_ns sw bridge mdb del dev br0 port hv2 grp "$(lab_multicast)"
	! knows_group_of_hv2
}

# keeps_group_from_hv2: what the switch has forgotten does not come.
keeps_group_from_hv2() {
	local before

	forget || return 1 # hv2 has just said again what it wants
	e2e_report rx2 .snapshot >/dev/null
	before=$(received $ALL)
	sleep 0.3
	e2e_report rx2 .snapshot >/dev/null
	(($(received $ALL) == before))
}

both_flow_since() {
	e2e_report rx2 .snapshot >/dev/null
	(($(received 3) > $1 + 100 && $(received $ALL) > $2 + 100))
}

received() {
	jq -r ".streams[\"$1\"].received // 0" "$LAB_DIR/rx2.json"
}

# back_of STREAM SINCE: when the last pause of it that began before ended, by the receiver's clock.
back_of() {
	jq -r "[.streams[\"$1\"].pauses[] | select(.[1] > $2)] | last | .[1]" "$LAB_DIR/rx2.json"
}

# expect_back WHAT: from here on both streams come again, multicast soon after unicast.
expect_back() {
	local since=$2 unicast=$3 multicast=$4 took

	lab_wait 20 "unicast and multicast at t2 after $1" both_flow_since "$unicast" "$multicast"
	took=$(($(back_of $ALL "$since") - $(back_of 3 "$since")))
	figure "multicast-back-$1-ipv$LAB_FAMILY" "$took" ms
	((took <= BACK_MS)) || fail "after $1 multicast came back $took ms after unicast"
}

# away WHAT STOP START: functions that take hv2 off the fabric and put it back.
away() {
	local since

	e2e_report rx2 .snapshot >/dev/null
	since=$(jq .at_ms "$LAB_DIR/rx2.json")
	"$2"
	forget || fail "the switch does not forget"
	e2e_report rx2 .snapshot >/dev/null
	"$3"
	expect_back "$1" "$since" "$(received 3)" "$(received $ALL)"
}

stop_covey() {
	lab_stop hv2 KILL
}

start_covey() {
	lab_start_covey 2
}

pull() {
	lab_ip sw link set hv2 down
}

plug() {
	lab_ip sw link set hv2 up
}

e2e_up
begin_snooping
silence_switch
e2e_receive_multicast 2
e2e_wait_ping 3 2
e2e_keep_sending 3 2 --rate 500
e2e_keep_sending 1 all --rate 500 --stream $ALL
lab_wait 10 "the stream to the group" e2e_has_received 2 $ALL 100
lab_wait 90 "the switch to send hv2 only what it wants" keeps_group_from_hv2
away restart stop_covey start_covey
away carrier pull plug
for stream in 3-2 1-all; do lab_stop "tx$stream"; done

#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The network is cut while a group's mode changes: first one member from the key manager, then all of them, and
# two members from one another. The time to confirm runs out meanwhile, two operators want different modes, and
# the wall clocks of members jump ten years ahead and back. Everybody ends in the same mode, no frame is lost but
# those that the cut took, and from transition on nothing is on the wire in clear.
# shellcheck disable=SC2034 # for lab.sh
LAB_GROUP_VARS="        mode: observe"
. "$(dirname "$0")/_init.sh"
# shellcheck source=tests/e2e/_clock.sh
. "$E2E_HERE/_clock.sh"

YEARS=3653  # days of ten
CONFIRM_S=6 # less than the key manager waits for a member
STREAMS="1-2 2-3 3-all 1-3"
# What may be on the way when an epoch begins: a tenth of a second of all streams. If a sender stayed behind, or a
# receiver, it were seconds.
UNDER_WAY_MAX=$((120 * ${COVEY_PATIENCE:-1}))

mode_at() { # N
	lab_show "$1" '.groups[0].mode | "\(.name) \(.in_force)"'
}

all_are_in() { # MODE
	local n

	for n in $(lab_hosts); do
		[[ $(mode_at "$n") == "$1 true" ]] || return 1
	done
}

mode() { # WORD...
	lab_at_gkm mode tenants "$@" >>"$LAB_DIR/log/mode" 2>&1
}

# To be confirmed in time; from when on, in $taken. Not in too short a time for a member that was slow to answer.
mode_is_taken() {
	taken=$(lab_now_ms)
	mode "$@" --confirm-within "${CONFIRM_S}s"
}

change_is_under_way() {
	[[ $(lab_at_gkm --json mode tenants | jq .under_way) == true ]]
}

# The key manager has no more to do, and nobody has still to hear of it.
gkm_has_settled_in() { # MODE
	[[ $(lab_at_gkm --json mode tenants | jq -r '"\(.mode) \(.under_way) \(.obstacles |
		any(.why == "away" or .why == "mode not acknowledged"))"') == "$1 false false" ]]
}

all_have_settled_in() { # MODE
	gkm_has_settled_in "$1" && all_are_in "$1"
}

# A match on each line of the input is lost at the switch.
cut() {
	{
		echo "table bridge partition { counter gone {}"
		echo "chain forward { type filter hook forward priority 0;"
		sed 's/$/ drop;/'
		printf '}\n}\n'
	} | in_ns sw nft -f -
}

# How many frames from hv1 to hv3 the cut took: in $gone.
heal() {
	in_ns sw nft flush chain bridge partition forward
	gone=$(in_ns sw nft -j list counters table bridge partition | jq '[.. | .counter? | objects | .packets] | add')
	in_ns sw nft delete table bridge partition
}

begin() {
	dropped=$(($(e2e_drop 2 in-epoch) + $(e2e_drop 3 in-epoch)))
	e2e_receive_multicast 2
	e2e_receive_multicast 3
	e2e_keep_sending 1 2 --rate 300
	e2e_keep_sending 1 3 --rate 300
	e2e_keep_sending 2 3 --rate 300
	e2e_keep_sending 3 all --rate 300
	lab_wait 10 "the stream to t2" e2e_has_received 2 1 100
	lab_wait 10 "the stream to t3" e2e_has_received 3 1 100
}

# A member that comes back to the key manager has a higher epoch, and what is under way in the lower one is dropped.
under_way() {
	echo $(($(e2e_drop 2 in-epoch) + $(e2e_drop 3 in-epoch) - dropped))
}

only_is_lost() { # FRAMES
	(($(e2e_lost 1:2 2:3 3:2:all) <= $1))
}

# expect_whole WHEN CUT-FRAMES
expect_whole() {
	local stream lost under_way

	for stream in $STREAMS; do lab_stop "tx$stream"; done
	under_way=$(under_way)
	((under_way <= UNDER_WAY_MAX)) || fail "$1 $under_way packets of a lower epoch were dropped"
	lab_poll 10 only_is_lost "$under_way" || true
	lost=$(e2e_lost 1:2 2:3 3:2:all)
	((lost >= 0 && lost <= under_way)) ||
		fail "$1 $lost frames were lost, and $under_way packets of a lower epoch were dropped"
	lost=$(e2e_lost 1:3)
	((lost <= $2 + under_way)) || fail "$1 $lost frames from t1 to t3 were lost, and the cut took $2"
	for n in 2 3; do
		e2e_expect_intact "$n"
		lab_stop "rx$n"
	done
}

vxlan_seen() {
	e2e_report recorder .kinds.vxlan
}

E2E_ORACLES=off # clear frames are on the wire in observe
for n in 2 3; do set_clock "hv$n" 0; done
e2e_up
for n in 1 2 3; do e2e_wait_ping "$n" $((n % 3 + 1)); done
all_are_in observe || fail "not all are in observe"

# hv1 does not hear of it until the time to confirm is over, and then of everything at once. Another operator
# has to wait meanwhile.
begin
printf '%s\n' "ip saddr $(lab_vtep 1) tcp dport 4798" "ip daddr $(lab_vtep 1) tcp sport 4798" | cut
began=$(lab_now_ms)
mode transition --confirm-within "${CONFIRM_S}s" &
operator=$!
lab_wait 10 "the change to be under way" change_is_under_way
for other in observe enforce transition; do
	# Who asks when the time is over is not refused: only with half of it left.
	(($(lab_now_ms) < began + CONFIRM_S * 500)) || break
	lab_at_gkm mode tenants "$other" >"$LAB_DIR/log/other" 2>&1 && fail "two operators: $other is taken"
	grep -q "under way" "$LAB_DIR/log/other" || fail "two operators, $other: $(<"$LAB_DIR/log/other")"
done
wait "$operator" && fail "hv1 is cut off, and the change is said to be done"
grep -q 'before all members had acknowledged' "$LAB_DIR/log/mode" || fail "it says $(<"$LAB_DIR/log/mode")"
expect "hv1, which is cut off" "$(mode_at 1)" "observe true"
heal
lab_wait_joined
lab_wait 60 "all to be in observe" all_have_settled_in observe
expect_whole "when hv1 did not hear of transition" 0

# The key manager is cut from all, and hv1 from hv3, while the time to confirm enforce runs out. Clocks jump: who
# is ahead does not go back before the time is over, and who is behind does not stay.
lab_wait 60 "transition" mode transition
lab_wait 60 "all to be in transition" all_have_settled_in transition
begin
clear=$(vxlan_seen)
lab_wait 60 "the key manager to take enforce" mode_is_taken enforce --despite-clear
printf '%s\n' "tcp dport 4798" "tcp sport 4798" \
	"ip saddr $(lab_vtep 1) ip daddr $(lab_vtep 3) udp dport 4798 counter name gone" | cut
set_clock hv2 "$YEARS"
set_clock hv3 "-$YEARS"
stayed=$(mode_at 2)
if (($(lab_now_ms) < taken + CONFIRM_S * 1000)); then
	expect "hv2 whose clock is ahead, before the deadline" "$stayed" "enforce true"
fi
lab_wait 60 "all to be in transition again, each by itself" all_are_in transition
for n in 2 3; do set_clock "hv$n" 0; done
heal
((gone > 0)) || fail "the cut took no frame"
lab_wait_joined
lab_wait 60 "all to know that it is transition" all_have_settled_in transition
expect_whole "when the key manager and hv1 were cut off in enforce" "$gone"

expect "clear frames since transition" "$(vxlan_seen)" "$clear"
e2e_recorder_oracle
e2e_iv_oracle
e2e_format_oracle

#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A change of mode that nobody confirms is undone by itself, also when the key manager is killed meanwhile:
# within a second of the deadline, without a lost frame. A key manager that is started again, a member that
# is restarted in the middle, and one that comes late are all in the group's mode in the end. Forward, nobody
# is left behind: the change is refused and names who could not follow.
# ports: both
. "$(dirname "$0")/_init.sh"

mode_at() { # N
	lab_show "$1" '.groups[0].mode | "\(.name) \(.in_force)"'
}

# all_are_in MODE [N...]
all_are_in() {
	local n mode=$1

	shift
	for n in $([[ $# == 0 ]] && lab_hosts || echo "$@"); do
		[[ $(mode_at "$n") == "$mode true" ]] || return 1
	done
}

mode() { # WORD...
	lab_at_gkm mode tenants "$@" >>"$LAB_DIR/log/mode"
}

gkm_enforces() {
	[[ $(lab_at_gkm --json mode tenants | jq -r '"\(.mode) \(.under_way)"') == "enforce false" ]]
}

# A change that was taken back has come to its end.
gkm_is_settled() {
	[[ $(lab_at_gkm --json mode tenants | jq .under_way) == false ]]
}

kill_gkm() {
	lab_stop gkm KILL
	rm -f "$LAB_DIR/gkm.sock"
}

begin() {
	e2e_receive_multicast 2
	e2e_receive_multicast 3
	e2e_keep_sending 1 2 --rate 500
	e2e_keep_sending 2 3 --rate 500
	e2e_keep_sending 3 all --rate 500
}

lost() {
	e2e_lost 1:2 2:3 3:2:all
}

none_is_lost() {
	(($(lost) <= 0))
}

expect_whole() { # WHEN
	local stream

	for stream in 1-2 2-3 3-all; do lab_stop "tx$stream"; done
	lab_poll 10 none_is_lost || true
	expect "frames lost $1" "$(lost)" 0
	for n in 2 3; do
		e2e_expect_intact "$n"
		lab_stop "rx$n"
	done
}

# undone MODE SECONDS WHEN: the change is made, the key manager killed, and the change is undone.
undone() {
	local start late

	begin
	mode "$1" --confirm-within "$2s"
	start=$(lab_now_ms)
	kill_gkm
	all_are_in "$1" || fail "not all are in $1"
	lab_wait $(($2 + 5)) "all to enforce again" all_are_in enforce
	late=$(($(lab_now_ms) - start - $2 * 1000))
	((late < 1000 * ${COVEY_PATIENCE:-1})) || fail "$1 was undone $late ms after the deadline"
	sleep 0.5 # of traffic, as it is now
	expect_whole "when $1 was undone"
	echo "$1 undone at most $late ms after the deadline"
	lab_start_gkm
	lab_wait_joined
	lab_wait 5 "the key manager to be in enforce" gkm_enforces # by transition, if it was in observe
	lab_wait 5 "all to enforce" all_are_in enforce
}

E2E_ORACLES=off # clear frames are on the wire
e2e_up
for n in 1 2 3; do e2e_wait_ping "$n" $((n % 3 + 1)); done
undone transition 3
undone observe 4

# A member is killed in the middle.
mode transition --confirm-within 30s
lab_stop hv1 KILL
lab_start_covey 1
lab_wait 30 "hv1 to join again" lab_has_joined 1
all_are_in transition || fail "hv1 was restarted, and is in $(mode_at 1)"
mode confirm

# A member is away.
lab_stop hv3
if mode enforce 2>"$LAB_DIR/log/refused"; then fail "enforce without hv3"; fi
grep -q 'hv3' "$LAB_DIR/log/refused" || fail "it does not name hv3: $(<"$LAB_DIR/log/refused")"
lab_wait 10 "the refused change to be over" gkm_is_settled # if the end of hv3's connection was lost
mode observe # back, nobody is waited for longer than 10 s
lab_start_covey 3
lab_wait 60 "hv3 to join" lab_has_joined 3
lab_wait 5 "hv3 to be in observe" all_are_in observe 3

# All that is left of it ends in a key manager's restart: what was set stays.
lab_stop gkm
lab_start_gkm
lab_wait_joined
lab_wait 5 "all to be in observe" all_are_in observe
for word in "" 0s -1s 8d 1y; do
	if mode transition --confirm-within "$word" 2>/dev/null; then fail "a deadline of '$word'"; fi
done
all_are_in observe || fail "a wrong command has changed the mode"

# Who sends in clear is known by address, and holds up enforce; the operator may go on in spite of it.
e2e_keep_sending 3 1 --rate 100
shows_hv3() {
	[[ $(lab_show 1 "[.clear.heard[] | select(.direction == \"in\" and .peer == \"$(lab_vtep 3)\")] | length") -ge 1 ]]
}
lab_wait 10 "hv1 to show that hv3 sends in clear" shows_hv3
mode transition
if mode enforce 2>"$LAB_DIR/log/refused"; then fail "enforce, with clear packets in the last minute"; fi
is_only_clear() {
	mode enforce 2>"$LAB_DIR/log/refused" && fail "enforce, with clear packets in the last minute"
	grep -q -- '--despite-clear' "$LAB_DIR/log/refused"
}
lab_wait 60 "all to have said what they hear" is_only_clear
mode enforce --despite-clear
grep -q 'DESPITE CLEAR PACKETS' "$LAB_DIR/log/mode" || fail "the answer does not say what it goes on despite"
all_are_in enforce || fail "the mode is said to be set, and is not"
lab_stop tx3-1
e2e_recorder_oracle
e2e_iv_oracle
e2e_format_oracle

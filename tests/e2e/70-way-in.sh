#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A fabric that carries clear VXLAN, unicast and multicast, becomes an encrypted one, and goes back, under
# traffic: covey comes host by host in observe, then all go to transition, to enforce, back by a change that
# nobody confirms, and forward again. Not one frame is lost, and none comes twice.
#
# As a bump in the wire covey takes the card over, which no traffic survives: there it is in observe from
# before the first frame.
# ports: both
# shellcheck disable=SC2034 # for lab.sh
LAB_GROUP_VARS="        mode: observe"
. "$(dirname "$0")/_init.sh"

RATE=$(long_or_short 2000 500)

mode_at() { # N
	lab_show "$1" '.groups[0].mode | "\(.name) \(.in_force)"'
}

all_are_in() { # MODE
	local n

	for n in $(lab_hosts); do
		[[ $(mode_at "$n") == "$1 true" ]] || return 1
	done
}

seen() { # KIND
	e2e_report recorder ".kinds.$1"
}

# Both kinds of packets on the wire, as the difference to a moment ago.
expect_on_wire() { # WHEN VXLAN|none VPE|none
	local vxlan vpe

	vxlan=$(seen vxlan) vpe=$(seen vpe)
	sleep 0.5
	vxlan=$(($(seen vxlan) - vxlan)) vpe=$(($(seen vpe) - vpe))
	[[ $2 == none ]] || ((vxlan > 0)) || fail "$1: no clear VXLAN on the wire"
	[[ $2 != none ]] || ((vxlan == 0)) || fail "$1: $vxlan packets of clear VXLAN on the wire"
	[[ $3 == none ]] || ((vpe > 0)) || fail "$1: nothing on the wire is encrypted"
	[[ $3 != none ]] || ((vpe == 0)) || fail "$1: $vpe packets are encrypted"
}

mode() { # WORD...
	lab_at_gkm mode tenants "$@" | tee -a "$LAB_DIR/log/mode"
}

gkm_is_settled() {
	[[ $(lab_at_gkm --json mode tenants | jq .under_way) == false ]]
}

lost() {
	e2e_lost 1:3 3:1 2:1:all 2:3:all
}

# What is under way counts as lost for a moment.
none_is_lost() {
	(($(lost) <= 0))
}

expect_whole() { # WHEN
	local n

	for stream in 1-3 3-1 2-all; do lab_stop "tx$stream"; done
	lab_poll 10 none_is_lost || true
	expect "frames lost until $1" "$(lost)" 0
	for n in 1 3; do e2e_expect_intact "$n"; done
	echo "$1: nothing lost of $(($(jq .sent "$LAB_DIR/tx1-3.json") + $(jq .sent "$LAB_DIR/tx3-1.json") +
		$(jq .sent "$LAB_DIR/tx2-all.json"))) frames"
}

send_all() {
	e2e_keep_sending 1 3 --rate "$RATE"
	e2e_keep_sending 3 1 --rate "$RATE"
	e2e_keep_sending 2 all --rate "$RATE"
}

receive_all() {
	local n

	for n in 1 3; do
		lab_is_gone "rx$n" || lab_stop "rx$n"
		e2e_receive_multicast "$n"
	done
}

E2E_ORACLES=off # clear frames are on the wire, and this test says when
lab_wires
e2e_record
if [[ $LAB_PORTS == kernel ]]; then
	for n in $(lab_hosts); do lab_add_vxlan "$n" fab0; done
else
	lab_programs
fi
e2e_wait_ping 1 3
e2e_wait_ping 2 1
receive_all
send_all
lab_wait 10 "multicast at t3" e2e_has_received 3 2 100
expect_on_wire "before covey" clear none

if [[ $LAB_PORTS == kernel ]]; then
	lab_write_inventory "$LAB_DIR/inventory.yaml"
	lab_issue_certificates
	lab_start_gkm
	for n in $(lab_hosts); do
		lab_start_covey "$n"
		lab_wait 60 "hv$n to join" lab_has_joined "$n"
	done
fi
lab_wait_joined
all_are_in observe || fail "not all are in observe: $(for n in $(lab_hosts); do mode_at "$n"; done)"
expect_on_wire "in observe" clear none
if mode enforce 2>"$LAB_DIR/log/refused"; then fail "observe became enforce at once"; fi
expect_whole "observe"

receive_all
send_all
mode transition
all_are_in transition || fail "the mode is said to be set, and is not"
expect_on_wire "in transition" none encrypted
if mode enforce 2>"$LAB_DIR/log/refused"; then fail "enforce, with clear packets in the last minute"; fi
grep -q 'hv[123]' "$LAB_DIR/log/refused" || fail "it names no host: $(<"$LAB_DIR/log/refused")"
enforces() { lab_at_gkm mode tenants enforce --confirm-within 3s >>"$LAB_DIR/log/mode" 2>&1; }
lab_wait 100 "a minute without clear packets" enforces
all_are_in enforce || fail "the mode is said to be set, and is not"
expect_on_wire "in enforce" none encrypted
lab_wait 5 "the unconfirmed change to be undone" all_are_in transition
lab_wait 5 "the change to be over" gkm_is_settled
mode observe
lab_wait 5 "all to be in observe" all_are_in observe
expect_on_wire "in observe again" clear none
mode transition --confirm-within 3s
all_are_in transition || fail "the mode is said to be set, and is not"
lab_wait 5 "the unconfirmed change to be undone" all_are_in observe
lab_wait 5 "the change to be over" gkm_is_settled
mode transition --confirm-within 20s
mode confirm
lab_at_gkm mode tenants | tee -a "$LAB_DIR/log/mode" | grep -q transition || fail "$(tail -n 5 "$LAB_DIR/log/mode")"
expect_on_wire "in transition again" none encrypted
expect_whole "the end"
e2e_recorder_oracle
e2e_iv_oracle
e2e_format_oracle
e2e_expect_no_alarm

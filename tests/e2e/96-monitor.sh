#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# covey monitor: what one host sends another at a known rate is what both of them say, by group, peer and class, also
# across a rekey; and a packet that is dropped is there by its reason.
# ports: kernel
LAB_HOSTS=2
. "$(dirname "$0")/_init.sh"

# sums FILE FILTER: of all intervals, how many packets that row stands for.
sums() {
	jq -s "[.[] | select(.ok) | .seconds * ($2)] | add | round" "$LAB_DIR/$1"
}

e2e_up
e2e_receive 2
lab_spawn monitor1 hv1 "$(lab_program covey)" --socket "$LAB_DIR/hv1.sock" --json monitor
lab_spawn monitor2 hv2 "$(lab_program covey)" --socket "$LAB_DIR/hv2.sock" --json monitor

measured() {
	(($(grep -c seconds "$LAB_DIR/log/monitor$1") >= $2))
}

lab_wait 30 "hv1's rates" measured 1 1
lab_wait 30 "hv2's rates" measured 2 1
e2e_keep_sending 1 2 --rate 500
lab_at_gkm rekey tenants --wait >/dev/null
lab_wait 30 "hv1 to say more" measured 1 $(($(grep -c seconds "$LAB_DIR/log/monitor1") + 1))
lab_stop tx1-2
e2e_expect_all 1 2
sent=$(jq .sent "$LAB_DIR/tx1-2.json")

is_about() { # FILE FILTER LEAST: so many packets, and hardly more; there are some of ARP
	local packets

	packets=$(sums "$1" "$2")
	((packets >= $3 && packets <= $3 + 100))
}

group='(.groups[] | select(.group == "tenants"))'
lab_wait 30 "hv1 to say what it sent in the group" is_about log/monitor1 "$group.out" "$sent"
lab_wait 30 "hv2 to say what it got in the group" is_about log/monitor2 "$group.in" "$sent"
lab_wait 30 "hv2 to say what it got from hv1" is_about log/monitor2 \
	'([.peers[] | select(.host == "hv1") | .in] | add // 0)' "$sent"
lab_wait 30 "hv1 to say what it sent in class 0" is_about log/monitor1 \
	'([.classes[] | select(.class == "0") | .out] | add // 0)' "$sent"

dropped() {
	jq -es 'any(.[] | select(.ok) | .drops[]; .reason == "in-replay-seen" and .packets >= 1)' "$LAB_DIR/log/monitor2"
}

e2e_add_evil
e2e_inject replay --from "$(lab_vtep 1)" --cast 0
lab_wait 30 "hv2 to say that it dropped a packet" dropped

# Ended, it leaves whole answers, and each is what the schema says.
for n in 1 2; do
	lab_stop "monitor$n"
	jq 'select(.ok)' "$LAB_DIR/log/monitor$n" >"$LAB_DIR/rates" || fail "monitor$n: an answer is cut"
	/usr/bin/python3 "$LAB_SOURCE/tests/unit/cli/schema.py" "$LAB_SOURCE/docs/covey-show.schema.json" monitor \
		<"$LAB_DIR/rates" || fail "monitor$n: $(tail -n 1 "$LAB_DIR/log/monitor$n")"
done

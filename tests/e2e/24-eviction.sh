#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A host is evicted under traffic: of what the others send after the last of them has the new SA it
# decrypts nothing, they lose nothing; it stays out until it is readmitted. In turn: a host that hears of
# it and wipes its keys; one that is cut off from the key manager, hears nothing and keeps its old keys;
# one that is stopped besides while it happens, and then goes on.
# long: 1800
. "$(dirname "$0")/_init.sh"
# shellcheck source=tests/e2e/_figures.sh
. "$E2E_HERE/_figures.sh"

ROUNDS=$(long_or_short 20 3)
KINDS=(told cut stopped)
AFTER=1000 # frames of each stream that must come to nothing at hv3

switches=()
unheard=0
decrypted=0

holds() {
	[[ $(lab_show "$1" "any(.sas[]; .spi == $2)") == true ]]
}

has_no_sa() {
	[[ $(lab_show "$1" '.sas | length') == 0 ]]
}

refusal_is() {
	[[ $(lab_show 3 '.gkm.last_error // ""') == *"$1"* ]]
}

# An SA above this one is active at the key manager: the last member has acknowledged it.
is_acked() {
	(($(e2e_gkm_active_spi) > $1))
}

# hv1 and hv2 send on an SA above this one, and do not hold this one any more. What was before hv3 joined
# may still drain.
have_switched() {
	local n

	for n in 1 2; do
		[[ $(lab_show "$n" "any(.sas[]; .state == \"active\" and .spi > $1) and
			all(.sas[]; .spi != $1)") == true ]] || return 1
	done
}

sent() {
	e2e_report "tx$1" .sent
}

# of stream N, the highest number that came to t3, -1: none
highest() {
	e2e_report rx3 ".streams[\"$1\"].highest // -1"
}

# beyond NUMBER N: of stream N, at most so many frames from this number on came to t3.
beyond() {
	local over=$(($(highest "$2") + 1 - $1))

	echo $((over > 0 ? over : 0))
}

# cut_off: what the key manager sends to hv3 goes nowhere. Both see a silent peer.
cut_off() {
	lab_ip gkm route add blackhole "$(lab_vtep 3)"
}

heal() {
	lab_ip gkm route del blackhole "$(lab_vtep 3)"
}

# --- the three kinds ------------------------------------------------------------------------------

before_told() { return 0; }
before_cut() { cut_off; }
before_stopped() {
	lab_signal hv3 STOP
	cut_off
}

# It knows, and has no key left.
after_told() {
	lab_wait 5 "hv3 to wipe its keys" has_no_sa 3
	lab_wait 5 "hv3 to know why" refusal_is evicted
	if e2e_ping 3 1; then fail "t3 still reaches t1"; fi
}

# It holds the old key still, and what the others send reaches it.
keeps_its_key() {
	holds 3 "$1" || fail "hv3 has not kept its old key: nothing is shown"
	lab_wait 10 "packets that hv3 has no key for" e2e_drop_has_risen 3 in-unknown-spi \
		$((unknown + AFTER))
	holds 3 "$1" || fail "hv3 has not kept its old key until now"
	unheard=$((unheard + $(e2e_drop 3 in-unknown-spi) - unknown))
}

after_cut() {
	keeps_its_key "$1"
	heal
}

after_stopped() {
	lab_signal hv3 CONT
	keeps_its_key "$1"
	heal
}

# --- a round --------------------------------------------------------------------------------------

evict() {
	local spi start first_1 first_2 more

	spi=$(e2e_active_spi 1)
	holds 3 "$spi" || fail "hv3 does not hold SA $spi before it is evicted"
	unknown=$(e2e_drop 3 in-unknown-spi)
	"before_$1"
	start=$(lab_now_ms)
	lab_at_gkm evict hv3 >>"$LAB_DIR/log/evict"
	lab_wait 15 "the last acknowledgement" is_acked "$spi"
	lab_wait 5 "the others to switch" have_switched "$spi"
	switches+=($(($(lab_now_ms) - start)))
	first_1=$(sent 1-3)
	first_2=$(sent 2-all)
	more=$(($(e2e_report rx1 '.streams["2"].received') + AFTER))
	lab_wait 10 "traffic without hv3" e2e_has_received 1 2 "$more"
	"after_$1" "$spi"
	decrypted=$((decrypted + $(beyond "$first_1" 1) + $(beyond "$first_2" 2)))
	((decrypted == 0)) || fail "t3 got $decrypted frames of t1 and t2 after the eviction ($1)"
	expect "members that hv1 knows" \
		"$(lab_show 1 '.groups[0].members | map(.vtep) | sort | join(" ")')" \
		"$(lab_vtep 1) $(lab_vtep 2)"
}

readmit() {
	lab_stop hv3
	lab_at_gkm readmit hv3 >>"$LAB_DIR/log/evict"
	lab_start_covey 3
	lab_wait 60 "hv3 to be back" lab_has_joined 3 # two rekeys for it in a drain delay, 30 s
	e2e_wait_ping 3 1
	lab_wait 10 "hv3 to hear of t2" hears_again "$(highest 2)"
}

hears_again() {
	(($(highest 2) > $1))
}

e2e_up
for n in 1 2 3; do e2e_receive_multicast "$n"; done
e2e_wait_ping 1 2
e2e_wait_ping 1 3
e2e_keep_sending 1 3 --rate 1000
e2e_keep_sending 2 all --rate 1000
lab_wait 10 "multicast at hv3" e2e_has_received 3 2 500
if lab_at_gkm evict nosuch >>"$LAB_DIR/log/evict" 2>&1; then fail "a host nosuch was evicted"; fi

for ((i = 0; i < ROUNDS; i++)); do
	kind=${KINDS[i % ${#KINDS[@]}]}
	evict "$kind"
	echo "evicted ($kind): the others have switched after ${switches[-1]} ms"
	readmit
done
for stream in 1-3 2-all; do lab_stop "tx$stream"; done
e2e_expect_all 2 1 all
for n in 1 3; do e2e_expect_intact "$n"; done

figure evictions "$ROUNDS" evictions
figures_of switch ms "${switches[@]}"
figure packets-without-a-key "$unheard" packets
figure decrypted-after-the-last-ack "$decrypted" packets
figure lost-by-others "$(e2e_lost 2:1:all)" frames

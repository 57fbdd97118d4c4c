#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Rekeys at full speed, each begun as soon as the one before is under way and there is room for another
# SA, under unicast and multicast traffic: no frame is lost or comes twice. The long form first looks
# for the rate at which this machine begins to lose frames without a rekey, and takes 70 % of it.
# alone: a rate that must lose nothing, and rekeys as fast as the machine makes them
# long: 1500
# ports: both
LAB_GROUP_VARS="        rekey: {drain_delay: 1s}"
. "$(dirname "$0")/_init.sh"
# shellcheck source=tests/e2e/_figures.sh
. "$E2E_HERE/_figures.sh"

REKEYS=$(long_or_short 1000 40)
TRIAL_S=4          # how long a rate must hold while it is looked for
CONFIRM_S=20       # and the one that was found
RATE_MIN=1000      # of each unicast stream, per second; multicast has half of it
RATE_MAX=64000     # more than the sending program reaches
STALL_S=$((20 * ${COVEY_PATIENCE:-1})) # without a new SA: the rekeys are stuck
STREAMS=(1-2 2-3 3-all)

start_receivers() {
	local n

	for n in 1 2 3; do
		lab_stop "rx$n"
		e2e_receive_multicast "$n"
	done
}

# --- the no-drop rate -----------------------------------------------------------------------------

# send_all RATE SECONDS: the mix. False: the senders themselves were too slow.
send_all() {
	local start pids=() pid

	start=$(lab_now_ms)
	e2e_send 1 2 --rate "$1" --count $(($1 * $2)) &
	pids+=($!)
	e2e_send 2 3 --rate "$1" --count $(($1 * $2)) &
	pids+=($!)
	e2e_send 3 all --rate $(($1 / 2)) --count $(($1 * $2 / 2)) &
	pids+=($!)
	for pid in "${pids[@]}"; do wait "$pid"; done
	(($(lab_now_ms) - start < $2 * 1100))
}

# came TO FROM WHERE: all that was sent.
came() {
	lab_poll 1 e2e_has_received "$1" "$2" "$(jq .sent "$LAB_DIR/tx$2-$3.json")"
}

# holds RATE SECONDS: the recorder sees every packet, too.
holds() {
	start_receivers
	send_all "$1" "$2" && came 2 1 2 && came 3 2 3 && came 1 3 all && came 2 3 all &&
		e2e_recorder_oracle 2>/dev/null
}

# The highest rate that loses nothing, to 5 %. What a trial lost is not the test's loss: a recorder
# that has overflowed makes way for a new one when it has been asked about the rest.
new_recorder() {
	e2e_iv_oracle && e2e_format_oracle && e2e_wire_oracle || exit 1
	lab_stop recorder
	rm -f "$LAB_DIR/recorder.json"
	e2e_record
}

find_rate() {
	local low=0 high=$RATE_MAX rate=$RATE_MIN

	while ((low == 0 || high - low > low / 20)); do
		if holds "$rate" "$TRIAL_S"; then
			low=$rate
			echo "$rate/s hold"
		else
			((rate > RATE_MIN)) || fail "frames are lost at $rate/s without a rekey"
			high=$rate
			echo "$rate/s do not hold"
			new_recorder
		fi
		if ((high < RATE_MAX)); then rate=$(((low + high) / 2)); else rate=$((low * 2)); fi
		((rate < RATE_MAX)) || break
	done
	until holds "$low" "$CONFIRM_S"; do
		echo "$low/s do not hold for $CONFIRM_S s"
		new_recorder
		low=$((low * 95 / 100))
		((low >= RATE_MIN)) || fail "frames are lost at $low/s without a rekey"
	done
	NO_DROP_RATE=$low
}

# --- rekeys ---------------------------------------------------------------------------------------

# rekey_until SPI: ask for the next one all the time; the key manager begins it when it can. To ask is
# not to take the processor from what is asked for.
rekey_until() {
	local spi before=0 since=$SECONDS

	for (( ; ; )); do
		lab_at_gkm rekey tenants >>"$LAB_DIR/log/rekey"
		spi=$(e2e_gkm_active_spi)
		if ((spi > before)); then
			since=$SECONDS
			((spi / 50 == before / 50)) || echo "SA $spi of $1 is active"
			before=$spi
		fi
		((spi < $1)) || return 0
		((SECONDS - since < STALL_S)) || fail "no new SA since $spi for $STALL_S s"
		sleep 0.02 # leaves the processor to the traffic
	done
}

# activations FIRST LAST: how many of these SAs have been active.
activations() {
	sed -n 's/.*: SA \([0-9]*\) is active.*/\1/p' "$LAB_DIR/log/gkm" |
		awk -v first="$1" -v last="$2" '$1 >= first && $1 <= last' | sort -u | wc -l
}

e2e_up
for n in 1 2 3; do e2e_receive_multicast "$n"; done
for n in 1 2 3; do e2e_wait_ping "$n" $((n % 3 + 1)); done
RATE=$((2000 / ${COVEY_PATIENCE:-1}))
if [[ $E2E_LONG ]]; then
	find_rate
	RATE=$((NO_DROP_RATE * 7 / 10))
	figure no-drop-rate $((2 * NO_DROP_RATE + NO_DROP_RATE / 2)) frames/s
	new_recorder
	start_receivers
fi
figure rate $((2 * RATE + RATE / 2)) frames/s
e2e_keep_sending 1 2 --rate "$RATE"
e2e_keep_sending 2 3 --rate "$RATE"
e2e_keep_sending 3 all --rate $((RATE / 2))
lab_wait 10 "traffic" e2e_has_received 2 1 500

first=$(e2e_gkm_active_spi)
start=$(lab_now_ms)
renice -n 19 "$BASHPID" >/dev/null
rekey_until $((first + REKEYS))
renice -n 0 "$BASHPID" >/dev/null
took=$(($(lab_now_ms) - start))
last=$(e2e_gkm_active_spi)
figure rekeys $((last - first)) rekeys
figure rekey-rate "$(awk "BEGIN {printf \"%.1f\", ($last - $first) * 1000 / $took}")" rekeys/s

for stream in "${STREAMS[@]}"; do lab_stop "tx$stream"; done
sent=$(jq -s 'map(.sent) | add' "$LAB_DIR"/tx*.json)
e2e_expect_all 1 2
e2e_expect_all 2 3
for n in 1 2; do e2e_expect_all 3 "$n" all; done
figure frames "$sent" sent
figure lost "$(e2e_lost 1:2 2:3 3:1:all 3:2:all)" frames
figure duplicated "$(e2e_duplicates 1 2 3)" frames
figure iv-repeats "$(e2e_report recorder .iv_reused)" IVs
figure clear "$(e2e_report recorder '.canary_packets + .kinds.vxlan')" packets
expect "SAs that became active" "$(activations $((first + 1)) "$last")" $((last - first))
expect "most SAs carried traffic" \
	"$(e2e_report recorder "[.windows[].spi] | unique | length >= $REKEYS / 2")" true
expect "late members" "$(grep -c 'has not acknowledged' "$LAB_DIR/log/gkm" || true)" 0

#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The wire between hosts and key manager is cut for longer than the rekey interval, and loses 30 % of
# all it carries while rekeys happen: tenants lose nothing inside the hard lifetime, and all is well
# again within 10 s. Who comes back is not taken for a second host with its certificate. At the end of the
# hard lifetime hosts stop sending, and say why.
# long: 1800
# The key manager knows that a host is away when TCP has heard nothing for 9 s, or on a busy machine some
# seconds later; it is to know before it stops waiting for that host.
LAB_GROUP_VARS="        rekey: {interval: 3s, drain_delay: 3s, activation_delay: 20s}"
. "$(dirname "$0")/_init.sh"
# shellcheck source=tests/e2e/_figures.sh
. "$E2E_HERE/_figures.sh"

HEAL_MS=10000
LOSS_PERCENT=30

heals=()
rekeys=()
rekeys_wanted=5
[[ ! $E2E_LONG ]] || rekeys_wanted=50

# --- the wire -------------------------------------------------------------------------------------

# A match on each line of the input loses packets at the switch.
lose() {
	{
		echo "table bridge partition { chain forward { type filter hook forward priority 0;"
		sed 's/$/ counter drop;/'
		printf '}\n}\n'
	} | in_ns sw nft -f -
}

cut_all() {
	printf '%s\n' "tcp dport 4798" "tcp sport 4798" | lose
}

# cut_one N
cut_one() {
	printf '%s\n' "ip saddr $(lab_vtep "$1") tcp dport 4798" \
		"ip daddr $(lab_vtep "$1") tcp sport 4798" | lose
}

lose_some() {
	printf '%s\n' "tcp dport 4798 numgen random mod 100 < $LOSS_PERCENT" \
		"tcp sport 4798 numgen random mod 100 < $LOSS_PERCENT" | lose
}

lost_packets() {
	in_ns sw nft -j list table bridge partition |
		jq '[.. | .counter? | objects | .packets] | add'
}

heal() {
	local lost

	lost=$(lost_packets)
	in_ns sw nft delete table bridge partition
	((lost > 0)) || fail "nothing was lost between hosts and key manager"
}

# --- what hosts agree on --------------------------------------------------------------------------

newest_at_gkm() {
	lab_show_gkm '[.groups[0].sas[].spi] | max // 0'
}

# --- traffic --------------------------------------------------------------------------------------

start_traffic() {
	for n in 1 2 3; do e2e_receive_multicast "$n"; done
	e2e_keep_sending 1 2 --rate 500
	e2e_keep_sending 2 3 --rate 500
	e2e_keep_sending 3 all --rate 500
	lab_wait 10 "traffic" e2e_has_received 2 1 500
}

stop_traffic() {
	for stream in 1-2 2-3 3-all; do lab_stop "tx$stream"; done
}

expect_no_loss() {
	stop_traffic
	e2e_expect_all 1 2
	e2e_expect_all 2 3
	for n in 1 2; do e2e_expect_all 3 "$n" all; done
	for n in 1 2 3; do lab_stop "rx$n"; done
}

# --- the cases ------------------------------------------------------------------------------------

# cut_for SECONDS CUT [HOST]: healed when a rekey that began after it has turned all hosts over; its
# interval is in the time.
cut_for() {
	local seconds=$1 since took

	start_traffic
	"${@:2}"
	sleep "$seconds" # of a cut
	heal
	since=$(lab_now_ms)
	lab_wait 60 "hosts to have a new SA after $* s" e2e_all_above "$(newest_at_gkm)"
	took=$(($(lab_now_ms) - since))
	echo "$*: healed in $took ms"
	heals+=("$took")
	expect_no_loss
}

rekey_once() {
	local spi since

	spi=$(newest_at_gkm)
	since=$(lab_now_ms)
	lab_at_gkm rekey tenants >>"$LAB_DIR/log/rekey"
	lab_wait 60 "a rekey with loss to end" e2e_all_above "$spi"
	rekeys+=("$(($(lab_now_ms) - since))")
}

rekey_with_loss() {
	start_traffic
	lose_some
	for ((i = 0; i < rekeys_wanted; i++)); do rekey_once; done
	heal
	expect_no_loss
}

has_no_sa() {
	[[ $(lab_show "$1" '.sas | length') == 0 ]]
}

vpe_packets() {
	e2e_report recorder '.kinds.vpe'
}

out_no_sa() {
	(($(e2e_drop 1 out-no-sa) >= $1))
}

# The key manager begins again with short-lived SAs, and is cut off.
outlive_sas() {
	local spi sent since

	LAB_GROUP_VARS="        rekey: {interval: 4s, drain_delay: 2s, hard_lifetime: 8s}"
	lab_write_inventory "$LAB_DIR/inventory.yaml"
	spi=$(e2e_gkm_active_spi)
	lab_stop gkm
	lab_start_gkm
	lab_wait 30 "hosts to have a short-lived SA" e2e_all_above "$spi"
	lab_wait_joined
	start_traffic
	cut_all
	for n in 1 2 3; do lab_wait 15 "hv$n to have no SA" has_no_sa "$n"; done
	for n in 1 2 3; do
		grep -q 'error: .*reached its hard lifetime while active and is wiped' "$LAB_DIR/log/hv$n" ||
			fail "hv$n does not say why it stops"
	done
	sent=$(vpe_packets)
	lab_wait 10 "frames without an SA" out_no_sa $(($(e2e_drop 1 out-no-sa) + 500))
	expect "VPE packets after the end of the last SA" $(($(vpe_packets) - sent)) 0
	# Up to then nothing was lost: what is missing is at the end.
	expect "frames missing at t2 before the end" "$(e2e_report rx2 '.streams["1"].missing')" "[]"
	expect "frames missing at t3 before the end" "$(e2e_report rx3 '.streams["2"].missing')" "[]"
	heal
	since=$(lab_now_ms)
	lab_wait 60 "hosts to have an SA again" e2e_all_above "$spi"
	for n in 1 2 3; do e2e_wait_ping "$n" $((n % 3 + 1)) >/dev/null; done
	heals+=("$(($(lab_now_ms) - since))")
	stop_traffic
}

e2e_up
for n in 1 2 3; do e2e_wait_ping "$n" $((n % 3 + 1)); done
# Seconds beyond the interval and the activation delay; in the long form also those before it, and those
# after which a session would have been given up for its silence alone.
if [[ $E2E_LONG ]]; then
	for seconds in 4 6 9 12 20 28 34 50; do
		cut_for "$seconds" cut_all
		cut_for "$seconds" cut_one 3
	done
else
	# The host has given its connection up, and the key manager perhaps not yet.
	cut_for 9 cut_one 3
fi
cut_for 16 cut_one 3
rekey_with_loss
outlive_sas
e2e_expect_no_alarm
worst=$(percentile 100 "${heals[@]}")
((worst <= HEAL_MS)) || fail "healing took $worst ms: ${heals[*]}"
figures_of heal ms "${heals[@]}"
figures_of "rekey-at-$LOSS_PERCENT-percent-loss" ms "${rekeys[@]}"

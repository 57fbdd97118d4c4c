#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A member is stopped (SIGSTOP) across a rekey, at several moments of it and for several times: the
# others switch after the activation delay and lose nothing; continued, it catches up. In between nothing
# of it is sent in clear, and nothing comes twice.
# long: 1800
ACTIVATION_S=2
LAB_GROUP_VARS="        rekey: {activation_delay: ${ACTIVATION_S}s, drain_delay: 2s}"
. "$(dirname "$0")/_init.sh"
# shellcheck source=tests/e2e/_figures.sh
. "$E2E_HERE/_figures.sh"

SILENCE_S=35 # a session without a message for so long is cut

# When it is stopped: before a rekey; in the middle of one, so many ms after the command; and until when it
# is: all have switched, two more rekeys are over (by then the old SA would be drained, were it not kept
# for what hv3 may still send), its session is cut.
ROUNDS=(before:rekeyed)
if [[ $E2E_LONG ]]; then
	ROUNDS+=(before:switched before:cut)
	for ms in 0 2 4 6 8 10 12 15 20 30; do
		ROUNDS+=("$ms:switched" "$ms:rekeyed")
	done
	ROUNDS+=(5:cut)
fi

switches=()
catches=()
stalled=0

sends_above() {
	(($(e2e_active_spi "$1") > $2))
}

named_late() {
	grep -c "host/hv3 has not acknowledged SA" "$LAB_DIR/log/gkm" || true
}

is_drained() {
	[[ $(lab_show 1 "all(.sas[]; .spi != $1)") == true ]]
}

has_no_session() {
	[[ $(lab_show_gkm '.groups[0].connected') == 2 ]]
}

rekey() {
	lab_at_gkm rekey tenants >>"$LAB_DIR/log/rekey"
}

# switch_above SPI: hv1 and hv2, without hv3 or with it.
switch_above() {
	local n

	for n in 1 2; do
		lab_wait 10 "hv$n to switch without hv3" sends_above "$n" "$1"
	done
}

rekey_again() {
	local spi

	spi=$(e2e_active_spi 1)
	rekey
	switch_above "$spi"
}

until_switched() { return 0; }
until_rekeyed() {
	local after

	after=$(e2e_active_spi 1)
	rekey_again
	rekey_again
	# Whether it had switched before it was stopped, it cannot be asked; but when it is named late, not.
	! is_drained "$1" || { [[ ! $2 ]] && ! is_drained "$after"; } ||
		fail "the SA that hv3 sends on is not kept for it"
}
until_cut() { lab_wait $((SILENCE_S * 2)) "hv3's session to be cut" has_no_session; }

# stop_at MOMENT: rekey, and stop hv3 in it or before.
stop_at() {
	local pid command seconds

	pid=$(lab_pid hv3)
	if [[ $1 == before ]]; then
		kill -STOP "$pid"
		rekey
		return
	fi
	printf -v seconds '0.%03d' "$1"
	rekey &
	command=$!
	read -rt "$seconds" <>"$LAB_DIR/never" || true # a moment of the rekey, not a state to wait for
	kill -STOP "$pid"
	wait "$command"
}

round() {
	local spi late start took is_late=

	spi=$(e2e_active_spi 1)
	late=$(named_late)
	start=$(lab_now_ms)
	stop_at "$1"
	switch_above "$spi"
	took=$(($(lab_now_ms) - start))
	if (($(named_late) > late)); then
		is_late=1
		stalled=$((stalled + 1))
		switches+=("$took")
		((took >= ACTIVATION_S * 1000)) || fail "hv3 was not waited for: $took ms"
	else
		[[ $1 != before ]] || fail "hv3 is not named, though it was stopped before the rekey"
	fi
	"until_$2" "$spi" "$is_late"
	start=$(lab_now_ms)
	lab_signal hv3 CONT
	lab_wait 20 "hv3 to catch up" e2e_agree_above 0
	catches+=($(($(lab_now_ms) - start)))
	lab_wait 15 "the old SA to be drained" is_drained "$spi"
	lab_wait 15 "hv3 to reach hv1" e2e_ping 3 1
	lab_wait 15 "hv1 to reach hv3" e2e_ping 1 3
	echo "stopped $1, until $2: switched after $took ms, caught up ${catches[-1]} ms after SIGCONT"
}

mkfifo "$LAB_DIR/never"
e2e_up
for n in 1 2 3; do e2e_receive_multicast "$n"; done
e2e_wait_ping 1 2
e2e_wait_ping 1 3
e2e_keep_sending 1 2 --rate 1000
e2e_keep_sending 2 all --rate 1000
e2e_keep_sending 3 1 --rate 200
lab_wait 10 "traffic" e2e_has_received 2 1 500

for moments in "${ROUNDS[@]}"; do
	round "${moments%:*}" "${moments#*:}"
done
more=$(($(e2e_report rx1 '.streams["3"].received') + 200))
lab_wait 10 "traffic of hv3" e2e_has_received 1 3 "$more"
for stream in 1-2 2-all 3-1; do lab_stop "tx$stream"; done
e2e_expect_all 1 2
e2e_expect_all 2 1 all
e2e_expect_intact 3

figure stops "${#ROUNDS[@]}" stops
figure stops-across-a-rekey "$stalled" stops
figures_of switch ms "${switches[@]}"
figures_of catch-up ms "${catches[@]}"
figure lost-by-others "$(e2e_lost 1:2 2:1:all)" frames
figure clear "$(e2e_report recorder '.canary_packets + .kinds.vxlan')" packets

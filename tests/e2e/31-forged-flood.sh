#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Forged packets with a valid SPI for every SenderID, on the roster and not, from right and wrong VTEPs,
# with any window and ESN. At the rate of the real ones no real one is lost. At full speed they take what
# CPU they take, and no more is lost than to as many valid packets. Neither makes the host or the key
# manager remember anything.
# alone: rates are measured, up to all that the machine can do
# long: 900
. "$(dirname "$0")/_init.sh"
# shellcheck source=tests/e2e/_figures.sh
. "$E2E_HERE/_figures.sh"

RATE=5000    # of the real packets, and of the forged ones: far below what a host can do
FORGED=87400 # three quarters of them go once through all SenderIDs
FULL_S=2     # at full speed
LOST_NOISE=5 # per mille, of the machine
RSS_KIB=512  # of noise
[[ ! $E2E_LONG ]] || FORGED=$((FORGED * 10)) FULL_S=20

# --- what hv2 remembers ---------------------------------------------------------------------------

# Replay windows that hv2 has and no host's packets asked for: SPI, SenderID and WindowID.
windows_of_nobody() {
	local file=$LAB_DIR/recorder.json

	e2e_report recorder .snapshot >/dev/null
	lab_show 2 '[.windows[] | select(.sending | not) | [.spi, .sender_id, .window_id]]' |
		jq --slurpfile seen "$file" '. - ($seen[0].windows | map([.spi, .sender_id, .window_id])) |
			length'
}

rss_kib() {
	awk '/^VmRSS:/ {print $2}' "/proc/$(lab_pid hv2)/status"
}

drops() {
	lab_show 2 ".drops | [$(printf '."in-%s",' "$@" | sed 's/,$//')] | add"
}

forged_drops() {
	drops icv source not-on-roster own-sender epoch replay-old replay-seen
}

forged_drops_reach() {
	(($(forged_drops) >= $1))
}

epochs_and_spi() {
	lab_show_gkm '.groups[0] | [.members[].epoch, (.sas[] | select(.state == "active") | .spi)] |
		 tostring'
}

# --- floods ---------------------------------------------------------------------------------------

# flood OPTION...: print how many were sent to hv2.
flood() {
	in_ns evil "$(lab_program inject)" --capture "$LAB_DIR/recorder.pcap" --as flood \
		--from "$(lab_vtep 1)" --to "$(lab_vtep 2)" --cast 0 "${members[@]}" "$@" eth0
}

# expect_nothing_remembered RSS
expect_nothing_remembered() {
	local grown=$(($(rss_kib) - $1))

	expect "replay windows that nobody asked for" "$(windows_of_nobody)" 0
	((grown <= RSS_KIB)) || fail "covey-host of hv2 grew by $grown KiB"
	expect "epochs and SAs at the key manager" "$(epochs_and_spi)" "$before"
	# Packets that bear hv2's own SenderID must be told of; of no limit may anybody think that it is near.
	expect "alarms" "$(cat "$LAB_DIR/log/gkm" "$LAB_DIR/log/hv2" | grep ALARM |
		grep -vc 'somebody sends, or forges, with the SenderID')" 0
}

# A look for a window reads the table of windows, 8 MiB of an SA, which on some kernels becomes memory
# by that: once, before it is measured what grows.
read_all_of_the_table() {
	local dropped sent

	dropped=$(forged_drops)
	sent=$(flood --rate $((4 * RATE)) --count $((FORGED / 2)))
	lab_poll 10 forged_drops_reach $((dropped + sent * 9 / 10)) ||
		fail "forged packets do not reach hv2"
}

start_traffic() {
	e2e_receive_multicast 2
	e2e_receive_multicast 1
	e2e_keep_sending 1 2 --rate "$RATE"
	e2e_keep_sending 3 all --rate 500
	lab_wait 10 "traffic at t2" e2e_has_received 2 1 "$RATE"
}

stop_traffic() {
	lab_stop tx1-2
	lab_stop tx3-all
}

at_the_rate_of_real_ones() {
	local dropped rss sent

	dropped=$(forged_drops)
	rss=$(rss_kib)
	sent=$(flood --rate "$RATE" --count "$FORGED")
	lab_poll 10 forged_drops_reach $((dropped + sent)) || true
	dropped=$(($(forged_drops) - dropped))
	# The network may have lost some of them, but none was taken for another.
	((dropped <= sent && dropped >= sent * 9 / 10)) || fail "$dropped drops of $sent forged packets"
	figure forged-dropped "$dropped" packets
	for reason in icv source not-on-roster; do
		(($(drops "$reason") > FORGED / 100)) || fail "few drops as in-$reason: $(drops "$reason")"
	done
	(($(drops own-sender) > 0)) || fail "no drop as in-own-sender"
	expect_nothing_remembered "$rss"
	figure rss-growth $(($(rss_kib) - rss)) KiB
	stop_traffic
	e2e_expect_all 1 2
	for n in 1 2; do e2e_expect_all 3 "$n" all; done
	figure forged-rate "$RATE" packets/s
	figure forged "$sent" packets
	figure real-sent "$(jq .sent "$LAB_DIR/tx1-2.json")" packets
	figure real-lost "$(e2e_lost 1:2)" packets
}

# beside NAME COMMAND...: what becomes of the real traffic meanwhile, in per mille of what was sent.
beside() {
	local name=$1 sent

	start_traffic
	sent=$("${@:2}")
	stop_traffic
	lab_poll 2 e2e_has_received 2 1 "$(jq .sent "$LAB_DIR/tx1-2.json")" || true
	e2e_report rx2 .snapshot >/dev/null
	e2e_expect_intact 2
	figure "$name-rate" $((sent / FULL_S)) packets/s
	lost=$(jq -n --slurpfile tx "$LAB_DIR/tx1-2.json" --slurpfile rx "$LAB_DIR/rx2.json" \
		'$tx[0].sent as $sent | ($sent - $rx[0].streams["1"].received) * 1000 / $sent | ceil')
	figure "$name-lost" "$lost" per-mille
	extra=$sent
	for n in 1 2; do lab_stop "rx$n"; done
}

# valid_packets RATE: of t3, as many as it can send, but not more.
valid_packets() {
	e2e_keep_sending 3 2 --port 5001 --stream 33 --rate "$1"
	sleep "$FULL_S" # of load
	lab_stop tx3-2
	jq .sent "$LAB_DIR/tx3-2.json"
}

# As many valid packets as another host can send, then as many forged ones, which must not cost more;
# then forged ones at full speed.
at_full_speed() {
	local rss valid

	lab_spawn sink t2 "$(lab_program traffic)" receive --port 5001 --output "$LAB_DIR/sink.json"
	beside valid-extra valid_packets 1000000
	lab_stop sink
	figure valid-extra-arrived $(($(jq .received "$LAB_DIR/sink.json") / FULL_S)) packets/s
	valid=$lost
	rss=$(rss_kib)
	beside forged-extra flood --rate $((extra / FULL_S)) --count "$extra"
	((lost <= valid + LOST_NOISE)) ||
		fail "$lost per mille lost beside forged packets, $valid beside as many valid ones"
	beside forged-at-full-speed flood --seconds "$FULL_S" --count 4000000000
	expect_nothing_remembered "$rss"
}

e2e_up
e2e_add_evil
for n in 1 2 3; do e2e_wait_ping "$n" $((n % 3 + 1)); done
members=()
for n in 1 3; do
	members+=(--member "$(lab_show "$n" '.groups[0].sender_id')=$(lab_vtep "$n")")
done
e2e_report recorder .snapshot >/dev/null
read_all_of_the_table
start_traffic
e2e_report recorder .snapshot >/dev/null
before=$(epochs_and_spi)
at_the_rate_of_real_ones
for n in 1 2; do lab_stop "rx$n"; done
e2e_oracles || fail "see above"
E2E_ORACLES=
at_full_speed
start_traffic
stop_traffic
e2e_expect_all 1 2

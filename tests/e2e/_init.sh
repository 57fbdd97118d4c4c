# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# Every end-to-end test begins with this file. It gives the lab of deploy/demo/lab.sh and turns on
# the three oracles; a test that ends well is judged by them before it passes.
#
#       t1          t2          t3          tenants: traffic sends and receives numbered frames
#        │           │           │          that carry the canary (delivery oracle)
#   ┌────┴────┐ ┌────┴────┐ ┌────┴────┐
#   │   hv1   │ │   hv2   │ │   hv3   │     vxlan100 ─ covey0 ─ covey-host ─ fab0
#   └────┬────┘ └────┬────┘ └────┬────┘
#        │           │           │   ← wire2: forwarder, in tests that ask for it
#   ┌────┴───────────┴───────────┴────┐
#   │ sw      br0        recorder     │     sees what each host sends: IV oracle, wire oracle
#   └────┬───────────────────────┬────┘
#   ┌────┴────┐             ┌────┴────┐
#   │   gkm   │             │  evil   │     inject, in tests that ask for it; the recorder does not
#   └─────────┘             └─────────┘     listen to its port

set -euo pipefail

LAB_LOG_LEVEL=debug
# shellcheck disable=SC2034 # for lab.sh: the recorder is to see each packet, not several in one frame
LAB_CUT_FRAMES=on
# shellcheck disable=SC2034 # for lab.sh: tests count packets, so nobody sends any by himself
LAB_PATH_PROBES=${LAB_PATH_PROBES:-false}
E2E_HERE=$(dirname "${BASH_SOURCE[0]}")
# shellcheck source=tests/e2e/_ports.sh
. "$E2E_HERE/_ports.sh"
case $(ports_of "$0") in
kernel | bump) LAB_PORTS=$(ports_of "$0") ;;
esac
# shellcheck source=deploy/demo/lab.sh
. "$E2E_HERE/../../deploy/demo/lab.sh"

E2E_ORACLES=on # a test of the oracles themselves, or one that leaks on purpose, ends them
E2E_CANARY=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
E2E_LONG=${COVEY_TEST_LONG:-} # set: the long form

lab_new "${COVEY_LAB_ID:-}"

fail() {
	echo "FAIL: $*" >&2
	exit 1
}

# expect WHAT ACTUAL WANTED
expect() {
	[[ $2 == "$3" ]] || fail "$1: $2, should be $3"
}

# --- up -------------------------------------------------------------------------------------------

# e2e_up: the lab, with the recorder listening from before the first packet.
e2e_up() {
	lab_wires
	e2e_record
	[[ -z ${LAB_WIRE:-} ]] || e2e_start_wire "$LAB_WIRE"
	lab_programs
}

# e2e_start_wire N [OPTION...]: carry frames between hvN and the switch (LAB_WIRE=N), with the
# forwarder's impairments. Report wireN.
e2e_start_wire() {
	rm -f "$LAB_DIR/wire$1.json"
	lab_spawn "wire$1" "wire$1" "$(lab_program forwarder)" --output "$LAB_DIR/wire$1.json" \
		"${@:2}" host switch
	lab_wait 10 "the wire of hv$1" test -e "$LAB_DIR/wire$1.json"
}

e2e_record() {
	lab_start_recorder "$E2E_CANARY"
}

# e2e_report NAME FILTER: what the recorder, a traffic program or the forwarder saw until now.
e2e_report() {
	local file=$LAB_DIR/$1.json before

	before=$(jq .snapshot "$file")
	if lab_is_running "$1"; then
		lab_signal "$1" USR1
		lab_wait 10 "a report of $1" e2e_is_newer "$1" "$file" "$before"
	fi
	jq -r "$2" "$file"
}

# A program that just ended wrote its last report.
e2e_is_newer() {
	(($(jq .snapshot "$2") > $3)) || lab_is_gone "$1"
}

# e2e_report_is NAME FILTER: the filter says true.
e2e_report_is() {
	[[ $(e2e_report "$1" "$2") == true ]]
}

# --- oracles --------------------------------------------------------------------------------------

e2e_recorder_oracle() {
	e2e_report_is recorder '.lost == 0 and (.out_of_memory | not) and .windows_untracked == 0' ||
		e2e_verdict "the recorder lost packets"
}

e2e_iv_oracle() {
	e2e_report_is recorder '.iv_reused == 0' ||
		e2e_verdict "IV oracle: one IV with different bytes: $(jq -c .first_reused \
			"$LAB_DIR/recorder.json")"
}

# A UDP socket of the kernel writes a checksum.
e2e_format_oracle() {
	local faults=.faults n

	for n in $(lab_hosts); do
		[[ $(lab_ports "$n") != kernel ]] || faults='.faults | del(.udp_checksum)'
	done
	e2e_report_is recorder "[$faults | .[]] | add == 0" ||
		e2e_verdict "headers against the protocol: $(jq -c .faults "$LAB_DIR/recorder.json")"
}

e2e_wire_oracle() {
	e2e_report_is recorder '.canary_packets == 0 and .kinds.vxlan == 0' ||
		e2e_verdict "wire oracle: $(jq -c '{canary_packets, canary_kinds, kinds}' \
			"$LAB_DIR/recorder.json")"
}

e2e_verdict() {
	echo "FAIL: $*" >&2
	return 1
}

e2e_oracles() {
	local status=0

	e2e_recorder_oracle || status=1
	e2e_iv_oracle || status=1
	e2e_format_oracle || status=1
	e2e_wire_oracle || status=1
	return "$status"
}

lab_on_success() {
	if [[ $E2E_ORACLES == on ]]; then
		e2e_oracles
	fi
}

# What the devices of a namespace dropped, by the kernel's and the drivers' counters.
e2e_kernel_drops() {
	local device

	for device in $(lab_ip "$1" -json link show | jq -r '.[].ifname'); do
		lab_ip "$1" -json -stats link show dev "$device" | jq -r '.[] |
			select(.stats64.rx.dropped + .stats64.tx.dropped > 0) |
			"'"$1"' \(.ifname): dropped rx \(.stats64.rx.dropped) tx \(.stats64.tx.dropped)"'
		in_ns "$1" ethtool -S "$device" 2>/dev/null |
			awk -v name="$1 $device:" '/drop|full|empty/ && $2 > 0 { print name, $1, $2 }' || true
	done
}

lab_on_failure() {
	local file n

	for file in "$LAB_DIR"/log/*; do
		[[ -s $file ]] || continue
		echo "--- ${file##*/}, last lines"
		tail -n 25 "$file"
	done
	for file in "$LAB_DIR"/*.json; do
		[[ -s $file ]] || continue
		echo "--- ${file##*/}"
		head -c 3000 "$file"
	done
	for file in "$LAB_DIR"/hv*.sock; do
		[[ -S $file ]] || continue
		echo "--- ${file##*/}, what it dropped, and what its ports missed"
		timeout 2 "$(lab_program covey)" --socket "$file" --json show |
			jq -c '(.drops | with_entries(select(.value > 0))),
				(.ports | map({(.role): .rx_missed}) | add),
				([.guard.drops[] | select(.packets > 0) | {(.rule): .packets}] | add)'
	done
	echo "--- what the kernel's devices dropped"
	for n in $(lab_hosts); do
		e2e_kernel_drops "hv$n" || true
		e2e_kernel_drops "t$n" || true
	done
	e2e_kernel_drops sw || true
	echo "--- what the kernel's backlog dropped since it started, by core"
	while read -r _ file _; do printf '%d ' "0x$file"; done </proc/net/softnet_stat
	echo
}

# --- traffic --------------------------------------------------------------------------------------

# long_or_short LONG SHORT
long_or_short() {
	if [[ $E2E_LONG ]]; then echo "$1"; else echo "$2"; fi
}

# frames N: how many frames to send where N will do.
frames() {
	long_or_short $(($1 * 10)) "$1"
}

# e2e_receive N [OPTION...]: numbered frames that reach tN, until stopped: report rxN.
e2e_receive() {
	local n=$1

	shift
	rm -f "$LAB_DIR/rx$n.json"
	lab_spawn "rx$n" "t$n" "$(lab_program traffic)" receive --port 5000 \
		--output "$LAB_DIR/rx$n.json" "$@"
	lab_wait 10 "rx$n" test -e "$LAB_DIR/rx$n.json"
}

# The same, of the tenants' multicast group as well.
e2e_receive_multicast() {
	e2e_receive "$@" --group 239.9.9.9 --interface eth0
}

# e2e_send FROM TO [OPTION...]: frames from tFROM to tTO, or to the group where TO is "all". The
# stream's number is FROM. Report txFROM-TO.
e2e_send() {
	local where

	mapfile -t where < <(e2e_destination "$2")
	in_ns "t$1" "$(lab_program traffic)" send --port 5000 --canary "$E2E_CANARY" --stream "$1" \
		--output "$LAB_DIR/tx$1-$2.json" "${@:3}" "${where[@]}"
}

# The same in the background, until stopped.
e2e_keep_sending() {
	local where

	mapfile -t where < <(e2e_destination "$2")
	rm -f "$LAB_DIR/tx$1-$2.json"
	lab_spawn "tx$1-$2" "t$1" "$(lab_program traffic)" send --port 5000 --canary "$E2E_CANARY" \
		--stream "$1" --output "$LAB_DIR/tx$1-$2.json" "${@:3}" "${where[@]}"
	lab_wait 10 "tx$1-$2" test -e "$LAB_DIR/tx$1-$2.json"
}

# As options, a line each.
e2e_destination() {
	if [[ $1 == all ]]; then
		printf '%s\n' --to 239.9.9.9 --interface eth0
	else
		printf '%s\n' --to "$(lab_tenant "$1")"
	fi
}

# e2e_lost FROM:TO[:SENT-TO]...: how many frames of these streams were sent and have not arrived until
# now; a stream to the group was sent to "all".
e2e_lost() {
	local stream from to where sum=0

	for stream in "$@"; do
		IFS=: read -r from to where <<<"$stream"
		sum=$((sum + $(jq .sent "$LAB_DIR/tx$from-${where:-$to}.json") - $(
			e2e_report "rx$to" ".streams[\"$from\"].received // 0"
		)))
	done
	echo "$sum"
}

# e2e_duplicates N...: how many frames came to these tenants again.
e2e_duplicates() {
	local n sum=0

	for n in "$@"; do
		sum=$((sum + $(e2e_report "rx$n" '[.streams[].duplicates] | add // 0')))
	done
	echo "$sum"
}

# e2e_expect_all FROM TO [SENT-TO]: the delivery oracle, lossless form: of stream FROM every frame
# arrived at tTO, once, unaltered. A stream to the group was sent to "all".
e2e_expect_all() {
	local from=$1 to=$2 sent

	sent=$(jq .sent "$LAB_DIR/tx$from-${3:-$to}.json")
	((sent > 0)) || fail "t$from sent nothing"
	lab_poll 10 e2e_has_received "$to" "$from" "$sent" || true
	expect "frames of t$from that t$to received" \
		"$(e2e_report "rx$to" ".streams[\"$from\"].received // 0")" "$sent"
	e2e_expect_intact "$to"
}

e2e_has_received() {
	(($(e2e_report "rx$1" ".streams[\"$2\"].received // 0") >= $3))
}

# None altered, none twice, none lost in the receiver itself.
e2e_expect_intact() {
	expect "altered frames at t$1" "$(e2e_report "rx$1" .altered)" 0
	expect "frames twice at t$1" "$(e2e_duplicates "$1")" 0
	expect "frames that t$1's socket lost" "$(e2e_report "rx$1" .overflow)" 0
}

# e2e_ping FROM TO
e2e_ping() {
	in_ns "t$1" ping -q -c 1 -W 1 -p "$E2E_CANARY" "$(lab_tenant "$2")"
}

e2e_wait_ping() {
	lab_wait 15 "t$1 to reach t$2" e2e_ping "$1" "$2"
}

# --- counters -------------------------------------------------------------------------------------

e2e_drop() {
	lab_show "$1" ".drops[\"$2\"]"
}

e2e_drops_in() {
	lab_show "$1" '[.drops | to_entries[] | select(.key | startswith("in-")) | .value] | add'
}

e2e_drop_has_risen() {
	(($(e2e_drop "$1" "$2") >= $3))
}

# e2e_expect_drops N REASON COUNT COMMAND...: the command makes hvN drop exactly so many incoming
# packets for this reason, and none for another.
e2e_expect_drops() {
	local n=$1 reason=$2 count=$3 before all

	shift 3
	before=$(e2e_drop "$n" "$reason")
	all=$(e2e_drops_in "$n")
	"$@"
	lab_poll 5 e2e_drop_has_risen "$n" "$reason" $((before + count)) || true
	expect "$reason at hv$n" $(($(e2e_drop "$n" "$reason") - before)) "$count"
	expect "drops at hv$n, any reason, beside $count of $reason" \
		$(($(e2e_drops_in "$n") - all - count)) 0
}

# --- what the guard drops -------------------------------------------------------------------------

# e2e_guarded N NAME: packets that hvN's guard dropped by rules whose comments begin with that name.
e2e_guarded() {
	lab_rules "hv$1" | jq -s --arg name "$2" '[.[] | select((.comment // "") | startswith($name)) |
		.expr[].counter?.packets // 0] | add // 0'
}

e2e_guarded_more() {
	(($(e2e_guarded "$1" "$2") >= $3))
}

# e2e_expect_guarded N NAME COUNT COMMAND...: the command makes hvN's guard drop so many under that name.
e2e_expect_guarded() {
	local before

	before=$(e2e_guarded "$1" "$2")
	"${@:4}"
	lab_poll 5 e2e_guarded_more "$1" "$2" $((before + $3)) || true
	expect "$2, at hv$1, after ${*:4}" $(($(e2e_guarded "$1" "$2") - before)) "$3"
}

# e2e_expect_clear_dropped N COUNT COMMAND...: VXLAN in clear that comes in. Where the kernel keeps the
# card, the guard drops it before it could come to covey-host.
e2e_expect_clear_dropped() {
	if [[ $(lab_ports "$1") == kernel ]]; then
		e2e_expect_guarded "$1" "clear VXLAN" "${@:2}"
	else
		e2e_expect_drops "$1" in-clear-vxlan "${@:2}"
	fi
}

# --- SAs ------------------------------------------------------------------------------------------

# All of group "tenants". The SA that hvN sends on, 0: none.
e2e_active_spi() {
	lab_show "$1" '[.sas[] | select(.group == "tenants" and .state == "active") | .spi] |
		first // 0'
}

# What the hosts send on: each once, by rising SPI.
e2e_active_spis() {
	local n

	for n in $(lab_hosts); do e2e_active_spi "$n"; done | sort -un
}

# The one that is active at the key manager, 0: none.
e2e_gkm_active_spi() {
	lab_show_gkm '[.groups[] | select(.name == "tenants") | .sas[] | select(.state == "active") |
		.spi] | first // 0'
}

# e2e_agree_above SPI: all hosts send on one SA, and it is a newer one.
e2e_agree_above() {
	local spis

	spis=$(e2e_active_spis)
	[[ $spis =~ ^[0-9]+$ ]] && ((spis > $1))
}

# e2e_all_above SPI: each host sends on a newer SA. Hosts are asked in turn, so where rekeys go on they
# need not name the same one.
e2e_all_above() {
	local n

	for n in $(lab_hosts); do
		(($(e2e_active_spi "$n") > $1)) || return 1
	done
}

# The key manager has raised no alarm.
e2e_expect_no_alarm() {
	expect "alarms of the key manager" "$(grep -c 'ALARM' "$LAB_DIR/log/gkm" || true)" 0
}

# --- the attacker ---------------------------------------------------------------------------------

e2e_add_evil() {
	lab_add_namespace evil
	lab_plug evil eth0
	lab_finish_checksums evil eth0
}

# e2e_inject WHAT [OPTION...]: from a packet that the recorder captured until now.
e2e_inject() {
	local what=$1

	shift
	e2e_report recorder .snapshot >/dev/null
	in_ns evil "$(lab_program inject)" --capture "$LAB_DIR/recorder.pcap" --as "$what" "$@" eth0 \
		>/dev/null
}

# The hardware address of hvN's fabric interface.
lab_mac() {
	lab_ip "hv$1" -json link show dev fab0 | jq -r '.[0].address'
}

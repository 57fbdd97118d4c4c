# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# The demo's tables: what tenants reach, what the switch saw, who the members are.

SHOW_IPERF_S=2

# --- tenants --------------------------------------------------------------------------------------

show_tenants() {
	local from to

	for to in 1 2 3; do lab_spawn "iperf$to" "t$to" iperf3 -s; done
	for to in 1 2 3; do lab_wait 10 "iperf3 of t$to" show_iperf_listens "$to"; done
	print_heading "Tenants reach each other"
	print_row from to arp ping iperf3
	for from in 1 2 3; do
		for to in 1 2 3; do
			((from == to)) || show_pair "$from" "$to"
		done
	done
	for to in 1 2 3; do lab_stop "iperf$to"; done
}

show_iperf_listens() {
	in_ns "t$1" ss -Hltn 'sport = 5201' | grep -q LISTEN
}

show_pair() {
	print_cell 9 "t$1"
	print_cell 9 "t$2"
	show_cell "$(show_arp "$1" "$2")"
	show_cell "$(show_ping "$1" "$2")"
	show_cell "$(show_iperf "$1" "$2")"
	printf '\n'
}

# An empty cell is a failure.
show_cell() {
	if [[ $1 ]]; then
		print_cell 9 "$1" good
	else
		print_cell 9 FAILED bad
		print_problem
	fi
}

show_arp() {
	if lab_poll 10 in_ns "t$1" arping -q -c 1 -w 1 -I eth0 "$(lab_tenant "$2")"; then
		echo ok
	fi
}

# The mean of five round trips that carry the canary.
show_ping() {
	in_ns "t$1" ping -q -c 5 -i 0.05 -W 2 -p "$CANARY" "$(lab_tenant "$2")" 2>/dev/null |
		awk -F'[ /]' '/ 0% packet loss/ {all = 1} /^rtt/ && all {printf "%.2f ms", $8}'
}

show_iperf() {
	in_ns "t$1" iperf3 --json --repeating-payload -t "$SHOW_IPERF_S" -c "$(lab_tenant "$2")" |
		jq -r '.end.sum_received.bits_per_second // 0 | . / 1e6 | round | select(. > 0) |
			"\(.) Mbit/s"'
}

# --- multicast ------------------------------------------------------------------------------------

show_multicast() {
	local from to

	print_heading "Multicast datagrams reach all tenants (100 from each, to 239.9.9.9)"
	print_row from t1 t2 t3
	for from in 1 2 3; do
		for to in 1 2 3; do ((from == to)) || show_listen "$to"; done
		in_ns "t$from" "$(lab_program traffic)" send --to 239.9.9.9 --interface eth0 \
			--port 5000 --canary "$CANARY" --count 100 --rate 500 --stream "$from" \
			--output "$LAB_DIR/sent.json"
		print_cell 9 "t$from"
		for to in 1 2 3; do
			if ((from == to)); then print_cell 9 -; else show_cell "$(show_heard "$to")"; fi
		done
		printf '\n'
	done
}

show_listen() {
	rm -f "$LAB_DIR/heard$1.json"
	lab_spawn "listen$1" "t$1" "$(lab_program traffic)" receive --group 239.9.9.9 \
		--interface eth0 --port 5000 --count 100 --output "$LAB_DIR/heard$1.json"
	lab_wait 10 "the listener of t$1" test -e "$LAB_DIR/heard$1.json"
}

show_heard() {
	lab_poll 5 lab_is_gone "listen$1" || lab_stop "listen$1"
	jq -r 'select(.received == 100 and .altered == 0) | .received' "$LAB_DIR/heard$1.json"
}

# --- the switch -----------------------------------------------------------------------------------

# Make the recorder write what it saw until now.
show_record() {
	local before

	before=$(jq .snapshot "$LAB_DIR/recorder.json")
	lab_signal recorder USR1
	lab_wait 10 "the recorder's report" show_is_newer "$before"
}

show_is_newer() {
	(($(jq .snapshot "$LAB_DIR/recorder.json") > $1))
}

# show_recorded FILTER: the filter says true of the last report.
show_recorded() {
	[[ $(jq -r "$1" "$LAB_DIR/recorder.json") == true ]]
}

show_switch() {
	show_record
	print_heading "What the switch saw, in packets by kind"
	print_row port arp icmp igmp gkm vpe vxlan other
	jq -r '(.ports | to_entries[] | [.key, .value.kinds]), ["all", .kinds] |
		[.[0], (.[1] | .arp, .icmp, .igmp, .gkm, .vpe, .vxlan, .other)] | @tsv' \
		"$LAB_DIR/recorder.json" |
		while IFS=$'\t' read -r -a cells; do print_row "${cells[@]}"; done
	show_verdict
}

show_verdict() {
	show_count "canary bytes found" '.canary_packets'
	show_count "packets of VXLAN in clear" '.kinds.vxlan'
	show_count "IVs used for two packets" '.iv_reused'
	show_count "packets that the recorder missed" '.lost'
}

# show_count TEXT FILTER: a number that must be 0.
show_count() {
	local count

	count=$(jq -r "$2" "$LAB_DIR/recorder.json")
	print_claim "$1" 0 "$count" test "$count" = 0
}

# --- members --------------------------------------------------------------------------------------

show_members() {
	print_heading "Members of group tenants, as hv1 knows them"
	lab_show 1 '.groups[] | select(.name == "tenants") | .members[] |
		[.sender_id, .vtep, .epoch_floor, .identity] | @tsv' |
		{
			print_row SenderID VTEP epoch identity
			while IFS=$'\t' read -r -a cells; do print_row "${cells[@]}"; done
		}
	print_claim "all three hosts have the same SA" "yes" "NO" show_one_sa
}

show_one_sa() {
	local n

	[[ $(for n in 1 2 3; do
		lab_show "$n" '.sas[] | select(.state == "active") | .spi'
	done | sort -u | wc -l) == 1 ]]
}

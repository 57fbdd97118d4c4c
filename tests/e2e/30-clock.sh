#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The wall clock of the key manager or of a host jumps ten years ahead or back while traffic flows: no
# frame is lost, rekeys come as before, no session ends. Only a new session looks at certificates' dates,
# and says so where it fails.
# long: 1800
LAB_GROUP_VARS="        rekey: {interval: 1s, drain_delay: 1s}"
. "$(dirname "$0")/_init.sh"
# shellcheck source=tests/e2e/_figures.sh
. "$E2E_HERE/_figures.sh"
# shellcheck source=tests/e2e/_clock.sh
. "$E2E_HERE/_clock.sh"

YEARS=3653      # days of ten
ISSUED=-4100    # the clock on the day that certificates were made: valid for 25 years
VALID_DAYS=9131 # of those

jumps=("$YEARS" "-$YEARS" 0)
[[ ! $E2E_LONG ]] || jumps+=("-$YEARS" "$YEARS" -1 1 -365 365 -30 30 0)

# --- certificates -----------------------------------------------------------------------------------

# Certificates that both ends of every jump find valid, but hv3's.
lab_issue_certificates() {
	local environment

	set_clock pki "$ISSUED"
	mapfile -t environment < <(clock_environment pki)
	pki env "${environment[@]}" -- init --days $((VALID_DAYS + 1))
	pki env "${environment[@]}" -- issue --all --days "$VALID_DAYS"
	pki env -- issue hv3 --force
}

# pki COMMAND... -- ARGUMENT...
pki() {
	local command=()

	while [[ $1 != -- ]]; do
		command+=("$1")
		shift
	done
	"${command[@]}" "$(lab_program covey)" --inventory "$LAB_DIR/inventory.yaml" \
		--pki "$LAB_DIR/pki" pki "${@:2}" >>"$LAB_DIR/log/pki"
}

year_of() {
	date -u -d "$1 days" +%Y
}

# logs_year NAME DAYS: its last line is dated so.
logs_year() {
	[[ $(grep -E '^[0-9]{4}-' "$LAB_DIR/log/$1" | tail -n 1) == "$(year_of "$2")"-* ]]
}

# --- SAs and sessions -----------------------------------------------------------------------------

newest_spi() {
	e2e_active_spis | tail -n 1
}

epochs() {
	local n

	for n in $(lab_hosts); do lab_show "$n" '.groups[0].epoch'; done | paste -sd ' '
}

epoch_is() {
	[[ $(lab_show "$1" '.groups[0].epoch') == "$2" ]]
}

# The connection of hvN breaks; it makes another.
break_session() {
	in_ns "hv$1" ss -K -Htn 'dport = 4798' >>"$LAB_DIR/log/ss"
}

comes_back() {
	local epoch

	epoch=$(lab_show "$1" '.groups[0].epoch')
	break_session "$1"
	lab_wait 15 "hv$1 to come back" epoch_is "$1" $((epoch + 1))
}

is_connected() {
	[[ $(lab_show "$1" .gkm.state) == connected ]]
}

# --- the cases ------------------------------------------------------------------------------------

# jump NAME DAYS: two more rekeys at their interval, all sessions as they were.
jump() {
	local spi before

	before=$(epochs)
	spi=$(newest_spi)
	set_clock "$1" "$2"
	lab_wait 30 "rekeys after a jump of $1 to $2 days" e2e_all_above $((spi + 1))
	# A line that a peer causes again and again is summed up every 10 s.
	lab_wait 25 "the year $(year_of "$2") in the log of $1" logs_year "$1" "$2"
	expect "epochs after a jump of $1 to $2 days" "$(epochs)" "$before"
	jumped=$((jumped + 1))
}

# refused_at NAME DAYS LOG WORDS: with that clock hv3's next session is refused; what it holds stays, and
# with the right clock it comes back by itself. Then hv1, whose certificate is valid long enough, is not.
refused_at() {
	local lines

	set_clock "$1" "$2"
	lines=$(wc -l <"$LAB_DIR/log/$3")
	break_session 3
	# Lines of one kind are summed up, so the words may come with the next sum.
	lab_wait 40 "the refusal of hv3" refusal_is_logged "$3" "$lines" "$4"
	expect "hv3's SAs that are active" \
		"$(lab_show 3 '[.sas[] | select(.state == "active")] | length')" 1
	lab_poll 5 e2e_ping 3 1 || fail "hv3 sends no more when only a new session is refused"
	[[ $1 != gkm ]] || comes_back 1
	set_clock "$1" 0
	lab_wait 30 "hv3 to be let in again" is_connected 3
}

# refusal_is_logged LOG LINES WORDS: behind so many lines.
refusal_is_logged() {
	tail -n +$(($2 + 1)) "$LAB_DIR/log/$1" | grep -Eq "$3"
}

# As before, with a key manager that does not rekey while hosts break their connections.
restart_gkm_quietly() {
	local spi

	LAB_GROUP_VARS=
	lab_write_inventory "$LAB_DIR/inventory.yaml"
	spi=$(newest_spi)
	lab_stop gkm
	lab_start_gkm
	lab_wait 30 "hosts to agree on an SA of the new key manager" e2e_agree_above "$spi"
}

send_all() {
	e2e_keep_sending 1 2 --rate 500
	e2e_keep_sending 2 3 --rate 500
	e2e_keep_sending 3 all --rate 500
	e2e_keep_sending 2 1 --rate 500
}

for name in gkm hv1 hv3; do set_clock "$name" 0; done
jumped=0
e2e_up
for n in 1 2 3; do e2e_receive_multicast "$n"; done
for n in 1 2 3; do e2e_wait_ping "$n" $((n % 3 + 1)); done
send_all
lab_wait 10 "traffic" e2e_has_received 2 1 500
for name in gkm hv1; do
	for days in "${jumps[@]}"; do jump "$name" "$days"; done
done

restart_gkm_quietly
refused_at gkm "$YEARS" gkm 'certificate of the peer has expired .*hv3'
refused_at gkm "-$YEARS" gkm 'certificate of the peer is not valid yet .*hv3.*clock'
refused_at hv3 $((2 * YEARS)) hv3 "warning: GKM: .*certificate of the peer.* has expired"
refused_at hv3 $((-2 * YEARS)) hv3 "warning: GKM: .*certificate of the peer.* is not valid yet"

for stream in 1-2 2-3 3-all 2-1; do lab_stop "tx$stream"; done
e2e_expect_all 1 2
e2e_expect_all 2 3
e2e_expect_all 2 1
for n in 1 2; do e2e_expect_all 3 "$n" all; done
figure clock-jumps "$jumped" times
figure frames-sent "$(jq -s 'map(.sent) | add' "$LAB_DIR"/tx*.json)" frames
figure frames-lost "$(e2e_lost 1:2 2:3 2:1 3:1:all 3:2:all)" frames

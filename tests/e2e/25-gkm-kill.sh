#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The key manager is killed (-9) at points spread evenly over a rekey, then over a join, which are timed
# first: traffic loses nothing, all agree on one SA again each time, and nothing that was leased is leased
# again. Half of the kills fall before the new SA begins, in a join while more newcomers are waited for,
# half into the exchange of messages that makes it the one that all send on.
# long: 2400
LAB_GROUP_VARS="        rekey: {drain_delay: 5s}"
. "$(dirname "$0")/_init.sh"
# shellcheck source=tests/e2e/_figures.sh
. "$E2E_HERE/_figures.sh"

KILLS=$(long_or_short 100 2) # of each kind
RUNS=$(long_or_short 5 1)    # to time it
AGREE_S=40
RATE=500

declare -A kills_in
recoveries=()

# --- what the key manager did, by its log ---------------------------------------------------------

log_length() {
	wc -l <"$LAB_DIR/log/gkm"
}

# since LINES: what it logged after so many lines.
since() {
	tail -n +$(($1 + 1)) "$LAB_DIR/log/gkm"
}

# time_of LINE: its time in ms.
time_of() {
	date -d "${1%%Z *}Z" +%s%3N
}

# first_time LINES REGEX
first_time() {
	time_of "$(since "$1" | grep -m 1 -E "$2")"
}

# last_time LINES REGEX
last_time() {
	time_of "$(since "$1" | grep -E "$2" | tail -n 1)"
}

# phase LINES: how far it came before it died.
phase() {
	local log

	log=$(since "$1")
	case $log in
	*"sends on SA"*"sends on SA"*"sends on SA"*) echo over ;;
	*"sends on SA"*) echo switching ;;
	*begins,*) echo installing ;;
	*"joins tenants"*) echo joined ;;
	*) echo before ;;
	esac
}

# --- state ----------------------------------------------------------------------------------------

# One SA above this one, and the key manager knows that everybody sends on it.
agree_above() {
	e2e_agree_above "$1" &&
		[[ $(lab_show_gkm ".groups[0].sas[] | select(.state == \"active\") | .sending") == "$LAB_HOSTS" ]]
}

# --- what is interrupted --------------------------------------------------------------------------

begin_rekey() {
	lab_at_gkm rekey tenants >>"$LAB_DIR/log/commands" 2>&1
}

begin_join() {
	lab_covey 3 join tenants >>"$LAB_DIR/log/commands" 2>&1
}

prepare_rekey() {
	return 0
}

prepare_join() {
	lab_covey 3 leave tenants >>"$LAB_DIR/log/commands"
}

# measure WHAT: its times in ms since the command began: FIRST, when the key manager has it at the
# earliest, BEGIN, when its SA begins, LAST, when all send on that.
measure() {
	local what=$1 i lines spi start first begin last

	FIRST=100000 BEGIN=100000 LAST=0
	for ((i = 0; i < RUNS; i++)); do
		"prepare_$what"
		spi=$(e2e_active_spis | tail -n 1)
		lines=$(log_length)
		start=$(lab_now_ms)
		"begin_$what"
		lab_wait 20 "a $what" agree_above "$spi"
		first=$(($(first_time "$lines" "a new SA is needed|joins tenants") - start))
		begin=$(($(first_time "$lines" "SA [0-9]* begins") - start))
		last=$(($(last_time "$lines" "sends on SA $(e2e_active_spi 1)") - start))
		FIRST=$((first < FIRST ? first : FIRST))
		BEGIN=$((begin < BEGIN ? begin : BEGIN))
		LAST=$((last > LAST ? last : LAST))
		figure "$what-duration" $((last - first)) ms
	done
}

# pause US: no process is started, which would take longer than a rekey.
pause() {
	local seconds

	printf -v seconds '%d.%06d' $(($1 / 1000000)) $(($1 % 1000000))
	read -rt "$seconds" <>"$LAB_DIR/never" || true
}

# await_begin LINES: return as soon as the key manager logs that an SA begins.
await_begin() {
	local fd line tail

	exec {fd}< <(exec tail -n +$(($1 + 1)) -f "$LAB_DIR/log/gkm")
	tail=$!
	while read -rt 20 -u "$fd" line; do
		[[ $line != *" begins,"* ]] || break
	done
	kill "$tail"
	exec {fd}<&-
	[[ $line == *" begins,"* ]] || fail "no SA begins"
}

# kill_in WHAT MARK US: begin it, and kill the key manager so long after the mark: the command, or the
# begin of the SA.
kill_in() {
	local what=$1 spi lines pid start command came

	"prepare_$what"
	spi=$(e2e_active_spis | tail -n 1)
	lines=$(log_length)
	pid=$(lab_pid gkm)
	"begin_$what" &
	command=$!
	[[ $2 == command ]] || await_begin "$lines"
	pause "$3"
	kill -KILL "$pid"
	start=$(lab_now_ms)
	lab_wait "$LAB_STOP_S" "the key manager to be gone" lab_is_gone gkm
	came=$(phase "$lines")
	kills_in[$what-$came]=$((${kills_in[$what-$came]:-0} + 1))
	lines=$(log_length)
	lab_start_gkm
	wait "$command" || true
	[[ $what != join ]] || begin_join # what was cut off may have to be asked for again
	lab_wait "$AGREE_S" "members to agree on an SA above $spi, $what, $2 + $3 us" agree_above "$spi"
	recoveries+=($(($(last_time "$lines" "sends on SA $(e2e_active_spi 1)") - start)))
	echo "$what, $2 + $3 us ($came): all send again after ${recoveries[-1]} ms"
}

# spread FROM TO I N: the I-th of N points between two times in ms, in us.
spread() {
	echo $(($1 * 1000 + ($2 - $1) * 1000 * (2 * $3 + 1) / (2 * $4)))
}

kill_all_over() {
	local what=$1 i n=$((KILLS / 2))

	measure "$what"
	[[ $what != rekey ]] || FIRST=0
	for ((i = 0; i < n; i++)); do
		kill_in "$what" command "$(spread "$FIRST" "$BEGIN" "$i" "$n")"
		kill_in "$what" begin "$(spread 0 $((LAST - BEGIN + 1)) "$i" "$n")"
	done
}

# No SPI begins twice, ever. In one run of the program no (SenderID, epoch) is leased twice; over all runs
# a SenderID is one host's. On one SA, one (SenderID, epoch) is one host's.
repeated_leases() {
	awk '
		/ listens on / { instance++ }
		/: SA [0-9]+ begins/ { match($0, /SA [0-9]+/); twice(begun, substr($0, RSTART, RLENGTH)) }
		/ joins tenants as SenderID/ {
			match($0, /SenderID [0-9]+, epoch [0-9]+/)
			lease = substr($0, RSTART, RLENGTH)
			twice(leased, instance " " lease)
			match($0, /hv[0-9]+ /)
			another(owner, substr(lease, 1, index(lease, ",")), substr($0, RSTART, RLENGTH))
		}
		/ sends on SA / {
			match($0, /SA .*/)
			match($0, /host\/hv[0-9]+/) && another(user, substr($0, index($0, "SA ")),
				substr($0, RSTART, RLENGTH))
		}
		function twice(seen, key) { if (key in seen) print "twice: " $0; seen[key] = 1 }
		function another(owners, key, owner) {
			if (key in owners && owners[key] != owner) print "another: " $0
			owners[key] = owner
		}' "$LAB_DIR/log/gkm"
}

mkfifo "$LAB_DIR/never"
e2e_up
for n in 1 2 3; do
	e2e_receive_multicast "$n"
	e2e_wait_ping "$n" $((n % 3 + 1))
done
e2e_keep_sending 1 2 --rate "$RATE"
e2e_keep_sending 2 3 --rate "$RATE"
e2e_keep_sending 3 all --rate "$RATE"
lab_wait 10 "traffic" e2e_has_received 2 1 500
kill_all_over rekey
more=$(($(e2e_report rx2 '.streams["1"].received') + 500))
lab_wait 10 "traffic on the last SA" e2e_has_received 2 1 "$more"
for stream in 2-3 3-all; do lab_stop "tx$stream"; done
e2e_expect_all 2 3
for n in 1 2; do e2e_expect_all 3 "$n" all; done

# hv3 leaves each time, to join: only the others' traffic can be without loss.
e2e_keep_sending 2 1 --rate "$RATE"
kill_all_over join
more=$(($(e2e_report rx2 '.streams["1"].received') + 500))
lab_wait 10 "traffic on the last SA" e2e_has_received 2 1 "$more"
for stream in 1-2 2-1; do lab_stop "tx$stream"; done
e2e_expect_all 1 2
e2e_expect_all 2 1
e2e_expect_no_alarm
expect "leases that came twice" "$(repeated_leases)" ""

figure kills "${#recoveries[@]}" kills
for came in "${!kills_in[@]}"; do figure "kills-in-$came" "${kills_in[$came]}" kills; done | sort
figures_of recovery ms "${recoveries[@]}"
figure lost "$(e2e_lost 2:3 3:1:all 3:2:all 1:2 2:1)" frames
figure repeated-leases "$(repeated_leases | wc -l)" leases

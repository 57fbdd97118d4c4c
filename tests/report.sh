# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# What tests/run prints and records of each test: a line, its figures, and why it failed. Sourced by it.

REPORT_PROGRESS_S=60 # between two lines about a long form, where there is no terminal
report_passed=0
report_failures=()
report_before=() # failed, and run again
report_grave=    # set: a failure is none that luck explains

# report_running NAME...: what runs now, on a terminal.
report_running() {
	[[ ! -t 1 ]] || printf '\r\e[K      …       %s' "$*"
}

# report_progress NAME PID OUTPUT START: what the test wrote last, until its process ends. START: in ms.
report_progress() {
	local last='' line shown=$SECONDS

	while lab_runs "$2"; do
		sleep 0.5
		line=$(tail -n 1 "$3" 2>/dev/null | tr -d '\r' | cut -c 1-100)
		[[ $line && $line != "$last" ]] || continue
		if [[ -t 1 ]]; then
			printf '\r      … %5d s  %s: %s\e[K' $((($(lab_now_ms) - $4) / 1000)) "$1" "$line"
		elif ((SECONDS - shown >= REPORT_PROGRESS_S)); then
			printf '     … %5d s  %s: %s\n' $((($(lab_now_ms) - $4) / 1000)) "$1" "$line"
			shown=$SECONDS
		else
			continue
		fi
		last=$line
	done
}

# report_end NAME STATUS MS OUTPUT: how it went; all of it is printed together.
report_end() {
	local word=ok

	(($2 == 0)) || word=FAIL
	[[ ! -t 1 ]] || printf '\r\e[K'
	printf '%-4s %5d.%01d s  %s\n' "$word" $(($3 / 1000)) $(($3 % 1000 / 100)) "$1"
	report_figures "$4"
	if (($2 == 0)); then
		report_passed=$((report_passed + 1))
		return
	fi
	report_failures+=("$1")
	! report_is_grave "$2" "$4" || report_grave=1
	{
		grep -E '^FAIL: |, in vain$' "$4" || true
		tail -n 150 "$4"
	} | sed 's/^/     | /'
}

# report_is_grave STATUS OUTPUT: an IV used again, something in clear, altered or twice, or a crash: never luck.
report_is_grave() {
	[[ $1 =~ ^(132|134|135|136|139)$ ]] || grep -qE \
		'(IV|wire|format) oracle: |altered frames|frames twice|Sanitizer: |runtime error: |core dumped|Segmentation' "$2"
}

# report_figures OUTPUT
report_figures() {
	grep '^figure: ' "$1" || true
}

# report_record FILE FORM NAME STATUS MS OUTPUT: a line for the result, and one for each figure: test,
# form, date, what, value, unit, with tabs between.
report_record() {
	local date result=passed

	date=$(date -u +%F)
	(($4 == 0)) || result=failed
	{
		printf '%s\t%s\t%s\tresult\t%s\t\n' "$3" "$2" "$date" "$result"
		printf '%s\t%s\t%s\tduration\t%d\ts\n' "$3" "$2" "$date" $(($5 / 1000))
		report_figures "$6" | while read -r _ what value unit; do
			printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$3" "$2" "$date" "$what" "$value" "$unit"
		done
	} >>"$1"
}

# report_is_luck MAX: no more than that many failed, and none in a way that luck does not explain.
report_is_luck() {
	[[ ! $report_grave ]] && ((${#report_failures[@]} <= $1))
}

# report_again: those that failed are about to run once more.
report_again() {
	report_before=("${report_failures[@]}")
	report_failures=()
}

# report_unsteady: those that passed only then.
report_unsteady() {
	local name

	for name in "${report_before[@]}"; do
		[[ " ${report_failures[*]} " == *" $name "* ]] ||
			printf 'UNSTEADY: %s failed, and passed when it ran again alone: find out why\n' "$name"
	done
}

# report_sum: of all tests. False when one failed.
report_sum() {
	report_unsteady
	((${#report_failures[@]} == 0)) || printf '\nfailed: %s\n' "${report_failures[*]}"
	printf '%d passed, %d failed\n' "$report_passed" "${#report_failures[@]}"
	((${#report_failures[@]} == 0))
}

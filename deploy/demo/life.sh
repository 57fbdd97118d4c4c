# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# What a lab consists of, and how it is removed: one folder, namespaces whose names begin with the lab's,
# and processes whose ids are in that folder or that run in those namespaces. Sourced by lab.sh.

LAB_ROOT=/run/covey-lab # root alone may write here: --clean trusts what it finds
LAB_STOP_S=10           # a process that ignores SIGTERM this long is killed

lab_fail() {
	echo "${0##*/}: $*" >&2
	exit 1
}

# lab_new [ID]: choose the lab's name and make its folder. From here on every way out cleans up.
lab_new() {
	LAB_ID=${1:-$(printf '%04x%04x' $((RANDOM + $$)) "$RANDOM")}
	LAB_DIR=$LAB_ROOT/$LAB_ID
	# Leftovers are found by this mark in a process's environment.
	export COVEY_LAB=$LAB_ID
	export RUNTIME_DIRECTORY=$LAB_DIR # where DPDK puts its files
	trap 'lab_exit' EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
	mkdir -p "$LAB_ROOT"
	mkdir -m 0755 "$LAB_DIR" || lab_fail "$LAB_DIR exists: is a lab of that name running?"
	mkdir "$LAB_DIR/log" "$LAB_DIR/pid"
}

lab_exit() {
	local status=$?

	# shellcheck disable=SC2034 # for the hooks
	LAB_STATUS=$status
	trap '' HUP INT TERM # a second Ctrl-C must not interrupt the cleaning
	trap - EXIT
	if ((status == 0)) && declare -F lab_on_success >/dev/null; then
		(lab_on_success) || status=1
	fi
	if ((status)) && declare -F lab_on_failure >/dev/null; then
		(lab_on_failure) || true
	fi
	if declare -F lab_on_exit >/dev/null; then
		(lab_on_exit) || true # ends what does not end by a signal to each of its processes
	fi
	if [[ ! -e $LAB_DIR/kept ]]; then
		lab_remove "$LAB_ID"
	fi
	exit "$status"
}

# lab_remove ID: end all that belongs to that lab, this shell's or another's.
lab_remove() {
	local id=$1 ns pids

	mapfile -t pids < <(lab_pids "$id")
	if ((${#pids[@]})); then
		lab_end "${pids[@]}"
	fi
	for ns in $(lab_namespaces "$id"); do
		ip netns delete "$ns"
	done
	rm -rf "${LAB_ROOT:?}/$id"
	rmdir "$LAB_ROOT" 2>/dev/null || true
}

lab_namespaces() {
	ip netns list | awk -v prefix="covey-$1-" 'index($1, prefix) == 1 {print $1}'
}

# Every process that the lab recorded and that still runs with its mark, and whatever runs in its
# namespaces.
lab_pids() {
	local id=$1 file ns pid

	{
		for file in "$LAB_ROOT/$id/pid/"*; do
			[[ -e $file ]] || continue
			pid=$(<"$file")
			if lab_is_marked "$pid" "$id"; then
				echo "$pid"
			fi
		done
		for ns in $(lab_namespaces "$id"); do
			ip netns pids "$ns"
		done
	} | sort -un
}

# The id of a process that ended may be another's by now.
lab_is_marked() {
	grep -qzx "COVEY_LAB=$2" "/proc/$1/environ" 2>/dev/null
}

# lab_marked ID: every process that has the lab's mark, wherever it is.
lab_marked() {
	grep -lzx "COVEY_LAB=$1" /proc/[0-9]*/environ 2>/dev/null | cut -d / -f 3
}

lab_end() {
	local deadline=$((SECONDS + LAB_STOP_S * ${COVEY_PATIENCE:-1})) pid left=("$@")

	kill -TERM "$@" 2>/dev/null || true
	while ((${#left[@]} && SECONDS <= deadline)); do
		left=()
		for pid in "$@"; do
			if lab_runs "$pid"; then
				left+=("$pid")
			fi
		done
		((${#left[@]} == 0)) || sleep 0.02
	done
	if ((${#left[@]})); then
		echo "killed at the end: process ${left[*]}" >&2
		kill -KILL "${left[@]}" 2>/dev/null || true
	fi
}

# A zombie does not run any more, but its other threads may: sockets close with the last of them.
lab_runs() {
	local state threads

	state=$(awk '/^State:/ {print $2}' "/proc/$1/status" 2>/dev/null) || return 1
	threads=("/proc/$1/task/"*)
	[[ -n $state ]] && [[ $state != Z || ${#threads[@]} -gt 1 ]]
}

# lab_spawn NAME NAMESPACE COMMAND...: start it in the background; its output goes to log/NAME.
lab_spawn() {
	local name=$1 ns=$2

	shift 2
	ip netns exec "$(lab_ns "$ns")" "$@" >>"$LAB_DIR/log/$name" 2>&1 </dev/null &
	echo $! >"$LAB_DIR/pid/$name"
	disown $!
}

lab_pid() {
	cat "$LAB_DIR/pid/$1"
}

lab_is_running() {
	[[ -e $LAB_DIR/pid/$1 ]] && lab_runs "$(lab_pid "$1")"
}

lab_signal() {
	kill -"$2" "$(lab_pid "$1")"
}

# lab_stop NAME [SIGNAL]: and wait until it is gone. SIGTERM unless said otherwise.
lab_stop() {
	if lab_is_running "$1"; then
		lab_signal "$1" "${2:-TERM}"
		lab_wait "$LAB_STOP_S" "$1 to end" lab_is_gone "$1"
	fi
	rm -f "$LAB_DIR/pid/$1"
}

lab_is_gone() {
	! lab_is_running "$1"
}

# lab_wait SECONDS WHAT COMMAND...: until the command succeeds; fail when it does not in that time.
lab_wait() {
	local seconds=$1 what=$2

	shift 2
	lab_poll "$seconds" "$@" || lab_fail "waited $seconds s for $what, in vain"
}

# The same without failing: the status tells. Times are in the clock's milliseconds. COVEY_PATIENCE:
# wait so many times as long, for programs that are built to be slow.
lab_poll() {
	local deadline=$(($(lab_now_ms) + $1 * 1000 * ${COVEY_PATIENCE:-1}))

	shift
	until "$@" >/dev/null 2>&1; do
		(($(lab_now_ms) < deadline)) || return 1
		sleep 0.05
	done
}

lab_now_ms() {
	local now=$EPOCHREALTIME # seconds with a point (or comma) and six digits

	now=${now/[.,]/}
	echo $((now / 1000))
}

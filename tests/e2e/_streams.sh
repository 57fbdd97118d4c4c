# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# Bulk TCP between t1 and t2 while something happens: connections that carry random bytes both ways until
# they are ended, when each end compares what came with what was sent.

# Drops of full queues, because TCP finds its own rate, and of what is not tenants'.
STREAMS_LEFT_OUT=(out-tx-full out-no-buffer in-tx-full in-no-buffer in-handover-full out-not-vxlan)

# streams_start PORT...: a connection to each of these.
streams_start() {
	local port name

	for port in "$@"; do
		lab_spawn "server-$port" t2 /usr/bin/python3 "$E2E_HERE/tcp_stream.py" serve "$port" \
			"$LAB_DIR/stop"
		lab_wait 10 "the server" grep -q ready "$LAB_DIR/log/server-$port"
		lab_spawn "client-$port" t1 /usr/bin/python3 "$E2E_HERE/tcp_stream.py" connect \
			"$(lab_tenant 2)" "$port" "$LAB_DIR/stop"
		for name in server client; do
			lab_wait 20 "bytes at the $name" grep -q sends "$LAB_DIR/log/$name-$port"
		done
	done
}

# streams_are_up PORT...
streams_are_up() {
	local port

	for port in "$@"; do
		lab_is_running "client-$port" && lab_is_running "server-$port" || return 1
	done
}

streams_received() { # NAME
	tail -n 1 "$LAB_DIR/log/$1"
}

# streams_end BYTES PORT...: each end has received as many, and all that the other has sent.
streams_end() {
	local least=$1 port name

	touch "$LAB_DIR/stop"
	for port in "${@:2}"; do
		for name in "server-$port" "client-$port"; do
			lab_wait 30 "the $name to end" lab_is_gone "$name"
			[[ $(streams_received "$name") =~ ^[0-9]+$ ]] ||
				fail "the $name: $(streams_received "$name")"
			(($(streams_received "$name") >= least)) ||
				fail "the $name received only $(streams_received "$name") bytes"
		done
	done
}

# streams_drops N: what hvN has dropped for other reasons.
streams_drops() {
	lab_show "$1" '.drops' | jq -c 'del(.[$ARGS.positional[]]) | with_entries(select(.value > 0))' \
		--args "${STREAMS_LEFT_OUT[@]}"
}

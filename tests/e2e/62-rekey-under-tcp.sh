#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Bulk TCP both ways at once while rekeys go on: it is one connection, each byte that arrives is the one that
# was sent, and no packet is dropped for its key. (22-rekey-under-load.sh counts single frames, at a rate that
# loses none; TCP takes what there is, and what covey joins and cuts is under two keys at once.)
# ports: both
LAB_HOSTS=2
LAB_GROUP_VARS="        rekey: {drain_delay: 1s}"
. "$(dirname "$0")/_init.sh"

REKEYS=$(long_or_short 400 25)
STALL_S=$((20 * ${COVEY_PATIENCE:-1}))
# Drops of full queues, because TCP finds its own rate, and of what is not tenants'.
LEFT_OUT=(out-tx-full out-no-buffer in-tx-full in-no-buffer in-handover-full out-not-vxlan)

start_stream() {
	lab_spawn server t2 /usr/bin/python3 "$E2E_HERE/tcp_stream.py" serve 9000 "$LAB_DIR/stop"
	lab_wait 10 "the server" grep -q ready "$LAB_DIR/log/server"
	lab_spawn client t1 /usr/bin/python3 "$E2E_HERE/tcp_stream.py" connect "$(lab_tenant 2)" 9000 \
		"$LAB_DIR/stop"
	for name in server client; do
		lab_wait 20 "bytes at the $name" grep -q sends "$LAB_DIR/log/$name"
	done
}

# rekey_until SPI: the key manager begins the next one when it can.
rekey_until() {
	local before=0 since=$SECONDS spi=0

	while ((spi < $1)); do
		lab_at_gkm rekey tenants >>"$LAB_DIR/log/rekey"
		spi=$(e2e_gkm_active_spi)
		((spi == before)) || since=$SECONDS
		before=$spi
		((SECONDS - since < STALL_S)) || fail "no new SA since $spi for $STALL_S s"
		lab_is_running client || fail "the connection ended at SA $spi"
		sleep 0.02 # leaves the processor to the traffic
	done
}

# All others, by reason.
drops() { # N
	lab_show "$1" '.drops' | jq -c 'del(.[$ARGS.positional[]]) | with_entries(select(.value > 0))' \
		--args "${LEFT_OUT[@]}"
}

received() { # NAME
	tail -n 1 "$LAB_DIR/log/$1"
}

e2e_up
e2e_wait_ping 1 2
start_stream
first=$(e2e_gkm_active_spi)
for n in 1 2; do before[n]=$(drops "$n"); done
rekey_until $((first + REKEYS))
touch "$LAB_DIR/stop"
for name in server client; do
	lab_wait 30 "the $name to end" lab_is_gone "$name"
	[[ $(received "$name") =~ ^[0-9]+$ ]] || fail "the $name: $(received "$name")"
	(($(received "$name") >= 10000000)) || fail "the $name received only $(received "$name") bytes"
done
echo "$(($(e2e_gkm_active_spi) - first)) rekeys, $(received server) and $(received client) bytes"
for n in 1 2; do expect "drops at hv$n" "$(drops "$n")" "${before[n]}"; done
expect "late members" "$(grep -c 'has not acknowledged' "$LAB_DIR/log/gkm" || true)" 0
e2e_expect_no_alarm

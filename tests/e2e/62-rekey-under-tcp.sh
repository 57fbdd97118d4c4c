#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Bulk TCP both ways at once while rekeys go on: it is one connection, each byte that arrives is the one that
# was sent, and no packet is dropped for its key. (22-rekey-under-load.sh counts single frames, at a rate that
# loses none; TCP takes what there is, and what covey joins and cuts is under two keys at once.)
# ports: both
LAB_HOSTS=2
LAB_GROUP_VARS="        rekey: {drain_delay: 1s}"
. "$(dirname "$0")/_init.sh"
# shellcheck source=tests/e2e/_streams.sh
. "$E2E_HERE/_streams.sh"

REKEYS=$(long_or_short 400 25)
STALL_S=$((20 * ${COVEY_PATIENCE:-1}))
PORT=9000

# rekey_until SPI: the key manager begins the next one when it can.
rekey_until() {
	local before=0 since=$SECONDS spi=0

	while ((spi < $1)); do
		lab_at_gkm rekey tenants >>"$LAB_DIR/log/rekey"
		spi=$(e2e_gkm_active_spi)
		((spi == before)) || since=$SECONDS
		before=$spi
		((SECONDS - since < STALL_S)) || fail "no new SA since $spi for $STALL_S s"
		streams_are_up $PORT || fail "the connection ended at SA $spi"
		sleep 0.02 # leaves the processor to the traffic
	done
}

e2e_up
e2e_wait_ping 1 2
streams_start $PORT
first=$(e2e_gkm_active_spi)
for n in 1 2; do before[n]=$(streams_drops "$n"); done
rekey_until $((first + REKEYS))
streams_end 10000000 $PORT
echo "$(($(e2e_gkm_active_spi) - first)) rekeys, $(streams_received server-$PORT) and" \
	"$(streams_received client-$PORT) bytes"
for n in 1 2; do expect "drops at hv$n" "$(streams_drops "$n")" "${before[n]}"; done
expect "late members" "$(grep -c 'has not acknowledged' "$LAB_DIR/log/gkm" || true)" 0
e2e_expect_no_alarm

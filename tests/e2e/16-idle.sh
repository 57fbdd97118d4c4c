#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A host without tenants' traffic uses under 1 % of a core.
# alone: processor time is measured
LAB_HOSTS=2
. "$(dirname "$0")/_init.sh"

SECONDS_IDLE=10
PERCENT=1

# Processor time of covey-host so far, all threads, in clock ticks.
ticks() {
	awk '{sub(/.*\) /, ""); print $12 + $13}' "/proc/$(lab_pid "hv$1")/stat"
}

e2e_up
e2e_wait_ping 1 2
# A fabric is never quite silent: each tenant asks for the other's address once a second.
for n in 1 2; do
	lab_spawn "arp$n" "t$n" arping -b -w "$SECONDS_IDLE" -I eth0 \
		"$(lab_tenant $((3 - n)))"
done
for n in 1 2; do before[n]=$(ticks "$n"); done
sleep "$SECONDS_IDLE" # what is measured is time itself
for n in 1 2; do
	used=$(($(ticks "$n") - before[n]))
	limit=$((SECONDS_IDLE * $(getconf CLK_TCK) * PERCENT / 100))
	echo "figure: idle-hv$n $(awk -v used="$used" -v seconds="$SECONDS_IDLE" \
		-v hertz="$(getconf CLK_TCK)" 'BEGIN {print 100 * used / hertz / seconds}') %"
	((used < limit)) || fail "covey-host of hv$n used $used ticks of $limit allowed"
done
# It was not asleep for good.
for n in 1 2; do
	lab_wait 5 "arping of t$n to end" lab_is_gone "arp$n"
	grep -q 'reply from' "$LAB_DIR/log/arp$n" || fail "nobody answered t$n"
done
e2e_receive 2
e2e_send 1 2 --count 1000 --rate 2000
e2e_expect_all 1 2

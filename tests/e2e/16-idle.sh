#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A host without tenants' traffic uses under 3 % of a core.
LAB_HOSTS=2
. "$(dirname "$0")/_init.sh"

# Processor time of covey-host so far, in clock ticks.
ticks() {
	awk '{sub(/.*\) /, ""); print $12 + $13}' "/proc/$(lab_pid "hv$1")/stat"
}

e2e_up
e2e_wait_ping 1 2
seconds=5
for n in 1 2; do before[n]=$(ticks "$n"); done
sleep "$seconds" # what is measured is time itself
for n in 1 2; do
	used=$(($(ticks "$n") - before[n]))
	limit=$((seconds * $(getconf CLK_TCK) * 3 / 100))
	echo "covey-host of hv$n: $used ticks in $seconds s"
	((used < limit)) || fail "covey-host of hv$n used $used ticks of $limit allowed"
done
# And it wakes up.
e2e_receive 2
e2e_send 1 2 --count 1000 --rate 2000
e2e_expect_all 1 2

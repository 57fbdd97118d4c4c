#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Unicast between all pairs and multicast to all, encrypted: every frame arrives once, unaltered.
# ports: both
. "$(dirname "$0")/_init.sh"

e2e_up
for n in 1 2 3; do
	e2e_receive_multicast "$n"
	e2e_wait_ping "$n" $((n % 3 + 1))
done
for to in 1 2 3; do
	for from in 1 2 3; do
		((from == to)) || e2e_send "$from" "$to" --count "$(frames 2000)" --rate 4000
	done
	for from in 1 2 3; do
		((from == to)) || e2e_expect_all "$from" "$to"
	done
	lab_stop "rx$to"
done

for n in 2 3; do e2e_receive_multicast "$n"; done
e2e_send 1 all --count "$(frames 4000)" --rate 4000 --size 1300
for n in 2 3; do e2e_expect_all 1 "$n" all; done

for cast in 0 1; do
	expect "WindowIDs of hv1 with cast bit $cast" \
		"$(e2e_report recorder "[.windows[] | select(.port == \"hv1\" and .cast == $cast)]
			| length > 0")" true
done
expect "hosts that sent VPE" \
	"$(e2e_report recorder '[.ports | to_entries[] | select(.value.kinds.vpe > 0) | .key] |
		join(" ")')" "hv1 hv2 hv3"
expect "SenderIDs on the wire" "$(e2e_report recorder '[.windows[].sender_id] | unique | length')" 3

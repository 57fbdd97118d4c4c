#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The key manager is killed (-9) at several moments of a rekey: traffic loses nothing, and all agree on
# one SA again.
LAB_GROUP_VARS="        rekey: {drain_delay: 5s}"
. "$(dirname "$0")/_init.sh"

active_spis() {
	local n

	for n in $(lab_hosts); do
		lab_show "$n" '.sas[] | select(.state == "active") | .spi'
	done | sort -u
}

agree_above() {
	local spis

	spis=$(active_spis)
	[[ $spis =~ ^[0-9]+$ ]] && ((spis > $1))
}

e2e_up
for n in 1 2 3; do
	e2e_receive "$n"
	e2e_wait_ping "$n" $((n % 3 + 1))
done
for n in 1 2 3; do e2e_keep_sending "$n" $((n % 3 + 1)) --rate 500; done
lab_wait 10 "traffic" e2e_has_received 2 1 500
for ms in 0 2 5 20; do
	spi=$(active_spis | tail -n 1)
	lab_at_gkm rekey tenants >>"$LAB_DIR/log/rekey"
	sleep "0.0$(printf '%02d' "$ms")" # a moment of the rekey, not a state to wait for
	lab_stop gkm KILL
	lab_start_gkm
	lab_wait 40 "members to agree on a new SA after $ms ms" agree_above "$spi"
	lab_wait_joined
done
more=$(($(e2e_report rx2 '.streams["1"].received') + 500))
lab_wait 10 "traffic on the last SA" e2e_has_received 2 1 "$more"
for n in 1 2 3; do lab_stop "tx$n-$((n % 3 + 1))"; done
for n in 1 2 3; do e2e_expect_all "$n" $((n % 3 + 1)); done

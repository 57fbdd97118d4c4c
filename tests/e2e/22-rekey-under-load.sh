#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Rekeys, one after the other, under unicast and multicast traffic: no frame is lost or comes twice.
LAB_GROUP_VARS="        rekey: {drain_delay: 1s}"
. "$(dirname "$0")/_init.sh"

active_spi() {
	lab_show_gkm '.groups[0].sas[] | select(.state == "active") | .spi'
}

# The group has switched to an SA above this one.
has_turned_over() {
	(($(active_spi) > $1))
}

e2e_up
for n in 1 2 3; do e2e_receive_multicast "$n"; done
for n in 1 2 3; do e2e_wait_ping "$n" $((n % 3 + 1)); done
e2e_keep_sending 1 2 --rate 2000
e2e_keep_sending 2 3 --rate 2000
e2e_keep_sending 3 all --rate 1000
lab_wait 10 "traffic" e2e_has_received 2 1 500

first=$(active_spi)
for ((i = 0; i < $(frames 40); i++)); do
	spi=$(active_spi)
	lab_at_gkm rekey tenants >>"$LAB_DIR/log/rekey"
	lab_wait 10 "rekey $i to end" has_turned_over "$spi"
done
last=$(active_spi)

for stream in 1-2 2-3 3-all; do lab_stop "tx$stream"; done
e2e_expect_all 1 2
e2e_expect_all 2 3
for n in 1 2; do e2e_expect_all 3 "$n" all; done
expect "rekeys" "$((last - first >= $(frames 40)))" 1
expect "SAs that carried traffic are many" \
	"$(e2e_report recorder '[.windows[].spi] | unique | length >= 20')" true
expect "late members" "$(grep -c 'has not acknowledged' "$LAB_DIR/log/gkm" || true)" 0

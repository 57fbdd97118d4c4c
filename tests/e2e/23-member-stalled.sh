#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A member is stopped (SIGSTOP) across a rekey: the others switch after the activation delay and lose
# nothing; continued, it catches up.
LAB_GROUP_VARS="        rekey: {activation_delay: 2s, drain_delay: 2s}"
. "$(dirname "$0")/_init.sh"

active_spi_of() {
	lab_show "$1" '.sas[] | select(.state == "active") | .spi'
}

sends_above() {
	(($(active_spi_of "$1") > $2))
}

named_late() {
	grep -c "host/hv3 has not acknowledged SA" "$LAB_DIR/log/gkm" || true
}

e2e_up
for n in 1 2; do e2e_receive "$n"; done
e2e_wait_ping 1 2
e2e_wait_ping 1 3
e2e_keep_sending 1 2 --rate 1000
e2e_keep_sending 2 1 --rate 1000
lab_wait 10 "traffic" e2e_has_received 2 1 500

spi=$(active_spi_of 1)
lab_signal hv3 STOP
lab_at_gkm rekey tenants >>"$LAB_DIR/log/rekey"
for n in 1 2; do lab_wait 10 "hv$n to switch without hv3" sends_above "$n" "$spi"; done
expect "times that hv3 was named" "$(named_late)" 1
more=$(($(e2e_report rx2 '.streams["1"].received') + 3000))
lab_wait 10 "traffic until the old SA is gone" e2e_has_received 2 1 "$more"

lab_signal hv3 CONT
lab_wait 15 "hv3 to catch up" sends_above 3 "$spi"
lab_wait 15 "hv3 to reach hv1" e2e_ping 3 1
for stream in 1-2 2-1; do lab_stop "tx$stream"; done
e2e_expect_all 1 2
e2e_expect_all 2 1
expect "times that hv3 was named" "$(named_late)" 1

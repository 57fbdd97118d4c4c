#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A host is killed (-9) under traffic and started again: its peers lose nothing among themselves, it
# is back within 5 s in a new epoch, and packets of its old epoch are refused. The key manager does not
# take it for a second host with its certificate.
# alone: how soon a host is back is measured
# ports: both
. "$(dirname "$0")/_init.sh"

e2e_add_evil_later() {
	e2e_add_evil
	e2e_report recorder .snapshot >/dev/null
	cp "$LAB_DIR/recorder.pcap" "$LAB_DIR/epoch1.pcap"
}

host_sends_again() {
	e2e_has_received 2 1 $((received + 1))
}

e2e_up
e2e_receive 2
e2e_receive 3
e2e_wait_ping 1 2
e2e_wait_ping 2 3
e2e_add_evil_later
e2e_keep_sending 2 3 --rate 1000
e2e_keep_sending 1 2 --rate 1000
lab_wait 10 "traffic of hv1" e2e_has_received 2 1 1000
epoch=$(lab_show 1 '.groups[0].epoch')

lab_stop hv1 KILL
received=$(e2e_report rx2 '.streams["1"].received')
lab_start_covey 1
lab_wait 5 "traffic of hv1 after its restart" host_sends_again
lab_wait 10 "hv1 to know its epoch" lab_has_joined 1
expect "epoch of hv1" "$(lab_show 1 '.groups[0].epoch')" $((epoch + 1))
lab_wait 10 "a second of traffic" e2e_has_received 2 1 $((received + 1000))
lab_stop tx1-2
lab_stop tx2-3
gap=$(e2e_report rx2 '.streams["1"].gap_ms')
((gap <= 5000)) || fail "hv1's tenants were away for $gap ms"
e2e_expect_all 2 3
e2e_expect_intact 2
e2e_expect_no_alarm
expect "epochs of hv1 on the wire" \
	"$(e2e_report recorder '[.windows[] | select(.port == "hv1") | .epoch_last] | max')" \
	$((epoch + 1))

replay_epoch_1() {
	in_ns evil "$(lab_program inject)" --capture "$LAB_DIR/epoch1.pcap" --as replay --count 5 \
		--from "$(lab_vtep 1)" --to "$(lab_vtep 2)" eth0 >/dev/null
}
e2e_expect_drops 2 in-epoch 5 replay_epoch_1

# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# The body of tests that vary the lab and not the traffic: unicast both ways and multicast between
# two hosts, lossless.

both_casts() {
	e2e_up
	e2e_receive_multicast 1
	e2e_receive_multicast 2
	e2e_wait_ping 1 2
	e2e_send 1 2 --count "$(frames 2000)" --rate 2000
	e2e_expect_all 1 2
	e2e_send 2 1 --count "$(frames 500)" --rate 2000 --size 1300
	e2e_expect_all 2 1
	lab_stop rx2
	e2e_receive_multicast 2
	e2e_send 1 all --count "$(frames 1000)" --rate 2000
	e2e_expect_all 1 2 all
	expect "VPE packets that the switch saw" "$(e2e_report recorder '.kinds.vpe >= 3500')" true
}

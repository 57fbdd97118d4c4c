#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# One host's kernel keeps its card, in the other covey is a bump in the wire, as while a fabric goes from one
# to the other: they understand each other, in both directions. Both address families.
# ports: kernel
if [[ ! ${LAB_FAMILY:-} ]]; then
	for family in 4 6; do LAB_FAMILY=$family "$0" || exit 1; done
	exit 0
fi
LAB_HOSTS=2
# shellcheck disable=SC2034 # read by name
LAB_PORTS_2=bump
. "$(dirname "$0")/_init.sh"
# shellcheck source=tests/e2e/_both_casts.sh
. "$E2E_HERE/_both_casts.sh"

both_casts
lab_stop rx1
expect "fabric driver of hv1" "$(lab_show 1 '.ports[] | select(.role == "fabric") | .driver')" kernel
expect "fabric driver of hv2" "$(lab_show 2 '.ports[] | select(.role == "fabric") | .driver')" \
	net_af_xdp
e2e_receive_multicast 1
e2e_send 2 all --count "$(frames 1000)" --rate 2000
e2e_expect_all 2 1 all

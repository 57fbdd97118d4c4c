#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The same routed fabric, but the inventory names no uplink: they are found by the routes, and followed.
# ports: kernel
LAB_FABRIC_INTERFACE=
# shellcheck source=tests/e2e/49-uplinks.sh
. "$(dirname "$0")/49-uplinks.sh"

# Without a route nothing leaves, and hv1 says so.
is_ready() { [[ $(lab_show 1 .ready) == "$1" ]]; }
lab_wait 10 "hv1 to be ready" is_ready true
lab_ip hv1 route delete "$(lab_vtep 2)/32"
lab_wait 10 "hv1 not to be ready" is_ready false
lab_show 1 '.problems[]' | grep -q "no route leads to a covey_vtep of another host" ||
	fail "hv1 does not say what is wrong"
lab_ip hv1 route add "$(lab_vtep 2)/32" src "$(lab_vtep 1)" via 10.78.0.2 dev fab0
lab_wait 10 "hv1 to be ready again" is_ready true
e2e_wait_ping 1 2

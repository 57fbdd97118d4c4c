#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A switch between the hosts carries less than their interfaces' MTU says. With covey_fabric_mtu, what the
# hosts send fits it, and nothing is lost; without it, large packets are. An interface whose MTU is
# smaller still is followed all the same.
# ports: kernel
LAB_HOSTS=2
LAB_HOST_VARS="          covey_fabric_mtu: 1400"
. "$(dirname "$0")/_init.sh"

FITS=1290 # 1400, less 60 of VPE and 50 of VXLAN

tenant() { # N ARGUMENT...
	in_ns "t$1" timeout 60 /usr/bin/python3 "$E2E_HERE/mtu_tenant.py" "${@:2}"
}

serves() {
	grep -q ready "$LAB_DIR/log/server"
}

covey0_has() { # N MTU
	[[ $(lab_ip "hv$1" -json link show dev covey0 | jq '.[0].mtu') == "$2" ]]
}

ping_large() { # BYTES of the IP packet, which may not be fragmented
	in_ns t1 ping -q -c 3 -i 0.05 -W 1 -M "do" -s $(($1 - 28)) -p "$E2E_CANARY" \
		"$(lab_tenant 2)" >/dev/null
}


e2e_up
e2e_wait_ping 1 2
for n in 1 2; do
	lab_ip sw link set "hv$n" mtu 1400
	covey0_has "$n" 1340 || fail "covey0 of hv$n has another MTU than 1400 - 60"
done
lab_spawn server t2 /usr/bin/python3 "$E2E_HERE/mtu_tenant.py" serve
lab_wait 10 "the tenant's server" serves

tenant 1 tcp "$(lab_tenant 2)" || fail "TCP"
ping_large $FITS || fail "packets that fit are lost"
ping_large $((FITS + 1)) && fail "packets that the switch cannot carry have passed"
(($(e2e_drop 1 out-too-big) > 0)) || fail "hv1 counts nothing that is too large"
in_ns hv1 "$(lab_program covey)" --inventory "$LAB_DIR/inventory.yaml" check --host hv1 |
	grep -q "VXLAN device vxlan100 has an MTU of 1550, and $FITS fits" ||
	fail "covey check does not name the VXLAN device"

# Of both limits, the smaller one holds.
lab_ip hv1 link set fab0 mtu 1380
lab_wait 10 "covey0 to follow to 1380" covey0_has 1 1320
lab_ip hv1 link set fab0 mtu 1600
lab_wait 10 "covey0 to come back to 1400" covey0_has 1 1340

# What the limit is for.
lab_stop hv1
LAB_HOST_VARS=
lab_write_inventory "$LAB_DIR/inventory.yaml"
lab_start_covey 1
lab_wait 60 "covey0 of hv1" covey0_has 1 1540
lab_wait_joined
e2e_wait_ping 1 2
ping_large $FITS || fail "packets that fit are lost after the restart"
lab_ip t1 route flush cache
if ping_large 1450; then fail "the switch carries more than it should: this test proves nothing"; fi

#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A host is evicted under traffic: it decrypts nothing that is sent after the others have switched,
# they lose nothing; it stays out until it is readmitted.
. "$(dirname "$0")/_init.sh"

refusal_is() {
	[[ $(lab_show 3 '.gkm.last_error // ""') == *"$1"* ]]
}

has_no_sa() {
	[[ $(lab_show "$1" '.sas | length') == 0 ]]
}

# hv1 and hv2 send on an SA above this one, and do not hold this one any more. What was before hv3 joined
# may still drain.
have_switched() {
	local n

	for n in 1 2; do
		[[ $(lab_show "$n" "any(.sas[]; .state == \"active\" and .spi > $1) and
			all(.sas[]; .spi != $1)") == true ]] || return 1
	done
}

e2e_up
for n in 1 2 3; do e2e_receive_multicast "$n"; done
e2e_wait_ping 1 2
e2e_wait_ping 1 3
e2e_keep_sending 1 2 --rate 1000
e2e_keep_sending 2 all --rate 1000
lab_wait 10 "multicast at hv3" e2e_has_received 3 2 500
spi=$(lab_show 1 '.sas[] | select(.state == "active") | .spi')

lab_at_gkm evict hv3 >"$LAB_DIR/log/evict"
lab_wait 5 "the others to switch" have_switched "$spi"
lab_wait 5 "hv3 to wipe its keys" has_no_sa 3
lab_wait 5 "hv3 to know why" refusal_is evicted
at_eviction=$(e2e_report rx3 '.streams["2"].received')
more=$(($(e2e_report rx1 '.streams["2"].received') + 2000))
lab_wait 10 "traffic without hv3" e2e_has_received 1 2 "$more"
expect "frames that reached t3 after the eviction" \
	$(($(e2e_report rx3 '.streams["2"].received') - at_eviction)) 0
if e2e_ping 3 1; then fail "t3 still reaches t1"; fi
expect "members that hv1 knows" \
	"$(lab_show 1 '.groups[0].members | map(.vtep) | sort | join(" ")')" \
	"$(lab_vtep 1) $(lab_vtep 2)"

for stream in 1-2 2-all; do lab_stop "tx$stream"; done
e2e_expect_all 1 2
e2e_expect_all 2 1 all

lab_stop hv3
if lab_at_gkm evict nosuch >>"$LAB_DIR/log/evict" 2>&1; then fail "a host nosuch was evicted"; fi
lab_at_gkm readmit hv3 >>"$LAB_DIR/log/evict"
lab_start_covey 3
lab_wait 20 "hv3 to be back" lab_has_joined 3
e2e_wait_ping 3 1

#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A host's certificate is revoked under traffic: it is cut, it decrypts nothing that is sent after the
# others have switched, they lose nothing; with another certificate it is let in again. And the key
# manager's: the hosts leave it, and lose nothing until it has another one.
. "$(dirname "$0")/_init.sh"

error_is() {
	[[ $(lab_show 3 '.gkm.last_error // ""') == *"$1"* ]]
}

has_no_sa() {
	[[ $(lab_show "$1" '.sas | length') == 0 ]]
}

# hv1 and hv2 send on an SA above this one, and do not hold this one any more.
have_switched() {
	local n

	for n in 1 2; do
		[[ $(lab_show "$n" "any(.sas[]; .state == \"active\" and .spi > $1) and
			all(.sas[]; .spi != $1)") == true ]] || return 1
	done
}

pki() {
	"$(lab_program covey)" --inventory "$LAB_DIR/inventory.yaml" --pki "$LAB_DIR/pki" pki "$@" \
		>>"$LAB_DIR/log/pki"
}

has_left() {
	[[ $(lab_show "$1" '.gkm.state != "connected" and
		(.gkm.last_error // "" | contains("revoked"))') == true ]]
}

revoked_is() {
	[[ $(lab_at_gkm --json show --gkm | jq .revocations.revoked) == "$1" ]]
}

e2e_up
for n in 1 2 3; do e2e_receive_multicast "$n"; done
e2e_wait_ping 1 2
e2e_wait_ping 1 3
e2e_keep_sending 1 2 --rate 1000
e2e_keep_sending 2 all --rate 1000
lab_wait 10 "multicast at hv3" e2e_has_received 3 2 500
spi=$(e2e_active_spi 1)

pki revoke hv3
lab_wait 5 "the others to switch" have_switched "$spi"
lab_wait 5 "hv3 to wipe its keys" has_no_sa 3
lab_wait 5 "hv3 to know why" error_is revoked
lab_wait 5 "covey show --gkm to say so" revoked_is 1
at_revocation=$(e2e_report rx3 '.streams["2"].received')
more=$(($(e2e_report rx1 '.streams["2"].received') + 2000))
lab_wait 10 "traffic without hv3" e2e_has_received 1 2 "$more"
expect "frames that reached t3 after the revocation" \
	$(($(e2e_report rx3 '.streams["2"].received') - at_revocation)) 0
if e2e_ping 3 1; then fail "t3 still reaches t1"; fi

lab_stop hv3
lab_start_covey 3
lab_wait 20 "hv3 to be turned away" error_is "our certificate is revoked"
grep -q "the certificate of spiffe://demo.example/host/hv3, serial number [0-9A-F]*, is revoked" \
	"$LAB_DIR/log/gkm" || fail "the key manager does not say whom it turned away"

lab_stop hv3
pki issue --force hv3
lab_start_covey 3
lab_wait 20 "hv3 to be back with another certificate" lab_has_joined 3
e2e_wait_ping 3 1

pki revoke gkm
for n in 1 2 3; do lab_wait 5 "hv$n to leave the key manager" has_left "$n"; done
lab_stop gkm
pki issue --force gkm
lab_start_gkm
for n in 1 2 3; do lab_wait 30 "hv$n to be back" lab_has_joined "$n"; done

for stream in 1-2 2-all; do lab_stop "tx$stream"; done
e2e_expect_all 1 2
e2e_expect_all 2 1 all

#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Two certificates claim one SenderID: the identity that holds it keeps it, the other is refused and
# sends nothing, and the key manager raises its voice.
LAB_HOST_VARS_1="          covey_sender_id: 7"
. "$(dirname "$0")/_init.sh"

# A certificate for hv2 that fixes SenderID 7, from the right CA: what an operator's mistake makes.
issue_claim() {
	# shellcheck disable=SC2034 # lab_write_inventory reads them by name
	local LAB_HOST_VARS_1='' LAB_HOST_VARS_2="          covey_sender_id: 7"

	lab_write_inventory "$LAB_DIR/mistaken.yaml"
	"$(lab_program covey)" --inventory "$LAB_DIR/mistaken.yaml" --pki "$LAB_DIR/pki" \
		pki issue --force hv2 >>"$LAB_DIR/log/pki"
}

is_refused() {
	[[ $(lab_show 2 '.groups[0].state') == refused ]]
}

lab_wires
e2e_record
lab_write_inventory "$LAB_DIR/inventory.yaml"
lab_issue_certificates
issue_claim
lab_start_gkm
for n in 1 3; do lab_start_covey "$n"; done
for n in 1 3; do lab_attach_covey "$n"; done
for n in 1 3; do lab_wait 30 "hv$n to join" lab_has_joined "$n"; done
lab_start_covey 2
lab_attach_covey 2
lab_wait 30 "hv2 to be refused" is_refused
expect "SenderID of hv1" "$(lab_show 1 '.groups[0].sender_id')" 7
expect "SAs of hv2" "$(lab_show 2 '.sas | length')" 0
grep -qi 'sender.*7' "$LAB_DIR/log/gkm" || fail "the key manager's log does not tell"

e2e_wait_ping 1 3
if e2e_ping 2 3; then fail "hv2 reaches hv3 without an SA"; fi
lab_wait 5 "hv2's tenants to be held back" e2e_drop_has_risen 2 out-unknown-vni 1
expect "VPE packets of hv2" "$(e2e_report recorder .ports.hv2.kinds.vpe)" 0

#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The command line as one types it, on a host and beside the key manager: covey alone says that all is well, and
# of a host that died, who it is and what to do; each part of covey show, in JSON, is what the schema in docs says.
. "$(dirname "$0")/_init.sh"

# is NAME ANSWER: it is a NAME of the schema, and has nothing that the schema does not have.
is() {
	/usr/bin/python3 "$LAB_SOURCE/tests/unit/cli/schema.py" "$LAB_SOURCE/docs/covey-show.schema.json" "$1" <<<"$2" ||
		fail "not a $1: $2"
}

# says N|gkm TEXT: covey alone, there, has this text, whatever its exit status.
says() {
	local page

	if [[ $1 == gkm ]]; then
		page=$(lab_at_gkm 2>&1) || true
	else
		page=$(lab_covey "$1" 2>&1) || true
	fi
	[[ $page == *"$2"* ]]
}

e2e_up
lab_wait_joined
e2e_ping 1 2

# All is well, and the exit status says so.
lab_wait 20 "hv1 to be well" lab_covey 1
lab_wait 20 "the key manager to be well" lab_at_gkm
says 1 "hv1 is well: all is as it should be." || fail "$(lab_covey 1)"
says gkm "is well: all is as it should be." || fail "$(lab_at_gkm)"

is host "$(lab_covey 1 --json show)"
is key_manager "$(lab_at_gkm --json show)"
is summary_of_host "$(lab_covey 1 --json status)"
is summary_of_key_manager "$(lab_at_gkm --json status)"
is summary_of_host "$(lab_covey 1 --gkm-socket "$LAB_DIR/gkm.sock" --json status)"
for part in groups sas members peers certs problems mtu guard drops clear paths ports windows; do
	is part "$(lab_covey 1 --json show "$part")"
	[[ $(lab_covey 1 show "$part") ]] || fail "covey show $part says nothing"
done
for part in groups sas members peers certs problems; do
	is part "$(lab_at_gkm --json show "$part")"
	[[ $(lab_at_gkm show "$part") ]] || fail "covey show $part says nothing beside the key manager"
done
expect "hv1's peers" "$(lab_covey 1 --json show peers | jq -r '[.peers[].host] | sort | join(" ")')" "hv2 hv3"
expect "packets of hv2 that hv1 has heard" \
	"$(lab_covey 1 --json show peers | jq '.peers[] | select(.host == "hv2") | .packets > 0')" true
expect "the key manager's peers" \
	"$(lab_at_gkm --json show peers | jq -r '[.peers[] | "\(.host) \(.state)"] | sort | join(", ")')" \
	"hv1 connected, hv2 connected, hv3 connected"

# The way from hv1 to hv2, by both sides.
answer=$(in_ns hv1 "$(lab_program covey)" --socket "$LAB_DIR/hv1.sock" --json why hv2) || fail "why hv2: $answer"
expect "steps that are good" "$(jq -r '[.steps[] | select(.state == "good") | .step] | join(" ")' <<<"$answer")" \
	"device vtep guard uplinks session group peer mode sa heard hv1 to hv2 hv2 to hv1"

# Members send with another key when this returns.
before=$(e2e_active_spi 1)
lab_at_gkm rekey --all --wait >"$LAB_DIR/log/rekey" || fail "rekey --all --wait: $(<"$LAB_DIR/log/rekey")"
[[ $(<"$LAB_DIR/log/rekey") == *"Rekey of tenants: done, the new SPI is "* ]] || fail "$(<"$LAB_DIR/log/rekey")"
lab_wait 10 "hv1 to send with it" e2e_all_above "$before"

# A daemon that died.
lab_stop hv3 KILL
expect "exit status of covey where covey-host died" "$(lab_covey 3 >/dev/null 2>&1 || echo $?)" 1
says 3 "covey-host is dead" || fail "$(lab_covey 3 2>&1)"
lab_wait 30 "the key manager to miss hv3" says gkm "PROBLEM: hv3 has lost its connection"
! lab_at_gkm >/dev/null || fail "the key manager is well without hv3"
is failure "$(lab_covey 3 --json status 2>/dev/null || true)"
is part "$(lab_at_gkm --json show peers)"

#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# covey report, under traffic, where the kernel keeps the network card and where covey is a bump in the wire: it has
# what one needs, and neither a private key, nor what the guard knows its own packets by, nor a byte that tenants
# send. With a dead covey-host it says so, and has the rest.
# ports: kernel
LAB_HOSTS=2
# shellcheck disable=SC2034 # read by name
LAB_PORTS_2=bump
. "$(dirname "$0")/_init.sh"
# Ansible's, in the inventory.
PASSWORD=open-sesame-1
LAB_HOST_VARS="          ansible_become_password: \"$PASSWORD\""

# report NAME N OPTION...: as typed on hvN; its files are in $LAB_DIR/NAME then.
report() {
	local name=$1 n=$2

	shift 2
	in_ns "hv$n" "$(lab_program covey)" --inventory "$LAB_DIR/inventory.yaml" --pki "$LAB_DIR/pki" \
		--socket "$LAB_DIR/hv$n.sock" --gkm-socket "$LAB_DIR/gkm.sock" report --log "$LAB_DIR/log/hv$n" "$@" \
		"$LAB_DIR/$name.tar.gz" 2>"$LAB_DIR/log/$name" || fail "$(<"$LAB_DIR/log/$name")"
	mkdir "$LAB_DIR/$name"
	tar -xzf "$LAB_DIR/$name.tar.gz" -C "$LAB_DIR/$name" --strip-components 1
	(($(stat -c %s "$LAB_DIR/$name.tar.gz") < 4000000)) || fail "$name is too long"
}

# secrets N: what the guard of hvN knows its own packets by, as it stands in the rules: priorities, and addresses.
secrets() {
	in_ns "hv$1" nft list ruleset | sed -n 's/.*meta priority set \([0-9a-f]*:[0-9a-f]*\).*/\1/p
		s/.*@ll,48,48 set 0x\([0-9a-f]*\).*/\1/p'
}

# clean NAME N: there is no secret of hvN, no key and no tenant's byte in that report.
clean() {
	local list

	mapfile -t list < <(secrets "$2")
	((${#list[@]} > 0)) || fail "hv$2's rules have no secret"
	list+=("$PASSWORD")
	/usr/bin/python3 "$E2E_HERE/report_secrets.py" "$LAB_DIR/$1.tar.gz" "$LAB_DIR/pki" --hex "$E2E_CANARY" \
		--text "${list[@]}" || fail "$1 is not clean"
}

has() { # NAME FILE TEXT
	grep -qF -- "$3" "$LAB_DIR/$1/$2" || fail "$1 has no \"$3\" in $2: $(head -c 3000 "$LAB_DIR/$1/$2")"
}

e2e_up
e2e_receive 2
e2e_keep_sending 1 2 --rate 200
# What somebody might have done: a key is in the log.
cat "$LAB_DIR/pki/hv1.key" >>"$LAB_DIR/log/hv1"

report first 1 --seconds 3
clean first 1
expect "hv1's answer" "$(jq -r .host "$LAB_DIR/first/host.json")" hv1
expect "the key manager's answer" "$(jq -r '.groups[0].name' "$LAB_DIR/first/gkm.json")" tenants
has first summary.txt "covey-host answers"
has first rules.txt "meta priority set HIDDEN"
has first rules.txt "table netdev covey_guard"
has first devices.txt vxlan100
has first devices.txt "mtu $LAB_FABRIC_MTU"
has first routes.txt "10.77.0.0/24 dev fab0"
has first uplinks.txt "ethtool --show-features fab0"
has first files.txt hv1.key
has first log.txt "[private key: HIDDEN]"
has first covey.txt "tenants"
has first inventory.yaml "covey_fabric"
has first inventory.yaml "ansible_become_password: HIDDEN"
grep -qE '^counters\.encrypted_packets: .* more, ' "$LAB_DIR/first/counters.txt" ||
	fail "no packet was counted: $(<"$LAB_DIR/first/counters.txt")"
has first kernel-second.txt fab0

report second 2 --seconds 1
clean second 2
has second rules.txt "@ll,48,48 set HIDDEN"
lab_stop tx1-2

lab_stop hv2 KILL
report dead 2 --seconds 1
clean dead 2
has dead summary.txt "covey-host does not answer: covey-host is dead"
has dead rules.txt "@ll,48,48 set HIDDEN"
expect "what a dead host says" "$(jq -r .ok "$LAB_DIR/dead/host.json")" false

# Nobody's report is replaced, and a full disk is told.
! lab_covey 1 report --seconds 1 "$LAB_DIR/first.tar.gz" 2>/dev/null || fail "a report was replaced"
! lab_covey 1 report --seconds 1 - 2>"$LAB_DIR/log/full" >/dev/full || fail "a full disk took a report"
grep -q "No space left" "$LAB_DIR/log/full" || fail "$(<"$LAB_DIR/log/full")"

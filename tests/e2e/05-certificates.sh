#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Who may not come in: a certificate of another CA, one that has expired, one of a host that is not
# in the inventory. And who may: a certificate that openssl made under our CA.
LAB_HOSTS=2
. "$(dirname "$0")/_init.sh"

covey_pki() {
	"$(lab_program covey)" --inventory "$1" --pki "$2" pki "${@:3}" >>"$LAB_DIR/log/pki"
}

# openssl_issue DIRECTORY HOST OPTION...: a certificate under the CA of our pki, by openssl.
openssl_issue() {
	local directory=$1 host=$2

	mkdir -p "$directory"
	cp "$LAB_DIR/pki/ca.crt" "$directory"
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$host" \
		-keyout "$directory/$host.key" -out "$LAB_DIR/$host.csr" 2>/dev/null
	printf '%s\n' "subjectAltName=URI:spiffe://demo.example/host/$host" \
		"extendedKeyUsage=clientAuth" "keyUsage=critical,digitalSignature" \
		"basicConstraints=critical,CA:FALSE" >"$LAB_DIR/$host.ext"
	openssl x509 -req -in "$LAB_DIR/$host.csr" -CA "$LAB_DIR/pki/ca.crt" \
		-CAkey "$LAB_DIR/pki/ca.key" -CAcreateserial -sha256 -extfile "$LAB_DIR/$host.ext" \
		-out "$directory/$host.crt" "${@:3}" 2>/dev/null
}

# start_as NAME [HOST]: covey-host in hv2 with inventory and pki of that name.
start_as() {
	echo "as $1"
	lab_spawn hv2 hv2 "$(lab_program covey-host)" --inventory "$LAB_DIR/$1.yaml" \
		--pki "$LAB_DIR/$1" --name "${2:-hv2}" --socket "$LAB_DIR/hv2.sock"
}

# expect_refused NAME WORDS [HOST]: he is not let in; he says why in these words (a regular
# expression), and his tenants' packets stay at home.
expect_refused() {
	local words=$2

	start_as "$1" "${3:-hv2}"
	lab_attach_covey 2
	lab_wait 20 "the refusal" is_told "$words"
	expect "state of hv2" "$(lab_show 2 '.gkm.state != "connected"')" true
	expect "SAs of hv2" "$(lab_show 2 '.sas | length')" 0
	if e2e_ping 2 1; then fail "hv2 got through"; fi
	expect "VPE packets of hv2" "$(e2e_report recorder .ports.hv2.kinds.vpe)" 0
	lab_stop hv2
}

is_told() {
	lab_show 2 '.gkm.last_error // ""' | grep -Eqi "$1"
}

lab_wires
e2e_record
lab_write_inventory "$LAB_DIR/inventory.yaml"
lab_issue_certificates
lab_start_gkm
lab_start_covey 1
lab_attach_covey 1
lab_wait 30 "hv1 to join" lab_has_joined 1

for name in stranger expired unlisted; do cp "$LAB_DIR/inventory.yaml" "$LAB_DIR/$name.yaml"; done
covey_pki "$LAB_DIR/stranger.yaml" "$LAB_DIR/stranger" init
covey_pki "$LAB_DIR/stranger.yaml" "$LAB_DIR/stranger" issue hv2
cat "$LAB_DIR/pki/ca.crt" >>"$LAB_DIR/stranger/ca.crt" # he trusts us; we need not trust him
expect_refused stranger 'unknown ca|certificate'

# covey-host does not even begin with a certificate that has expired; another program would, and the
# key manager sees it too.
openssl_issue "$LAB_DIR/expired" hv2 -days -1
start_as expired
lab_wait 20 "covey-host to give up" lab_is_gone hv2
grep -q 'expired' "$LAB_DIR/log/hv2" || fail "covey-host does not say that its certificate expired"
in_ns gkm timeout 10 openssl s_client -tls1_3 -connect "$(lab_gkm_address):4798" -quiet \
	-cert "$LAB_DIR/expired/hv2.crt" -key "$LAB_DIR/expired/hv2.key" \
	-CAfile "$LAB_DIR/pki/ca.crt" </dev/null >"$LAB_DIR/log/s_client" 2>&1 || true
grep -q 'alert certificate expired' "$LAB_DIR/log/s_client" || fail "the key manager does not refuse it"

sed -i 's/hv2:/hv9:/' "$LAB_DIR/unlisted.yaml"
openssl_issue "$LAB_DIR/unlisted" hv9 -days 1
expect_refused unlisted 'inventory|unknown' hv9

openssl_issue "$LAB_DIR/foreign" hv2 -days 1
cp "$LAB_DIR/inventory.yaml" "$LAB_DIR/foreign.yaml"
start_as foreign
lab_wait 30 "hv2 to join with a certificate by openssl" lab_has_joined 2
e2e_wait_ping 1 2

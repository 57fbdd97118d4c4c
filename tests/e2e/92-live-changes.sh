#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The inventory changes under traffic, and nobody is restarted: a VNI, a group, a host, the rekey policy and
# the QoS map come and go, and then the CA is replaced. Whoever it does not concern loses no frame, and no
# clear packet is on the wire.
. "$(dirname "$0")/_init.sh"

RATE=500

# change [SED...]: the inventory as the variables say, changed by these expressions, in one step.
change() {
	lab_write_inventory "$LAB_DIR/inventory.new"
	sed -i "$@" "$LAB_DIR/inventory.new"
	mv "$LAB_DIR/inventory.new" "$LAB_DIR/inventory.yaml"
}

# host WHAT...: the inventory as it is, changed by covey host.
host() {
	"$(lab_program covey)" --inventory "$LAB_DIR/inventory.yaml" host "$@" >>"$LAB_DIR/log/host"
}

# at_all FILTER WANTED: what each host says.
at_all() {
	local n

	for n in $(lab_hosts); do
		[[ $(lab_show "$n" "$1") == "$2" ]] || return 1
	done
}

# says NAME WORDS LINES: behind so many lines.
says() {
	tail -n +$(($3 + 1)) "$LAB_DIR/log/$1" | grep -Eq "$2"
}

lines() {
	wc -l <"$LAB_DIR/log/$1"
}

problem_is() { # N WORDS
	[[ $(lab_show "$1" '.problems | join("\n")') == *"$2"* ]]
}

lacks_problem() { # N WORDS
	[[ $(lab_show "$1" '.problems | join("\n")') != *"$2"* ]]
}

gkm_problem_is() {
	[[ $(lab_show_gkm '.problems | join("\n")') == *"$1"* ]]
}

vnis_are() { # WANTED
	at_all '[.groups[] | select(.name == "tenants") | .vnis[]] | sort | join(" ")' "$1"
}

joined_late() {
	at_all '[.groups[] | select(.name == "late" and .state == "joined")] | length' 1
}

# A VXLAN device of VNI 200 at hv1 and hv2, without a bridge.
add_devices() {
	local n

	for n in 1 2; do
		lab_ip "hv$n" link add vxlan200 type vxlan id 200 remote "$(lab_vtep $((3 - n)))" \
			local "$(lab_vtep "$n")" dev "$(lab_underlay "$n")" dstport 4789
		lab_ip "hv$n" address add "10.200.0.$n/24" dev vxlan200
		lab_ip "hv$n" link set vxlan200 up
	done
}

reaches_200() {
	in_ns hv1 ping -q -c 1 -W 1 10.200.0.2 >/dev/null
}

epochs() {
	local n

	for n in 1 2; do lab_show "$n" '.groups[] | select(.name == "tenants") | .epoch'; done | paste -sd ' '
}

e2e_up
for n in 1 2 3; do e2e_receive "$n"; done
e2e_wait_ping 1 2
e2e_wait_ping 3 1
e2e_keep_sending 1 2 --rate "$RATE"
e2e_keep_sending 2 1 --rate "$RATE"
lab_wait 30 "traffic" e2e_has_received 2 1 100
before=$(epochs)

echo "a VNI is added and removed"
add_devices
if reaches_200; then fail "VNI 200 passes before it is in the inventory"; fi
change 's/vnis: \[100\]/vnis: [100, 200]/'
lab_wait 30 "VNI 200 everywhere" vnis_are "100 200"
lab_wait 30 "VNI 200 to pass" reaches_200
change ''
lab_wait 30 "VNI 200 to be gone everywhere" vnis_are 100
if reaches_200; then fail "VNI 200 passes after it was removed"; fi

echo "a group is added and removed"
LAB_GROUPS="      late: {vnis: [300], members: [hypervisors]}"
change ''
lab_wait 30 "the new group at all hosts" joined_late
LAB_GROUPS=
change ''
lab_wait 30 "the group to be gone" at_all '.groups | length' 1
expect "groups at the key manager" "$(lab_show_gkm '.groups | length')" 1

echo "a host is removed, and added again"
spi=$(e2e_gkm_active_spi)
gone() { [[ $(lab_show 3 '.groups[0].vnis // [] | length') == 0 ]]; }
rekeyed() { (($(e2e_active_spi 1) > spi && $(e2e_active_spi 2) > spi)); }
host remove hv3
lab_wait 30 "the keys of hv3 to be wiped" gone
lab_wait 30 "the others to have another key" rekeyed
lab_wait 30 "hv3 to say why" problem_is 3 "has no host hv3"
if e2e_ping 3 1 >/dev/null; then fail "t3 reaches t1, and hv3 is removed"; fi
host add hv3 "$(lab_vtep 3)"
lab_wait 30 "hv3 to be back" lab_has_joined 3
e2e_wait_ping 3 1

echo "another rekey policy, and another QoS map"
spi=$(e2e_gkm_active_spi)
# shellcheck disable=SC2034 # for lab.sh
LAB_GROUP_VARS="        rekey: {interval: 1s, activation_delay: 2s}"
change ''
more() { (($(e2e_gkm_active_spi) > spi + 1)); }
lab_wait 30 "two SAs by the new interval" more
# shellcheck disable=SC2034
LAB_GROUP_VARS=
seen=$(lines hv1)
change 's/^    covey_groups:/    covey_qos_map: {0: 5}\n&/'
lab_wait 30 "hv1 to take the QoS map" says hv1 'inventory: covey_qos_map' "$seen"

echo "one with mistakes changes nothing; what needs a restart is named"
change 's/hypervisors\]/nobody]/'
lab_wait 30 "hv1 to name the mistake" problem_is 1 "nobody"
lab_wait 30 "the key manager to name it" gkm_problem_is "nobody"
change 's/^    covey_groups:/    covey_paths: 8\n&/'
lab_wait 30 "hv1 to name what needs a restart" problem_is 1 "changed covey_paths: restart covey-host"
if problem_is 1 nobody; then fail "hv1 still names a mistake that is mended"; fi
change 's/^    covey_groups:/    covey_gkm_metrics: "off"\n&/'
lab_wait 30 "the key manager to name what needs its restart" gkm_problem_is "changed covey_gkm_metrics: restart covey-gkm"
lab_wait 30 "hv1 to have read it" lacks_problem 1 covey_paths
if problem_is 1 covey_gkm_metrics; then fail "hv1 names what is the key manager's affair"; fi
change ''
lab_wait 30 "no problem of the inventory" at_all '.problems | map(select(test("inventory"))) | length' 0

echo "the guard is put up again after the inventory was read without a change"
table=covey_guard_covey0
fabric() { in_ns hv3 nft list set netdev "$table" fabric; }
is_restored() { ! in_ns hv3 nft list chain netdev "$table" stray; }
before_hangup=$(fabric)
seen=$(lines hv3)
lab_signal hv3 HUP
lab_wait 30 "hv3 to read the inventory" says hv3 'read again: 0 changes' "$seen"
in_ns hv3 nft add chain netdev "$table" stray
lab_wait 30 "the guard to be as it was" is_restored
expect "the fabric's VNIs in the guard" "$(fabric)" "$before_hangup"
expect "epochs after all these changes" "$(epochs)" "$before"

echo "the CA is replaced, with two of them in ca.crt meanwhile"
pki_new() {
	"$(lab_program covey)" --inventory "$LAB_DIR/inventory.yaml" --pki "$LAB_DIR/new" pki "$@" \
		>>"$LAB_DIR/log/pki"
}
put() { # FILE NAME: in one step
	cp -p "$1" "$LAB_DIR/pki/put"
	mv "$LAB_DIR/pki/put" "$LAB_DIR/pki/$2"
}
serial_of() { openssl x509 -in "$LAB_DIR/new/$1.crt" -noout -serial | cut -d= -f2; }
uses() { [[ $(lab_show "$1" .gkm.certificate) == "$(serial_of "hv$1")" && $(lab_show "$1" .ready) == true ]]; }
gkm_uses() { [[ $(lab_show_gkm '.certificates[0].serial') == "$(serial_of gkm)" ]]; }
all_loaded() { # LINES...: of gkm, hv1, hv2, hv3
	local name

	for name in gkm hv1 hv2 hv3; do
		says "$name" 'new key, certificate and CAs are loaded' "$1" || return 1
		shift
	done
}
all_lines() {
	for name in gkm hv1 hv2 hv3; do lines "$name"; done
}

pki_new init
pki_new issue --all
mapfile -t seen < <(all_lines)
cat "$LAB_DIR/pki/ca.crt" "$LAB_DIR/new/ca.crt" >"$LAB_DIR/both"
put "$LAB_DIR/both" ca.crt
lab_wait 30 "all to know both CAs" all_loaded "${seen[@]}"
for name in hv1 gkm hv2 hv3; do
	put "$LAB_DIR/new/$name.key" "$name.key"
	put "$LAB_DIR/new/$name.crt" "$name.crt"
	case $name in
	gkm) lab_wait 30 "the key manager to use its new certificate" gkm_uses ;;
	*) lab_wait 30 "$name to use its new certificate" uses "${name#hv}" ;;
	esac
done
mapfile -t seen < <(all_lines)
put "$LAB_DIR/new/ca.crt" ca.crt
lab_wait 30 "all to know the new CA alone" all_loaded "${seen[@]}"
for n in 1 2 3; do lab_wait 30 "hv$n to be connected" uses "$n"; done
e2e_wait_ping 3 1

for stream in 1-2 2-1; do lab_stop "tx$stream"; done
e2e_expect_all 1 2
e2e_expect_all 2 1
e2e_expect_no_alarm

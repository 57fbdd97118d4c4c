#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The switch's port of hv2 carries less than the hosts' interfaces say. The hosts find that by themselves, soon
# after they have joined, and name the path with the MTU that would fit; so does `covey check --wire`, for each
# direction. Forged ICMP errors change nothing of it. When the port carries all again, the problem goes.
# Both address families.
if [[ ! ${LAB_FAMILY:-} ]]; then
	for family in 4 6; do LAB_FAMILY=$family "$0" || exit 1; done
	exit 0
fi
# shellcheck disable=SC2034 # for lab.sh
LAB_PATH_PROBES=true
. "$(dirname "$0")/_init.sh"

VXLAN=50 VPE=60
if ((LAB_FAMILY == 6)); then VXLAN=70 VPE=80; fi
SMALL=1404 # the port's 1400, and the length of a VLAN tag, which veth pairs and bridges let through, too
FITS=$((SMALL - VPE - VXLAN))

# path FROM TO FIELD: what hvFROM has found of the path to hvTO.
path() {
	lab_show "$1" ".paths[] | select(.host == \"hv$2\") | .$3"
}

path_is() { # FROM TO STATE MTU
	[[ $(path "$1" "$2" state) == "$3" && $(path "$1" "$2" mtu) == "$4" ]]
}

all_paths_are() { # STATE MTU
	local n other

	for n in $(lab_hosts); do
		for other in $(lab_hosts); do
			((n == other)) || path_is "$n" "$other" "$1" "$2" || return 1
		done
	done
}

is_well() {
	lab_covey "$1" status >/dev/null
}

# names N TEXT: `covey status` and `covey check` of hvN have a problem with this text.
names() {
	[[ $(lab_covey "$1" status || true) == *"PROBLEM: "*"$2"* ]] || fail "status of hv$1: $2"
	! in_ns "hv$1" "$(lab_program covey)" --socket "$LAB_DIR/hv$1.sock" --inventory \
		"$LAB_DIR/inventory.yaml" check --host "hv$1" >"$LAB_DIR/log/check" ||
		fail "check of hv$1 succeeds"
	[[ $(<"$LAB_DIR/log/check") == *"PROBLEM: "*"$2"* ]] || fail "check of hv$1: $2"
}

# lie: tell hv1 that its packets to hv3 are too big.
lie() {
	in_ns evil /usr/bin/python3 "$E2E_HERE/icmp_error.py" eth0 "$(lab_mac 1)" "$(lab_vtep 98)" \
		"$(lab_vtep 1)" "$(lab_vtep 3)" "$@"
}

lab_wires
lab_ip sw link set hv2 mtu $((SMALL - 4))
e2e_record
lab_programs

# By itself.
lab_wait 60 "hv1 to find the small path" path_is 1 2 "too small" $SMALL
lab_wait 60 "hv3 to find the small path" path_is 3 2 "too small" $SMALL
for other in 1 3; do
	lab_wait 60 "hv2 to find the path to hv$other" path_is 2 "$other" "too small" $SMALL
done
for n in 1 3; do
	lab_wait 60 "the path from hv$n to hv$((4 - n))" path_is "$n" $((4 - n)) fits "$LAB_FABRIC_MTU"
done
expect "the tenants' MTU on it" "$(path 1 2 tenant_mtu)" $FITS
expect "what it lacks" "$(path 1 2 needed)" "$LAB_FABRIC_MTU"
names 1 "the path to hv2 carries IP packets of $SMALL bytes, and covey sends up to $LAB_FABRIC_MTU"
lab_covey 1 show paths | grep -Eq "^hv2 .* $SMALL +$LAB_FABRIC_MTU +$FITS +too small +.* ago" ||
	fail "show paths: $(lab_covey 1 show paths)"
grep -q "the path to hv2 carries IP packets of $SMALL bytes.* an MTU of $FITS" "$LAB_DIR/log/hv1" ||
	fail "the log does not name the path"

# By a check of the wire: the number for each direction, by unicast and by multicast.
checked=$(lab_covey 1 --json --inventory "$LAB_DIR/inventory.yaml" check --wire tenants) &&
	fail "check --wire does not find the small path"
expect "what check --wire finds" "$(jq -c '[.directions[] | select(.verdict == "too big") |
	[.cast, .from, .to, .largest, .path_mtu]] | sort' <<<"$checked")" "$(jq -nc --argjson fits $FITS \
	--argjson small $SMALL '[("multicast", "unicast") as $cast | (["hv1", "hv2"], ["hv2", "hv1"],
	["hv2", "hv3"], ["hv3", "hv2"]) as [$from, $to] | [$cast, $from, $to, $fits, $small]] | sort')"
expect "the other directions" "$(jq -c '[.directions[] | select(.verdict == "encrypted") | .path_mtu] |
	[length, unique[]]' <<<"$checked")" "[4,$LAB_FABRIC_MTU]"
[[ $checked == *"the path carries IP packets of $SMALL bytes, so tenants' packets of $FITS bytes pass"* ]] ||
	fail "check --wire does not say what fits: $checked"

# The rest is the same in both families.
if ((LAB_FAMILY == 6)) && [[ ! $E2E_LONG ]]; then exit 0; fi

# Forged errors neither shrink a path nor make one out to be small.
e2e_add_evil
lie vpe
lie
lab_wait 5 "the guard to drop them" e2e_guarded_more 1 "ICMP error about" 2
# The hosts measure anew when the MTU of their uplinks changes.
lab_ip hv1 link set fab0 mtu 1550
lab_wait 60 "hv1 to measure with another MTU" path_is 1 3 fits 1550
lab_ip hv1 link set fab0 mtu "$LAB_FABRIC_MTU"
lab_wait 60 "hv1 to measure with the first MTU again" path_is 1 3 fits "$LAB_FABRIC_MTU"

# Nothing is lost where VXLAN devices send no longer packets than the path carries: then nothing is wrong.
lab_ip hv1 link set vxlan100 mtu $FITS
lab_wait 60 "hv1 to be well with a smaller VXLAN device" is_well 1
lab_ip hv1 link set vxlan100 mtu $((FITS + 1))
names 1 "the path to hv2 carries IP packets of $SMALL bytes, and covey sends up to $((SMALL + 1))"

# A tenant's port that lets in more than that. The check fails because of the path.
lab_ip hv1 link set tenant0 mtu 1490
{ in_ns hv1 "$(lab_program covey)" --socket "$LAB_DIR/hv1.sock" --inventory "$LAB_DIR/inventory.yaml" \
	check --host hv1 || true; } |
	grep -q "bridge port tenant0 has an MTU of 1490, and $((FITS + 1)) fits through VXLAN device vxlan100" ||
	fail "covey check does not name the tenant's port"

lab_ip sw link set hv2 mtu "$LAB_FABRIC_MTU"
lab_wait 40 "all paths to fit" all_paths_are fits "$LAB_FABRIC_MTU"
for n in $(lab_hosts); do is_well "$n" || fail "hv$n is not well: $(lab_covey "$n" status)"; done

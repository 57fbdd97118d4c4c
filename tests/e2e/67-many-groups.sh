#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# 256 groups with 4,096 VNIs, all of them on two hosts: traffic of some, a rekey of one that the others do
# not notice, a VNI of no group, and a member of one group that sends another group's VNI under its key.
# ports: kernel
GROUPS_MAX=256
FIRST_VNI=101 # that of tenants is 100
HARMFUL_VNI=101

# vnis_of N: the VNIs of group gN. With the one of tenants these are 4,096.
vnis_of() {
	local first

	if (($1 <= 15)); then
		first=$((FIRST_VNI + ($1 - 1) * 17))
		echo "$first-$((first + 16))"
	else
		first=$((FIRST_VNI + 15 * 17 + ($1 - 16) * 16))
		echo "$first-$((first + 15))"
	fi
}

LAB_GROUPS=$(for n in $(seq $((GROUPS_MAX - 1))); do
	printf '      g%d:\n        vnis: ["%s"]\n        members: [hv1, hv3]\n' "$n" "$(vnis_of "$n")"
done)
. "$(dirname "$0")/_init.sh"

# --- the groups -----------------------------------------------------------------------------------

# active N: what hvN sends on in each group, a line each.
active() {
	lab_show "$1" '[.sas[] | select(.state == "active") | "\(.group) \(.spi)"] | sort | .[]'
}

# The two hosts send in all groups on the same SAs, and none is about to change.
all_are_ready() {
	local one

	one=$(active 1)
	(($(wc -l <<<"$one") == GROUPS_MAX)) && [[ $one == "$(active 3)" ]] &&
		[[ $(lab_show_gkm '[.groups[].sas[] | select(.state == "installing")] | length') == 0 ]]
}

# has_rekeyed GROUP SPI: both hosts send on a newer SA.
has_rekeyed() {
	local n

	for n in 1 3; do
		(($(active "$n" | awk -v group="$1" '$1 == group { print $2 }') > $2)) || return 1
	done
}

spi_of() {
	active 1 | awk -v group="$1" '$1 == group { print $2 }'
}

# --- traffic of some VNIs, between the hosts themselves -------------------------------------------

# add_vxlan N TO VNI NET: a device of hvN for that VNI, which sends to hvTO, with 172.21.NET.N.
add_vxlan() {
	lab_ip "hv$1" link add "vxlan$3" type vxlan id "$3" remote "$(lab_vtep "$2")" \
		local "$(lab_vtep "$1")" dev "$(lab_underlay "$1")" dstport 4789
	lab_ip "hv$1" address add "172.21.$4.$1/24" dev "vxlan$3"
	lab_ip "hv$1" link set "vxlan$3" up
}

remove_vxlan() {
	lab_ip "hv$1" link delete "vxlan$2"
}

mac_of() {
	in_ns "hv$1" cat "/sys/class/net/vxlan$2/address"
}

reaches() {
	in_ns "hv$1" ping -q -c 1 -W 1 -p "$E2E_CANARY" "172.21.$2.3" >/dev/null
}

# keep_sending VNI NET
keep_sending() {
	lab_spawn "tx$1" hv1 "$(lab_program traffic)" send --port 5000 --canary "$E2E_CANARY" \
		--stream "$1" --rate 500 --output "$LAB_DIR/tx$1.json" --to "172.21.$2.3"
	lab_wait 10 "the stream of VNI $1" test -e "$LAB_DIR/tx$1.json"
}

has_received() {
	(($(e2e_report rx ".streams[\"$1\"].received // 0") >= $2))
}

# harm FROM TO NET: pings that must not arrive.
harm() {
	if in_ns "hv$1" ping -q -c 20 -i 0.02 -W 1 -p "$E2E_CANARY" "172.21.$3.$2" >/dev/null; then
		fail "hv$1 reaches hv$2 where it must not"
	fi
}

# --- many groups ----------------------------------------------------------------------------------

e2e_up
lab_wait 60 "all groups to be ready" all_are_ready
expect "VNIs at hv1" "$(lab_show 1 '[.groups[].vnis[]] | length')" 4096
e2e_wait_ping 1 2

vnis=(117 1000 2500 4195) # of g1, and of some in the middle; the last one of the last group
net=1
for vni in "${vnis[@]}"; do
	add_vxlan 1 3 "$vni" "$net"
	add_vxlan 3 1 "$vni" "$net"
	lab_wait 15 "VNI $vni to pass" reaches 1 "$net"
	net=$((net + 1))
done

# --- a rekey of one is nothing to the others ------------------------------------------------------

lab_spawn rx hv3 "$(lab_program traffic)" receive --port 5000 --output "$LAB_DIR/rx.json"
lab_wait 10 "the receiver" test -e "$LAB_DIR/rx.json"
net=1
for vni in "${vnis[@]}"; do
	keep_sending "$vni" "$net"
	net=$((net + 1))
done
before=$(active 1 | grep -v '^g1 ')
for _ in 1 2 3; do
	spi=$(spi_of g1)
	lab_at_gkm rekey g1 >>"$LAB_DIR/log/rekey"
	lab_wait 20 "g1 to have a new SA" has_rekeyed g1 "$spi"
done
expect "SAs of the other groups" "$(active 1 | grep -v '^g1 ')" "$before"
expect "SAs of the other groups at hv3" "$(active 3 | grep -v '^g1 ')" "$before"
for vni in "${vnis[@]}"; do
	lab_stop "tx$vni"
	sent=$(jq .sent "$LAB_DIR/tx$vni.json")
	((sent > 0)) || fail "VNI $vni sent nothing"
	lab_poll 10 has_received "$vni" "$sent" || true
	expect "frames of VNI $vni" "$(e2e_report rx ".streams[\"$vni\"].received // 0")" "$sent"
done
expect "frames twice" "$(e2e_report rx '[.streams[].duplicates] | add')" 0
expect "altered frames" "$(e2e_report rx .altered)" 0

# --- a multicast group for each VNI ---------------------------------------------------------------

# multicast_devices COMMAND: 600 VXLAN devices of hv1, made or removed. With two sockets for each group,
# covey-host would run out of file descriptors.
multicast_devices() {
	local n device=()

	for n in $(seq 600); do
		if [[ $1 == add ]]; then
			device=(type vxlan id $((3000 + n)) group "239.2.$((n / 250)).$((n % 250 + 1))" local
				"$(lab_vtep 1)" dev "$(lab_underlay 1)" dstport 4789)
			echo "link add many$n up ${device[*]}"
		else
			echo "link delete many$n"
		fi
	done >"$LAB_DIR/devices"
	lab_ip hv1 -batch "$LAB_DIR/devices"
}

multicast_groups() {
	lab_ip hv1 -4 -json maddress show dev covey0 | jq '[.[].maddr[].address |
		select(startswith("239."))] | length'
}
groups_are() { [[ $(multicast_groups) == "$1" ]]; }

host=$(lab_pid hv1)
in_ns hv1 sysctl -qw net.ipv4.igmp_max_memberships=1000 # the kernel's VXLAN has one socket for all
multicast_devices add
lab_wait 20 "all groups to be joined on covey0" groups_are 601
(($(find "/proc/$host/fd" -mindepth 1 | wc -l) < 200)) || fail "covey-host needs many file descriptors"
expect "file descriptors that covey-host may have" \
	"$(awk '/^Max open files/ { print ($4 <= 1024) }' "/proc/$host/limits")" 1
lab_wait 15 "VNI ${vnis[0]} to pass" reaches 1 1
multicast_devices delete
lab_wait 20 "all groups to be left on covey0" groups_are 1
lab_is_running hv1 || fail "covey-host of hv1 has ended"
expect "covey-host's process" "$(lab_pid hv1)" "$host"
lab_wait 15 "VNI ${vnis[0]} to pass" reaches 1 1

# --- forged VNIs ----------------------------------------------------------------------------------

# From inside: a VNI of no group.
add_vxlan 1 3 9999 90
lab_ip hv1 neighbour replace 172.21.90.3 lladdr 02:00:00:00:00:01 dev vxlan9999
unknown=$(e2e_drop 1 out-unknown-vni)
harm 1 3 90
lab_wait 5 "the drops to be counted" e2e_drop_has_risen 1 out-unknown-vni $((unknown + 20))
remove_vxlan 1 9999

# From a member of tenants alone, hv2: a VNI of g1 under the key of tenants.
lab_stop hv2
lab_ip hv2 link set vxlan100 down
LAB_HOST_PRELOAD=$LAB_BUILD/tests/e2e/other-vni.so COVEY_OTHER_VNI="100:$HARMFUL_VNI" lab_start_covey 2
lab_wait 60 "the harmful hv2 to join" lab_has_joined 2
expect "groups of hv2" "$(lab_show 2 '[.groups[].name] | join(" ")')" tenants
expect "VNIs of hv2" "$(lab_show 2 '[.groups[].vnis[]] | @json')" "[$HARMFUL_VNI]"
add_vxlan 1 2 "$HARMFUL_VNI" 91
add_vxlan 2 1 "$HARMFUL_VNI" 91
lab_ip hv1 neighbour replace 172.21.91.2 lladdr "$(mac_of 2 "$HARMFUL_VNI")" dev "vxlan$HARMFUL_VNI"
lab_ip hv2 neighbour replace 172.21.91.1 lladdr "$(mac_of 1 "$HARMFUL_VNI")" dev "vxlan$HARMFUL_VNI"
sent=$(lab_show 2 .counters.encrypted_packets)
forged=$(e2e_drop 1 in-inner-vni)
harm 2 1 91
lab_wait 5 "the drops to be counted" e2e_drop_has_risen 1 in-inner-vni $((forged + 20))
(($(lab_show 2 .counters.encrypted_packets) >= sent + 20)) || fail "hv2 did not encrypt what it sent"
# And back: hv1 sends g1's VNI under g1's key, which hv2 does not have.
unknown=$(e2e_drop 2 in-unknown-spi)
harm 1 2 91
lab_wait 5 "the drops to be counted" e2e_drop_has_risen 2 in-unknown-spi $((unknown + 20))
expect "what came in at hv1 by VNI $HARMFUL_VNI" \
	"$(in_ns hv1 cat "/sys/class/net/vxlan$HARMFUL_VNI/statistics/rx_packets")" 0
expect "what came in at hv2 by VNI $HARMFUL_VNI" \
	"$(in_ns hv2 cat "/sys/class/net/vxlan$HARMFUL_VNI/statistics/rx_packets")" 0
expect "SAs of the other groups in the end" "$(active 1 | grep -Ev '^(g1|tenants) ')" \
	"$(grep -v '^tenants ' <<<"$before")"

resident() {
	awk '/^VmRSS:/ { printf "%d", $2 / 1024 }' "/proc/$(lab_pid "$1")/status"
}
echo "figure: covey-host-resident-256-groups $(resident hv1) MiB"
echo "figure: covey-host-resident-1-group $(resident hv2) MiB"
echo "figure: covey-gkm-resident-256-groups $(resident gkm) MiB"

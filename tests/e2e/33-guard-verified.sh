#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The guard is read back and kept: under an alternative name of the card, when a firewall flushes the
# ruleset, beside a second covey-host for another card, and with covey-host dead. VXLAN devices of
# another port than the fabric's are told of, and dropped where the inventory says so.
# ports: both
LAB_HOSTS=2
LAB_FABRIC_INTERFACE=enp9s0 # an alternative name: the kernel's own is fab0
# shellcheck disable=SC2034 # read by name
LAB_HOST_VARS_2="          covey_foreign_vxlan: drop"
. "$(dirname "$0")/_init.sh"
# shellcheck source=deploy/demo/leak.sh
. "$LAB_HERE/leak.sh"
# shellcheck disable=SC2034 # leak.sh pings with it
CANARY=$E2E_CANARY

guard() { # N OPTION...
	in_ns "hv$1" "$(lab_program covey-host)" --inventory "$LAB_DIR/inventory.yaml" --name "hv$1" \
		"${@:2}"
}

# All tables and chains but those that look inwards (34-local-users.sh), and what belongs to one process.
listing() {
	in_ns "hv$1" nft --stateless list ruleset | awk '/^table .*\/(mark|own\/[0-9]+) / {table = 1}
		/^\tchain local_/ {chain = 1} !table && !chain && NF; /^\t}/ {chain = 0} /^}/ {table = 0}'
}

is_listed() { # N LISTING
	[[ $(listing "$1") == "$2" ]]
}

# Each program that installs the guard anew draws a token of its own.
without_token() {
	sed -E 's/(meta priority != )[0-9a-f:]+/\1TOKEN/'
}

is_kept() { # LISTING
	[[ $(listing 1 | without_token) == "$(without_token <<<"$1")" ]]
}

flush() {
	in_ns "hv$1" nft flush ruleset
}

expect_guard() { # N FILTER WANTED
	expect "hv$1's guard, $2" "$(lab_show "$1" ".guard | $2")" "$3"
}

# As two cables do.
add_second_card() {
	lab_ip hv1 link add fab1 mtu "$LAB_FABRIC_MTU" type veth peer name fab1x mtu "$LAB_FABRIC_MTU"
	lab_ip hv1 link set fab1 up
	lab_ip hv1 link set fab1x up
}

write_second_inventory() {
	sed -e 's/demo\.example/second.example/; s/10\.77\./10.79./g' \
		-e 's/covey_fabric_interface: enp9s0/covey_fabric_interface: fab1/' \
		-e 's/^\( *\)covey_vtep: .*/&\n\1covey_host_interface: covey1/' \
		"$LAB_DIR/inventory.yaml" >"$LAB_DIR/second.yaml"
	for what in "init" "issue --all"; do
		# shellcheck disable=SC2086 # two words
		"$(lab_program covey)" --inventory "$LAB_DIR/second.yaml" --pki "$LAB_DIR/pki2" \
			pki $what >/dev/null
	done
}

start_second() {
	lab_spawn second hv1 "$(lab_program covey-host)" --inventory "$LAB_DIR/second.yaml" \
		--pki "$LAB_DIR/pki2" --name hv1 --socket "$LAB_DIR/second.sock"
	lab_wait 60 "the second covey-host" grep -q forwards "$LAB_DIR/log/second"
}

# add_foreign N: a VXLAN device as the kernel makes it when no port is given: 8472.
add_foreign() {
	lab_ip "hv$1" link add vxforeign type vxlan id 9 remote "$(lab_vtep $((3 - $1)))" \
		local "$(lab_vtep "$1")" dev "$(lab_underlay "$1")" 2>/dev/null
	lab_ip "hv$1" address add "172.18.0.$1/24" dev vxforeign
}

knows_foreign() {
	[[ $(lab_show "$1" '.foreign_vxlan | map("\(.device) \(.port) \(.over) \(.dropped)") | join(";")') \
		== "$2" ]]
}

foreign_dropped() {
	lab_show 2 '[.guard.drops[] | select(.rule == "clear VXLAN of another port") | .packets] | add'
}

# By the kernel's own names, whatever the inventory calls it.
if [[ $LAB_PORTS == kernel ]]; then
	egress=steer_out
	guarded_interface() { echo covey0; }
	hooks() {
		local index

		index=$(lab_ip hv1 -json link show dev fab0 | jq '.[0].ifindex')
		echo "netdev uplink${index}_ingress, netdev uplink${index}_egress"
	}
	# Who keeps it without covey-host does not forward.
	without_host() {
		local forwards='fwd to "covey0" comment "VXLAN, to be encrypted"'

		echo "${1/"$forwards"/drop comment \"VXLAN while covey-host does not run\"}"
	}
else
	egress=egress
	guarded_interface() { echo fab0; }
	hooks() { echo "inet prerouting, inet postrouting, netdev ingress, netdev egress"; }
	without_host() { echo "$1"; }
fi

lab_wires
for n in 1 2; do
	lab_ip "hv$n" link property add dev fab0 altname enp9s0
done
e2e_record
lab_programs
e2e_wait_ping 1 2
own=$(listing 1)
expect_guard 1 .state verified
table=covey_guard_$(guarded_interface)
expect_guard 1 .interface "$(guarded_interface)"
expect_guard 1 '.hooks | map(select(contains("local") | not)) | join(", ")' "$(hooks)"
expect_guard 1 .restored 0
[[ $own == *'device "fab0"'* && $own != *enp9s0* ]] || fail "the guard goes by another name: $own"

# A firewall that loads its rules.
flush 1
lab_wait 5 "the guard to be put back" is_listed 1 "$own"
expect_guard 1 .restored 1
expect_guard 1 .state verified
[[ $(lab_show 1 .guard.last_changed.by) == "nft (process "* ]] ||
	fail "put back after a change by $(lab_show 1 .guard.last_changed.by)"
grep -q "warning: guard: nft (process .*) changed it on $(guarded_interface)" "$LAB_DIR/log/hv1" ||
	fail "no word of it in the log"
in_ns hv1 nft add rule netdev "$table" "$egress" accept
lab_wait 5 "the guard to be put right" is_listed 1 "$own"
expect_guard 1 .restored 2

# VXLAN of another port: of no account on hv1 while it sends nothing, dropped on hv2.
add_foreign 1
lab_wait 5 "hv1 to warn" grep -q 'warning: VXLAN device vxforeign sends to UDP port 8472' \
	"$LAB_DIR/log/hv1"
knows_foreign 1 "vxforeign 8472 $(lab_underlay 1) false" || fail "hv1 shows $(lab_show 1 .foreign_vxlan)"
lab_ip hv1 link delete vxforeign
lab_wait 5 "hv1 to know that it is gone" knows_foreign 1 ""
add_foreign 2
knows_foreign 2 "vxforeign 8472 $(lab_underlay 2) true" || fail "hv2 shows $(lab_show 2 .foreign_vxlan)"
lab_ip hv2 link set vxforeign up
lab_ip hv2 neigh replace 172.18.0.1 lladdr 02:00:00:00:00:01 dev vxforeign
before=$(foreign_dropped)
if in_ns hv2 ping -q -c 10 -i 0.02 -W 1 -p "$E2E_CANARY" 172.18.0.1 >/dev/null; then
	fail "somebody answered"
fi
expect "packets of vxforeign that the guard dropped" $(($(foreign_dropped) - before)) 10
lab_ip hv2 link delete vxforeign

# Another card, another fabric, another covey-host: as a bump in its wire.
beside_a_second_one() {
	add_second_card
	write_second_inventory
	start_second
	expect_guard 1 .restored 2
	[[ $(listing 1) == *covey_guard_fab0*covey_guard_fab1* ]] ||
		fail "two cards, two guards: $(listing 1)"
	lab_stop second KILL
	in_ns hv1 "$(lab_program covey-host)" --inventory "$LAB_DIR/second.yaml" --name hv1 --guard off
	lab_wait 5 "the first one's guard alone" is_listed 1 "$own"
	expect_guard 1 .restored 2
}
[[ $LAB_PORTS == kernel ]] || beside_a_second_one

# Dead, and nothing leaves: by the card's alternative name too.
lab_stop hv1 KILL
lab_stop hv2 KILL
is_listed 1 "$own" || fail "the guard did not outlive covey-host"
for n in 1 2; do leak_add_bare "$n" $((3 - n)); done
for n in 1 2; do leak_add_neighbour "$n" $((3 - n)); done
leak_is_tight 1 2 || fail "hv1 reached hv2 in clear"
(($(leak_guarded 1) >= 10)) || fail "the guard counted $(leak_guarded 1) packets"

# What covey-guard.service runs keeps it without covey-host.
lab_spawn keeper hv1 "$(lab_program covey-host)" --inventory "$LAB_DIR/inventory.yaml" --name hv1 \
	--guard keep
lab_wait 10 "the keeper" grep -q 'guard: kept on ' "$LAB_DIR/log/keeper"
flush 1
lab_wait 5 "the guard to be put back" is_kept "$(without_host "$own")"
leak_is_tight 1 2 || fail "hv1 reached hv2 in clear"
guard 1 --guard off
expect "rules after --guard off" "$(listing 1)" ""
e2e_oracles

# Without it all this would leak: so the tests above can fail.
E2E_ORACLES=off
guard 2 --guard off
leak_ping 1 2 || fail "no leak without the guard: then this test shows nothing"

#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A second address in covey_gkm and a copied state file move the key manager to another machine and back:
# hosts follow without a restart and lose nothing. A second one that is started by mistake, with a state
# file that is behind, does not serve, whichever of the two it is. Two that served while the network between
# them was cut find each other, and the one with the older state ends. No SPI ever begins twice, and all
# hosts end up on one SA.
LAB_GROUP_VARS="        rekey: {drain_delay: 2s, activation_delay: 20s}"
. "$(dirname "$0")/_init.sh"

RATE=500
# The first key manager is gkm, the second gkm2.
declare -A ADDRESS=([gkm]=$(lab_gkm_address) [gkm2]=$(lab_vtep 11))

# --- two machines ---------------------------------------------------------------------------------

add_second_machine() {
	lab_add_namespace gkm2
	lab_plug gkm2 eth0
	lab_finish_checksums gkm2 eth0
	lab_address gkm2 eth0 "${ADDRESS[gkm2]}"
}

# command_of WHICH: a line for each word.
command_of() {
	printf '%s\n' "$(lab_program covey-gkm)" --inventory "$LAB_DIR/inventory.yaml" --pki "$LAB_DIR/pki" \
		--state "$LAB_DIR/$1.db" --socket "$LAB_DIR/$1.sock" --log-level "$LAB_LOG_LEVEL"
}

start() {
	local words

	mapfile -t words < <(command_of "$1")
	lab_spawn "$1" "$1" "${words[@]}"
	lab_wait 30 "$1 to lead" leads "$1"
}

# ask WHICH FILTER
ask() {
	"$(lab_program covey)" --gkm-socket "$LAB_DIR/$1.sock" --json show --gkm 2>/dev/null | jq -r "$2"
}

leads() {
	[[ $(ask "$1" .leader.leads) == true ]]
}

# refuses WHICH: it is started, finds that another one leads, and ends by itself with a failure.
refuses() {
	local words lines status=0

	mapfile -t words < <(command_of "$1")
	touch "$LAB_DIR/log/$1"
	lines=$(wc -l <"$LAB_DIR/log/$1")
	in_ns "$1" timeout 30 "${words[@]}" >>"$LAB_DIR/log/$1" 2>&1 || status=$?
	expect "status of $1, started by mistake" "$status" 1
	tail -n +$((lines + 1)) "$LAB_DIR/log/$1" | grep -q "leads: this one does not serve" ||
		fail "$1 does not say that another one leads"
}

# move FROM TO: by hand, as the operations page says.
move() {
	local spi

	spi=$(e2e_active_spis | tail -n 1)
	lab_stop "$1"
	cp "$LAB_DIR/$1.db" "$LAB_DIR/$2.db"
	start "$2"
	lab_wait 30 "all to send on an SA of $2" all_are_with "$2" "$spi"
}

# --- hosts ----------------------------------------------------------------------------------------

is_with() {
	[[ $(lab_show "$1" '"\(.gkm.state) \(.gkm.address)"') == "connected ${ADDRESS[$2]}" ]]
}

# all_are_with WHICH SPI: and send on one SA above that.
all_are_with() {
	local n

	for n in $(lab_hosts); do
		is_with "$n" "$1" || return 1
	done
	e2e_agree_above "$2"
}

knows_both() {
	[[ $(lab_show "$1" '[.gkm.address, .gkm.others[].address] | sort | join(" ")') == \
		"${ADDRESS[gkm]} ${ADDRESS[gkm2]}" ]]
}

# As an operator does it: the new file takes the place of the old one at once.
list_both() {
	sed "s/covey_gkm: .*/covey_gkm: [\"${ADDRESS[gkm]}\", \"${ADDRESS[gkm2]}\"]/" \
		"$LAB_DIR/inventory.yaml" >"$LAB_DIR/inventory.new"
	mv "$LAB_DIR/inventory.new" "$LAB_DIR/inventory.yaml"
}

# --- a cut between the two ------------------------------------------------------------------------

# hv3 reaches the second one alone.
cut() {
	in_ns sw nft -f - <<-NFT
		table bridge cut {
		chain forward {
			type filter hook forward priority 0;
			ip saddr ${ADDRESS[gkm]} ip daddr ${ADDRESS[gkm2]} counter drop;
			ip saddr ${ADDRESS[gkm2]} ip daddr ${ADDRESS[gkm]} counter drop;
			ip saddr $(lab_vtep 3) ip daddr ${ADDRESS[gkm]} counter drop;
		}
		}
	NFT
}

heal() {
	in_ns sw nft delete table bridge cut
}

begins_at() {
	grep -q "SA [0-9]* begins" <(tail -n +$(($2 + 1)) "$LAB_DIR/log/$1")
}

# Which SPIs either of them has begun with more than once.
repeated_spis() {
	cat "$LAB_DIR"/log/gkm "$LAB_DIR"/log/gkm2 | grep -o ": SA [0-9]* begins" | sort | uniq -d
}

# --- the test -------------------------------------------------------------------------------------

lab_wires
add_second_machine
e2e_record
lab_programs
for n in 1 2; do e2e_receive "$n"; done
e2e_wait_ping 1 2
e2e_keep_sending 1 2 --rate "$RATE"
e2e_keep_sending 2 1 --rate "$RATE"

list_both
for n in $(lab_hosts); do lab_wait 20 "hv$n to know both" knows_both "$n"; done
move gkm gkm2
refuses gkm
move gkm2 gkm
refuses gkm2
expect "who has hosts, after both mistakes" "$(ask gkm .sessions)" "$LAB_HOSTS"

# The second one begins with a copy of what the first one goes on with.
spi=$(e2e_active_spis | tail -n 1)
cut
lab_stop hv3
lab_at_gkm backup "$LAB_DIR/copy.db" >>"$LAB_DIR/log/commands"
mv "$LAB_DIR/copy.db" "$LAB_DIR/gkm2.db"
lines=$(wc -l <"$LAB_DIR/log/gkm2")
start gkm2
lab_start_covey 3
lab_wait 30 "hv3 to come to gkm2" is_with 3 gkm2
lab_wait 30 "an SA of gkm2" begins_at gkm2 "$lines"
leads gkm || fail "gkm does not serve while it is cut off"
heal
lab_wait 30 "one of the two to end" lab_is_gone gkm
lab_wait 40 "all to send on an SA of gkm2" all_are_with gkm2 "$spi"
grep -q "ALARM: two key managers lead" "$LAB_DIR/log/gkm" || fail "gkm does not say why it ended"
refuses gkm
leads gkm2 || fail "gkm2 does not lead any more"

more=$(($(e2e_report rx2 '.streams["1"].received') + RATE))
lab_wait 20 "traffic on the last SA" e2e_has_received 2 1 "$more"
for stream in 1-2 2-1; do lab_stop "tx$stream"; done
e2e_expect_all 1 2
e2e_expect_all 2 1
expect "SPIs that began twice" "$(repeated_spis)" ""

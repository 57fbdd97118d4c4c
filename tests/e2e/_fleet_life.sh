# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# shellcheck disable=SC2034 # for _fleet.sh and lab.sh
#
# The long form of the test `fleet`: a fabric that carries clear VXLAN becomes an encrypted one, and what an operator
# does to it from then on, each time by `covey deploy`, under traffic. Sourced by 90-fleet.sh.

RATE=500

# --- traffic --------------------------------------------------------------------------------------

# life_stage WHAT COMMAND...: each frame between the hosts of FLEET_STREAMS (FROM-TO) arrives meanwhile, once.
life_stage() {
	local what=$1 stream start=$SECONDS

	shift
	for stream in $FLEET_STREAMS; do
		lab_is_running "rx${stream#*-}" || e2e_receive "${stream#*-}"
	done
	for stream in $FLEET_STREAMS; do e2e_keep_sending "${stream%-*}" "${stream#*-}" --rate "$RATE"; done
	"$@"
	for stream in $FLEET_STREAMS; do lab_stop "tx$stream"; done
	for stream in $FLEET_STREAMS; do life_expect "$what" "${stream%-*}" "${stream#*-}"; done
	for stream in $FLEET_STREAMS; do lab_stop "rx${stream#*-}"; done
	echo "$what: nothing lost, $((SECONDS - start)) s"
}

life_expect() { # WHAT FROM TO
	local sent

	sent=$(jq .sent "$LAB_DIR/tx$2-$3.json")
	((sent > 0)) || fail "$1: t$2 sent nothing"
	lab_poll 10 e2e_has_received "$3" "$2" "$sent" || true
	expect "$1: frames of t$2 that t$3 received" "$(e2e_report "rx$3" ".streams[\"$2\"].received // 0")" "$sent"
	e2e_expect_intact "$3"
}

# One that must be without a failure. What it prints is in FLEET_DIR/last.
life_deploy() {
	deploy deploy >"$FLEET_DIR/last" || fail "a run failed: $(<"$FLEET_DIR/last")"
}

life_said() { # PATTERN
	grep -q -- "$1" "$FLEET_DIR/last" || fail "the run does not say \"$1\": $(<"$FLEET_DIR/last")"
}

# --- from clear to encrypted ----------------------------------------------------------------------

# A host that has heard clear VXLAN a moment ago is not taken to enforce.
life_mode() { # MODE
	lab_wait 90 "the key manager to agree to $1" on gkm1 covey mode tenants "$1" --confirm-within 10m
	on gkm1 covey mode tenants confirm >>"$LAB_DIR/log/mode"
	lab_wait 30 "the key manager to be done with $1" life_mode_is_settled
}

life_mode_is_settled() {
	[[ $(on gkm1 covey --json mode tenants | jq .under_way) == false ]]
}

life_way_in() {
	life_deploy
	life_mode transition
	life_mode enforce
	LAB_GROUP_VARS=
	fleet_inventory
	life_deploy
}

life_expect_encrypted() {
	local clear

	clear=$(e2e_report recorder .kinds.vxlan)
	life_stage "in enforce" sleep 1
	expect "packets of clear VXLAN since it is enforced" $(($(e2e_report recorder .kinds.vxlan) - clear)) 0
}

# --- what an operator changes ---------------------------------------------------------------------

life_add_host() {
	FLEET_HOSTS="1 2 3 4"
	fleet_inventory
	life_deploy
}

life_change_vnis() {
	FLEET_VNIS="100, 200"
	fleet_inventory
	life_deploy
	expect "VNIs that hv1 knows" "$(on hv1 covey --json show | jq -c '.groups[0].vnis')" "[100,200]"
}

life_renew() {
	local before

	fleet_pki issue --force --days 5 hv2
	life_deploy
	life_said 'this machine: Issue certificates: hv2$'
	before=$(openssl x509 -noout -serial -in "$FLEET_DIR/pki/hv2.crt" | cut -d= -f2)
	expect "hv2's certificate" "$(on hv2 covey --json show | jq -r '.gkm.certificate' | tr -d : | tr a-f A-F)" "$before"
}

life_replace_authority() {
	mkdir "$FLEET_DIR/before"
	mv "$FLEET_DIR/pki/ca."{crt,key} "$FLEET_DIR/before/"
	if deploy deploy >"$FLEET_DIR/last"; then fail "without the authority a run makes another"; fi
	life_said 'FAILED: Look for the certificate authority: .*put ca.crt and ca.key back'
	fleet_pki init
	life_deploy
	expect "hv1's authorities" "$(on hv1 grep -c BEGIN /etc/covey/pki/ca.crt)" 1
	expect "the key manager's authorities" "$(on gkm1 grep -c BEGIN /etc/covey/pki/ca.crt)" 1
	for n in $FLEET_HOSTS; do life_expect_new_certificate "$n"; done
}

life_expect_new_certificate() {
	on "hv$1" cat "/etc/covey/pki/hv$1.crt" | openssl verify -CAfile "$FLEET_DIR/pki/ca.crt" >/dev/null ||
		fail "hv$1 has a certificate by the authority before"
}

life_remove_host() {
	local before

	before=$(on hv1 covey --json show | jq '[.sas[] | select(.state == "active") | .spi] | max')
	FLEET_HOSTS="1 2 4"
	fleet_inventory
	life_deploy
	life_said '^  hv3.host: Take covey and its keys away'
	expect "what hv3 has of covey" "$(on hv3 'ls /etc/covey /usr/sbin/covey-host 2>/dev/null | wc -l')" 0
	expect "members" "$(on gkm1 covey --json show --gkm | jq -c '[.groups[0].members[] | select(.state == "connected") |
		.identity | sub(".*/"; "")] | sort')" '["hv1","hv2","hv4"]'
	(($(on hv1 covey --json show | jq '[.sas[] | select(.state == "active") | .spi] | max') > before)) ||
		fail "hv3 has the key that hv1 sends with"
}

# Its name is not what makes a machine. To the key manager it is another host, so it is started anew, once.
life_rename() {
	local before pid others at_1 at_4

	e2e_receive 4
	e2e_keep_sending 1 4 --rate "$RATE"
	e2e_keep_sending 4 1 --rate "$RATE"
	lab_wait 10 "the streams of hv4" life_flows_4 0 0
	before=$(e2e_report rx4 .at_ms)
	pid=$(on hv4 systemctl show -P MainPID covey-host)
	others=$(life_pids)
	"$(lab_program covey)" --inventory "$FLEET_DIR/inventory.yaml" host rename hv4 far4 >>"$LAB_DIR/log/rename"
	FLEET_NAMES='s/\bhv4\b/far4/'
	life_deploy
	life_said '^  far4: Start anew under its new name'
	[[ $(on hv4 systemctl show -P MainPID covey-host) != "$pid" ]] || fail "covey-host of hv4 was not started anew"
	expect "the other daemons" "$(life_pids)" "$others"
	at_1=$(e2e_report rx1 '.streams["4"].received')
	at_4=$(e2e_report rx4 '.streams["1"].received')
	lab_wait 30 "the streams of hv4" life_flows_4 "$at_1" "$at_4"
	at_1=$(outage rx1 "$before" 4)
	at_4=$(outage rx4 "$before" 1)
	echo "figure: fleet_rename_outage_out $at_1 ms"
	echo "figure: fleet_rename_outage_in $at_4 ms"
	((at_1 <= OUTAGE_MS && at_4 <= OUTAGE_MS)) || fail "hv4 was away for $at_1 ms out, $at_4 ms in"
	for n in tx1-4 tx4-1 rx4; do lab_stop "$n"; done
	expect "keys that hv4 has" "$(on hv4 'ls /etc/covey/pki' | tr '\n' ' ')" "ca.crt far4.crt far4.key "
	expect "members" "$(on gkm1 covey --json show --gkm | jq -c '[.groups[0].members[] | select(.state == "connected") |
		.identity | sub(".*/"; "")] | sort')" '["far4","hv1","hv2"]'
}

life_flows_4() { # AT_1 AT_4: frames that each had received then
	e2e_has_received 1 4 $(($1 + 500)) && e2e_has_received 4 1 $(($2 + 500))
}

life_pids() {
	on gkm1 systemctl show -P MainPID covey-gkm
	for n in 1 2; do on "hv$n" systemctl show -P MainPID covey-host; done
}

# The machine of the key manager is cut off for good, and one that had it before takes over from a backup. When the
# other one is back, hosts that are there do not go to it, and the next run stops it.
life_lose_gkm() {
	local spi

	on gkm2 covey backup /root/backup >>"$LAB_DIR/log/backup"
	on gkm2 cat /root/backup >"$FLEET_DIR/backup"
	spi=$(life_active_spi)
	lab_ip gkm2 link set eth0 down
	FLEET_GKM=gkm1
	fleet_inventory
	life_fails gkm1 "Look for its state\": .*give the newest backup"
	life_fails gkm2.gkm "See which machine it is\": cannot be reached" --state "$FLEET_DIR/backup"
	life_said 'Take the backup of its state, which knows of nobody who was evicted since'
	lab_ip gkm2 link set eth0 up
	lab_wait 30 "gkm2 to be back" on gkm2 true
	expect "gkm2's key manager" "$(on gkm2 systemctl is-active covey-gkm)" active
	lab_wait 60 "nobody to be with gkm2" life_is_alone gkm2
	(($(life_active_spi) > spi)) || fail "an SPI was given out twice"
	life_deploy
	life_said '^  gkm2.gkm: Take covey and its keys away'
	for n in $FLEET_HOSTS; do
		expect "hv$n's key manager" "$(on "hv$n" covey --json show | jq -r .gkm.address)" "$(fleet_address gkm1)"
	done
}

life_is_alone() {
	[[ $(on "$1" covey --json show --gkm | jq '[.groups[0].members[] | select(.state == "connected")] | length') == 0 ]]
}

life_active_spi() {
	on hv1 covey --json show | jq '[.sas[] | select(.state == "active") | .spi] | max'
}

life_move_gkm() {
	FLEET_GKM=gkm2
	fleet_inventory
	life_deploy
	life_said '^  gkm1.gkm: Take covey and its keys away'
	expect "what gkm1 has of the key manager" "$(on gkm1 'ls /etc/covey/pki/gkm.key /usr/sbin/covey-gkm 2>/dev/null | wc -l')" 0
	for n in $FLEET_HOSTS; do
		expect "hv$n's key manager" "$(on "hv$n" covey --json show | jq -r .gkm.address)" "$(fleet_address gkm2)"
	done
}

# --- what goes wrong ------------------------------------------------------------------------------

# life_fails HOST STEP [OPTION...]: the summary names both.
life_fails() {
	if deploy deploy "${@:3}" >"$FLEET_DIR/last"; then fail "a run that cannot succeed did: $(<"$FLEET_DIR/last")"; fi
	life_said "^  $1  *FAILED at \"$2"
}

life_wrong_key() {
	cp "$FLEET_DIR/known" "$FLEET_DIR/known.good"
	ssh-keygen -q -t ed25519 -N '' -f "$FLEET_DIR/other"
	sed -i "s|^$(fleet_address hv2) .*|$(fleet_address hv2) $(<"$FLEET_DIR/other.pub")|" "$FLEET_DIR/known"
	life_fails hv2 "Look at what is there\": cannot be reached"
	mv "$FLEET_DIR/known.good" "$FLEET_DIR/known"
}

# Version 1.1 does not fit on hv2; hv1 has it by then, and hv4 stays as it was.
life_full_disk() {
	rm "$FLEET_DIR/packages/"*
	fleet_packages "$FLEET_DIR/packages" 1.1
	on hv2 mount -t tmpfs -o size=64k tmpfs /var/cache/covey
	life_fails hv2 "Copy a package"
	expect "hv4's version" "$(on hv4 "dpkg-query -W -f '\${Version}' covey-host")" 1.0
	on hv2 umount /var/cache/covey
}

# The operator's machine loses power while hv2 is under way.
life_half_finished() {
	local pid

	deploy deploy >"$FLEET_DIR/last" &
	pid=$!
	lab_wait 120 "the run to come to hv2" grep -q '^  hv2: Copy a package' "$FLEET_DIR/last"
	if deploy deploy >"$FLEET_DIR/other.run" 2>&1; then fail "two runs at once"; fi
	grep -q 'another run works with' "$FLEET_DIR/other.run" || fail "two runs at once: $(<"$FLEET_DIR/other.run")"
	inside_ctl_kill
	wait "$pid" && fail "a run that was killed succeeded"
	life_deploy
	expect "hv2's version" "$(on hv2 "dpkg-query -W -f '\${Version}' covey-host")" 1.1
}

inside_ctl_kill() {
	local pid

	for pid in $(ip netns pids "$(lab_ns ctl)"); do kill -KILL "$pid" 2>/dev/null || true; done
}

# All machines get what was there at the start, and the run says that it is not what is there now.
life_changed_meanwhile() {
	local pid

	FLEET_VNIS="100, 201"
	fleet_inventory
	deploy deploy >"$FLEET_DIR/last" &
	pid=$!
	lab_wait 120 "the run to come to hv1" grep -q '^  hv1: Put the inventory' "$FLEET_DIR/last"
	FLEET_VNIS="100, 202"
	fleet_inventory
	wait "$pid" && fail "a run of an inventory that is another now succeeded"
	life_said 'was changed meanwhile'
	expect "the inventory of hv4" "$(on hv4 grep -c 201 /etc/covey/inventory.yaml)" 1
	life_deploy
	expect "the inventory of hv4" "$(on hv4 grep -c 202 /etc/covey/inventory.yaml)" 1
}

# Certificates that begin tomorrow are refused; the host goes on with the one that it has.
life_wrong_clock() {
	cp "$FLEET_DIR/pki/hv1."{crt,key} "$FLEET_DIR/before/"
	faketime '+2 days' "$(lab_program covey)" --inventory "$FLEET_DIR/inventory.yaml" --pki "$FLEET_DIR/pki" \
		pki issue --force hv1 >>"$LAB_DIR/log/pki"
	life_deploy
	life_said 'this machine: Issue certificates: hv1$'
}

# --- all ------------------------------------------------------------------------------------------

fleet_life() {
	FLEET_STREAMS="1-2 2-3 3-1"
	for n in $(lab_hosts); do lab_add_vxlan "$n" fab0; lab_ip "hv$n" link set vxlan100 up; done
	e2e_wait_ping 1 2
	e2e_wait_ping 2 3
	e2e_wait_ping 3 1
	life_stage "from clear to encrypted" life_way_in
	life_expect_encrypted
	life_stage "a host more" life_add_host
	FLEET_STREAMS="1-2 2-3 3-1 4-1"
	life_stage "other VNIs" life_change_vnis
	life_stage "a certificate that ends soon" life_renew
	life_stage "another authority" life_replace_authority
	FLEET_STREAMS="1-2 2-4 4-1"
	life_stage "a host less" life_remove_host
	FLEET_STREAMS="1-2 2-1"
	life_stage "another name" life_rename
	FLEET_STREAMS="1-2 2-4 4-1"
	life_stage "a wrong ssh key" life_wrong_key
	life_stage "an inventory that changes meanwhile" life_changed_meanwhile
	life_stage "a wrong clock" life_wrong_clock
	life_full_disk
	e2e_wait_ping 1 2
	life_half_finished
	life_move_gkm
	life_lose_gkm
	for n in 1 2 4; do e2e_wait_ping 1 "$n"; done
	life_stage "at the end" second_run
}

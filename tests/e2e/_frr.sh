# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# FRR in the lab's hosts: zebra and bgpd, with BGP for EVPN between all VTEPs, each with configuration, sockets and
# log in a folder of the lab. They are no part of covey and know nothing of it. Needs _docs.sh.

FRR_HOLD_S=3 # a session that hears nothing for so long ends
FRR_BIN=/usr/lib/frr

frr_folder() {
	echo "$LAB_DIR/frr$1"
}

# frr_write N: the configuration of docs/bring-up.md. What is added makes the lab quick, and lets a tenant move
# more often than is usual.
frr_write() {
	local folder

	folder=$(frr_folder "$1")
	install -d -o frr -g frr "$folder"
	echo "hostname hv$1" >"$folder/zebra.conf"
	{
		printf 'hostname hv%d\nlog stdout informational\n' "$1"
		docs_block frr "router bgp" | docs_fit "$1" | sed \
			-e "/remote-as/a\\ timers bgp 1 $FRR_HOLD_S\n neighbor fabric timers connect 1" \
			-e "/advertise-all-vni/a\\  dup-addr-detection max-moves 1000 time 180"
	} >"$folder/bgpd.conf"
}

# frr_start N
frr_start() {
	local folder daemon

	folder=$(frr_folder "$1")
	frr_write "$1"
	for daemon in zebra bgpd; do
		lab_spawn "$daemon$1" "hv$1" "$FRR_BIN/$daemon" --vty_socket "$folder" --vty_port 0 \
			--socket "$folder/zserv.api" --pid_file "$folder/$daemon.pid" \
			--config_file "$folder/$daemon.conf"
		lab_wait 15 "$daemon of hv$1" test -S "$folder/$daemon.vty"
	done
}

# frr_ask N COMMAND: as typed in its shell.
frr_ask() {
	vtysh --vty_socket "$(frr_folder "$1")" -c "$2"
}

# frr_sessions N: those of hvN that are up and never went down.
frr_sessions() {
	frr_ask "$1" "show bgp l2vpn evpn summary json" | jq '[.peers[] | select(.state == "Established" and
		.connectionsEstablished == 1 and .connectionsDropped == 0)] | length'
}

# frr_expect_sessions WHEN
frr_expect_sessions() {
	local n

	for n in $(lab_hosts); do
		expect "BGP sessions of hv$n that never went down, $1" "$(frr_sessions "$n")" $((LAB_HOSTS - 1))
	done
}

frr_has_sessions() {
	(($(frr_sessions "$1") == LAB_HOSTS - 1))
}

# frr_routes N TYPE: of this type, from all hosts.
frr_routes() {
	frr_ask "$1" "show bgp l2vpn evpn route type $2 json" | jq '.numPrefix'
}

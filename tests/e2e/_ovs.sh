# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# Open vSwitch in the lab's hosts, with its userspace datapath: no kernel module. Each has a database, sockets and
# logs in a folder of the lab.

ovs_folder() {
	echo "$LAB_DIR/ovs$1"
}

# ovs_env N COMMAND...: in hvN, with its folder.
ovs_env() {
	local folder

	folder=$(ovs_folder "$1")
	in_ns "hv$1" env OVS_RUNDIR="$folder" OVS_LOGDIR="$folder" OVS_DBDIR="$folder" "${@:2}"
}

# ovs_start N
ovs_start() {
	local folder variables

	folder=$(ovs_folder "$1")
	variables=(OVS_RUNDIR="$folder" OVS_LOGDIR="$folder" OVS_DBDIR="$folder")
	mkdir "$folder"
	ovsdb-tool create "$folder/conf.db" /usr/share/openvswitch/vswitch.ovsschema
	lab_spawn "ovsdb$1" "hv$1" env "${variables[@]}" ovsdb-server "$folder/conf.db" \
		--remote="punix:$folder/db.sock" --unixctl="$folder/ovsdb.ctl" --pidfile="$folder/ovsdb.pid"
	lab_wait 15 "ovsdb-server of hv$1" test -S "$folder/db.sock"
	ovs_env "$1" ovs-vsctl --no-wait init
	lab_spawn "vswitch$1" "hv$1" env "${variables[@]}" ovs-vswitchd "unix:$folder/db.sock" --disable-system \
		--unixctl="$folder/vswitch.ctl" --pidfile="$folder/vswitch.pid"
	lab_wait 15 "ovs-vswitchd of hv$1" test -S "$folder/vswitch.ctl"
}

# ovs_ask N COMMAND...: to ovs-vswitchd.
ovs_ask() {
	ovs_env "$1" ovs-appctl --target="$(ovs_folder "$1")/vswitch.ctl" "${@:2}"
}

# ovs_docs N WORD: the commands of docs/bring-up.md that have this word in them.
ovs_docs() {
	docs_run "$1" sh "$2" "1i\\export OVS_RUNDIR=$(ovs_folder "$1")"
}

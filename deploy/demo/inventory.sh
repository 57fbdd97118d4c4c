# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# The lab's inventory. A test changes it by these variables, all optional. Sourced by lab.sh.

# Lines for `all: vars:`, at their indentation of four.
LAB_FABRIC_VARS=${LAB_FABRIC_VARS:-}
# Lines for the group `tenants`, at their indentation of eight.
LAB_GROUP_VARS=${LAB_GROUP_VARS:-}
# Lines for `covey_groups`, at their indentation of six: more groups.
LAB_GROUPS=${LAB_GROUPS:-}
# Lines for every host, at their indentation of ten.
LAB_HOST_VARS=${LAB_HOST_VARS:-}
# true: the hosts measure the paths to each other by themselves, as they do by default.
LAB_PATH_PROBES=${LAB_PATH_PROBES:-true}
# Lines for one host: LAB_HOST_VARS_1 and so on.
# What the hosts call their fab0.
LAB_FABRIC_INTERFACE=${LAB_FABRIC_INTERFACE-auto} # auto: fab0, where it has to be named

# lab_write_inventory FILE
lab_write_inventory() {
	local file=$1 n own

	{
		cat <<-YAML
			all:
			  vars:
			    covey_fabric: demo.example
			    covey_gkm: "$(lab_gkm_address)"
			    covey_groups:
			      tenants:
			        vnis: [100]
			        members: [hypervisors]
		YAML
		lab_lines "$LAB_GROUP_VARS"
		lab_lines "$LAB_GROUPS"
		lab_lines "$LAB_FABRIC_VARS"
		cat <<-YAML
			  children:
			    hypervisors:
			      hosts:
		YAML
		for n in $(lab_hosts); do
			cat <<-YAML
				        hv$n:
				          covey_vtep: "$(lab_vtep "$n")"
			YAML
			own=LAB_HOST_VARS_$n
			lab_fabric_interface "$n" "$LAB_HOST_VARS${!own:-}"
			lab_fabric_port "$n" "$LAB_HOST_VARS${!own:-}"
			[[ $LAB_PATH_PROBES == true ]] || lab_lines "          covey_path_probes: $LAB_PATH_PROBES"
			lab_lines "$LAB_HOST_VARS"
			lab_lines "${!own:-}"
		done
	} >"$file"
}

# lab_fabric_interface N LINES: with the kernel's ports, unless these lines of the host name others, the
# routes say where the fabric is.
lab_fabric_interface() {
	local name=$LAB_FABRIC_INTERFACE

	if [[ $name == auto ]]; then
		name=fab0
		if [[ $(lab_ports "$1") == kernel && ($2 != *covey_fabric_port:* || $2 == *"covey_fabric_port: kernel"*) ]]; then
			name=
		fi
	fi
	lab_lines "${name:+          covey_fabric_interface: $name}"
}

# lab_fabric_port N LINES: by LAB_PORTS, unless these lines of the host name another. The kernel's ports are
# what covey does when nothing is said.
lab_fabric_port() {
	if [[ $(lab_ports "$1") == bump && $2 != *covey_fabric_port:* ]]; then
		lab_lines "          covey_fabric_port: auto"
	fi
}

lab_lines() {
	if [[ -n $1 ]]; then
		printf '%s\n' "$1"
	fi
}

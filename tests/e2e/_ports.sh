# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# How covey sits in the hosts of a lab (LAB_PORTS), as the head of a script in this folder says:
#
#   # ports: both      it matters here: the script is two tests, one for each way
#   # ports: kernel    the script is about the kernel's ports alone
#   # ports: bump      the script is about the bump in the wire alone
#
# Without such a line a script is one test, with the ports that are the lab's default (deploy/demo/lab.sh).

PORTS_WAYS=(kernel bump)

# ports_of SCRIPT: what its head says, nothing: any.
ports_of() {
	sed -n '/^# ports: /{s///p;q};/^[^#]/q' "$1"
}

# ports_are_known WORD
ports_are_known() {
	[[ $1 =~ ^(both|bump|kernel|)$ ]]
}

# ports_other WAY
ports_other() {
	if [[ $1 == "${PORTS_WAYS[0]}" ]]; then echo "${PORTS_WAYS[1]}"; else echo "${PORTS_WAYS[0]}"; fi
}

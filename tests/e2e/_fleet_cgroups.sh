# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# The control groups of a machine of the test `fleet`. Sourced by _fleet.sh, fleet_node.sh and tests/run.

# fleet_cgroups NAMESPACE: the folders that this machine's systemd gets, in the hierarchies that systemd uses.
fleet_cgroups() {
	awk -v name="$1" '$1 == "cgroup2" || ($1 == "cgroup" && $4 ~ /name=systemd/) { print $2 "/" name }' /proc/mounts
}

# fleet_remove_cgroups NAMESPACE: fails as long as a process is in one.
fleet_remove_cgroups() {
	local path status=0

	for path in $(fleet_cgroups "$1"); do
		[[ ! -e $path ]] || find "$path" -depth -type d -exec rmdir {} + || status=1
	done
	return "$status"
}

# Of machines that were killed with their lab, whose namespaces are gone.
fleet_remove_old_cgroups() {
	local path

	for path in $(fleet_cgroups 'covey-*'); do
		# Another test may do the same now.
		[[ ! -d $path || -e /run/netns/${path##*/} ]] || find "$path" -depth -type d -exec rmdir {} + 2>/dev/null || true
	done
}

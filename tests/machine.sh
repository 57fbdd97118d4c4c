# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# What recorded figures say of where they come from. Sourced by tests/reliability and tests/performance.

machine() {
	local cpu memory system

	cpu=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
	memory=$(awk '/^MemTotal/ {printf "%.0f", $2 / 1048576}' /proc/meminfo)
	system=$(sed -n 's/^PRETTY_NAME="\(.*\)"/\1/p' /etc/os-release)
	echo "$(nproc) cores of ${cpu:-an unknown processor}, $memory GiB, $system, Linux $(uname -r)"
}

revision() {
	git -c safe.directory='*' -C "$(dirname "${BASH_SOURCE[0]}")" rev-parse --short=12 HEAD \
		2>/dev/null || echo unknown
}

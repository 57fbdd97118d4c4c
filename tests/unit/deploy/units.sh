#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# units.sh SBINDIR GKM HOST UNIT...: systemd finds nothing to complain of in the units. The programs
# are not installed while tests run, so the units are pointed at the ones that were built.
set -eu

sbindir=$1 gkm=$(realpath "$2") host=$(realpath "$3")
shift 3
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

for unit; do
	sed -e "s|$sbindir/covey-gkm|$gkm|; s|$sbindir/covey-host|$host|" "$unit" \
		>"$dir/$(basename "$unit")"
done
complaints=$(SYSTEMD_LOG_LEVEL=warning systemd-analyze verify --man=no "$dir"/*.service 2>&1) || {
	echo "$complaints"
	exit 1
}
# It exits 0 on unknown settings, but says so.
if echo "$complaints" | grep -F "$dir"; then
	exit 1
fi

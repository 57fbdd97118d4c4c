#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# install.sh BUILD PREFIX: what meson installs is all there, runs, and fits together.
set -eu

build=$1 prefix=$2
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
DESTDIR=$root meson install -C "$build" --no-rebuild --quiet

at=$root$prefix
for program in bin/covey sbin/covey-gkm sbin/covey-host; do
	"$at/$program" --version | grep -qx "${program##*/} [0-9.]*"
done
"$at/bin/covey" check "$at/share/doc/covey/examples/inventory.yaml" >/dev/null
for page in man1/covey.1 man5/covey-inventory.5 man8/covey-gkm.8 man8/covey-host.8; do
	test -s "$at/share/man/$page"
done
find "$root" -type d -path '*/lib/covey-host' | grep -q . # where, depends on the prefix
test -s "$at/lib/tmpfiles.d/covey.conf"
test -s "$at/share/covey/prometheus/covey.rules.yml"
test -s "$at/share/covey/grafana/covey.json"
find "$root" -path '*/wireshark/plugins/vpe.lua' | grep -q .
for unit in covey-gkm covey-host covey-guard; do
	program=$(sed -n 's/^ExecStart=\([^ ]*\).*/\1/p' "$at/lib/systemd/system/$unit.service")
	test -x "$root$program"
done

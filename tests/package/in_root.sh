#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# in_root.sh KIND: installs, upgrades, removes and purges the packages of /run/packages in a root that may be
# spoiled, and looks after each step at what is there.
set -euo pipefail

kind=$1
cd /run/packages

fail() {
	echo "FAIL: $*" >&2
	exit 1
}

# apt COMMAND PACKAGE...: as docs/bring-up.md has it. No disk needs to be waited for.
apt() {
	apt-get "$1" -y -q --no-install-recommends -o Dpkg::Use-Pty=0 \
		-o Dpkg::Options::=--force-unsafe-io "${@:2}" >log 2>&1 || { cat log && fail "apt-get $*"; }
}

# put VERSION-FOLDER PACKAGE...: install, or upgrade.
put() {
	local folder=$1 package debs=()

	shift
	for package; do debs+=("./$folder/${package}"_*.deb); done
	apt install "${debs[@]}"
}

# expect_asked TEXT: what systemctl was asked since the last time, but for what is asked often and changes nothing.
expect_asked() {
	local asked

	asked=$(grep -vE 'daemon-reload|is-active|is-enabled|show' asked 2>/dev/null |
		sed 's/^--[a-z-]* //' || true)
	rm -f asked
	[[ $asked == "$1" ]] || fail "systemctl was asked: $asked; should be: $1"
}

expect_there() {
	local path

	for path; do [[ -e $path ]] || fail "$path is not there"; done
}

expect_gone() {
	local path

	for path; do [[ ! -e $path ]] || fail "$path is there"; done
}

# closure PACKAGE: all that it depends on, as far as it is installed.
closure() {
	local seen=" " queue=("$1") package

	while ((${#queue[@]})); do
		package=${queue[0]}
		queue=("${queue[@]:1}")
		[[ $seen != *" $package "* ]] || continue
		seen+="$package "
		mapfile -t -O "${#queue[@]}" queue < <(dpkg-query -W -f '${Depends}, ${Pre-Depends}\n' \
			"$package" 2>/dev/null | sed 's/[,|]/\n/g' |
			awk 'NF { sub(/:.*/, "", $1); print $1 }')
	done
	tr ' ' '\n' <<<"$seen"
}

check_key_manager_alone() {
	put old covey covey-gkm
	[[ $(covey --version) == "covey 0.0.1" ]] || fail "the version before is $(covey --version)"
	covey-gkm --help >/dev/null
	closure covey-gkm >needed
	grep -qx libsqlite3-0 needed || fail "the closure of covey-gkm lacks what it links"
	! grep -E '^(librte|dpdk|libdpdk|libipsec)' needed || fail "covey-gkm depends on DPDK"
	if [[ $kind == bare ]]; then
		! dpkg-query -W 'librte*' 2>/dev/null || fail "DPDK came along with covey-gkm"
	fi
}

check_host() {
	put old covey-host
	closure covey-host >needed
	grep -q '^librte-net-af-xdp' needed || fail "covey-host does not depend on DPDK's drivers"
	covey-host --help >/dev/null
}

# Nothing was started or will be at a boot, and keys have a place that only root sees.
check_installed() {
	[[ $(stat -c '%U %a' /etc/covey/pki) == "root 700" ]] || fail "/etc/covey/pki can be seen by others"
	[[ ! $(find /etc/systemd/system -name '*covey*') ]] || fail "a unit is enabled by itself"
	covey check /usr/share/doc/covey/examples/inventory.yaml >/dev/null
	if command -v tshark >/dev/null; then
		tshark -G protocols 2>/dev/null | grep $'\tvpe$' >/dev/null ||
			fail "tshark does not find the dissector"
	fi
	if command -v systemd-analyze >/dev/null; then
		systemd-analyze verify --man=no /lib/systemd/system/covey-{gkm,guard,host}.service 2>&1 |
			grep covey && fail "systemd complains of the units"
	fi
	return 0
}

# Who makes an image, and only unpacks, gets the same by what systemd does at a boot.
check_image() {
	local deb

	command -v systemd-tmpfiles >/dev/null || return 0
	for deb in new/covey{,-gkm,-host}_*.deb; do dpkg-deb -x "$deb" image; done
	systemd-tmpfiles --root="$PWD/image" --create --boot covey.conf
	[[ $(stat -c '%U %a' image/etc/covey/pki) == "root 700" ]] || fail "/etc/covey/pki of an image can be seen by others"
	expect_there image/var/lib/covey-host
	chmod 0750 image/etc/covey/pki
	systemd-tmpfiles --root="$PWD/image" --create --boot covey.conf
	[[ $(stat -c '%a' image/etc/covey/pki) == 750 ]] || fail "a boot changes what the operator has set"
	rm -r image
}

# An operator has been here.
configure() {
	cat >/etc/covey/inventory.yaml <<-END
		all:
		  vars:
		    covey_fabric: fabric.example
		    covey_gkm: 198.51.100.10
		    covey_fabric_interface: eth1
		    covey_groups:
		      tenants: {vnis: [100], members: [hypervisors]}
		  children:
		    hypervisors:
		      hosts:
		        hv1: {covey_vtep: 198.51.100.1}
		        hv2: {covey_vtep: 198.51.100.2}
	END
	cp /etc/covey/inventory.yaml .
	covey --pki /etc/covey/pki pki init >/dev/null
	covey --pki /etc/covey/pki pki issue --all >/dev/null
	covey --pki /etc/covey/pki pki revoke hv2 >/dev/null
	covey --pki "/etc/covey/other one" pki init >/dev/null
	covey --pki "/etc/covey/other one" pki issue hv2 >/dev/null
	mkdir -p /var/lib/covey /var/lib/covey-host
	touch /var/lib/covey/gkm.db /var/lib/covey-host/modes
	find /etc/covey /var/lib/covey /var/lib/covey-host | sort >configuration
}

# The rules of a real guard. --bare has this machine's network, which is left alone.
guard() {
	[[ $kind != bare ]] || return 0
	ip link add eth1 type veth peer name eth1p
	ip address add 198.51.100.1/24 dev eth1
	ip link set eth1 up
	covey-host --guard on 2>log || { cat log && fail "the guard cannot be had"; }
	nft list tables >rules
	grep -q covey_guard_ rules || fail "the guard has no rules"
}

expect_guard() {
	[[ $kind == bare ]] || cmp rules <(nft list tables) || fail "$1: the guard's rules changed"
}

expect_configuration() {
	find /etc/covey /var/lib/covey /var/lib/covey-host | sort | diff configuration - ||
		fail "$1: configuration or state changed"
}

# expect_upgraded HOW: they end nothing and start nothing; what runs is restarted, each by itself and once, the key
# manager first and the guard before covey-host.
expect_upgraded() {
	expect_asked "try-restart covey-gkm.service
try-restart covey-guard.service
try-restart covey-host.service"
	expect_guard "$1"
	expect_configuration "$1"
	[[ $(versions | sort -u | wc -l) == 1 && $(covey --version) != "covey 0.0.1" ]] ||
		fail "$1: not all was upgraded: $(versions)"
}

# Of what is installed, so nothing of a package that was removed.
versions() {
	local package

	for package in covey covey-gkm covey-host; do
		dpkg-query -W -f '${Version} ${db:Status-Abbrev}\n' "$package" || true
	done
}

# Not this machine's repositories: no network is needed.
use_repository() {
	[[ $kind == bare ]] || rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/*
	echo "deb [trusted=yes] file:/run/packages/new ./" >/etc/apt/sources.list.d/packages.list
	apt-get update -q >log 2>&1 || { cat log && fail "apt-get update"; }
}

# A machine with both parts, with systemd as far as the packages see. Each way keeps both, whichever part is named.
check_upgrade() {
	local before

	mkdir -p /run/systemd/system
	cp --remove-destination systemctl /usr/bin/systemctl
	rm -f /usr/sbin/policy-rc.d
	before=$(versions)
	if apt-get install -y -q --no-remove ./new/covey_*.deb ./new/covey-gkm_*.deb >log 2>&1; then
		fail "covey-gkm was upgraded, and covey-host removed"
	fi
	[[ $(versions) == "$before" ]] || fail "half of it was upgraded: $(versions)"
	put new covey covey-host covey-gkm
	expect_upgraded "upgrade by files"
	for part in covey-gkm covey-host; do
		apt install --allow-downgrades ./old/covey{,-gkm,-host}_*.deb
		rm asked
		use_repository
		apt install "$part"
		expect_upgraded "upgrade of $part by a repository"
	done
}

check_remove() {
	apt remove covey-host
	expect_asked "stop covey-host.service covey-guard.service"
	expect_guard "remove"
	if [[ $kind != bare ]]; then
		grep -q 'nft delete table netdev covey_guard_covey0$' log ||
			fail "nothing says that the guard's rules stay, and how to delete them"
		grep -q 'no deadline' log || fail "nothing says that modes stay, too"
	fi
	apt remove covey-gkm covey
	expect_asked "stop covey-gkm.service"
	expect_gone /usr/bin/covey /usr/sbin/covey-{gkm,host} /lib/systemd/system/covey-{gkm,guard,host}.service
	expect_configuration "remove"
}

# Each package takes its own secrets, and the last one the rest, but for what CAs need.
check_purge() {
	apt purge covey-host
	expect_gone /var/lib/covey-host /etc/covey/pki/hv1.key
	expect_there /var/lib/covey/gkm.db /etc/covey/pki/{gkm,hv2}.key
	apt purge covey-gkm
	expect_gone /var/lib/covey /etc/covey/pki/gkm.key
	expect_there /etc/covey/pki/hv2.key
	apt purge covey
	for ca in "/etc/covey/other one" /etc/covey/pki; do
		grep -q "rm -r $ca\$" log || fail "nothing says that the CA in $ca is left"
	done
	find /etc/covey ! -type d | sort | diff - <(printf '/etc/covey/%s\n' "other one/"{ca.crt,ca.key,issued} \
		pki/{ca.crt,ca.key,crl.pem,issued}) || fail "that is left"
	rm -r /etc/covey
	left=$(find /etc /usr /var -xdev -name '*covey*' -not -path '*/tmp/*')
	[[ ! $left ]] || fail "left: $left"
}

# What `covey plan` runs is found where it is installed, and says what this inventory lacks.
check_deploy() {
	put new covey covey-ansible
	covey --inventory inventory.yaml --pki /tmp/pki plan >log &&
		fail "covey plan needs no key manager: $(<log)"
	grep -q 'FAILED: Look for a key manager: The inventory must have a group key_managers' log ||
		fail "covey plan says: $(<log)"
	apt purge covey-ansible
	expect_gone /usr/share/covey/ansible
}

# From nothing to nothing, without an operator and without systemd.
check_untouched() {
	rm -rf /run/systemd /usr/bin/systemd-tmpfiles
	put new covey covey-gkm covey-host
	check_deploy
	expect_there /var/lib/covey-host
	[[ $(stat -c '%U %a' /etc/covey/pki) == "root 700" ]] || fail "/etc/covey/pki can be seen by others"
	apt purge covey-host covey-gkm covey
	expect_gone /etc/covey /var/lib/covey /var/lib/covey-host
}

rm -rf /etc/covey /var/lib/covey /var/lib/covey-host
check_key_manager_alone
check_host
check_installed
check_image
configure
guard
check_upgrade
check_remove
check_purge
check_untouched
echo "installed, upgraded, removed and purged"

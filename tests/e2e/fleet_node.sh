#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# fleet_node.sh FOLDER NAME NAMESPACE: boots a machine that Ansible can reach: systemd and sshd in that network
# namespace, in a root that is this machine's under an overlay. FOLDER has the ssh keys, and gets the overlay.
# Of this machine's services none starts, and of its covey nothing is seen.
set -euo pipefail

# shellcheck source=tests/e2e/_fleet_cgroups.sh
. "$(dirname "$0")/_fleet_cgroups.sh"
keys=$1 name=$2 namespace=$3
root=$keys/$name/root

enable() { # UNIT
	ln -sf "/etc/systemd/system/$1" "$root/etc/systemd/system/fleet.target.wants/"
}

write_units() {
	mkdir -p "$root/etc/systemd/system/fleet.target.wants"
	cat >"$root/etc/systemd/system/fleet.target" <<-END
		[Unit]
		Description=A machine with sshd
		AllowIsolate=yes
	END
	cat >"$root/etc/systemd/system/fleet-sshd.service" <<-END
		[Unit]
		DefaultDependencies=no
		[Service]
		RuntimeDirectory=sshd
		ExecStart=/usr/sbin/sshd -D -e -f /etc/ssh/fleet
		KillMode=process
	END
	enable fleet-sshd.service
	cat >"$root/etc/ssh/fleet" <<-END
		HostKey /etc/ssh/fleet_host
		AuthorizedKeysFile /etc/ssh/fleet_authorized
		PermitRootLogin yes
		UsePAM no
		UseDNS no
		StrictModes no
		Subsystem sftp internal-sftp
	END
}

# Control groups of its own: systemd in two machines would take each other's for its own.
for path in $(fleet_cgroups "$namespace"); do
	mkdir -p "$path"
	echo 0 >"$path/cgroup.procs"
done
mount --make-rprivate /
mkdir "$keys/$name"
# Memory, for speed; and an overlay's layers may not be in one another.
mount -t tmpfs tmpfs "$keys/$name"
mkdir "$keys/$name/"{upper,work,root}
mount -t overlay overlay "$root" -o "lowerdir=/,upperdir=$keys/$name/upper,workdir=$keys/$name/work"
rm -rf "$root"/{etc,var/lib}/covey* "$root"/etc/systemd/system/*.wants
rm -f "$root"/var/lib/dpkg/updates/* # of a dpkg that runs beside
rm -f "$root/usr/sbin/policy-rc.d"   # of a machine whose packages may start nothing
touch "$root/var/lib/dpkg/status"    # a copy of its own
write_units
install -m 0600 "$keys/host" "$root/etc/ssh/fleet_host"
install -m 0600 "$keys/user.pub" "$root/etc/ssh/fleet_authorized"
echo "$name" >"$root/etc/hostname"
tr -d - </proc/sys/kernel/random/uuid >"$root/etc/machine-id" # without one it would be a first boot, which enables all
for unit in systemd-firstboot systemd-networkd systemd-networkd-wait-online systemd-udevd networking; do
	ln -sf /dev/null "$root/etc/systemd/system/$unit.service"
done
sed -i 's/^root:[^:]*:/root:*:/' "$root/etc/shadow"
export SYSTEMD_NSPAWN_API_VFS_WRITABLE=1 # covey-host sets sysctls of its interfaces
# From inside that namespace, so that /sys shows its interfaces.
exec nsenter "--net=/run/netns/$namespace" systemd-nspawn --quiet --boot --directory="$root" --machine="$namespace" \
	--hostname="$name" --register=no --keep-unit --capability=all --link-journal=no --resolv-conf=off \
	--timezone=off --bind=/dev/net/tun --console=pipe systemd.unit=fleet.target </dev/null

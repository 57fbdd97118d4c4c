#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# make_root.sh KIND WORK: mounts a root at WORK/root and runs in_root.sh in it with the packages of WORK/old and
# WORK/new. In a mount namespace of its own, whose end takes all mounts away.
set -euo pipefail

here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
kind=$1 work=$2
root=$work/root

mount --make-rprivate /
mkdir "$root" "$work/layers"
# Memory, for speed; and an overlay's layers may not be in one another.
mount -t tmpfs tmpfs "$work/layers"
if [[ $kind == bare ]]; then
	mount --bind "$work/layers" "$root"
	debootstrap --variant=minbase bookworm "$root" http://deb.debian.org/debian >"$work/debootstrap.log" ||
		{ tail "$work/debootstrap.log" && exit 1; }
else
	mkdir "$work/layers/"{upper,work}
	mount -t overlay overlay "$root" \
		-o "lowerdir=/,upperdir=$work/layers/upper,workdir=$work/layers/work"
fi
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=0755 tmpfs "$root/run"
[[ $kind == bare ]] || mount -t sysfs sysfs "$root/sys"
mkdir "$root/run/packages"
cp -r "$work/old" "$work/new" "$here/in_root.sh" "$here/systemctl" "$root/run/packages/"
hostname hv1
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C DEBIAN_FRONTEND=noninteractive \
	chroot "$root" /run/packages/in_root.sh "$kind"

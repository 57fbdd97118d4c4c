#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Tenants whose frames are VLAN-tagged inside VXLAN, with covey_fabric_port: kernel: one 802.1Q tag, and two
# (802.1ad). A ping both ways, and TCP: super-frames with one tag are cut and joined behind it, those with two
# tags the kernel cuts before. What comes without the tags is dropped at the tenant. By TAP devices, and by the
# veth pair that older kernels need. (37-vlan-tags.sh has single frames, as a bump in the wire.)
# ports: kernel
if [[ ! ${LAB_HOST_KERNEL:-} ]]; then
	for kernel in this old; do LAB_HOST_KERNEL=$kernel "$0" || exit 1; done
	exit 0
fi
LAB_HOSTS=2
. "$(dirname "$0")/_init.sh"
[[ $LAB_HOST_KERNEL == this ]] || LAB_HOST_PRELOAD=$LAB_BUILD/tests/unit/old-kernel.so

# By eBPF, because not every kernel has VLAN devices.
tag_tenants() { # TPID:VLAN...
	for n in 1 2; do in_ns "t$n" /usr/bin/python3 "$E2E_HERE/vlan_tenant.py" eth0 "$@"; done
}

# Frames that leave a host's VXLAN device with this tag outside.
watch_tags() { # TPID
	in_ns hv1 nft -f - <<-RULES
		table netdev seen
		delete table netdev seen
		table netdev seen {
			chain out {
				type filter hook egress device "vxlan100" priority -500;
				@ll,96,16 != 0x$1 counter comment "others"
				@ll,96,16 0x$1 counter comment "tagged"
			}
		}
	RULES
}

seen() { # COMMENT
	lab_rules hv1 | jq -s --arg comment "$1" '[.[] | select(.comment == $comment) |
		.expr[].counter?.packets // 0] | add // 0'
}

tcp() { # FROM TO
	in_ns "t$1" timeout 60 /usr/bin/python3 "$E2E_HERE/mtu_tenant.py" tcp "$(lab_tenant "$2")" ||
		fail "TCP from t$1 to t$2"
}

e2e_up
e2e_wait_ping 1 2
for n in 1 2; do
	lab_spawn "serve$n" "t$n" /usr/bin/python3 "$E2E_HERE/mtu_tenant.py" serve
	lab_wait 10 "the server of t$n" grep -q ready "$LAB_DIR/log/serve$n"
done
echo "host port: $(lab_show 1 '.ports[] | select(.role == "host") | "\(.driver), \(.offload)"')"
for tags in 8100:30 "88a8:20 8100:30"; do
	# shellcheck disable=SC2086 # words
	tag_tenants $tags
	watch_tags "${tags%%:*}"
	e2e_wait_ping 1 2
	e2e_wait_ping 2 1
	tcp 1 2
	tcp 2 1
	(($(seen tagged) >= 50)) || fail "vxlan100 of hv1 sent $(seen tagged) frames with $tags"
	expect "frames that vxlan100 of hv1 sent without $tags" "$(seen others)" 0
done
for n in 1 2; do
	expect "super-frames of hv$n that could not be cut" "$(lab_show "$n" '.drops["out-super-frame"]')" 0
	expect "refused by the kernel of hv$n" "$(lab_show "$n" '.drops["in-refused"]')" 0
	expect "in-malformed at hv$n" "$(e2e_drop "$n" in-malformed)" 0
done

# Only one of them is in the VLAN.
in_ns t2 tc qdisc delete dev eth0 clsact
if e2e_ping 1 2 >/dev/null; then fail "t1 reached t2 without a tag"; fi

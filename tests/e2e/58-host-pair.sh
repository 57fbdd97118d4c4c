#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# With covey_fabric_port: kernel on a kernel of Linux 6.2 to 6.16, whose TAP devices take no super-frames
# inside VXLAN: they come from a veth pair beside covey0. Unicast, multicast, TCP in both directions; while
# covey-host is dead, or the pair is gone, nothing leaves, in clear or otherwise; a newer kernel has no
# pair any more.
# ports: kernel
LAB_HOSTS=2
. "$(dirname "$0")/_init.sh"
# shellcheck source=tests/e2e/_both_casts.sh
. "$E2E_HERE/_both_casts.sh"
old=$LAB_BUILD/tests/unit/old-kernel.so
LAB_HOST_PRELOAD=$old

host_port() { # N
	lab_show "$1" '.ports[] | select(.role == "host") | "\(.driver): \(.offload)"'
}

has_link() { # NAME
	lab_ip hv1 link show dev "$1" >/dev/null 2>&1
}

steered_to() {
	in_ns hv1 nft list ruleset | sed -n 's/.* fwd to "\([^"]*\)".*/\1/p' | sort -u
}

has_ended() {
	! lab_is_running hv1
}

# A local user without capabilities sends VXLAN into the pair, which nobody has steered there.
forge() {
	local interface

	for interface in covey0s covey0p covey0; do
		in_ns hv1 setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set=-all \
			/usr/bin/python3 "$E2E_HERE/local_user.py" through "$interface" 100 "$(lab_tenant 2)" \
			7777 "$(lab_vtep 1)" "$(lab_multicast)" 224.0.0.1 "$(lab_vtep 2)"
	done
}

feature() { # NAME
	in_ns hv1 ethtool -k covey0s | sed -n "s/^[[:space:]]*$1: \([a-z]*\).*/\1/p"
}

vxlan_seen() { # of hv1: the other's tenant may ask for its neighbour meanwhile
	e2e_report recorder '.ports.hv1.kinds | .vxlan + .vpe'
}

has_sent() {
	(($(e2e_report tx1-2 .sent) >= $1))
}

tenant_goes_on() { # FRAMES
	lab_wait 20 "the tenant to send" has_sent $(($(e2e_report tx1-2 .sent) + $1))
}

nothing_leaves() { # STATE
	local before

	tenant_goes_on 500 # what was on its way has arrived meanwhile
	before=$(vxlan_seen)
	tenant_goes_on 1000
	expect "VXLAN or VPE of hv1 on the wire while $1" "$(vxlan_seen)" "$before"
}

start_again() {
	lab_start_covey 1
	lab_wait 30 "hv1 to join again" lab_has_joined 1
	e2e_wait_ping 1 2
}

bulk() { # FROM TO: 16 MiB of TCP, each byte of which is compared
	in_ns "t$2" timeout 60 /usr/bin/python3 -c '
import hashlib, socket
with socket.create_server(("", 9000)) as server:
    peer, _ = server.accept()
    with peer:
        read, digest = 0, hashlib.sha256()
        while data := peer.recv(65536):
            digest.update(data)
        peer.sendall(digest.digest())
' &
	server=$!
	lab_wait 30 "16 MiB of TCP from t$1 to t$2" in_ns "t$1" /usr/bin/python3 -c '
import hashlib, random, socket, sys
data = random.Random(1).randbytes(16 << 20)
with socket.create_connection((sys.argv[1], 9000), 1) as peer:
    peer.settimeout(20)
    peer.sendall(data)
    peer.shutdown(socket.SHUT_WR)
    sys.exit(peer.recv(32) != hashlib.sha256(data).digest())
' "$(lab_tenant "$2")"
	wait "$server"
}

both_casts
expect "the host port" "$(host_port 1)" \
	"tap: packet sockets, UDP GSO (no tunnel GSO in this kernel)"
expect "where VXLAN is steered" "$(steered_to)" covey0s
bulk 1 2
bulk 2 1
for n in 1 2; do
	expect "super-frames of hv$n that could not be cut" "$(lab_show "$n" '.drops["out-super-frame"]')" 0
	expect "refused by the kernel of hv$n" "$(lab_show "$n" '.drops["in-refused"]')" 0
done

# Nobody else uses the pair, and the kernel cuts what packet sockets cannot tell of.
in_ns t2 nft -f - <<-RULES
	table netdev seen {
		chain in {
			type filter hook ingress device "eth0" priority -500;
			udp dport 7777 counter
		}
	}
RULES
before=$(e2e_guarded 1 "VXLAN that came through no VXLAN device")
forge
e2e_wait_ping 1 2
in_ns t2 nft list table netdev seen | grep "counter packets 0 " >/dev/null || fail "t2 got forged frames"
(($(e2e_guarded 1 "VXLAN that came through no VXLAN device") >= before + 60)) ||
	fail "the guard counted no more than $(($(e2e_guarded 1 "VXLAN that came through no VXLAN device") - before))"
expect "covey0s cuts SCTP" "$(feature tx-sctp-segmentation)" off
expect "covey0s takes lists" "$(feature tx-gso-list)" off

e2e_keep_sending 1 2 --rate 2000 --count 1000000
e2e_wait_ping 1 2
lab_stop hv1 KILL
nothing_leaves "its covey-host is dead"
index=$(lab_ip hv1 -json link show dev covey0s | jq '.[0].ifindex')
start_again
expect "covey0s's index after the restart" \
	"$(lab_ip hv1 -json link show dev covey0s | jq '.[0].ifindex')" "$index"

# Its other end is somewhere else: covey-host ends, and makes the pair anew.
lab_ip hv1 link set covey0p netns "$(lab_ns t1)"
lab_wait 10 "covey-host to end" has_ended
start_again

# The pair is taken away: covey-host ends to be started again, and says why.
lab_ip hv1 link delete covey0s
lab_wait 10 "covey-host to end" has_ended
grep -q "covey0s" "$LAB_DIR/log/hv1" || fail "the log does not say that covey0s is gone"
nothing_leaves "the pair is gone"
start_again
lab_stop tx1-2

# A newer kernel.
lab_stop hv1
LAB_HOST_PRELOAD=
start_again
case $(host_port 1) in
"tap: tunnel GSO") ;;
*) echo "skipped: the end needs the TAP devices of Linux 6.17 or later" && exit 0 ;;
esac
expect "where VXLAN is steered" "$(steered_to)" covey0
! has_link covey0s || fail "covey0s is still there"
bulk 1 2
lab_stop hv1
LAB_HOST_PRELOAD=$old
start_again
expect "where VXLAN is steered" "$(steered_to)" covey0s
bulk 2 1

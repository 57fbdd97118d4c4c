#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# With covey_fabric_port: kernel, a TCP connection of the host's own over the card, and its addresses,
# routes and neighbours, live through kill -9, restart and a regular end of covey-host. Tenants are cut
# off meanwhile, and nothing of theirs is in clear.
# ports: kernel
LAB_HOSTS=2
. "$(dirname "$0")/_init.sh"

# A number each 20 ms, which hv2 sends back; the file has the last one that came.
start_session() {
	lab_spawn echo hv2 /usr/bin/python3 -c '
import socket
with socket.create_server(("", 7000)) as server:
    peer, _ = server.accept()
    while data := peer.recv(4096):
        peer.sendall(data)
'
	lab_wait 10 "hv2 to listen" session_is_open
	lab_spawn session hv1 /usr/bin/python3 -c '
import os, socket, sys, time
number = 0
with socket.create_connection((sys.argv[1], 7000), 10) as peer:
    peer.settimeout(2)
    while True:
        number += 1
        line = b"%d\n" % number
        peer.sendall(line)
        got = b""
        while len(got) < len(line):
            got += peer.recv(len(line) - len(got)) or sys.exit("closed")
        with open(sys.argv[2] + ".new", "w") as file:
            file.write(str(number))
        os.rename(sys.argv[2] + ".new", sys.argv[2])
        time.sleep(0.02)
' "$(lab_vtep 2)" "$LAB_DIR/session"
	lab_wait 10 "the session" test -e "$LAB_DIR/session"
}

session_is_open() {
	in_ns hv2 ss -Hltn 'sport = 7000' | grep -q LISTEN
}

session_has_come_to() {
	(($(<"$LAB_DIR/session") >= $1))
}

expect_session() { # WHEN
	local now

	now=$(<"$LAB_DIR/session")
	lab_poll 3 session_has_come_to $((now + 20)) || fail "the session stands still $1"
	lab_is_running session || fail "the session ended $1"
}

# What the kernel knows about the card; a neighbour's state comes and goes.
card() {
	lab_ip hv1 address show dev fab0
	lab_ip hv1 -json link show dev fab0 | jq '.[0] | {address, mtu, flags, ifindex}'
	lab_ip hv1 route show table all dev fab0
	lab_ip hv1 -json neigh show dev fab0 to "$(lab_vtep 2)" | jq 'map({dst, lladdr})'
}

expect_card() {
	card >"$LAB_DIR/card.now"
	diff "$LAB_DIR/card" "$LAB_DIR/card.now" || fail "the card has changed $1"
}

e2e_up
start_session
e2e_wait_ping 1 2
e2e_receive 2
card >"$LAB_DIR/card"
e2e_keep_sending 1 2 --rate 1000 --count 1000000
lab_wait 10 "tenants' traffic" e2e_has_received 2 1 500

for how in KILL TERM; do
	lab_stop hv1 "$how"
	expect_session "after SIG$how"
	expect_card "after SIG$how"
	received=$(e2e_report rx2 '.streams["1"].received')
	expect_session "while covey-host is away"
	expect "frames that came while covey-host was away" \
		"$(e2e_report rx2 '.streams["1"].received')" "$received"
	lab_start_covey 1
	lab_wait 30 "tenants' traffic after SIG$how" e2e_has_received 2 1 $((received + 500))
	expect_session "after the restart"
	expect_card "after the restart"
done
lab_stop tx1-2
expect "what hosts sent in clear" "$(e2e_report recorder .kinds.vxlan)" 0
e2e_expect_intact 2

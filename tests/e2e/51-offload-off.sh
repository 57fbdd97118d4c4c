#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# With covey_fabric_port: kernel and no segmentation offload: each packet comes and goes alone, and by
# itself covey0 is then one end of a veth pair. A TAP device carries the same, if it is asked for.
# ports: kernel
if [[ ! ${LAB_HOST_PORT:-} ]]; then
	for port in auto tap; do LAB_HOST_PORT=$port "$0" || exit 1; done
	exit 0
fi
LAB_HOSTS=2
LAB_HOST_VARS="          covey_offload: off
          covey_host_port: $LAB_HOST_PORT"
. "$(dirname "$0")/_init.sh"
# shellcheck source=tests/e2e/_both_casts.sh
. "$E2E_HERE/_both_casts.sh"

both_casts
offload() { # ROLE
	lab_show 1 ".ports[] | select(.role == \"$1\") | \"\(.driver): \(.offload)\""
}
expect "offload of the fabric port" "$(offload fabric)" "kernel: off"
case $LAB_HOST_PORT in
auto) expect "offload of the host port" "$(offload host)" "net_af_xdp: none (covey_offload: off)" ;;
tap) expect "offload of the host port" "$(offload host)" "tap: none (covey_offload: off)" ;;
esac
in_ns t2 timeout 60 /usr/bin/python3 -c '
import socket
with socket.create_server(("", 9000)) as server:
    peer, _ = server.accept()
    with peer, open("/dev/null", "wb") as sink:
        while data := peer.recv(65536):
            sink.write(data)
        peer.sendall(b"end")
' &
server=$!
send_bulk() {
	in_ns t1 /usr/bin/python3 -c '
import socket, sys
with socket.create_connection((sys.argv[1], 9000), 1) as peer:
    for _ in range(64):
        peer.sendall(bytes(65536))
    peer.shutdown(socket.SHUT_WR)
    sys.exit(peer.recv(3) != b"end")
' "$(lab_tenant 2)"
}
lab_wait 30 "4 MiB of TCP" send_bulk
wait "$server"

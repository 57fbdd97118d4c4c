#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Frames of a tenant that are not IP between two hosts: what bridges and switches say to each other, how
machines get an address, and types that nobody knows.

    tenant_frames.py send INTERFACE   each once; for each a line with its name and its bytes
    tenant_frames.py seen INTERFACE   a line for each such frame that comes, with its bytes

All come from 02:ba:d0:00:00:02.
"""

import socket
import struct
import sys
import time

STATION = bytes.fromhex("02bad0000002")
EVERYBODY = b"\xff" * 6


def ipv4(source, to, source_port, port, payload):
    udp = struct.pack("!HHHH", source_port, port, 8 + len(payload), 0) + payload
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, socket.inet_aton(source),
                         socket.inet_aton(to))
    words = sum(struct.unpack("!10H", header))
    words = (words & 0xFFFF) + (words >> 16)
    return header[:10] + struct.pack("!H", ~words & 0xFFFF) + header[12:] + udp


def dhcp(operation, kind):
    body = struct.pack("!BBBBIHH16x", operation, 1, 6, 0, 0x12345678, 0, 0x8000) + STATION.ljust(16, b"\0")
    return body + bytes(192) + bytes.fromhex("63825363") + bytes([53, 1, kind, 255])


def llc(payload):
    """802.3: a length in place of a type."""
    return struct.pack("!H", len(payload)) + payload


def frames():
    bpdu = bytes.fromhex("424203 0000 00 00 00" + "8000020000000001 00000000 8000020000000001 8001"
                         "0000 1400 0200 0f00")
    return {
        "STP": (bytes.fromhex("0180c2000000"), llc(bpdu)),
        "LACP": (bytes.fromhex("0180c2000002"), bytes.fromhex("8809 0101 0114") + bytes(106)),
        "802.1X": (bytes.fromhex("0180c2000003"), bytes.fromhex("888e 0101 0000")),
        "LLDP": (bytes.fromhex("0180c200000e"), bytes.fromhex("88cc 020704") + STATION +
                 bytes.fromhex("0402 0731 0602 0078 0000")),
        "PVST": (bytes.fromhex("01000ccccccd"), llc(bytes.fromhex("aaaa03 00000c 010b") + bpdu[3:])),
        "ARP": (EVERYBODY, bytes.fromhex("0806 0001 0800 0604 0001") + STATION + socket.inet_aton("172.16.0.77") +
                bytes(6) + socket.inet_aton("172.16.0.78")),
        "DHCP, discover": (EVERYBODY, b"\x08\0" + ipv4("0.0.0.0", "255.255.255.255", 68, 67, dhcp(1, 1))),
        "DHCP, offer": (EVERYBODY, b"\x08\0" + ipv4("172.16.0.77", "255.255.255.255", 67, 68, dhcp(2, 2))),
        "MPLS": (EVERYBODY, bytes.fromhex("8847 00064140") + bytes(46)),
        "PPPoE": (EVERYBODY, bytes.fromhex("8863 1109 0000 0004 0101 0000")),
        "FCoE": (EVERYBODY, bytes.fromhex("8906") + bytes(2000 - 600)),
        "for experiments": (EVERYBODY, bytes.fromhex("88b5") + b"covey" * 20),
        "one byte": (EVERYBODY, bytes.fromhex("88b6 00")),
        "type 65535": (EVERYBODY, bytes.fromhex("ffff") + bytes(60)),
        "type 1536": (EVERYBODY, bytes.fromhex("0600") + bytes(60)),
        "MAC security": (EVERYBODY, bytes.fromhex("88e5") + bytes(60)),
    }


def send(interface):
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
        wire.bind((interface, 0))
        for name, (to, rest) in frames().items():
            frame = to + STATION + rest
            wire.send(frame)
            print(f"{frame.hex()} {name}", flush=True)
            time.sleep(0.01)


def seen(interface):
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) as wire:
        wire.bind((interface, 0))
        wire.setsockopt(263, 1, struct.pack("iHH8s", socket.if_nametoindex(interface), 1, 0, b""))  # promiscuous
        print("ready", flush=True)
        while True:
            frame, address = wire.recvfrom(65535)
            if frame[6:12] == STATION and address[2] != socket.PACKET_OUTGOING:
                print(frame.hex(), flush=True)


if __name__ == "__main__":
    {"send": send, "seen": seen}[sys.argv[1]](sys.argv[2])

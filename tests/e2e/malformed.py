#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Frames of which a header lies.

    malformed.py send INTERFACE TO-MAC FROM TO CANARY vxlan EDITS COUNT
    malformed.py send INTERFACE TO-MAC FROM TO CANARY CAPTURE EDITS COUNT
    malformed.py tenant INTERFACE 4|6 EDITS
    malformed.py seen INTERFACE

send: VXLAN of VNI 100 in clear, whose inner frame goes to all stations and carries the canary, or the last
VPE packet in UDP of a capture (pcap) that went from FROM to TO, without UDP checksum. tenant: a tenant's
frame with UDP in IPv4 or IPv6, to all stations; its bytes are printed. seen: prints the bytes of each such
frame that comes, and of the inner frames of send. The edits change the packet, one after the other, separated
by commas:

    FIELD=N FIELD+N FIELD-N   set, or add to, a field of a header
    cut=N                     the frame ends N bytes earlier; no length says so
    short=N                   there are N bytes behind UDP's header, and the lengths say so
    tags=N                    so many VLAN tags

The IPv4 header's checksum is right after that, where there is such a header.
"""

import errno
import socket
import struct
import sys

MARK = 0x88B5  # an EtherType for experiments (IEEE 802)
STATION = bytes.fromhex("02bad0000001")
ETHERNET = 14
# Where a field is from the start of its header, and its bytes: in IPv4, in IPv6.
FIELDS = {
    "ip.version": ("ip", (0, 1), (0, 1)),
    "ip.length": ("ip", (2, 2), (4, 2)),
    "ip.fragment": ("ip", (6, 2), None),
    "ip.next": ("ip", (9, 1), (6, 1)),
    "udp.port": ("udp", (2, 2), (2, 2)),
    "udp.length": ("udp", (4, 2), (4, 2)),
    "vxlan.flags": ("payload", (0, 1), (0, 1)),
    "vxlan.vni": ("payload", (4, 3), (4, 3)),
    "vpe.spi": ("payload", (0, 4), (0, 4)),
    "vpe.sender": ("payload", (4, 2), (4, 2)),
    "vpe.epoch": ("payload", (8, 2), (8, 2)),
    "vpe.counter": ("payload", (10, 6), (10, 6)),
    "vpe.icv": ("payload", (16, 4), (16, 4)),
    "eth.type": ("ethernet", (12, 2), (12, 2)),
}


def checksum(data):
    words = sum(struct.unpack(f"!{len(data) // 2}H", data))
    words = (words & 0xFFFF) + (words >> 16)
    return ~(words + (words >> 16)) & 0xFFFF


class Frame:
    def __init__(self, frame):
        self.bytes = bytearray(frame)
        self.ipv6 = frame[12:14] == b"\x86\xdd"

    def at(self, header):
        ip = 40 if self.ipv6 else 20
        return {"ethernet": 0, "ip": ETHERNET, "udp": ETHERNET + ip, "payload": ETHERNET + ip + 8}[header]

    def change(self, name, operator, value):
        header, *families = FIELDS[name]
        offset, size = families[self.ipv6]
        start = self.at(header) + offset
        old = int.from_bytes(self.bytes[start:start + size], "big")
        new = {"=": value, "+": old + value, "-": old - value}[operator] % (1 << 8 * size)
        self.bytes[start:start + size] = new.to_bytes(size, "big")

    def shorten(self, payload):
        end = self.at("payload") + payload
        gone = len(self.bytes) - end
        del self.bytes[end:]
        self.change("ip.length", "-", gone)
        self.change("udp.length", "-", gone)

    def edit(self, text):
        operator = next(sign for sign in "=+-" if sign in text)
        name, value = text.split(operator)
        value = int(value, 0)
        if name == "cut":
            del self.bytes[len(self.bytes) - value:]
        elif name == "short":
            self.shorten(value)
        elif name == "tags":
            self.bytes[12:12] = b"\x81\0\0\x64" * value
        else:
            self.change(name, operator, value)

    def finish(self):
        if self.bytes[12:14] == b"\x08\x00" and len(self.bytes) >= ETHERNET + 20:
            length = max(self.bytes[ETHERNET] & 15, 5) * 4
            self.bytes[24:26] = b"\0\0"
            header = bytes(self.bytes[ETHERNET:ETHERNET + length])
            self.bytes[24:26] = checksum(header + bytes(len(header) % 2)).to_bytes(2, "big")
        return bytes(self.bytes)


def ip_udp(source, to, source_port, port, payload):
    udp = struct.pack("!HHHH", source_port, port, 8 + len(payload), 0) + payload
    if ":" in source:
        addresses = socket.inet_pton(socket.AF_INET6, source) + socket.inet_pton(socket.AF_INET6, to)
        return b"\x86\xdd" + struct.pack("!IHBB", 6 << 28, len(udp), 17, 64) + addresses + udp
    addresses = socket.inet_aton(source) + socket.inet_aton(to)
    return b"\x08\0" + struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0) + addresses + udp


def vxlan(source, to, canary):
    inner = b"\xff" * 6 + STATION + MARK.to_bytes(2, "big") + canary * 4
    return ip_udp(source, to, 50000, 4789, struct.pack("!II", 0x08000000, 100 << 8) + inner)


def captured(path, source, to):
    """From the EtherType on."""
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    addresses = socket.inet_pton(family, source) + socket.inet_pton(family, to)
    at, udp, found = (22, 54, None) if family == socket.AF_INET6 else (26, 34, None)
    with open(path, "rb") as file:
        data = file.read()
    offset = 24
    while offset + 16 <= len(data):
        size = struct.unpack("=I", data[offset + 8:offset + 12])[0]
        frame = data[offset + 16:offset + 16 + size]
        offset += 16 + size
        if frame[at:at + len(addresses)] == addresses and frame[udp + 2:udp + 4] == b"\x12\xbe":
            found = frame[12:udp + 6] + b"\0\0" + frame[udp + 8:]
    return found


def send(interface, frame, edits, count):
    frame = Frame(frame)
    for edit in edits.split(","):
        frame.edit(edit)
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
        wire.bind((interface, 0))
        for _ in range(int(count)):
            try:
                wire.send(frame.finish())
            except OSError as error:  # dropped on its way out, and the sender is told
                if error.errno not in (errno.ENOBUFS, errno.EPERM):
                    raise
    return frame.finish()


def seen(interface):
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) as wire:
        wire.bind((interface, 0))
        print("ready", flush=True)
        while True:
            frame, address = wire.recvfrom(65535)
            if frame[6:12] == STATION and address[2] != socket.PACKET_OUTGOING:
                print(frame.hex(), flush=True)


def main(what, *arguments):
    if what == "seen":
        seen(*arguments)
    elif what == "tenant":
        interface, family, edits = arguments
        addresses = ("fd16::66", "ff02::66") if family == "6" else ("172.16.0.66", "172.16.0.255")
        packet = ip_udp(*addresses, 40000, 7777, bytes(64))
        print(send(interface, b"\xff" * 6 + STATION + packet, edits, 1).hex())
    else:
        interface, mac, source, to, canary, kind, edits, count = arguments
        packet = vxlan(source, to, bytes.fromhex(canary)) if kind == "vxlan" else captured(kind, source, to)
        send(interface, bytes.fromhex(mac.replace(":", "")) + STATION + packet, edits, count)


if __name__ == "__main__":
    main(*sys.argv[1:])

#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""First inputs for the fuzzers of super-frames.

    frames.py DIRECTORY

Writes DIRECTORY/segment and DIRECTORY/coalesce: VXLAN with TCP and UDP of both families, with and without
tags, options and outer checksums, as the kernel hands it over (frames.h has the form).
"""

import itertools
import pathlib
import struct
import sys

NEEDS_CSUM, TUNNEL_CSUM = 1, 8
TCPV4, TCPV6, UDP_L4 = 1, 4, 5
SWAP, TWICE, LEAVE_OUT, CHANGE, CHANGE_REPAIRED, SHORTEN_REPAIRED = range(6)


def ethernet(ipv6, tags):
    types = [0x8100] * tags + [0x86dd if ipv6 else 0x0800]
    header = bytes.fromhex("020000000001020000000002")
    return header + b"".join(struct.pack(">H", kind) + (b"\x00\x07" if kind == 0x8100 else b"")
                             for kind in types)


def ip(ipv6, protocol, payload, fragments):
    if ipv6:
        return struct.pack(">IHBB", 6 << 28, len(payload) & 0xffff, protocol, 64) + \
            b"\xfd" + bytes(14) + b"\x01" + b"\xfd" + bytes(14) + b"\x02" + payload
    return struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 5, fragments, 64, protocol, 0) + \
        bytes([10, 0, 0, 1, 10, 0, 0, 2]) + payload


def tcp(flags, options, payload):
    return struct.pack(">HHIIBBHHH", 1000, 2000, 0xffffff00, 7, (5 + options) << 4, flags, 500, 0, 0) + \
        b"\x01" * 4 * options + payload


def udp(source, to, payload, checksum):
    return struct.pack(">HHHH", source, to, 8 + len(payload), checksum) + payload


def frame(outer6, inner6, is_udp, tags, options, flags, checksum, length):
    """The frame, and where headers begin: outer UDP, inner IP, TCP or UDP."""
    payload = bytes(i * 7 & 0xff for i in range(length))
    inner = udp(3, 4, payload, 0) if is_udp else tcp(flags, options, payload)
    head = ethernet(inner6, tags)
    tenant = head + ip(inner6, 17 if is_udp else 6, inner, 0x4000)
    whole = ethernet(outer6, 0) + ip(
        outer6, 17, udp(50000, 4789, b"\x08\0\0\0\0\0\x64\0" + tenant, checksum), 0)
    at_udp = 14 + (40 if outer6 else 20)
    at_inner = at_udp + 16 + len(head)
    return whole, at_udp, at_inner, at_inner + (40 if inner6 else 20)


def vnet(flags, kind, size, start, offset, transport, network):
    return struct.pack("<BBHHHHHIHHHH", flags, kind, 0, size, start, offset, 1, 0, 0, 0, transport, network)


def inputs():
    """A vnet header and a frame of each, after the longest packet's length."""
    kinds = itertools.product((False, True), (False, True), (False, True), (0, 2), (0, 3))
    for number, (outer6, inner6, is_udp, tags, options) in enumerate(kinds):
        flags = (0x10, 0x18, 0x19, 0x90, 0x30, 0x11)[number % 6]
        checksum = 1 if outer6 or number % 2 else 0
        length = (1, 100, 600, 900)[number % 4]
        whole, at_udp, at_inner, at_l4 = frame(
            outer6, inner6, is_udp, tags, options, flags, checksum, length)
        kind = UDP_L4 if is_udp else TCPV6 if inner6 else TCPV4
        header = vnet(NEEDS_CSUM | (TUNNEL_CSUM if checksum else 0), kind | (0x40 if outer6 else 0x20),
                      (48, 99, 100, 536)[number // 4 % 4], at_l4, 6 if is_udp else 16, at_udp, at_inner)
        yield struct.pack("<H", 1500 if number % 3 else 300) + header + whole
        if number % 8 == 0:
            yield struct.pack("<H", 1500) + vnet(NEEDS_CSUM, 0, 0, at_l4, 6, 0, 0) + whole
            yield struct.pack("<H", 1500) + vnet(0, 0, 0, 0, 0, 0, 0) + whole


def main():
    directory = pathlib.Path(sys.argv[1])
    for name in ("segment", "coalesce"):
        (directory / name).mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(inputs()):
        (directory / "segment" / f"{number:05}").write_bytes(data)
        steps = [(SWAP, 0, 2, 0), (TWICE, 1, 0, 0), (LEAVE_OUT, 2, 0, 0), (CHANGE, 1, 40, 1),
                 (CHANGE_REPAIRED, 2, 80, 4), (SHORTEN_REPAIRED, 3, 0, 5)]
        taken = steps[number % 6:number % 6 + number % 3]
        (directory / "coalesce" / f"{number:05}").write_bytes(
            bytes([0 if number % 4 else 0x10 | number % 16, len(taken)]) +
            b"".join(map(bytes, taken)) + data)


main()

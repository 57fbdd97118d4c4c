#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Forge the ICMP error that tells a host of a smaller MTU, about an echo reply that it is made to seem
to have sent.

    icmp_error.py INTERFACE HOST-MAC ROUTER HOST ABOUT [fragments|vpe]

fragments: in two, the first of which ends with ICMP's own header. vpe: about a VPE packet.
"""

import socket
import struct
import sys

MTU = {socket.AF_INET: 552, socket.AF_INET6: 1280}


def checksum(data):
    words = sum(struct.unpack(f"!{len(data) // 2}H", data))
    words = (words & 0xFFFF) + (words >> 16)
    return ~(words + (words >> 16)) & 0xFFFF


def ip(family, source, to, protocol, payload, fragment=0):
    """fragment: offset in units of eight bytes, with 0x2000 for "more of them", 0: whole."""
    if family == socket.AF_INET:
        header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 7, fragment, 64, protocol, 0)
        header += source + to
        return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + payload
    if fragment:
        extension = struct.pack("!BBHI", protocol, 0, (fragment & 0x1FFF) << 3 | fragment >> 13 & 1, 7)
        protocol, payload = socket.IPPROTO_FRAGMENT, extension + payload
    return struct.pack("!IHBB", 6 << 28, len(payload), protocol, 64) + source + to + payload


VPE = struct.pack("!HHHH", 0xC000, 4798, 1300, 0)


def error(family, router, host, about, vpe):
    if family == socket.AF_INET:
        echo = struct.pack("!BBHHH", 0, 0, 0xFFFF, 1, 1)
        quoted = ip(family, host, about, socket.IPPROTO_UDP if vpe else socket.IPPROTO_ICMP,
                    VPE if vpe else echo)
        body = struct.pack("!BBHHH", 3, 4, 0, 0, MTU[family]) + quoted
        return body[:2] + struct.pack("!H", checksum(body)) + body[4:]
    echo = struct.pack("!BBHHH", 129, 0, 0xFFFF, 1, 1)
    quoted = ip(family, host, about, socket.IPPROTO_UDP if vpe else socket.IPPROTO_ICMPV6,
                VPE if vpe else echo)
    body = struct.pack("!BBHI", 2, 0, 0, MTU[family]) + quoted
    pseudo = router + host + struct.pack("!II", len(body), socket.IPPROTO_ICMPV6)
    return body[:2] + struct.pack("!H", checksum(pseudo + body)) + body[4:]


def main(interface, mac, router, host, about, how=None):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    router, host, about = (socket.inet_pton(family, text) for text in (router, host, about))
    protocol = socket.IPPROTO_ICMP if family == socket.AF_INET else socket.IPPROTO_ICMPV6
    body = error(family, router, host, about, how == "vpe")
    if how == "fragments":
        packets = [ip(family, router, host, protocol, body[:8], 0x2000),
                   ip(family, router, host, protocol, body[8:], 1)]
    else:
        packets = [ip(family, router, host, protocol, body)]
    kind = struct.pack("!H", 0x0800 if family == socket.AF_INET else 0x86DD)
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
        wire.bind((interface, 0))
        for packet in packets:
            wire.send(bytes.fromhex(mac.replace(":", "")) + b"\x02\0\0\0\0\x09" + kind + packet)


if __name__ == "__main__":
    main(*sys.argv[1:])

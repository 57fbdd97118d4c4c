#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""First inputs for the fuzzers of frames, from packets that were captured.

    wire.py DIRECTORY PCAP...

Writes DIRECTORY/wire-host and DIRECTORY/wire-fabric. VXLAN gets the addresses and VNIs that the fuzzers'
engines have (wire.c); what leaves becomes VPE for them to encrypt, since a capture's own key is gone.
"""

import itertools
import pathlib
import struct
import sys

SEAL, SPLIT, SHARE, TWICE, TIGHT = 0x01, 0x04, 0x08, 0x20, 0x80
SELF, PEER = 1, 2
TENANTS_MAX = 12  # packets of a capture that are much like others add nothing
GROUPS = [(0x1000, 100), (0x3000, 200), (0x5000, 400)]


def frames(path):
    """The frames of a capture in tcpdump's first format."""
    data = pathlib.Path(path).read_bytes()
    order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    at = 24
    while at + 16 <= len(data):
        length = struct.unpack(order + "I", data[at + 8:at + 12])[0]
        yield data[at + 16:at + 16 + length]
        at += 16 + length


def record(how, where, frame):
    return struct.pack("<BBH", how, where, len(frame)) + frame


def address(version, number):
    return bytes([10, 0, 0, number]) if version == 4 else b"\xfd" + bytes(14) + bytes([number])


def checksum(header):
    total = sum(struct.unpack(f">{len(header) // 2}H", header))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ipv4(payload, protocol, source, destination):
    header = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 0, 0x4000, 64, protocol, 0)
    header += source + destination
    return header[:10] + struct.pack(">H", checksum(header)) + header[12:] + payload


def ipv6(payload, protocol, source, destination):
    return struct.pack(">IHBB", 6 << 28, len(payload), protocol, 64) + source + destination + payload


def packet(version, payload, protocol, source, destination=None):
    make = ipv4 if version == 4 else ipv6
    destination = destination or address(version, SELF if source == PEER else PEER)
    return make(payload, protocol, address(version, source), destination)


def udp(port, payload, source_port=0xc001):
    return struct.pack(">HHHH", source_port, port, 8 + len(payload), 0) + payload


def vxlan(version, vni, tenant, source, destination=None, port=4789, flags=0x08000000):
    header = struct.pack(">II", flags, vni << 8)
    return packet(version, udp(port, header + tenant), 17, source, destination)


def tunnels(version, vni, tenant, source):
    """VXLAN of another port, VXLAN-GPE, and Geneve without options and with one; each with other VNIs, too."""
    for port, flags in (8472, 0x08000000), (4790, 0x0c000003), (6081, 0x00006558), (6081, 0x02006558):
        for number in vni, 1000, 4711:
            yield vxlan(version, number, tenant, source, port=port, flags=flags)


def vpe(version, in_udp, spi, inner, source=PEER, window=0, esn=(3 << 48) + 1, destination=None):
    header = struct.pack(">IHHQ", spi, source, window, esn) + bytes(16)
    if in_udp:
        return packet(version, udp(4798, header + inner), 17, source, destination)
    return packet(version, header + inner, 253, source, destination)


def ethernet(version, ip, tags=b""):
    return bytes.fromhex("020000000001020000000002") + tags + (
        b"\x08\x00" if version == 4 else b"\x86\xdd") + ip


def tenant_of(frame):
    """What VXLAN carries in a frame without tags and options; None: it is not VXLAN."""
    at = {b"\x08\x00": 34, b"\x86\xdd": 54}.get(frame[12:14])
    if at is None or frame[at + 2:at + 4] != b"\x12\xb5":
        return None
    return frame[at + 16:][:120]


def inputs(captured):
    """(fuzzer, input) of each."""
    tenants = [b"", bytes(60)]
    bypass = set()
    for frame in captured:
        tenant = tenant_of(frame)
        if tenant is not None:
            tenants.append(tenant)
        elif frame[12:14] in (b"\x08\x00", b"\x86\xdd", b"\x08\x06") and \
                (kind := (frame[12:14], frame[23:24], frame[20:21])) not in bypass:
            bypass.add(kind)
            for fuzzer, engine in itertools.product(("wire-host", "wire-fabric"), (0, 1)):
                yield fuzzer, bytes([engine]) + record(0, 0, frame[:200])
    for engine, (spi, vni) in itertools.product(range(4), GROUPS):
        version, in_udp = 6 if engine & 1 else 4, not engine & 2
        group = bytes([239, 1, 1, 1]) if version == 4 else b"\xff\x05" + bytes(13) + b"\x01"
        for index, tenant in enumerate(list(dict.fromkeys(tenants))[:TENANTS_MAX]):
            inner = vxlan(version, vni, tenant, PEER)
            many = vxlan(version, vni, tenant, PEER, group)
            yield "wire-fabric", bytes([engine]) + b"".join([
                record(SEAL, 0, ethernet(version, vpe(version, in_udp, spi, inner, esn=(3 << 48) + 1))),
                record(SEAL | TWICE, 0, ethernet(
                    version, vpe(version, in_udp, spi, many, esn=(3 << 48) + 2, destination=group))),
                record(SEAL | SPLIT, 100, ethernet(
                    version, vpe(version, in_udp, spi, inner, window=index, esn=5 << 48 | 7)))])
            if index == 1:
                inside = list(tunnels(version, vni, tenant, PEER))
                yield "wire-fabric", bytes([engine]) + b"".join(record(0, 0, ethernet(version, ip)) for ip in inside)
                yield "wire-fabric", bytes([engine]) + b"".join(
                    record(SEAL, 0, ethernet(version, vpe(version, in_udp, spi, ip, esn=(3 << 48) + 9 + number)))
                    for number, ip in enumerate(inside))
                yield "wire-host", bytes([engine]) + b"".join(
                    record(0, 0, ethernet(version, ip)) for ip in tunnels(version, vni, tenant, SELF))
            out = vxlan(version, vni, tenant, SELF)
            yield "wire-host", bytes([engine]) + b"".join([
                record(0, 0, ethernet(version, out)),
                record(SPLIT, 80, ethernet(version, vxlan(version, vni, tenant, SELF, group))),
                record(SHARE, 0, ethernet(version, out)),
                record(TIGHT, 0, ethernet(version, out, b"\x81\x00\x00\x05"))])


def main():
    directory, *captures = sys.argv[1:]
    captured = dict.fromkeys(itertools.chain.from_iterable(frames(path) for path in captures))
    for number, (fuzzer, data) in enumerate(inputs(captured)):
        folder = pathlib.Path(directory) / fuzzer
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number:05}").write_bytes(data)


main()

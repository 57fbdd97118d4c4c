#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Forges, replays and floods probes (docs/protocol.md, section 7.5).

    probe_forge.py flood INTERFACE RATE COUNT           a tenant's frames, with random tags and sizes
    probe_forge.py listen INTERFACE FILE [MIMIC]        counts probes and answers that come, in VXLAN or not, until
                                                        it is ended; MIMIC: sends each again by this interface,
                                                        as it is, as an answer, and with the other numbers
    probe_forge.py fabric INTERFACE MAC FROM TO COUNT   packets of the fabric with these addresses: a probe in
                                                        clear, and the same bytes as VPE
    probe_forge.py user TO PORT COUNT                   the same by a plain socket; the number that could be sent
    probe_forge.py record INTERFACE FILE                probes in clear and VPE that come, until it is ended
    probe_forge.py replay INTERFACE FILE SECONDS        these again and again
    probe_forge.py echo INTERFACE INTERFACE TIMES FILE  what comes by one goes out by the other, so often; the
                                                        file is there when it begins
"""

import json
import os
import random
import signal
import socket
import struct
import sys
import time

NOWHERE = bytes.fromhex("0180c2000001")
TYPE = bytes.fromhex("88b5")
KIND = 14 + 16 + 2  # of a frame
VXLAN_PORT, VPE_PORT = 4789, 4798
PACKET_OUTGOING = 4


def forged_frame():
    body = os.urandom(16) + struct.pack("!HBB", random.randrange(16), random.randrange(2), 0)
    return NOWHERE + NOWHERE + TYPE + body + bytes(random.randrange(500))


def packet_socket(interface):
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    sock.bind((interface, 0))
    sock.setsockopt(263, 1, struct.pack("iHH8s", socket.if_nametoindex(interface), 1, 0, b""))  # promiscuous
    return sock


def flood(interface, rate, count):
    sock = packet_socket(interface)
    began = time.monotonic()
    for i in range(int(count)):
        try:
            sock.send(forged_frame())
        except OSError:
            pass  # no room
        ahead = began + i / int(rate) - time.monotonic()
        if ahead > 0.002:
            time.sleep(ahead)


def end_well():
    def end(*_):
        raise SystemExit(0)
    signal.signal(signal.SIGTERM, end)


def incoming(sock):
    while True:
        frame, address = sock.recvfrom(65536)
        if address[2] != PACKET_OUTGOING:
            yield frame


def with_pauses(sock):
    """What comes, and None when nothing has come for a while."""
    sock.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE: a flood, on a busy machine
    sock.settimeout(0.1)
    while True:
        try:
            frame, address = sock.recvfrom(65536)
        except socket.timeout:
            yield None
            continue
        if address[2] != PACKET_OUTGOING:
            yield frame


def lost(sock):
    """Frames that found no room since it was asked last."""
    return struct.unpack("II", sock.getsockopt(263, 6, 8))[1]  # PACKET_STATISTICS


def variants(frame):
    """What one could make of it."""
    yield frame
    for number in range(16):
        for kind in range(2):
            yield frame[:KIND - 2] + struct.pack("!HB", number, kind) + frame[KIND + 1:]


def inner(frame):
    """What is in VXLAN."""
    if udp_port(frame) == VXLAN_PORT:
        return frame[14 + (40 if frame[12:14] == b"\x86\xdd" else 20) + 8 + 8:]
    return frame


def listen(interface, file, mimic=""):
    counts = {"probes": 0, "answers": 0, "lost": 0}
    out = packet_socket(mimic) if mimic else None

    def write():
        with open(file + ".new", "w", encoding="ascii") as new:
            json.dump(counts, new)
        os.rename(file + ".new", file)

    sock = packet_socket(interface)
    write()
    written, when = dict(counts), time.monotonic()
    for frame in with_pauses(sock):
        seen = inner(frame) if frame else b""
        if seen[12:14] == TYPE and len(seen) > KIND:
            counts["answers" if seen[KIND] else "probes"] += 1
            for variant in variants(seen) if out else ():
                out.send(variant)
        if not frame or time.monotonic() - when > 0.1:
            counts["lost"] += lost(sock)
            if counts != written:
                write()
            written, when = dict(counts), time.monotonic()


def checksum(data):
    words = sum(struct.unpack(f"!{len(data) // 2}H", data))
    words = (words & 0xFFFF) + (words >> 16)
    return ~(words + (words >> 16)) & 0xFFFF


def ip_packet(source, to, port):
    payload = struct.pack("!II", 0x08000000, 100 << 8) + forged_frame()
    payload += bytes(len(payload) % 2)
    udp = struct.pack("!HHHH", 40000, port, 8 + len(payload), 0) + payload
    if ":" in to:
        addresses = socket.inet_pton(socket.AF_INET6, source) + socket.inet_pton(socket.AF_INET6, to)
        check = checksum(addresses + struct.pack("!II", len(udp), 17) + udp) or 0xFFFF
        udp = udp[:6] + struct.pack("!H", check) + udp[8:]
        return b"\x86\xdd", struct.pack("!IHBB", 6 << 28, len(udp), 17, 64) + addresses + udp
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, socket.inet_aton(source),
                         socket.inet_aton(to))
    return b"\x08\x00", header[:10] + struct.pack("!H", checksum(header)) + header[12:] + udp


def fabric(interface, mac, source, to, count):
    sock = packet_socket(interface)
    for _ in range(int(count)):
        for port in VXLAN_PORT, VPE_PORT:
            kind, packet = ip_packet(source, to, port)
            sock.send(bytes.fromhex(mac.replace(":", "")) + bytes.fromhex("02bad0000003") + kind + packet)
            time.sleep(0.0005)


def user(to, port, count):
    sent = 0
    with socket.socket(socket.AF_INET6 if ":" in to else socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for _ in range(int(count)):
            try:
                sock.sendto(struct.pack("!II", 0x08000000, 100 << 8) + forged_frame(), (to, int(port)))
                sent += 1
            except PermissionError:
                sent += 1  # dropped on its way out, and the sender is told
            except OSError:
                pass
            time.sleep(0.0005)
    print(sent)


def udp_port(frame):
    """0: it is no UDP."""
    if frame[12:14] == b"\x86\xdd" and frame[20] == 17:
        return struct.unpack_from("!H", frame, 14 + 40 + 2)[0]
    if frame[12:14] == b"\x08\x00" and frame[23] == 17:
        return struct.unpack_from("!H", frame, 14 + 20 + 2)[0]
    return 0


def tunnelled(sock):
    for frame in incoming(sock):
        port = udp_port(frame)
        if port == VPE_PORT or port == VXLAN_PORT and NOWHERE + NOWHERE + TYPE in frame[:128]:
            yield frame


def record(interface, file):
    sock = packet_socket(interface)
    with open(file, "wb", buffering=0) as out:
        for frame in tunnelled(sock):
            out.write(struct.pack("!I", len(frame)) + frame)


def replay(interface, file, seconds):
    with open(file, "rb") as recorded:
        data = recorded.read()
    frames, at = [], 0
    while at < len(data):
        length = struct.unpack_from("!I", data, at)[0]
        frames.append(data[at + 4:at + 4 + length])
        at += 4 + length
    sock = packet_socket(interface)
    until = time.monotonic() + float(seconds)
    while time.monotonic() < until:
        for frame in frames:
            sock.send(frame)
        time.sleep(0.002)


def echo(interface, other, times, file):
    sock, out = packet_socket(interface), packet_socket(other)
    with open(file, "wb"):
        pass
    for frame in tunnelled(sock):
        for _ in range(int(times)):
            out.send(frame)


end_well()
{"flood": flood, "listen": listen, "fabric": fabric, "user": user, "record": record, "replay": replay,
 "echo": echo}[sys.argv[1]](*sys.argv[2:])

#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The dissector for Wireshark shows the fields of the worked packets in docs/protocol.md, in all four forms, and
notes what is wrong with packets that are made here.

dissector.py SOURCE
"""

import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile

SKIP = 77
FIELDS = ["vpe.spi", "vpe.sender", "vpe.window", "vpe.window.class", "vpe.window.cast", "vpe.window.path", "vpe.esn",
          "vpe.epoch", "vpe.counter", "vpe.icv", "vpe.ciphertext.length", "vpe.same_iv"]
NOTES = ["vpe.short", "vpe.reserved_spi", "vpe.no_sender", "vpe.no_counter", "vpe.source_port", "vpe.repeated_iv",
         "vpe.repeated_packet", "vpe.epoch_regress", "vpe.too_old"]
# What section 9 says of each packet, beside what its bytes are.
WORKED = {"udp-ipv4": (3, 1, 5), "udp-ipv6": (5, 0, 10), "ip-ipv4": (0, 0, 15), "ip-ipv6": (0, 1, 3)}
ICV = bytes(range(0x10, 0x20))


def block(page, name):
    text = re.search(rf"^```hex\n; {name}\n(.*?)^```", page, re.S | re.M)[1]
    return bytes.fromhex(re.sub(r";.*", "", text))


def ipv4(protocol, payload):
    return struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 0, 0x4000, 64, protocol, 0) + \
        bytes([192, 0, 2, 11, 192, 0, 2, 12]) + payload


def udp(source, payload, port=4798):
    return ipv4(17, struct.pack(">HHHH", source, port, 8 + len(payload), 0) + payload)


def vpe(spi=256, sender=1, window=0x2003, epoch=1, counter=1, icv=ICV):
    header = struct.pack(">IHHQ", spi, sender, window, epoch << 48 | counter) + icv + bytes(40)
    return udp(0xc000 | window >> 13 << 11 | (window >> 12 & 1) << 10 | window & 0x3ff, header)


# Packets in their order, with the notes that each has to get.
MADE = [
    (vpe(), []),
    (vpe(counter=2), []),
    (vpe(counter=2), ["repeated_packet"]),
    (vpe(counter=2, icv=bytes(16)), ["repeated_iv"]),
    (vpe(sender=2, counter=2), []),  # each sender, window and SA has IVs of its own
    (vpe(spi=257, counter=2), []),
    (vpe(window=0x1002, counter=2), []),
    (vpe(counter=5000), []),
    (vpe(counter=5000 - 1023), []),  # the oldest of a window of 1024
    (vpe(counter=5000 - 1024), ["too_old"]),
    (vpe(window=0x2004, counter=3), []),  # of another window, where nothing is old
    (vpe(epoch=2), []),  # the same counter in another epoch
    (vpe(epoch=2, counter=2), []),
    (vpe(counter=6000), ["epoch_regress", "too_old"]),
    (vpe(sender=2, counter=3), []),  # another sender keeps its epoch
    (vpe(window=7, epoch=3, counter=(1 << 48) - 1), []),
    (vpe(window=7, epoch=4, counter=3), []),  # 4 above the last one of the epoch before
    (vpe(window=7, epoch=3, counter=(1 << 48) - 2), ["epoch_regress"]),
    (vpe(spi=255), ["reserved_spi"]),
    (vpe(sender=0), ["no_sender"]),
    (vpe(window=9, epoch=9, counter=0), ["no_counter"]),
    (udp(0xc001, vpe(window=0xb, epoch=9)[28:]), ["source_port"]),
    (udp(0xc001, bytes(31)), ["short"]),
    (ipv4(253, bytes(31)), ["short"]),
    (udp(4798, vpe(window=0xb, epoch=9)[28:], 9), []),  # not to VPE's port
    # What an ICMP error quotes was not sent again.
    (ipv4(1, struct.pack(">BBHI", 3, 1, 0, 0) + vpe(counter=2)), []),
]


def write_capture(path, packets):
    with open(path, "wb") as file:
        file.write(struct.pack("=IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for number, packet in enumerate(packets):
            frame = bytes(12) + struct.pack(">H", 0x86dd if packet[0] >> 4 == 6 else 0x0800) + packet
            file.write(struct.pack("=IIII", number, 0, len(frame), len(frame)) + frame)


def tshark(source, directory, packets, *options):
    """A dictionary of each packet, of what the dissector found."""
    capture = directory / "packets.pcap"
    write_capture(capture, packets)
    environment = {**os.environ, "HOME": str(directory)}  # without the settings of who runs this
    fields = [argument for name in FIELDS + NOTES for argument in ("-e", name)]
    run = subprocess.run(["tshark", "-n", "-X", f"lua_script:{source}/deploy/wireshark/vpe.lua", "-r", capture,
                          *options, "-T", "fields", "-E", "separator=;", *fields],
                         env=environment, capture_output=True, text=True, timeout=60, check=False)
    if run.returncode or re.search(r"lua|vpe", run.stderr, re.I):
        sys.exit(f"tshark: {run.stderr}")
    return [dict(zip(FIELDS + NOTES, line.split(";"))) for line in run.stdout.splitlines()]


def notes(found):
    return [name.removeprefix("vpe.") for name in NOTES if found[name]]


def expect(what, actual, wanted):
    if actual != wanted:
        sys.exit(f"{what}: {actual}, should be {wanted}")


def check_worked(source, directory):
    page = (source / "docs/protocol.md").read_text(encoding="utf-8")
    found = tshark(source, directory, [block(page, f"{name} outer") for name in WORKED])
    for (name, window), of_packet in zip(WORKED.items(), found):
        fields = block(page, f"{name} fields")
        spi, sender, window_id, esn = struct.unpack(">IHHQ", fields)
        wanted = [f"0x{spi:08x}", sender, f"0x{window_id:04x}", *window, f"0x{esn:016x}", esn >> 48,
                  esn & (1 << 48) - 1, block(page, f"{name} icv").hex(), len(block(page, f"{name} inner")), ""]
        expect(name, [of_packet[field] for field in FIELDS], [str(value) for value in wanted])
        expect(f"notes of {name}", notes(of_packet), [])


def check_made(source, directory):
    # Twice: Wireshark asks again for what a packet is, and gets the same answer.
    for options in ([], ["-2"]):
        found = tshark(source, directory, [packet for packet, _ in MADE], *options)
        expect("packets", len(found), len(MADE))
        for number, (of_packet, (_, wanted)) in enumerate(zip(found, MADE), 1):
            expect(f"notes of packet {number}", notes(of_packet), wanted)
        expect("what packets 3 and 4 repeat", [found[2]["vpe.same_iv"], found[3]["vpe.same_iv"]], ["2", "2"])


def check_preferences(source, directory):
    ports = [udp(0xe003, vpe()[28:], 5000), vpe(), ipv4(200, vpe()[28:]), ipv4(253, vpe()[28:])]
    found = tshark(source, directory, ports, "-o", "vpe.port:5000", "-o", "vpe.protocol:200",
                   "-o", "vpe.analyse:FALSE")
    expect("packets by other numbers", [bool(of_packet["vpe.spi"]) for of_packet in found], [True, False, True, False])
    expect("notes, where packets are not compared", notes(found[2]), [])
    found = tshark(source, directory, [vpe(counter=100), vpe(counter=36)], "-o", "vpe.window:64")
    expect("notes with a window of 64", notes(found[1]), ["too_old"])


def main():
    if not shutil.which("tshark"):
        sys.exit(SKIP)
    with tempfile.TemporaryDirectory(prefix="covey-dissector.") as directory:
        for check in (check_worked, check_made, check_preferences):
            check(pathlib.Path(sys.argv[1]), pathlib.Path(directory))


if __name__ == "__main__":
    main()

#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Puts a tenant into a VLAN, where the kernel may have no VLAN devices: by eBPF at its interface.

    vlan_tenant.py INTERFACE TPID:VLAN...

The outer tag comes first: vlan_tenant.py eth0 88a8:20 8100:30. Each packet that leaves gets all these
tags. What comes in must have them, and loses them; whatever else comes is dropped. Super-frames stay what
they are. tc attaches the programs, in the network namespace in which this runs.
"""

import ctypes
import os
import platform
import socket
import struct
import subprocess
import sys
import tempfile

BPF_SYSCALL = {"x86_64": 321, "aarch64": 280}[platform.machine()]
PROG_LOAD, OBJ_PIN, SCHED_CLS = 5, 6, 3
VLAN_PUSH, VLAN_POP = 18, 19  # helpers of the kernel
VLAN_TCI, VLAN_PROTO = 24, 28  # in struct __sk_buff
PASS, DROP = 0, 2
LIBC = ctypes.CDLL(None, use_errno=True)


def instruction(code, to=0, of=0, offset=0, value=0):
    return struct.pack("=BBhi", code, of << 4 | to, offset, value)


def move(to, value):
    return instruction(0xB7, to, value=value)


def copy(to, of):
    return instruction(0xBF, to, of)


def call(helper):
    return copy(1, 6) + instruction(0x85, value=helper)


def end(verdict):
    return move(0, verdict) + instruction(0x95)


def drop_unless_equal(register, value):
    return instruction(0x15, register, offset=2, value=value) + end(DROP)


def load(to, offset):
    return instruction(0x61, to, 6, offset)


def pushing(tags):
    program = copy(6, 1)
    for tpid, vlan in reversed(tags):
        program += move(2, socket.htons(tpid)) + move(3, vlan) + call(VLAN_PUSH)
        program += drop_unless_equal(0, 0)
    return program + end(PASS)


def popping(tags):
    program = copy(6, 1)
    for tpid, vlan in tags:
        program += load(2, VLAN_PROTO) + drop_unless_equal(2, socket.htons(tpid))
        program += load(2, VLAN_TCI) + instruction(0x57, 2, value=0xFFF) + drop_unless_equal(2, vlan)
        program += call(VLAN_POP) + drop_unless_equal(0, 0)
    return program + end(PASS)


def bpf(command, attributes):
    buffer = ctypes.create_string_buffer(attributes.ljust(128, b"\0"), 128)
    result = LIBC.syscall(BPF_SYSCALL, command, buffer, 128)
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), f"bpf({command})")
    return result


def pin(program, path):
    code, licence = ctypes.create_string_buffer(program), ctypes.create_string_buffer(b"BSD")
    name = ctypes.create_string_buffer(path.encode())
    fd = bpf(PROG_LOAD, struct.pack("=IIQQ", SCHED_CLS, len(program) // 8, ctypes.addressof(code),
                                    ctypes.addressof(licence)))
    bpf(OBJ_PIN, struct.pack("=QI", ctypes.addressof(name), fd))


def tc(*arguments):
    subprocess.run(["tc", *arguments], check=True)


def main(interface, *words):
    tags = [(int(tpid, 16), int(vlan)) for tpid, vlan in (word.split(":") for word in words)]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["mount", "-t", "bpf", "bpf", folder], check=True)
        try:
            tc("qdisc", "replace", "dev", interface, "clsact")
            for hook, program in (("egress", pushing(tags)), ("ingress", popping(tags))):
                pin(program, f"{folder}/{hook}")
                tc("filter", "replace", "dev", interface, hook, "protocol", "all", "pref", "1", "handle",
                   "1", "bpf", "direct-action", "object-pinned", f"{folder}/{hook}")
        finally:
            subprocess.run(["umount", folder], check=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

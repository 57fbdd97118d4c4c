#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Stands in for ipsec-secgw, which Debian does not ship: takes its arguments, makes the two TAP
ports that they name, and hands packets over from each to the other as they are. For the test of
covey-bench's figure secgw."""

import fcntl
import os
import select
import socket
import struct
import sys

TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000
SIOCSIFFLAGS, IFF_UP = 0x8914, 0x1


def tap(name):
    port = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(port, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
    return port


def up(name):
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH22x", name.encode(), IFF_UP))


arguments = sys.argv[1:]
config = open(arguments[arguments.index("-f") + 1], encoding="utf-8").read()
for line in ("sp ipv4 out esp protect", "sp ipv4 in esp protect", "sa out ", "sa in ", "rt ipv4"):
    if line not in config:
        sys.exit(f"no '{line}' in the configuration")
if arguments[arguments.index("-w") + 1] != "1024" or not {"-l", "-e", "-P"} <= set(arguments):
    sys.exit("not librte_ipsec with ESN and a window of 1024")
names = [argument.split("=")[1] for argument in arguments if argument.startswith("net_tap")]
first, second = (tap(name) for name in names)
for name in names:
    up(name)
while True:
    for port in select.select([first, second], [], [])[0]:
        os.write(second if port == first else first, os.read(port, 2048))

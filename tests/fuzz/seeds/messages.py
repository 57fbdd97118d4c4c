#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""First inputs for the fuzzers of control messages: sessions as docs/protocol.md, section 8, has them.

    messages.py DIRECTORY

Writes DIRECTORY/member and DIRECTORY/gkm: records as record.h has them, of the kinds that member.c and
gkm.c name.
"""

import pathlib
import struct
import sys

(HELLO, WELCOME, JOIN, JOINED, REFUSED, LEAVE, LEFT, ROSTER, ROSTER_ACK, SA_INSTALL, SA_INSTALLED,
 SA_ACTIVATE, SA_DRAIN, HEARTBEAT, SA_FLOORS, SA_ACTIVATED) = range(1, 17)
TIME, OPENED, CLOSED, WANT, LEAVE_IT, DATAPLANE_FAILS, SEND_FAILS, IMPOSTOR = range(17, 25)


def varint(value):
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7f | 0x80])
        value >>= 7
    return out + bytes([value])


class Fixed64(int):
    pass


def fields(**numbered):
    """Protobuf's encoding; keys are f1, f2 and so on."""
    out = b""
    for key, value in numbered.items():
        number = int(key[1:])
        if isinstance(value, Fixed64):
            out += varint(number << 3 | 1) + struct.pack("<Q", value)
        elif isinstance(value, (bool, int)):
            out += varint(number << 3) + varint(int(value))
        elif isinstance(value, list) and value and isinstance(value[0], bytes):
            for each in value:
                out += varint(number << 3 | 2) + varint(len(each)) + each
        else:
            if isinstance(value, list):
                wide = value and isinstance(value[0], Fixed64)
                value = b"".join(struct.pack("<Q", v) if wide else varint(v) for v in value)
            elif isinstance(value, str):
                value = value.encode()
            out += varint(number << 3 | 2) + varint(len(value)) + value
    return out


def record(kind, contents=b""):
    return struct.pack("<BH", kind, len(contents)) + contents


def welcome(instance=1):
    return record(WELCOME, fields(f1=1, f2=Fixed64(instance), f3=10))


def joined(group, epoch=1, vnis=(100, 200)):
    return record(JOINED, fields(f1=group, f2=7, f3=epoch, f4=True, f5=True, f6=list(vnis), f7=1024,
                                 f8=30))


def roster(group, generation=1, senders=(7, 8), full=True, more=False, floors=None):
    vteps = b"".join(bytes([10, 0, 0, sender]) for sender in senders)
    hosts = b"".join(b"hv%d\0" % sender for sender in senders)
    return record(ROSTER, fields(f1=group, f2=generation, f3=full, f4=more, f5=list(senders),
                                 **({"f7": floors} if floors else {}), f8=vteps, f9=hosts))


def removed(group, generation, sender):
    return record(ROSTER, fields(f1=group, f2=generation, f6=[sender]))


def install(group, spi, lifetime=600, cipher=1):
    return record(SA_INSTALL, fields(f1=group, f2=spi, f3=cipher, f4=1,
                                     f5=bytes([spi & 0xff]) * (32 if cipher == 1 else 16), f6=lifetime))


def named(kind, group, spi, seconds=None):
    return record(kind, fields(f1=group, f2=spi, **({} if seconds is None else {"f3": seconds})))


def floors(group, spi, more=False):
    return record(SA_FLOORS, fields(f1=group, f2=spi, f3=more, f4=[7, 8, 8], f5=[1, 1, 2],
                                    f6=[Fixed64(1 << 48 | n) for n in (5, 9, 2)]))


def mode(group, serial, number, left=0, then=0):
    """In its own frame."""
    return record(0, fields(f17=fields(f1=group, f2=serial, f3=number, f4=left, f5=then)))


def member():
    opening = record(OPENED) + welcome()
    tenants = record(WANT, b"\1") + record(WANT)
    group = joined("tenants") + roster("tenants")
    sa = install("tenants", 256) + named(SA_ACTIVATE, "tenants", 256)
    yield tenants + opening + group + sa
    yield tenants + opening + group + sa + install("tenants", 257) + floors("tenants", 258) + \
        install("tenants", 258) + named(SA_ACTIVATE, "tenants", 258) + \
        named(SA_DRAIN, "tenants", 256, 3) + record(TIME, struct.pack("<I", 20000)) + \
        named(SA_DRAIN, "tenants", 257, 0) + record(HEARTBEAT)
    yield tenants + opening + group + sa + record(CLOSED) + record(OPENED) + welcome(2) + \
        joined("tenants", 1) + roster("tenants") + install("tenants", 300, cipher=2) + \
        named(SA_ACTIVATE, "tenants", 300) + record(TIME, struct.pack("<I", 60000))
    yield tenants + opening + group + sa + record(CLOSED) + record(OPENED) + welcome(1) + \
        joined("tenants", 2) + roster("tenants", 5, floors=[2, 1]) + install("tenants", 256)
    yield tenants + opening + group + roster("tenants", 2, (9,), False) + \
        removed("tenants", 3, 8) + roster("tenants", 4, (1, 2, 3), True, True) + \
        roster("tenants", 4, (4, 5), False, False) + sa
    yield tenants + opening + joined("g", vnis=(1, 2, 3)) + roster("g") + install("g", 400) + \
        group + sa + record(LEAVE_IT, b"\1") + record(WANT, b"\1") + \
        record(LEFT, fields(f1="tenants")) + joined("tenants", 3) + roster("tenants", 9)
    yield tenants + opening + record(REFUSED, fields(f1="tenants", f2=5, f3="no")) + \
        record(TIME, struct.pack("<I", 300000)) + joined("tenants") + \
        record(REFUSED, fields(f2=13, f3="out\n"))
    yield tenants + opening + record(DATAPLANE_FAILS, b"\0") + group + sa + record(SEND_FAILS) + \
        record(TIME, struct.pack("<I", 30000)) + record(IMPOSTOR, b"\3")
    yield tenants + opening + joined("tenants") + mode("tenants", 1, 1) + roster("tenants") + sa + \
        mode("tenants", 2, 2, 5000, 1) + record(TIME, struct.pack("<I", 20000)) + \
        mode("tenants", 3, 3)
    # The first in its own frame.
    yield tenants + record(OPENED) + record(0, fields(f2=fields(f1=1, f2=Fixed64(1), f3=10))) + group


def hello(host=1, instance=1, highest=0, modes=False):
    return record(HELLO, fields(f1=1, f2=bytes([10, 0, 0, host]), f3="covey", f4=Fixed64(instance),
                                f5=highest, f7=modes))


def mode_in_force(group, serial):
    """In its own frame."""
    return record(0, fields(f18=fields(f1=group, f2=serial)))


def heard(group="tenants", last=9):
    return fields(f1=group, f2=bytes([10, 0, 0, last]), f3=100, f4=5)


def session(number):
    """What follows is said by this one."""
    return record(OPENED, bytes([number]))


def join(group="tenants", held=()):
    return record(JOIN, fields(f1=group, **({"f2": list(held)} if held else {})))


def use(spi, packets=1000, failures=0, own=0):
    return fields(f1=spi, f2=packets, f3=failures, f4=[1, 2, 4097],
                  f5=[Fixed64(1 << 48 | n) for n in (5, 6, 7)], f6=own)


def acks(group="tenants", spi=256, generation=1):
    return record(ROSTER_ACK, fields(f1=group, f2=generation)) + named(SA_INSTALLED, group, spi) + \
        named(SA_ACTIVATED, group, spi)


def gkm():
    later = record(TIME, struct.pack("<I", 20000))
    yield session(0) + hello() + join() + acks() + record(HEARTBEAT, fields(f1=[use(256)]))
    yield session(0) + hello(1) + join() + session(1) + hello(2) + join() + join("g") + later + \
        acks() + session(0) + acks(generation=2) + later + \
        record(HEARTBEAT, fields(f1=[use(256, 1 << 35), use(257)])) + later + acks(spi=257)
    yield session(0) + hello() + join() + record(LEAVE, fields(f1="tenants")) + join(held=[256, 257]) + \
        later + acks()
    yield session(0) + hello() + join() + session(1) + hello(1, 2) + join() + session(2) + hello(3) + \
        join() + record(CLOSED) + later
    yield session(0) + hello(1, 1, 100000) + join("nobody") + record(HEARTBEAT) + record(WELCOME)
    yield session(0) + hello() + join() + record(HEARTBEAT, fields(f1=[use(256, own=3)])) + later + \
        record(HEARTBEAT, fields(f1=[use(256, 2000, 1 << 33)]))
    yield session(0) + hello(modes=True) + join() + acks() + mode_in_force("tenants", 1) + \
        record(HEARTBEAT, fields(f4=[heard(), heard("tenants", 2)])) + record(WANT, b"\2") + later + \
        mode_in_force("tenants", 2) + record(WANT, b"\x12") + later + record(HEARTBEAT)
    for kind in (WANT, LEAVE_IT, DATAPLANE_FAILS, SEND_FAILS, IMPOSTOR):
        yield session(0) + hello() + join() + acks() + session(1) + hello(2) + join() + later + \
            record(kind, b"\0\1") + later + acks() + session(0) + acks(spi=257)


def main():
    for name, make in (("member", member), ("gkm", gkm)):
        folder = pathlib.Path(sys.argv[1]) / name
        folder.mkdir(parents=True, exist_ok=True)
        for number, data in enumerate(make()):
            (folder / f"{number:03}").write_bytes(data)


main()

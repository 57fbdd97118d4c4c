# SPDX-License-Identifier: BSD-3-Clause
"""What the project wants of covey-bench's figures, and whether it got it.

All aims are ratios of rates that were measured in one run, so that more is better.
"""

import math
from dataclasses import dataclass

SENDERS = {1024: .90, 65535: .70}
SEGMENTS = {512: .90, 1400: .90, 4096: .90, 8000: .90}


def cut(ratio):
    """As text, cut instead of rounded: what is below an aim does not look as if it reached it."""
    return f"{math.floor(ratio * 100 + 1e-9) / 100:.2f}".removeprefix("0")


def rate_over(time, other):
    """Of two times: the rate of the first over that of the other. None: one was not measured."""
    return None if time is None or other is None else other / time


def thousands(value):
    return f"{value:,}" if isinstance(value, int) else str(value)


@dataclass
class Aim:
    what: str  # with {} for the points
    wanted: dict  # the ratio by point: what stands on the figure's x axis
    measured: list  # one for each point; None: not measured
    beside: str = ""  # what else the machine gave, for comparison

    def verdict(self):
        points = [thousands(point) for point in self.wanted]
        missed = [point for point, ratio, wanted
                  in zip(points, self.measured, self.wanted.values())
                  if ratio is not None and ratio < wanted]
        absent = [point for point, ratio in zip(points, self.measured) if ratio is None]
        if len(absent) == len(points):
            return "not measured"
        parts = []
        if missed:
            parts.append("**missed**" + (f" at {listed(missed)}" if missed != points else ""))
        elif not absent:
            parts.append("met")
        if absent:
            parts.append(f"not measured at {listed(absent)}")
        return ", ".join(parts)

    def cells(self):
        wanted = list(self.wanted.values())
        if len(set(wanted)) == 1:
            wanted = wanted[:1]
        points = listed([thousands(point) for point in self.wanted])
        return [self.what.format(points),
                ", ".join(cut(ratio) for ratio in wanted), ratios(self.measured),
                self.verdict(), self.beside]


def listed(texts):
    return " and ".join(filter(None, (", ".join(texts[:-1]), texts[-1])))


def ratios(measured):
    return ", ".join("–" if ratio is None else cut(ratio) for ratio in measured)


def _in_process(figure, other, direction, wanted):
    def ns(dataplane, size):
        return figure.ns(figure="throughput", dataplane=dataplane, direction=direction, size=size)

    measured = [rate_over(ns("vpe", size), ns(other, size)) for size in wanted]
    return Aim(f"`vpe` over `{other}`, {direction}ing {{}} bytes", wanted, measured)


def _whole_program(figure, direction, wanted):
    def ns(dataplane, size):
        return figure.ns(dataplane=dataplane, direction=direction, size=size)

    measured = [rate_over(ns("vpe", size), ns("ipsec-secgw", size)) for size in wanted]
    return Aim(f"the whole program over ipsec-secgw, {direction}ing {{}} bytes", wanted, measured)


def _cores(figure, direction, wanted):
    def ratio(dataplane, size):
        row = figure.row(dataplane=dataplane, direction=direction, size=size, cores=2)
        return row and rate_over(row["ns_per_packet"], row["one_core_ns_per_packet"])

    of = {name: [ratio(name, size) for size in wanted] for name in ("vpe", "raw", "esp-parallel")}
    return Aim(f"two workers over one, {direction}ing {{}} bytes", wanted, of.pop("vpe"), beside(of))


def _senders(figure, scope, wanted):
    def ns(senders):
        return figure.ns(dataplane="vpe", key_scope=scope, senders=senders, windows=senders)

    measured = [rate_over(ns(senders), ns(1)) for senders in wanted]
    key = {"sender": "a key for each", "group": "one key for all"}[scope]
    return Aim(f"{{}} senders over one, decrypting 92 bytes, {key}", wanted, measured)


def _segments(figure, wanted):
    def ratio(dataplane, size):
        one, two = (figure.row(dataplane=dataplane, size=size, segments=segments)
                    for segments in (1, 2))
        return rate_over(two and two["median_ns"], one and one["median_ns"])

    of = {name: [ratio(name, size) for size in wanted] for name in ("vpe", "raw", "esp-simple")}
    return Aim("two segments over one, encrypting {} bytes", wanted, of.pop("vpe"), beside(of))


def beside(of):
    return "; ".join(f"`{name}` {ratios(measured)}" for name, measured in of.items()
                     if any(measured))


def aims(figures):
    """All of them, given the figures by name."""
    throughput, gateway = figures["throughput"], figures["gateway"]
    best = {92: 1.15, 1400: 1.08, 8000: 1.0}
    return [
        _in_process(throughput, "raw", "encrypt", {92: .78, 1400: .92, 8000: .97}),
        _in_process(throughput, "raw", "decrypt", {92: .60, 1400: .90, 8000: .96}),
        _in_process(throughput, "rte-ipsec", "encrypt", best),
        _in_process(throughput, "rte-ipsec", "decrypt", best),
        _whole_program(gateway, "encrypt", {92: 2.0, 1400: 1.5}),
        _whole_program(gateway, "decrypt", {92: 2.0, 1400: 1.5}),
        _cores(figures["cores"], "encrypt", {92: 1.95, 1400: 1.95}),
        _cores(figures["cores"], "decrypt", {92: 1.95, 1400: 1.95}),
        _senders(figures["senders"], "sender", SENDERS),
        _senders(figures["senders"], "group", SENDERS),
        _segments(figures["headroom"], SEGMENTS),
    ]

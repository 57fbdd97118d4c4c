/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The guard's chains about what a frame's own bytes say, as text: VXLAN behind VLAN tags, where the
 * rules for IP do not see it; and frames that say something else than the process that sends them
 * by a packet socket. The rules for IP go by its word, the receiver by the bytes. Pure.
 *
 * What comes in is what its bytes say, because the kernel has read them.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct guard_config;
struct guard_ports;

/* Write the chains of a netdev table that the jumps need. */
void guard_frames_write(FILE *stream, const struct guard_config *config);
/* And the one for VNIs that pass in clear: the table has a set of them (guard_clear.h). */
void guard_frames_write_clear(FILE *stream, const struct guard_ports *ports);

/* Write the rule that lets those VNIs pass if the frame has this mark. */
void guard_frames_write_own_clear(FILE *stream, uint32_t mark);

/* Write the rules for what comes in: VXLAN behind tags is dropped. clear: but for those VNIs. */
void guard_frames_write_in(FILE *stream, bool clear);

/*
 * Write the rules for what goes out: VXLAN behind tags is dropped, and so are frames that lie. In a
 * chain that lets pass what is not UDP to some port, the first rules come before those that do, and
 * the last ones behind all others.
 */
/* clear: a condition, with a space behind it, on which VNIs of the set pass. NULL: on none. */
void guard_frames_write_out_first(FILE *stream, const char *clear);
void guard_frames_write_out_last(FILE *stream, const struct guard_ports *ports, bool clear);
/* The same at the end of a chain that lets nothing pass before. */
void guard_frames_write_out(FILE *stream);

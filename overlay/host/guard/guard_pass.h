/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The first rules of the guard's chains: they let pass at once what no later rule of the chain acts
 * on, so that the guard costs other traffic little. Pure.
 *
 * What they let pass, they know by what the later rules ask for, too: a later rule about UDP
 * matches only what the kernel has found to be UDP, and one about a port only a port that it has
 * read. What the kernel cannot tell (a frame with a VLAN tag, a header that is cut) matches none of
 * the rules here, and is compared with all others.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* For chains that act on nothing but UDP, and on what the kernel cannot tell. */
void guard_pass_write_not_udp(FILE *stream);

/* For chains that act on ICMP as well. */
void guard_pass_write_tcp(FILE *stream);

/* For chains that act on UDP to these ports only. It must not come before a rule about fragments:
 * of a later fragment, which has no port, Linux 6.18 takes other bytes for it. */
void guard_pass_write_ports(FILE *stream, const uint16_t *ports, size_t count);

/* For chains in which a rule about a port comes next, behind those that let most packets pass: what
 * seems to have the port and is a later fragment, of UDP. Without its first fragment it is nothing,
 * and whether that passes is for the other rules to say. */
void guard_pass_write_fragments(FILE *stream);

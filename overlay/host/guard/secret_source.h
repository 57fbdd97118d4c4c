/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The secret source address by which the dataplane knows that a frame of covey0 is what a VXLAN
 * device has sent, and that the guard's hook there has seen it as it is. The mark does not come so
 * far. And behind the hook a frame may still be changed: the kernel finishes checksums there, and
 * who sends a frame by a packet socket or from a virtual machine says where these belong, such as
 * over the UDP port. A redirection (tc, XDP) leaves the hook out.
 *
 * It is a random Ethernet address, which the hook writes into frames with the mark. Frames without
 * the mark that have it are dropped there. The dataplane takes VXLAN with this address alone, and
 * puts the interface's own back, so it never leaves the host. To read it takes CAP_NET_ADMIN or
 * CAP_NET_RAW in the host's namespace.
 *
 * Only as a bump in the wire: where the kernel keeps its interfaces, the kernel says with each
 * frame of covey0 which checksum is not finished, and nothing else is routed there.
 */

#include <stdint.h>

/* A unicast address, locally administered, as a number of 48 bits; never 0. */
uint64_t secret_source_draw(void);

#define SECRET_SOURCE_TEXT_SIZE 64

/* Write a part of a rule, with a space behind it. Of the address 0, it is empty. These return
 * ret_text. */

/* The statement that gives a frame the address. */
const char *secret_source_give(uint64_t source, char ret_text[SECRET_SOURCE_TEXT_SIZE]);
/* The condition that it has the address. */
const char *secret_source_have(uint64_t source, char ret_text[SECRET_SOURCE_TEXT_SIZE]);

/* The comment of the rule that drops what has it and no mark. */
#define SECRET_SOURCE_FORGED "frame with covey's secret address that came through no VXLAN device"

/* The address of rules as text: ours, or as nft lists them. 0: there is none. */
uint64_t secret_source_read(const char *rules);

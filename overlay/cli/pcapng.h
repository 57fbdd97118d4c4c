/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Writes packets with comments in the format pcapng (draft-ietf-opsawg-pcapng). The library that
 * captures them, libpcap, writes no comments.
 */

#include <stdint.h>
#include <stdio.h>

#define PCAPNG_COMMENT_MAX 512u

struct pcapng_packet {
	unsigned interface; /* by the order of pcapng_interface() */
	uint64_t ns;        /* since 1970 */
	uint32_t full_len;  /* bytes of the frame */
	uint32_t len;       /* of these are here */
	const uint8_t *bytes;
	const char *comment; /* "": none */
};

/* Each returns 0 or a negative errno. */
int pcapng_begin(FILE *file);
/* Ethernet frames come from here. */
int pcapng_interface(FILE *file, const char *name, uint32_t snap_len);
int pcapng_packet(FILE *file, const struct pcapng_packet *packet);
/* How many packets the interface has seen and how many of them were lost; at the end. */
int pcapng_statistics(FILE *file, unsigned interface, uint64_t ns, uint64_t seen, uint64_t lost);

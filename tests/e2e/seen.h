/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * All that the recorder remembers of the frames that it saw.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "quads.h"
#include "wire.h"

#define SEEN_PORTS_MAX    32
#define SEEN_CANARIES_MAX 8
#define SEEN_CANARY_MIN   8 /* shorter ones would turn up in ciphertext by chance */
#define SEEN_CANARY_MAX   64
#define SEEN_WINDOWS_MAX  65536
#define SEEN_INDEX        (2 * SEEN_WINDOWS_MAX) /* a power of two */
#define SEEN_KEPT         64 /* VPE packets kept from the start, and as many from the end */
#define SEEN_FRAME_MAX    2048

struct seen_canary {
	uint8_t bytes[SEEN_CANARY_MAX];
	size_t len;
};

/* One (port, SPI, SenderID, WindowID). */
struct seen_window {
	unsigned port;
	uint32_t spi;
	uint16_t sender_id;
	uint16_t window_id;
	uint16_t source_port; /* UDP, 0 in raw IP */
	uint64_t packets;
	uint64_t esn_first;
	uint64_t esn_last;
	uint64_t dscps; /* bit n: DSCP n was on the outer header */
};

/* What the protocol says of a VPE packet's headers and a sender broke. */
struct seen_faults {
	uint64_t too_short;
	uint64_t reserved_spi; /* below 256 */
	uint64_t sender_zero;  /* SenderID 0 is never assigned */
	uint64_t epoch_zero;   /* epochs and counters start at 1 */
	uint64_t counter_zero;
	uint64_t source_port;  /* not the function of WindowID */
	uint64_t udp_checksum; /* not zero */
	uint64_t may_fragment; /* DF is not set, or it is a fragment */
	uint64_t cast;         /* the WindowID's cast bit does not tell the destination */
};

struct seen_frame {
	uint64_t at_ns;
	uint32_t len;
	uint8_t bytes[SEEN_FRAME_MAX];
};

struct seen {
	struct wire_ports ports;
	struct seen_canary canaries[SEEN_CANARIES_MAX];
	size_t canary_count;

	uint64_t kinds[SEEN_PORTS_MAX][WIRE_KINDS];
	uint64_t bytes[SEEN_PORTS_MAX];
	uint64_t canary_packets;
	uint64_t canary_kinds[WIRE_KINDS];
	struct quads quads;
	uint64_t quads_different;
	uint64_t quads_same;
	struct quad first_different;
	struct seen_faults faults;
	uint64_t reordered; /* ESN below the one before: a kernel with several cores may do that */
	struct seen_window windows[SEEN_WINDOWS_MAX];
	uint32_t window_index[SEEN_INDEX]; /* open addressing: place in windows + 1, or 0 */
	size_t window_count;
	uint64_t windows_untracked;
	bool out_of_memory;

	struct seen_frame first[SEEN_KEPT], last[SEEN_KEPT];
	uint64_t kept;
};

/* Note a frame that came in at the port of this number. */
void seen_note(struct seen *seen, unsigned port, const uint8_t *frame, size_t len);

/* Write the first and the last VPE packets as a pcap file. 0 or negative errno. */
int seen_write_pcap(const struct seen *seen, const char *path);

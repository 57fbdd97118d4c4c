/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What became of an interface that a port stands on, and how often to put right what others undo.
 * This code only decides; it does nothing itself.
 */

#include <covey/error.h>
#include <stdbool.h>
#include <stdint.h>

/* The state of an interface at one moment, as far as it matters to a port. */
struct link_state {
	bool there;      /* told by its number, which stays when its name changes */
	bool name_taken; /* not there, but another one has its name */
	char name[16];
	uint8_t mac[6];
	unsigned mtu;
	unsigned rx_queues;
	uint32_t program;         /* XDP; 0: none */
	uint32_t carrier_changes; /* 0: the kernel does not count */
	bool up;
	bool running; /* up, and with a carrier */
};

/* What must stay as it was. */
struct link_needs {
	bool mtu;
	bool af_xdp; /* program and receive queues */
};

enum link_change {
	LINK_SAME,        /* as far as it matters */
	LINK_PROGRAM_OFF, /* nothing comes in until it is attached again */
	LINK_LOST,        /* the port is of no use any more */
};

/* ret_what says it in words for people, unless LINK_SAME. */
enum link_change link_change_find(const struct link_state *was, const struct link_state *now,
				  const struct link_needs *needs, struct covey_error *ret_what);

/*
 * Whoever takes a program off may do so again and again. So it is put back at once the first time,
 * then after 1, 2, 4 ... seconds, at most REPAIR_WAIT_MAX_MS. When nobody has touched it for
 * REPAIR_QUIET_MS, this begins anew.
 */
#define REPAIR_WAIT_MIN_MS UINT64_C(1000)
#define REPAIR_WAIT_MAX_MS UINT64_C(60000)
#define REPAIR_QUIET_MS    UINT64_C(600000)

struct repairs {
	unsigned count;   /* in a row */
	uint64_t last_ms; /* when the last one was */
};

/* How long to wait from now on until the next repair, ms; 0: not at all. */
uint64_t repairs_wait(const struct repairs *repairs, uint64_t now_ms);
void repairs_note(struct repairs *repairs, uint64_t now_ms);

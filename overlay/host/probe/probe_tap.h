/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Packet sockets that see the probes of one run, on the uplinks and behind covey. The kernel shows
 * them what comes in before any rule of nftables, and what leaves after all of them.
 */

#include <covey/error.h>
#include <event2/event.h>

#include "probe_filter.h"

/* Of one length, a tap shows no more VPE packets: the probes' are among other packets then. */
#define PROBE_TAP_ALIKE_MAX 64u

struct probe_tap {
	int fd;
	struct event *event;
	bool uplink; /* else behind covey */
	unsigned hits, hits_max;
	unsigned alike[COVEY_PROBES_PER_RUN_MAX]; /* VPE packets of each length */
	uint32_t lengths[COVEY_PROBES_PER_RUN_MAX];
	uint32_t overflown; /* set of lengths, by their number, that are not shown any more */
	struct probe_filter filter;
	void (*seen)(void *arg, bool uplink, const struct probe_packet *packet, size_t len,
		     bool out);
	const struct probe_wire *wire;
	void *arg;
};

/*
 * Open one on an interface. seen() is called for each packet that passes the filter: len is the
 * length of the IP packet; out: it leaves. VPE packets of a length are shown up to
 * PROBE_TAP_ALIKE_MAX times. After hits_max packets the tap closes itself, and all lengths have
 * overflown. wanted's tags, clear and wire must live as long as the tap. tap must stay where it is
 * until probe_tap_close().
 */
int probe_tap_open(struct probe_tap *tap, struct event_base *base, const char *interface,
		   const struct probe_filter *wanted, struct covey_error *error);
/* Also for one that is all zero, or was not opened. */
void probe_tap_close(struct probe_tap *tap);

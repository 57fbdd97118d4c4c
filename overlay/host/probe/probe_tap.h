/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Packet sockets that see the probes of one run, on the uplinks and behind covey. The kernel shows
 * them what comes in before any rule of nftables, and what leaves after all of them.
 */

#include <covey/error.h>
#include <event2/event.h>

#include "probe_filter.h"

struct probe_tap {
	int fd;
	struct event *event;
	bool uplink; /* else behind covey */
	unsigned hits;
	void (*seen)(void *arg, bool uplink, const struct probe_packet *packet, size_t len,
		     bool out);
	const struct probe_wire *wire;
	void *arg;
};

/*
 * Open one on an interface. seen() is called for each packet that passes the filter: len is the
 * length of the IP packet; out: it leaves. After COVEY_PROBE_HITS_MAX packets the tap closes
 * itself. tap must stay where it is until probe_tap_close().
 */
int probe_tap_open(struct probe_tap *tap, struct event_base *base, const char *interface,
		   const struct probe_filter *filter, struct covey_error *error);
/* Also for one that is all zero, or was not opened. */
void probe_tap_close(struct probe_tap *tap);

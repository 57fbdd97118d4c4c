/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Sees the probes of one run that come in where AF_XDP has the network card and packet sockets see
 * nothing: an XDP program that looks at frames before the sockets get them, for the time of the run
 * only.
 */

#include <covey/error.h>
#include <event2/event.h>

#include "probe_filter.h"

struct link_redirect;
struct ring_buffer;

struct probe_witness {
	const struct link_redirect *redirect; /* NULL: it is not open */
	int ring_map, count_map;
	struct ring_buffer *ring;
	struct event *event;
	const struct probe_wire *wire;
	/* As of probe_tap.h: an uplink, and not out. */
	void (*seen)(void *arg, bool uplink, const struct probe_packet *packet, size_t len,
		     bool out);
	void *arg;
};

/*
 * seen() is called for each packet that passes the filter: COVEY_PROBE_HITS_MAX at most, and as
 * many as COVEY_PROBE_CLEAR_HITS_MAX of VXLAN in clear that the filter asks for besides. witness
 * must stay where it is until probe_witness_close(). There is one for a redirect.
 */
int probe_witness_open(struct probe_witness *witness, struct event_base *base,
		       const struct link_redirect *redirect, const struct probe_filter *filter,
		       struct covey_error *error);
/* More packets came than it shows. False for one that is not open. */
bool probe_witness_overflown(const struct probe_witness *witness);
/* The same of other VXLAN in clear. */
bool probe_witness_clear_overflown(const struct probe_witness *witness);
/* Also for one that is all zero, or was not opened. */
void probe_witness_close(struct probe_witness *witness);

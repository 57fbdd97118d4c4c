/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * This host's part in a run of probes, by the key manager's order: it listens on its uplinks and
 * behind covey, sends probes or answers them, and reports. There is one at a time.
 */

#include <covey/error.h>
#include <dataplane.h>
#include <event2/event.h>
#include <message.h>

#include "probe_heard.h"
#include "probe_tap.h"
#include "probe_witness.h"

struct inventory;
struct inventory_host;

struct probe_run_config {
	struct event_base *base;
	const struct inventory *inventory;
	const struct inventory_host *self;
	struct dataplane *dataplane;
	/* The XDP program of the card that AF_XDP has; NULL: it has none. */
	const struct link_redirect *redirect;
	/* Why nothing can be seen of the uplinks, and of what leaves by them; NULL: it can. */
	const char *blind, *blind_out;
	/* To the key manager. */
	int (*send)(void *arg, const Covey__Message *message);
	void *arg;
};

/* What was seen of a direction: sets of probes, by their number. */
struct probe_side {
	struct covey_addr peer; /* the other end; of multicast that is sent: the group */
	uint32_t sent, encrypted, clear, delivered, crowded;
	uint32_t spi;
	uint16_t sender_id, window_id;
	uint64_t esn[COVEY_PROBES_PER_RUN_MAX]; /* of the VPE packet that was taken for it */
};

struct probe_run {
	struct probe_run_config config;
	struct probe_wire wire;
	struct event *timer;

	uint64_t id; /* the key manager's; 0: there is none */
	char group[COVEY_NAME_MAX + 1];
	Covey__ProbeRole role;
	uint8_t tags[2 * COVEY_PROBES_PER_RUN_MAX][PROBE_TAG_LEN]; /* of probes, then of answers */
	bool multicast, answered;
	uint32_t vni;
	uint8_t dscp;
	uint16_t source_port;
	uint32_t lengths[COVEY_PROBES_PER_RUN_MAX];
	size_t length_count;
	unsigned interface; /* by which multicast leaves */
	int fd;             /* -1: nothing is sent */
	/* On each uplink one for the probes, and perhaps one for other VXLAN in clear: a flood of
	 * that takes no room from probes. And one behind covey. */
	struct probe_tap taps[2 * COVEY_UPLINKS_MAX + 1];
	size_t tap_count;
	struct probe_witness witness;
	struct covey_error
		unseen; /* why the witness sees nothing; empty: it does, or is not needed */
	size_t next;    /* the probe to send; length_count: all are sent */
	struct probe_side out, in;
	uint32_t replied; /* set of probes that were answered */
	bool look;        /* the order asks for VXLAN in clear */
	bool looked;      /* and it was looked for wherever it can be seen */
	struct probe_range ranges[PROBE_RANGES_MAX]; /* its VNIs */
	size_t range_count;
	bool exact;   /* there are no other VNIs between */
	bool flooded; /* packets of such others may have taken the room, so it is not looked */
	struct probe_heard heard;
	uint64_t sent_us[COVEY_PROBES_PER_RUN_MAX];
	uint32_t round_trip_us[COVEY_PROBES_PER_RUN_MAX];
	bool ending;
	struct covey_error trouble; /* of sending; empty: none */
	struct dataplane_counters before;
	/* Of all runs: frames that came out of decryption with a tag of the run, or the beginning
	 * of one, and were not the probe: another length or way, the wrong host, or once more. */
	uint64_t refused;
};

/* NULL when there is no memory. */
struct probe_run *probe_run_new(const struct probe_run_config *config);
/* NULL-safe. */
void probe_run_free(struct probe_run *run);
/* An order, which the state machine has checked. */
void probe_run_order(struct probe_run *run, const Covey__ProbeOrder *order);

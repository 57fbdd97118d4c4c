/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Runs of probes: a member asks, this key manager tells one member to send and others to listen,
 * and hands their reports to the one that asked (docs/protocol.md, section 7.4). Nothing of it is
 * kept on disk.
 */

#include <covey/limits.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "message.h"

struct session;
struct sessions;

/* So long may one take, from the request to the last report. */
#define PROBES_RUN_MS   5000u
#define PROBES_READY_MS 1000u

enum probe_part_state {
	PROBE_PART_IDLE,
	PROBE_PART_TOLD,  /* has an order, has not said that it is ready */
	PROBE_PART_READY, /* listens, or sends */
	PROBE_PART_OVER,  /* has reported */
};

struct probe_part {
	size_t host; /* index in the inventory */
	struct session *session;
	enum probe_part_state state;
};

struct probe_run {
	uint64_t id;     /* ours; 0: free */
	uint64_t theirs; /* of the one that asked */
	struct session *asked_by;
	const struct served_group *served;
	uint64_t ready_ms; /* until then those that listen say so */
	uint64_t until_ms;
	uint8_t nonce[COVEY_PROBE_NONCE_LEN];
	bool multicast, answered, clear;
	uint32_t vni, dscp, source_port;
	uint32_t lengths[COVEY_PROBES_PER_RUN_MAX];
	size_t length_count;
	struct probe_part from;
	struct probe_part to[COVEY_PROBE_RECEIVERS_MAX];
	size_t to_count;
};

/* How many requests came in the present second. */
struct probe_pace {
	uint64_t since_ms;
	unsigned count;
};

struct probes {
	struct sessions *sessions;
	struct event *timer;
	uint64_t last_id;
	struct probe_pace pace;
	struct probe_pace *pace_by_host;
	struct probe_run runs[COVEY_PROBE_RUNS_MAX];
	char reason[COVEY_REASON_MAX + 1]; /* the last one that had to be put together */
};

/* NULL when there is no memory. */
struct probes *probes_new(struct sessions *sessions);
/* NULL-safe. */
void probes_free(struct probes *probes);

/* A member's ProbeRequest or ProbeReport. */
void probes_request(struct session *session, const Covey__ProbeRequest *request);
void probes_report(struct session *session, const Covey__ProbeReport *report);

/* Call this when the session is over. */
void probes_forget(struct probes *probes, struct session *session);

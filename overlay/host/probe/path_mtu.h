/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What the network carries from this host to each other one: found by probes, soon after this host
 * has joined a group with it and about once an hour. Nothing is changed by what is found: the
 * operator is told. It is known from the other host's report, which comes through the key manager's
 * session; no ICMP error counts.
 */

#include <covey/error.h>
#include <event2/event.h>
#include <message.h>
#include <stdbool.h>
#include <time.h>

struct inventory;
struct inventory_host;
struct member;
struct path_mtu;

struct path_mtu_config {
	struct event_base *base;
	const struct inventory *inventory;
	const struct inventory_host *self;
	struct member *const *member; /* NULL until it is there */
	/* The longest VXLAN packet that this host sends, in bytes from the IP header on. It may
	 * change: call path_mtu_wake(). */
	const uint16_t *host_mtu;
	/* The longest VXLAN packet that VXLAN devices here may send. */
	uint16_t (*needed)(void *arg);
	void *arg;
};

enum path_state {
	PATH_UNKNOWN, /* not measured yet, or it could not be */
	PATH_FITS,    /* the longest packet that this host sends arrives */
	PATH_SMALL,   /* it does not, but shorter ones do */
	PATH_SILENT,  /* the other one listens, and no probe arrives there */
};

/* Lengths are bytes of IP packets as they are on the fabric, encrypted. */
struct path_peer {
	const struct inventory_host *host;
	enum path_state state;
	uint32_t mtu;         /* the longest that passes; PATH_FITS: at least */
	uint64_t measured_ms; /* monotonic; 0: never */
	time_t measured_at;
	char trouble[160]; /* why it could not be measured last; empty: it could */

	uint64_t due_ms;
	uint32_t tried;  /* the longest that was of interest then */
	unsigned failed; /* to be measured, times in a row */
	unsigned silent; /* times in a row; once may be chance */
	bool enough;     /* PATH_SMALL: not too small for what was sent then */

	enum path_state said; /* the problem that is in the log; PATH_UNKNOWN: none is */
	uint32_t said_mtu;
};

/* NULL when there is no memory. */
struct path_mtu *path_mtu_new(const struct path_mtu_config *config);
/* The inventory has other hosts or members: measure the paths to those who are new. */
void path_mtu_follow(struct path_mtu *paths);
/* NULL-safe. */
void path_mtu_free(struct path_mtu *paths);

/* Something of the member is different: there may be somebody to send probes to. */
void path_mtu_wake(struct path_mtu *paths);
/* False when the report is about nobody's run of ours. */
bool path_mtu_reported(struct path_mtu *paths, const Covey__ProbeReport *report);

/* All hosts with which this one has a group in common, by their place in the inventory. */
const struct path_peer *path_mtu_list(const struct path_mtu *paths, size_t *ret_count);

/* The longest IP packet that the fabric must carry from here, and what VXLAN adds to a tenant's
 * packet until it is such a packet. */
uint32_t path_mtu_needed(const struct path_mtu *paths);
uint32_t path_mtu_added(const struct path_mtu *paths);
/* What is wrong with this path, and the numbers that would mend it. False: nothing. */
bool path_mtu_explain(const struct path_mtu *paths, const struct path_peer *peer,
		      struct covey_error *ret_text);

/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* covey-host, from its start to its end, again and again; and its dataplane. */

#include "dataplane.h"
#include "member.h"
#include "simulation.h"

struct plane_sa {
	uint32_t spi;
	uint32_t sa; /* number in the rules' list */
	enum covey_sa_state state;
	uint16_t sender_id;
	uint16_t epoch;
	uint16_t *floors; /* by SenderID; never fall */
	bool *listed;
	size_t ids; /* SenderIDs that these two have room for */
};

/* One group's part of a dataplane. */
struct plane_group {
	struct plane_sa sas[COVEY_SAS_PER_GROUP_MAX];
	size_t count;
	enum covey_mode mode; /* as guard and dataplane have it */
};

struct dataplane {
	struct host *host;
	struct plane_group groups[GROUPS_MAX];
};

/* A mode that survives the program, not the machine. */
struct kept_mode {
	enum covey_mode mode, then;
	uint64_t then_at; /* ms of its own clock */
	uint32_t between_ms;
};

struct host {
	struct process process;
	unsigned number;
	uint32_t serial;  /* of its certificate, from 1 */
	uint32_t revoked; /* certificates up to this one */
	struct timer start;
	uint64_t started_us;
	uint64_t instance; /* in its file */
	struct kept_mode kept[GROUPS_MAX];
	unsigned connects;
	/* Of the running program. */
	struct event_base *base;
	struct tls *tls;
	struct member *member;
	struct dataplane plane;
};

void host_init(struct host *host, struct fleet *fleet, unsigned number);
void host_start_at(struct host *host, uint64_t at_us);
void host_free(struct host *host);
/* NULL: it is the key manager's. */
struct host *host_of(const struct process *process);

/* NULL: it does not run, or is not in the group. */
struct membership *host_membership(const struct host *host, unsigned group);
/* It has one session, and its other end is there. */
bool host_is_connected(const struct host *host);
const char *group_name_of(const struct fleet *fleet, unsigned group);

/* plane.c */
extern const struct dataplane_ops plane_ops;
struct plane_sa *plane_find(struct plane_group *group, uint32_t spi);
struct plane_sa *plane_sending(struct plane_group *group);
void plane_clear(struct dataplane *plane);
/* Is a packet of this sender, in this epoch, taken? */
bool plane_takes(const struct plane_sa *sa, uint16_t sender_id, uint16_t epoch);

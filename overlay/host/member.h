/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * This host's session with the GKM: connects, keeps it, and feeds the state machine
 * (member_state/) with messages and time. All from one event loop.
 */

#include <covey/addr.h>
#include <covey/error.h>
#include <event2/event.h>
#include <stdint.h>

#include "member_state/state.h"

struct member;
struct tls;

struct member_config {
	struct event_base *base;
	struct tls *tls;
	struct covey_addr gkm_address;
	uint16_t gkm_port;
	struct covey_addr vtep;
	const struct dataplane_ops *ops;
	struct dataplane *dataplane;
	/* See effects.h; may be NULL. */
	bool (*listens)(void *arg, const uint32_t *vnis, size_t count);
	void (*deaf)(void *arg);
	void (*connecting)(void *arg); /* before each attempt to; may be NULL */
	void (*changed)(void *arg); /* something that `covey show` shows is different; may be NULL
				     */
	void *arg;
};

enum member_link {
	MEMBER_WAITING,    /* for the next attempt */
	MEMBER_CONNECTING, /* up to the GKM's Welcome */
	MEMBER_CONNECTED,
};

struct member_status {
	struct covey_addr gkm_address;
	uint16_t gkm_port;
	enum member_link link;
	uint64_t since_ms;      /* how long it is so */
	const char *last_error; /* why the last session ended; NULL: it was none, or never one */
	const char
		*certificate; /* ours that the session is with: serial number; NULL: no session */
};

int member_new(const struct member_config *config, struct member **ret_member,
	       struct covey_error *error);
/*
 * Keep this start's instance in the file at path for the next one, and say to the GKM which one was
 * there: so it knows a restart from a second host. Without the file it does not. Before
 * member_start().
 */
void member_keep_instance(struct member *member, const char *path);
/* Make the first attempt to connect. */
void member_start(struct member *member);
/* Other certificates are revoked than before: the GKM's, too? Then the session ends. */
void member_recheck(struct member *member);
/*
 * There is another certificate of ours than before, or another ca.crt. Who waits to be let in tries
 * at once. A session is followed by one with the new files within 2 seconds; it ends when the GKM
 * has taken that, so nothing is lost, and goes on if it does not.
 */
void member_renewed(struct member *member);
/* Closes the session without leaving any group: SenderIDs and rosters stay. NULL-safe. */
void member_free(struct member *member);

/* See member_state_join() and member_state_leave(). */
int member_join(struct member *member, const char *group, struct covey_error *error);
int member_leave(struct member *member, const char *group, struct covey_error *error);

void member_read_status(const struct member *member, struct member_status *ret_status);
const struct member_state *member_read_state(const struct member *member);

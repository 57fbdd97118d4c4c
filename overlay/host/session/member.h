/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * This host's session with the GKM: makes it, keeps it, and passes messages and time on to the
 * state machine (member_state/). Everything runs in one event loop.
 */

#include <covey/addr.h>
#include <covey/error.h>
#include <covey/gkms.h>
#include <event2/event.h>
#include <stdint.h>

#include "state.h"

struct member;
struct tls;

struct member_config {
	struct event_base *base;
	struct tls *tls;
	const struct covey_gkms *gkms; /* is copied; see member_set_gkms() */
	uint16_t gkm_port;
	struct covey_addr vtep;
	const struct dataplane_ops *ops;
	struct dataplane *dataplane;
	/* See effects.h; may be NULL. */
	bool (*listens)(void *arg, const uint32_t *vnis, size_t count);
	void (*deaf)(void *arg);
	int (*modes)(void *arg, struct covey_error *error);
	void (*heard)(void *arg, size_t max, struct effects_heard_all *ret_all);
	void (*first_mode)(void *arg, const char *group, struct member_mode_first *ret_first);
	void (*probe_order)(void *arg, const Covey__ProbeOrder *order);
	void (*probe_report)(void *arg, const Covey__ProbeReport *report);
	void (*connecting)(void *arg); /* before each attempt to connect; may be NULL */
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
	struct covey_addr gkm_address; /* the one that is tried, or has our session */
	uint16_t gkm_port;
	enum member_link link;
	uint64_t since_ms;       /* how long `link` has been as it is */
	const char *last_error;  /* why the last session ended or failed; NULL: nothing failed */
	const char *certificate; /* serial number of ours in the session; NULL: no session */
	uint64_t sessions;       /* how many the GKM has welcomed since the start */
	uint64_t lost;           /* how many of them ended with none in their place */
};

int member_new(const struct member_config *config, struct member **ret_member,
	       struct covey_error *error);
/*
 * Write the instance of this start into the file at path, for the next start, and tell the GKM
 * which one was there. So the GKM can tell a restart from a second host; without the file it
 * cannot. Call this before member_start().
 */
void member_keep_instance(struct member *member, const char *path);
/* Make the first attempt to connect. */
void member_start(struct member *member);
/* Call this when the revocation lists have changed: if the GKM's certificate is revoked now, the
 * session ends. */
void member_recheck(struct member *member);
/*
 * Call this when our certificate or ca.crt has changed. A host that waits to be let in tries at
 * once. If there is a session, another one with the new files begins within 2 seconds. When the GKM
 * has accepted that one, the first one ends, so nothing is lost. If the GKM does not accept it, the
 * first one goes on.
 */
void member_renewed(struct member *member);
/* Call this when the inventory lists other key managers. A session with one that is not in the list
 * any more ends, and the next one is tried. */
void member_set_gkms(struct member *member, const struct covey_gkms *gkms);
/* Call this when our inventory has changed: a host that waits to be let in tries at once. */
void member_inventory_changed(struct member *member);
/* Closes the session without leaving any group: SenderIDs and rosters stay. NULL-safe. */
void member_free(struct member *member);

/* Tell the GKM of probes. -ENOTCONN without a session; another negative errno: it cannot be sent,
 * and the session ends. */
int member_send(struct member *member, const Covey__Message *message);

/* See member_state_join(), member_state_join_later() and member_state_leave(). */
int member_join(struct member *member, const char *group, struct covey_error *error);
int member_join_later(struct member *member, const char *group, struct covey_error *error);
int member_leave(struct member *member, const char *group, struct covey_error *error);

void member_read_status(const struct member *member, struct member_status *ret_status);
/* All key managers, and of each why there is no session with it: empty where there is one, or where
 * it was not tried. Returns the reason of the i-th one. */
const struct covey_gkms *member_read_gkms(const struct member *member);
const char *member_gkm_reason(const struct member *member, size_t i);
const struct member_state *member_read_state(const struct member *member);

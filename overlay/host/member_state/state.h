/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A member of groups at the GKM, as a state machine. It is told of sessions, messages and times,
 * drives the dataplane, and says what to send (effects.h). It has no I/O and no clock of its own:
 * all times are milliseconds of one monotonic clock.
 *
 * When a session ends, nothing is taken away: SAs live on until their hard lifetime.
 * docs/protocol.md has the order of messages.
 */

#include <covey/addr.h>
#include <covey/error.h>
#include <covey/limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "effects.h"
#include "membership.h"

enum session_state {
	SESSION_NONE,
	SESSION_HELLO, /* Hello is sent */
	SESSION_OPEN,  /* Welcome has come */
};

struct member_state {
	struct effects effects;
	struct covey_addr vtep;
	enum session_state session;
	uint64_t own_instance; /* random: this start of this program */
	uint64_t previous;     /* own_instance of the start before; 0: not known */
	uint64_t instance;     /* the GKM's, of the last Welcome; 0: none yet */
	uint64_t heartbeat;    /* ms between two */
	uint64_t heartbeat_at;
	uint32_t highest_spi; /* of all SAs that we have had, of any group; 0: none */
	bool told_of_windows; /* said already that there are more windows than can be reported */
	Covey__RefusalCode refusal; /* why the GKM ended the last session, or none */
	bool elsewhere;             /* it ended it because another one leads */
	struct covey_addr leader;   /* that one, as it says; family 0: it does not say */
	struct membership *groups[COVEY_GROUPS_PER_HOST_MAX];
	/* Those to join as soon as another is left. */
	char later[COVEY_GROUPS_PER_HOST_MAX][COVEY_NAME_MAX + 1];
	size_t later_count;
};

int member_state_new(const struct effects *effects, const struct covey_addr *vtep,
		     struct member_state **ret_state);
/* Only frees memory; dataplane_close() wipes the SAs. NULL-safe. */
void member_state_free(struct member_state *state);

/*
 * Want to be in the group from now on. 0 also when it is wanted already; a refused group is asked
 * for again at once. -ENOSPC above COVEY_GROUPS_PER_HOST_MAX, -ENAMETOOLONG, -EINVAL for what
 * cannot be a name.
 */
int member_state_join(struct member_state *state, const char *name, struct covey_error *error);
/* The same, but where there is no room as long as the GKM has not answered the Leave of another
 * group, it is joined then. -ENOSPC when none is being left, or too few are. */
int member_state_join_later(struct member_state *state, const char *name,
			    struct covey_error *error);
/* A group is left, and gone: join the next one that waits for that. For receive.c. */
int member_state_join_waiting(struct member_state *state, struct covey_error *error);
/* Take its SAs out at once and tell the GKM, in the next session if there is none now. -ENOENT when
 * we are not in it. */
int member_state_leave(struct member_state *state, const char *name, struct covey_error *error);

/* Call this when there is a session: it sends Hello. */
int member_state_opened(struct member_state *state, struct covey_error *error);
/*
 * Another session replaces the present one. member_state_hello() fills in the Hello that the caller
 * sends in the new session; the message borrows from state. member_state_followed() then says that
 * the new session has replaced the other one and that Welcome may come.
 */
void member_state_hello(const struct member_state *state, Covey__Hello *ret_hello);
void member_state_followed(struct member_state *state);
/*
 * Take one message. A negative errno means that the session is useless and must be closed:
 * -ECONNREFUSED when the GKM says so (state->refusal tells why); any other when we cannot follow
 * the GKM, and a new session puts that right.
 */
int member_state_received(struct member_state *state, const Covey__Message *message, uint64_t now,
			  struct covey_error *error);
/* Call this when the session is gone. */
void member_state_closed(struct member_state *state);

/* Do what is due: expiries, retries, heartbeats. Errors as above. */
int member_state_tick(struct member_state *state, uint64_t now, struct covey_error *error);
/* When member_state_tick() is due next; SA_NEVER when nothing is. */
uint64_t member_state_deadline(const struct member_state *state);

/* Does the mode of some group have a deadline? */
bool member_state_mode_ends(const struct member_state *state);

/* NULL when we are not in it. */
struct membership *member_state_find(const struct member_state *state, const char *name);

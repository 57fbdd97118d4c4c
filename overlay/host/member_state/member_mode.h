/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The mode of a group at this member (covey/mode.h): the GKM says it, the guard and the dataplane
 * do it, and when it has a deadline, the member goes on by itself when that has passed, GKM or not.
 *
 * A member goes from one mode to another by steps: it is in transition between observe and enforce
 * for COVEY_MODE_BETWEEN_MS, or as long as the GKM says. By then all others have come as far, so
 * nobody sends what another does not accept.
 */

#include <covey/error.h>
#include <covey/mode.h>
#include <stdbool.h>
#include <stdint.h>

#include "effects.h"

struct membership;

#define MEMBER_MODE_NEVER UINT64_MAX

struct member_mode {
	enum covey_mode mode; /* the present step */
	enum covey_mode goal; /* where the steps lead; == mode: that is all */
	enum covey_mode then; /* the goal when then_at comes */
	uint64_t then_at;     /* ms; MEMBER_MODE_NEVER: no deadline */
	uint64_t step_at;     /* ms; when the next step is due; MEMBER_MODE_NEVER: none is */
	uint32_t between_ms;  /* how long to be in transition between the other two */
	uint64_t try_at;      /* ms; when to put the mode in force; MEMBER_MODE_NEVER: it is */
	uint64_t remind_at;   /* ms; when the log says again that the group is not in enforce */
	uint64_t serial;      /* of the last GroupMode of this GKM instance; 0: none */
	enum covey_mode said; /* what the log said last; 0: nothing */
	bool keyed;           /* there was an SA to send on, since this start */
	bool told;            /* a GKM has said it, or that we may not be in the group */
	bool to_ack;          /* GroupModeInForce is to be sent, once it is so */
};

/* The mode that a group has until the GKM says another one, and when it is to end. */
struct member_mode_first {
	enum covey_mode mode;
	enum covey_mode then;
	uint64_t then_at;    /* ms; MEMBER_MODE_NEVER: no deadline */
	uint32_t between_ms; /* as the GKM said it last; 0: it has not */
};

/* A group that is new here begins with this. It is put in force by member_mode_run(). */
void member_mode_begin(struct member_mode *mode, const struct member_mode_first *first);

/* A Join is sent: the GKM says the mode again. anew: it is another instance, which counts anew. */
void member_mode_session(struct member_mode *mode, bool anew);

/* The GKM says the mode. -EPROTO when the message makes no sense; then nothing changes. */
int member_mode_told(struct membership *group, const Covey__GroupMode *message, uint64_t now,
		     const struct effects *effects, struct covey_error *error);

/* This host may not be in the group any more: it enforces, at once. */
void member_mode_end(struct membership *group, const struct effects *effects);

/* Its VNIs may be other ones: the mode is to be put in force for them. */
void member_mode_renew(struct member_mode *mode);

/* Do what is due: steps, the deadline, another try to put the mode in force; acknowledge.
 * connected: there is a session in which we are in the group. A negative errno ends the session. */
int member_mode_run(struct membership *group, bool connected, uint64_t now,
		    const struct effects *effects, struct covey_error *error);

/* There is an SA to send on. From the first one on, transition means encrypted; before, VXLAN
 * leaves in clear as in observe, because the alternative would be to lose it. */
void member_mode_keyed(struct member_mode *mode);

/* When member_mode_run() is due next; MEMBER_MODE_NEVER when it is not. */
uint64_t member_mode_deadline(const struct member_mode *mode);

/* Do guard and dataplane what `mode` says? */
static inline bool member_mode_in_force(const struct member_mode *mode)
{
	return mode->try_at == MEMBER_MODE_NEVER;
}

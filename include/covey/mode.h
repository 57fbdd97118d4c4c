/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The mode of a group: whether its members send in clear or encrypted, and what they accept. A
 *fabric of clear VXLAN becomes an encrypted one by going through all three of them, and can go
 *back.
 *
 *	mode         sends       accepts
 *	observe      clear       clear and encrypted
 *	transition   encrypted   clear and encrypted
 *	enforce      encrypted   encrypted
 *
 * Members in neighbouring modes understand each other. Those in observe and in enforce do not. So
 *nobody goes from one of these to the other without being in transition for a while.
 */

#include <stdbool.h>
#include <string.h>

/* In this order, which is also that of the numbers on the wire. */
enum covey_mode {
	COVEY_MODE_OBSERVE = 1,
	COVEY_MODE_TRANSITION = 2,
	COVEY_MODE_ENFORCE = 3,
};

/* For how long members are in transition between the other two, at least, in milliseconds. It must
 * be longer than they are apart in time: by how long a message takes to each of them, and packets
 * that are on the way. If messages take longer than that, the key manager says how long. */
#define COVEY_MODE_BETWEEN_MS     500u
#define COVEY_MODE_BETWEEN_MAX_MS 10000u

/* The longest deadline that a mode may have, in seconds: a week. */
#define COVEY_MODE_DEADLINE_MAX_S 604800u

static inline bool covey_mode_sends_clear(enum covey_mode mode)
{
	return mode == COVEY_MODE_OBSERVE;
}

static inline bool covey_mode_accepts_clear(enum covey_mode mode)
{
	return mode == COVEY_MODE_OBSERVE || mode == COVEY_MODE_TRANSITION;
}

/* The mode to be in next on the way from one to another: to, or transition between. */
static inline enum covey_mode covey_mode_step(enum covey_mode from, enum covey_mode to)
{
	bool far = (from == COVEY_MODE_OBSERVE && to == COVEY_MODE_ENFORCE) ||
		   (from == COVEY_MODE_ENFORCE && to == COVEY_MODE_OBSERVE);

	return far ? COVEY_MODE_TRANSITION : to;
}

/* "observe" and so on; "unknown" for a number that is none. */
static inline const char *covey_mode_name(enum covey_mode mode)
{
	switch (mode) {
	case COVEY_MODE_OBSERVE:
		return "observe";
	case COVEY_MODE_TRANSITION:
		return "transition";
	case COVEY_MODE_ENFORCE:
		return "enforce";
	}
	return "unknown";
}

/* False when it is the name of none. */
static inline bool covey_mode_parse(const char *name, enum covey_mode *ret_mode)
{
	for (int mode = COVEY_MODE_OBSERVE; mode <= COVEY_MODE_ENFORCE; mode++)
		if (strcmp(name, covey_mode_name((enum covey_mode)mode)) == 0) {
			*ret_mode = (enum covey_mode)mode;
			return true;
		}
	return false;
}

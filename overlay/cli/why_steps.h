/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The steps of a packet from this host's VXLAN device to another host, as what covey-host says of
 * itself has them. Pure.
 */

#include <jansson.h>
#include <stdbool.h>

enum step_state {
	STEP_GOOD,
	STEP_BAD,
	STEP_UNKNOWN, /* it says nothing for or against */
};

/* A list of steps, and whether one of them is bad. */
struct steps {
	json_t *list;
	bool bad;
};

struct steps steps_begin(void);
/* Adds {"step": name, "state": "good"|"bad"|"unknown", "text": ...}. */
__attribute__((format(printf, 4, 5))) void
steps_add(struct steps *steps, const char *name, enum step_state state, const char *format, ...);
/* The group that is looked at: the one of this name, or the first in which the peer sends. It lives
 * as long as answer, covey-host's whole answer to "show"; NULL when there is none. peer: the other
 * host's name. */
const json_t *why_group(const json_t *answer, const char *peer, const char *name);
/* group may be NULL. name: as above. */
void why_steps(const json_t *answer, const char *peer, const char *name, const json_t *group,
	       struct steps *steps);

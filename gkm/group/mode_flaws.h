/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Which members could not follow when the group goes forward, towards enforce, and why.
 */

#include <covey/addr.h>
#include <covey/mode.h>
#include <stddef.h>
#include <stdint.h>

struct group;

enum mode_flaw {
	MODE_FLAW_AWAY,   /* no connection */
	MODE_FLAW_OLD,    /* it does not understand modes */
	MODE_FLAW_MODE,   /* it has not acknowledged the present mode */
	MODE_FLAW_NO_SA,  /* the group has no active SA; about no member */
	MODE_FLAW_SA,     /* it has not acknowledged the active SA, or may not send on it yet */
	MODE_FLAW_SILENT, /* it has not said yet what it hears since nobody should send in clear */
	MODE_FLAW_CLEAR,  /* it has received packets in clear in the last minute */
	MODE_FLAW_CLEAR_MISSED, /* and more than it reports, or than is noted */
};

#define MODE_FLAWS_NAMED 8

struct mode_flaws {
	size_t count; /* also of those that are not named */
	size_t clear; /* of them, those about clear packets; they are the last ones */
	struct {
		enum mode_flaw flaw;
		size_t seat;
		struct covey_addr vtep; /* MODE_FLAW_CLEAR: from whom */
		uint32_t vni;
		uint32_t ago_s;
	} named[MODE_FLAWS_NAMED];
};

/* What is in the way of going forward to this mode. */
void mode_flaws_find(const struct group *group, enum covey_mode to, uint64_t now_ms,
		     struct mode_flaws *ret_flaws);
/* The seat of the member that has this address, evicted or not; the number of seats: it is none's.
 */
size_t mode_flaws_sender(const struct group *group, const struct covey_addr *vtep);

/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Which of the fabric's key managers to try next. One of them leads; who led last is tried first,
 * then the others, one after the other. Pure: it knows no clock and no network.
 */

#include <covey/gkms.h>
#include <stdbool.h>

/* Of one address: why there is no session with it. */
#define GKM_REASON_MAX 512

struct gkm_choice {
	struct covey_gkms gkms;
	size_t at;    /* which one is tried now, or has our session */
	size_t tried; /* since the last session, or since somebody was named */
	char reasons[COVEY_GKMS_MAX][GKM_REASON_MAX]; /* empty: none is known */
	bool told[COVEY_GKMS_MAX]; /* that reason is in the log, since the last session */
};

/* The list has changed. Returns false if the one that is tried, or has our session, is in it no
 * more; then the first one is next. */
bool gkm_choice_set(struct gkm_choice *choice, const struct covey_gkms *gkms);

const struct covey_addr *gkm_choice_address(const struct gkm_choice *choice);
/* Why the present one was of no use. It stays until there is a session with it. Returns whether
 * that is news since the last session. */
bool gkm_choice_explain(struct gkm_choice *choice, const char *reason);

/* There is a session with the present one: it leads. */
void gkm_choice_leads(struct gkm_choice *choice);
/*
 * The present one was tried in vain: on to the next. Returns true when all were tried once more, so
 * that it is time to wait longer.
 */
bool gkm_choice_failed(struct gkm_choice *choice);
/*
 * It does not lead, and says who does. That one is next if it is in the list; otherwise, as when
 * nobody is named (family 0), the next one. Returns as gkm_choice_failed() does: those who name
 * each other must not be asked without end.
 */
bool gkm_choice_named(struct gkm_choice *choice, const struct covey_addr *leader);

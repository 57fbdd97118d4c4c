/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What the host remembers of an SA. The key is not part of this: held_sa_install.h passes it on to
 * the dataplane and wipes it.
 *
 *     SaInstall -> installed -- SaActivate -> active -- SaDrain, or another active -> draining
 *
 * From any state, the SA is gone at its hard lifetime, at the end of draining, or when the host
 * leaves the group.
 */

#include <covey/error.h>
#include <covey/sa.h>
#include <stdbool.h>
#include <stdint.h>

struct effects;
struct membership;

#define SA_NEVER UINT64_MAX

struct held_sa {
	uint64_t instance;     /* the GKM instance that made it */
	uint64_t registration; /* our registration in which the GKM last named it */
	uint64_t installed_at; /* ms, monotonic, like all times here */
	uint64_t expires_at;   /* hard lifetime */
	uint64_t drained_at;   /* end of draining, or SA_NEVER */
	uint32_t spi;
	enum covey_cipher cipher;
	enum covey_key_scope key_scope;
	enum covey_sa_state state;
	uint16_t epoch;
};

/*
 * Make way for an SPI that the GKM wants to use for another SA. The GKM stores the serial from
 * which it makes SPIs. So only a GKM that has lost its database uses the SPI of an earlier
 * instance's SA again: that SA ends. -EPROTO when the present instance has given the SPI to this
 * group.
 */
int held_sa_claim(struct membership *group, uint32_t spi, uint64_t instance,
		  const struct effects *effects, struct covey_error *error);

/*
 * Send on it from now on, and tell the GKM. SAs that the GKM did not name in this registration
 * drain or, if this GKM instance made them, end. An SA that expired while the message was on its
 * way is ignored.
 */
int held_sa_activate(struct membership *group, uint32_t spi, uint64_t now,
		     const struct effects *effects, struct covey_error *error);

/* Only receive on it, for drain_s more seconds. An SA that is gone already is ignored. */
int held_sa_drain(struct membership *group, uint32_t spi, uint32_t drain_s, uint64_t now,
		  const struct effects *effects, struct covey_error *error);

/* Remove what is past its hard lifetime or its draining. */
void held_sa_expire(struct membership *group, uint64_t now, const struct effects *effects);

/* Remove the SA from the dataplane, then from the list. */
void held_sa_forget(struct membership *group, struct held_sa *sa, const struct effects *effects);

/* Remove all SAs of the group at once. */
void held_sa_remove_all(struct membership *group, const struct effects *effects);

/* When held_sa_expire() has something to do next, or SA_NEVER. */
uint64_t held_sa_deadline(const struct membership *group);

/* NULL when the group has none of that SPI. */
struct held_sa *held_sa_find(struct membership *group, uint32_t spi);

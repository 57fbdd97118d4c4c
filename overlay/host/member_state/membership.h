/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A group that this host is in, or wants to be in.
 */

#include <covey/limits.h>
#include <durations.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "effects.h"
#include "floors.h"
#include "held_sa.h"
#include "member_mode.h"
#include "senders.h"

enum membership_state {
	MEMBERSHIP_JOINING, /* no answer in this session yet, or no session */
	MEMBERSHIP_JOINED,
	MEMBERSHIP_REFUSED, /* tried again at retry_at and in each new session */
	MEMBERSHIP_LEAVING, /* Leave is sent, or will be in the next session; until Left comes,
			       other messages about the group are outdated */
};

struct membership {
	char name[COVEY_NAME_MAX + 1];
	uint32_t index; /* in the dataplane */
	enum membership_state state;
	bool asked;  /* a Join was sent, so the GKM may have us on its roster */
	bool rejoin; /* MEMBERSHIP_LEAVING: join again once Left has come */

	Covey__RefusalCode refusal;
	char refusal_reason[COVEY_REASON_MAX + 1];
	uint64_t retry_at; /* ms, monotonic */

	/* From Joined. Stays readable without a session, because the SAs live on. */
	uint64_t registration; /* counts Joined */
	uint64_t instance;     /* of the GKM that answered Joined last */
	uint32_t removed_spi;  /* the highest that was removed in this registration; 0: none */
	uint16_t sender_id;    /* 0: never joined */
	uint16_t epoch;
	bool may_send;
	bool may_receive;
	bool deaf;         /* the GKM says that we hear nothing (hearing.h) */
	bool perhaps_deaf; /* that may be; never both */
	uint32_t *vnis;
	size_t vni_count;
	uint32_t replay_window; /* packets */
	uint32_t drain_s;

	struct member_mode mode;
	struct senders senders;
	struct floors floors; /* of the SA that is to be installed next */
	struct held_sa sas[COVEY_SAS_PER_GROUP_MAX];
	struct durations switches; /* from SaInstall to SaActivate */
	size_t sa_count;
};

struct membership *membership_new(const char *name, uint32_t index);
/* Only frees memory: SAs and VNIs must be out of the dataplane already. NULL-safe. */
void membership_free(struct membership *group);

/* Ask the GKM to let us in. instance: the GKM's. */
int membership_send_join(struct membership *group, uint64_t instance, const struct effects *effects,
			 struct covey_error *error);

/* Tell the GKM that we are out. */
int membership_send_leave(const struct membership *group, const struct effects *effects,
			  struct covey_error *error);

int membership_joined(struct membership *group, uint64_t instance, const Covey__Joined *message,
		      const struct effects *effects, struct covey_error *error);
/* The inventory of the GKM has changed. -EEXIST when another group has one of the VNIs. */
int membership_changed(struct membership *group, const Covey__GroupChanged *message, uint64_t now,
		       const struct effects *effects, struct covey_error *error);
int membership_floors(struct membership *group, const Covey__SaFloors *message,
		      struct covey_error *error);
void membership_refused(struct membership *group, const Covey__Refused *message, uint64_t now,
			const struct effects *effects);
int membership_roster(struct membership *group, uint64_t instance, const Covey__Roster *message,
		      const struct effects *effects, struct covey_error *error);

/* Take SAs and VNIs out of the dataplane. */
void membership_wipe(struct membership *group, const struct effects *effects);

/* The SA that this host sends on, NULL: none. A host without the right to send has one, too. */
const struct held_sa *membership_active_sa(const struct membership *group);
/* When the last SA ends on which the group can receive; 0: there is none. */
uint64_t membership_receives_until(const struct membership *group);
/*
 * The state in words for people: "joined" when the GKM has let us in and we have the key that
 * others send with; "cut off" when we have that key, but no session in which the GKM has answered;
 * otherwise "joining", "refused" or "leaving".
 */
const char *membership_state_name(const struct membership *group);

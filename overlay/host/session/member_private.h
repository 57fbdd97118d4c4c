/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What the files of the session share: the session that counts, and the one that is to replace it.
 */

#include <certificate_id.h>
#include <channel.h>
#include <peer_log.h>

#include "backoff.h"
#include "gkm_choice.h"
#include "member.h"

/* A session that is to replace the present one, until its Welcome comes. */
struct next_session {
	struct channel *channel; /* NULL: there is none */
	struct event *due;
	bool greeted; /* Hello has been sent: the GKM may have ended the other session because of it
		       */
	char serial[CERTIFICATE_SERIAL_STRLEN];
};

struct member {
	struct member_config config;
	struct member_state *state;
	struct peer_log *log;    /* for lines that the GKM can cause */
	struct channel *channel; /* NULL while waiting */
	struct next_session next;
	struct gkm_choice choice;
	struct event *tick;
	struct event *reconnect;
	struct event *give_up; /* on one that does not answer, where there are others */
	struct backoff backoff;
	enum member_link link;
	uint64_t link_since; /* ms, monotonic */
	uint64_t sessions;   /* that the GKM has welcomed */
	uint64_t lost;       /* of them, those that ended with none in their place */
	bool finished;       /* the channel is useless, and on its way out */
	bool slow;           /* the next attempt may wait long */
	bool moved;          /* the inventory has chosen which key manager is next */
	bool renewed;        /* other certificates have come since the last attempt began */
	bool followed;       /* this session follows another one, and that was not said yet */
	char serial[CERTIFICATE_SERIAL_STRLEN]; /* of our certificate in this session */
	char last_error[GKM_REASON_MAX];
};

/* --- member_session.c: the session that counts ------------------------------------------------ */

void member_session_set_link(struct member *member, enum member_link link);

/* Call this after anything that may have changed the state machine. */
void member_session_settle(struct member *member);

/* The session is useless: stop listening to it now. It closes when all that is queued has been
 * sent. */
void member_session_finish(struct member *member, const struct covey_error *error);

/* Call this before an attempt to connect. Certificates may be loaded anew in this call. */
void member_session_tell_connecting(struct member *member);

/* Begin to connect. Sets *ret_channel, and serial to the number of our certificate. */
int member_session_connect(struct member *member, struct channel **ret_channel,
			   char serial[CERTIFICATE_SERIAL_STRLEN], struct covey_error *error);

/* Timers; arg: struct member. */
void member_session_begin(evutil_socket_t fd, short what, void *arg);
void member_session_tick(evutil_socket_t fd, short what, void *arg);
void member_session_give_up(evutil_socket_t fd, short what, void *arg);

/* --- next_session.c: one that is to replace it ------------------------------------------------ */

void next_session_plan(struct member *member, uint32_t wait_ms);
/* Timer; arg: struct member. */
void next_session_begin(evutil_socket_t fd, short what, void *arg);
/* Its channel is open: send Hello. */
void next_session_greet(struct member *member);
/* False: the GKM does not want it, and it ends. */
bool next_session_is_welcome(struct member *member, const Covey__Message *message);
/* From now on it is the session that counts. The caller frees the former channel. */
void next_session_take(struct member *member);
/* Its channel is gone. */
void next_session_failed(struct member *member, const char *reason);

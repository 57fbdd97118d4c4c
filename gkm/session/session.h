/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * One member's connection: from accept to close.
 */

#include <covey/limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include "channel.h"
#include "identity.h"
#include "message.h"

struct served_group;
struct sessions;

enum session_stage {
	SESSION_OPENING,  /* no Hello accepted yet */
	SESSION_WELCOMED, /* its host is known; it may join groups */
	SESSION_ENDING,   /* the last message is on its way; nothing it says counts any more */
};

/* A group that the session joined. It stays noted after Leave: late acknowledgements may follow. */
struct registration {
	struct served_group *served;
	size_t seat;
	bool joined;
};

struct session {
	LIST_ENTRY(session) entry;
	struct sessions *sessions;
	struct channel *channel;
	enum session_stage stage;
	bool opened;  /* the TLS handshake is done: peer is valid */
	bool counted; /* in sessions->unauthenticated_count */
	struct identity peer;
	size_t host;       /* index into inventory->hosts, once welcomed */
	uint64_t instance; /* of the member's program, by its Hello; 0: it does not say */
	uint64_t heard_ms; /* when its last message came */
	struct registration *registrations;
	size_t registration_count;
};

/* Take over an accepted socket; it is closed when this fails. */
int session_accept(struct sessions *sessions, int fd, struct covey_error *error);

/* Send; a session that cannot take the message is cut at the event loop's next turn. */
void session_send(struct session *session, const Covey__Message *message);
/* The same for one that others get, too. what: "Roster" and so on, for the log. */
void session_send_encoded(struct session *session, struct encoded *message, const char *what);
/* A message for it could not even be made (negative errno): it is cut in the same way. */
void session_cannot_send(struct session *session, int rc, const char *what);

/*
 * Refuse one group; the session goes on, but for one that is refused more than COVEY_REFUSALS_MAX
 * times in COVEY_REFUSALS_SECONDS.
 */
__attribute__((format(printf, 4, 5))) void session_refuse(struct session *session,
							  const char *group,
							  Covey__RefusalCode code,
							  const char *format, ...);

/*
 * Refuse the session with a reason that is also logged, and close it. Its groups lose it at once.
 */
__attribute__((format(printf, 3, 4))) void
session_end(struct session *session, Covey__RefusalCode code, const char *format, ...);

/*
 * Close it without a word to the peer, which has another one: no fault, and logged as such. Its
 * groups lose it at once.
 */
void session_replace(struct session *session, const char *reason);

/* Close without a word, free. */
void session_free(struct session *session);

/* NULL when the session never joined the group. */
struct registration *session_registration(struct session *session,
					  const struct served_group *served);
/* The same, or a new one, not joined. NULL: no memory. */
struct registration *session_register(struct session *session, struct served_group *served,
				      size_t seat);

/* "hv1 (192.0.2.1 port 4711)" into buf, for logs. Returns buf. */
#define SESSION_NAME_LEN 192
const char *session_name(const struct session *session, char *buf);

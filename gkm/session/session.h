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
	SESSION_ENDING,   /* the last message is being sent; what the member says is ignored */
};

/* A group that the session has joined. It is kept after Leave, because late acknowledgements may
 * follow. */
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
	bool opened;  /* the TLS handshake is done, and peer is valid */
	bool counted; /* it is counted in sessions->unauthenticated_count */
	struct identity peer;
	size_t host;       /* index into inventory->hosts, once welcomed */
	uint64_t instance; /* of the member's program, from its Hello; 0: unknown */
	bool modes;        /* it understands GroupMode, as its Hello says */
	bool probes;       /* it understands ProbeOrder */
	uint64_t heard_ms; /* when the last message came */
	struct registration *registrations;
	size_t registration_count;
	size_t found; /* where session_find() found the last one */
};

/* Take over an accepted socket. If this fails, the socket is closed. */
int session_accept(struct sessions *sessions, int fd, struct covey_error *error);

/* Send a message. If the session cannot take it, the session is closed in the event loop's next
 * turn. */
void session_send(struct session *session, const Covey__Message *message);
/* The same for a message that others get, too. what: its name for the log, such as "Roster". */
void session_send_encoded(struct session *session, struct encoded *message, const char *what);
/* A message for the session could not even be made (negative errno). The session is closed in the
 * same way. */
void session_cannot_send(struct session *session, int status, const char *what);

/*
 * Refuse one group. The session continues, unless more than COVEY_REFUSALS_MAX Joins of its host
 * were refused in COVEY_REFUSALS_SECONDS.
 */
__attribute__((format(printf, 4, 5))) void session_refuse(struct session *session,
							  const char *group,
							  Covey__RefusalCode code,
							  const char *format, ...);

/*
 * Refuse the session and close it. The reason is sent and logged. Its groups lose it at once.
 */
__attribute__((format(printf, 3, 4))) void
session_end(struct session *session, Covey__RefusalCode code, const char *format, ...);

/*
 * Close the session without telling the peer, which has another session. This is no fault, and is
 * logged so. Its groups lose it at once.
 */
void session_replace(struct session *session, const char *reason);

/* Tell a member that this key manager does not lead (sessions->leadership), and close the session.
 */
void session_send_away(struct session *session);
/* The peer has got its answer, and no more is to come: close. Not logged. */
void session_close(struct session *session);

/* Close without telling the peer, and free. */
void session_free(struct session *session);

/* NULL when the session has never joined the group. */
struct registration *session_registration(struct session *session,
					  const struct served_group *served);
/* In so many groups is it now. */
size_t session_joined_count(const struct session *session);
/* The same. If there is none, makes one that is not joined. NULL when there is no memory. */
struct registration *session_register(struct session *session, struct served_group *served,
				      size_t seat);

/*
 * The registration that fits(); NULL when there is none. A host in many groups speaks of one after
 * the other, so this looks at the last one that was found and those behind it first.
 */
struct registration *session_find(struct session *session,
				  bool (*fits)(const struct registration *registration,
					       const void *key),
				  const void *key);

/* Write "hv1 (192.0.2.1 port 4711)" into buf, for logs. Returns buf. */
#define SESSION_NAME_LEN 192
const char *session_name(const struct session *session, char *buf);

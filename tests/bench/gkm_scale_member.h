/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * One of many members, as small as it can be: it says what covey-host says, has no dataplane, and
 * counts what it is sent.
 */

#include <covey/addr.h>
#include <event2/bufferevent.h>
#include <message.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct crowd;
struct scale_probe;

/* A member in one group. */
struct scale_seat {
	uint64_t generation; /* of the last roster */
	uint32_t installed;  /* the newest SA, 0: none */
	uint32_t active;     /* the one to send on, 0: none */
	bool has_roster;
};

struct scale_member {
	struct crowd *crowd;
	size_t number;
	struct bufferevent *stream;
	SSL *ssl;
	struct scale_seat *seats; /* by group */
	size_t joined;            /* groups */
	double joined_at;         /* the last of them, in seconds, as crowd_now() */
	uint64_t bytes;           /* of messages from the GKM, frame headers included */
	uint64_t roster_bytes;
	uint64_t first_roster_bytes; /* of the whole ones that it began with */
	uint64_t rosters;
	struct scale_probe *probe; /* NULL: it knows no probes */
};

/* Connect. Returns 0 or a negative errno. */
int scale_member_connect(struct scale_member *member);
void scale_member_heartbeat(struct scale_member *member);
void scale_member_say(struct scale_member *member, const Covey__Message *message);
/* TLS and all: what it was sent, and what it has sent. */
uint64_t scale_member_wire_bytes(const struct scale_member *member);
uint64_t scale_member_said_bytes(const struct scale_member *member);
/* The address of a member, and the other way round: -ENOENT if it is none's. */
void scale_member_vtep(size_t number, struct covey_addr *ret_vtep);
int scale_member_number(const ProtobufCBinaryData *vtep, size_t *ret_number);
void scale_member_free(struct scale_member *member);

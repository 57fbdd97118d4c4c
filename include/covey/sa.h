/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What describes a group security association, shared by the key manager, the host and the
 * dataplane. RFC 4301 (SA), RFC 4046 (TEK), RFC 5374 (group SA).
 */

#include <covey/addr.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum covey_cipher {
	COVEY_AES_256_GCM = 1,
	COVEY_AES_128_GCM = 2,
};

enum covey_key_scope {
	COVEY_KEY_SCOPE_SENDER = 1, /* each sender's key is derived from the TEK */
	COVEY_KEY_SCOPE_GROUP = 2,  /* the TEK itself is the key */
};

enum covey_encapsulation {
	COVEY_ENCAPSULATION_UDP = 1,
	COVEY_ENCAPSULATION_IP = 2, /* directly in IP, no UDP header */
};

/* The states of an SA at a member (docs/protocol.md, section 8.6). An SA that was wiped has no
 * state. */
enum covey_sa_state {
	COVEY_SA_INSTALLED = 1, /* receives only; the group does not send on it yet */
	COVEY_SA_ACTIVE = 2,    /* sends and receives */
	COVEY_SA_DRAINING = 3,  /* receives only; the group sends on another one */
};

#define COVEY_TEK_BYTES_MAX 32

/* Length of a cipher's key in bytes: 32 or 16; 0 for a value that is no cipher. */
static inline size_t covey_cipher_key_len(enum covey_cipher cipher)
{
	switch (cipher) {
	case COVEY_AES_256_GCM:
		return 32;
	case COVEY_AES_128_GCM:
		return 16;
	}
	return 0;
}

static inline const char *covey_cipher_name(enum covey_cipher cipher)
{
	return cipher == COVEY_AES_256_GCM ? "aes-256-gcm" : "aes-128-gcm";
}

static inline const char *covey_key_scope_name(enum covey_key_scope scope)
{
	return scope == COVEY_KEY_SCOPE_SENDER ? "sender" : "group";
}

static inline const char *covey_sa_state_name(enum covey_sa_state state)
{
	switch (state) {
	case COVEY_SA_INSTALLED:
		return "installed";
	case COVEY_SA_ACTIVE:
		return "active";
	case COVEY_SA_DRAINING:
		return "draining";
	}
	return "unknown";
}

/* One sender of a group, as the other members know it. Members that may not send are not in the
 * roster. */
struct covey_roster_entry {
	struct covey_addr vtep;
	uint16_t sender_id;
	uint16_t epoch_floor; /* from 1; packets of a lower epoch are dropped; it never falls */
};

/* The ESN that a window had reached when a receiver joined. The receiver treats the window's
 * packets up to this ESN as old. */
struct covey_floor {
	uint64_t esn;
	uint16_t sender_id;
	uint16_t window_id;
};

/* All that the dataplane needs to install an SA. It holds a key, so it has to be in locked memory,
 * and is wiped after use. */
struct covey_sa {
	uint32_t spi;
	uint32_t group; /* index of the group in the dataplane, see dataplane_group_set() */
	enum covey_cipher cipher;
	enum covey_key_scope key_scope;
	uint32_t replay_window; /* packets; power of two, COVEY_REPLAY_WINDOW_MIN..MAX */
	uint16_t sender_id;     /* our own */
	uint16_t epoch;         /* the one that we got with this registration */
	bool may_send;
	bool may_receive;
	uint8_t tek[COVEY_TEK_BYTES_MAX]; /* the first covey_cipher_key_len() bytes */
	const struct covey_floor *floors; /* the caller's; sorted by SenderID, then WindowID */
	size_t floor_count;
};

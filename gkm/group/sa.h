/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * One group SA at the key manager: its key, its state and where each member is with it. Pure; time
 * is passed in, in milliseconds of any clock that only moves forward.
 *
 *     installing --all acked, or the delay passed--> active --a newer one is active--> draining
 *         |                                            |                                  |
 *         +------------- hard lifetime ----------------+-----------> retired <------------+
 *
 * The key is wiped when the SA retires. A retired SA is kept for a while without it, to tell a late
 * acknowledgement from one that was never asked for.
 */

#include <covey/sa.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct floor_table;
struct usage;

enum sa_state {
	SA_INSTALLING,
	SA_ACTIVE,
	SA_DRAINING,
	SA_RETIRED,
};

/*
 * A member's progress, in this order. Each registration sets it back to SA_MEMBER_NONE, except for
 * a member that is barred: it stays so until the SA is gone.
 */
enum sa_member_state {
	SA_MEMBER_BARRED, /* not for it: it was no member when the SA began to carry traffic */
	SA_MEMBER_NONE,
	SA_MEMBER_SENT,    /* SaInstall is out */
	SA_MEMBER_ACKED,   /* it can receive */
	SA_MEMBER_ACTIVE,  /* SaActivate is out: it sends */
	SA_MEMBER_WARNED,  /* SaDrain is out, with some time left, and no SaAck has come yet */
	SA_MEMBER_DRAINED, /* SaDrain is out, with some time left, and it can receive */
	SA_MEMBER_GONE,    /* SaDrain(0) is out: it holds the SA no more */
};

/* When an SA begins, and how long its stages last. */
struct sa_timing {
	uint64_t begin_ms;
	uint64_t activation_delay_ms; /* how long the slowest member is waited for */
	uint64_t drain_delay_ms;      /* how long the SAs before this one drain once it is active */
	uint64_t hard_lifetime_ms;
	uint64_t rekey_after_ms; /* when the group's next one is due, 0: when somebody asks */
	bool patient;            /* it begins for the interval alone: nobody needs it soon */
	bool evicts;             /* those before it end when all connected members have switched */
};

struct sa {
	uint32_t spi;
	enum sa_state state;
	uint8_t *tek; /* locked memory; NULL once retired */
	size_t tek_len;
	uint64_t begin_ms;
	uint64_t activate_by_ms;
	uint64_t drain_delay_ms; /* of those before it */
	bool evicts;             /* those before it are cut short */
	uint64_t switch_by_ms;   /* once active: until when an eviction waits for members */
	uint64_t drain_begin_ms; /* while draining */
	uint64_t drain_ms;       /* how long it drains once nobody sends on it */
	bool cut_short;          /* while draining: members that are away are not waited for */
	uint64_t drain_by_ms;    /* UINT64_MAX: somebody may still send on it */
	uint64_t rekey_ms;       /* when the next one is due, UINT64_MAX: never */
	uint64_t patience_ms;    /* until when the next one waits for members that are away */
	uint64_t expires_ms;
	uint64_t multicast_sent;    /* by all members, as they reported it; hearing.h */
	bool patient;               /* while installing: it waits for members that are away, too */
	struct usage *usages;       /* by seat; NULL once retired */
	struct floor_table *floors; /* NULL: nobody has reported windows */
	uint64_t failures;          /* failed ICVs that members reported, all together */
	uint64_t failures_most;     /* of these, by the member that reported the most */
	size_t failures_seat;       /* that member */
	bool worn;                  /* near a limit of its key: its replacement is asked for */
	size_t seats;
	uint8_t members[]; /* enum sa_member_state by seat */
};

/*
 * Make an SA in state installing. tek is copied. Returns 0, -EINVAL for a key length that no cipher
 * has or a reserved SPI, or -ENOMEM.
 */
int sa_new(uint32_t spi, const uint8_t *tek, size_t tek_len, const struct sa_timing *timing,
	   size_t seats, struct sa **ret_sa);
/* Wipes the key. */
void sa_free(struct sa *sa);

/* Wipe the key for good. */
void sa_retire(struct sa *sa);

static inline bool sa_is_live(const struct sa *sa)
{
	return sa->state != SA_RETIRED;
}

/* The member has been sent it, and not been told to drop it. */
static inline bool sa_is_held(const struct sa *sa, size_t seat)
{
	return sa->members[seat] >= SA_MEMBER_SENT && sa->members[seat] <= SA_MEMBER_ACTIVE;
}

/* The member was told to drop it, some time from now. */
static inline bool sa_is_drained(const struct sa *sa, size_t seat)
{
	return sa->members[seat] == SA_MEMBER_WARNED || sa->members[seat] == SA_MEMBER_DRAINED;
}

/* The member can receive, or could until it dropped it. */
static inline bool sa_was_acked(const struct sa *sa, size_t seat)
{
	return sa->members[seat] == SA_MEMBER_ACKED || sa->members[seat] == SA_MEMBER_ACTIVE ||
	       sa->members[seat] == SA_MEMBER_DRAINED;
}

/* The member can receive, and is to keep it. */
static inline bool sa_is_acked(const struct sa *sa, size_t seat)
{
	return sa->members[seat] == SA_MEMBER_ACKED || sa->members[seat] == SA_MEMBER_ACTIVE;
}

const char *sa_state_name(enum sa_state state);

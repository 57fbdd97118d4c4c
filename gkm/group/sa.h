/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * One group SA at the key manager: its key, its state, and how far each member is with it. Pure;
 * the caller passes the time, in milliseconds of any clock that never goes back.
 *
 *     installing --all acked, or the delay passed--> active --a newer one is active--> draining
 *         |                                            |                                  |
 *         +------------- hard lifetime ----------------+-----------> retired <------------+
 *
 * The key is wiped when the SA retires. A retired SA is kept for a while without its key, to tell a
 * late acknowledgement from one for something that was never sent.
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
 * How far a member is with the SA, in this order. Each registration sets it back to SA_MEMBER_NONE,
 * except SA_MEMBER_BARRED, which stays as long as the SA exists.
 */
enum sa_member_state {
	SA_MEMBER_BARRED, /* must not get it: it was no member before the SA carried traffic */
	SA_MEMBER_NONE,
	SA_MEMBER_SENT,    /* SaInstall was sent */
	SA_MEMBER_ACKED,   /* it can receive */
	SA_MEMBER_ACTIVE,  /* SaActivate was sent: it sends */
	SA_MEMBER_WARNED,  /* SaDrain was sent, with some time left, before SaInstalled came */
	SA_MEMBER_DRAINED, /* SaDrain was sent, with some time left, and it can receive */
	SA_MEMBER_GONE,    /* SaDrain with 0 was sent: it does not hold the SA any more */
};

/* When an SA begins, and how long its stages last. */
struct sa_timing {
	uint64_t begin_ms;
	uint64_t activation_delay_ms; /* how long to wait for the slowest member */
	uint64_t drain_delay_ms;      /* how long earlier SAs drain after this one becomes active */
	uint64_t hard_lifetime_ms;
	uint64_t rekey_after_ms; /* when the group's next SA is due; 0: only when somebody asks */
	bool patient;            /* it begins for the interval alone: nobody needs it soon */
	bool evicts;             /* earlier SAs end when all connected members have switched */
};

struct sa {
	uint32_t spi;
	enum sa_state state;
	uint8_t *tek; /* locked memory; NULL when the SA is retired */
	size_t tek_len;
	uint64_t begin_ms;
	uint64_t activate_by_ms;
	uint64_t drain_delay_ms; /* for the SAs before it */
	bool evicts;             /* the SAs before it are cut short */
	uint64_t switch_by_ms;   /* once active: how long an eviction waits for members */
	uint64_t drain_begin_ms; /* while draining */
	uint64_t drain_ms;       /* how long it drains after the last member has stopped sending */
	bool cut_short;          /* while draining: does not wait for members that are away */
	uint64_t drain_by_ms;    /* UINT64_MAX: a member may still be sending on it */
	uint64_t rekey_ms;       /* when the next one is due; UINT64_MAX: never */
	uint64_t patience_ms;    /* until when the next one waits for members that are away */
	uint64_t expires_ms;
	/* By all members, as they report it; hearing.h. */
	uint64_t multicast_sent, unicast_sent, unicast_received;
	bool patient;               /* while installing: also waits for members that are away */
	struct usage *usages;       /* by seat; NULL when the SA is retired */
	struct floor_table *floors; /* NULL: nobody has reported windows */
	uint64_t failures;          /* failed ICVs that members report, all together */
	uint64_t failures_most;     /* by the member that reports the most of them */
	size_t failures_seat;       /* that member */
	bool worn;                  /* its key is near a limit: another SA was asked for */
	size_t seats;
	uint8_t members[]; /* enum sa_member_state by seat */
};

/*
 * Make an SA that is being installed. tek is copied. Returns 0, -EINVAL for a reserved SPI or a key
 * length that no cipher has, or -ENOMEM.
 */
int sa_new(uint32_t spi, const uint8_t *tek, size_t tek_len, const struct sa_timing *timing,
	   size_t seats, struct sa **ret_sa);
/* Make room for members in more seats, so many in all. They must not get the SA until somebody says
 * so. It may move. Returns 0 or -ENOMEM. */
int sa_add_seats(struct sa **sa, size_t seats);
/* Wipes the key. */
void sa_free(struct sa *sa);

/* Wipe the key for good. */
void sa_retire(struct sa *sa);

static inline bool sa_is_live(const struct sa *sa)
{
	return sa->state != SA_RETIRED;
}

/* Was the member sent the SA, and not told to drop it? */
static inline bool sa_is_held(const struct sa *sa, size_t seat)
{
	return sa->members[seat] >= SA_MEMBER_SENT && sa->members[seat] <= SA_MEMBER_ACTIVE;
}

/* Was the member told to drop the SA after some time? */
static inline bool sa_is_drained(const struct sa *sa, size_t seat)
{
	return sa->members[seat] == SA_MEMBER_WARNED || sa->members[seat] == SA_MEMBER_DRAINED;
}

/* Can the member receive on the SA, or could it until it dropped the SA? */
static inline bool sa_was_acked(const struct sa *sa, size_t seat)
{
	return sa->members[seat] == SA_MEMBER_ACKED || sa->members[seat] == SA_MEMBER_ACTIVE ||
	       sa->members[seat] == SA_MEMBER_DRAINED;
}

/* Can the member receive on the SA, and shall it keep the SA? */
static inline bool sa_is_acked(const struct sa *sa, size_t seat)
{
	return sa->members[seat] == SA_MEMBER_ACKED || sa->members[seat] == SA_MEMBER_ACTIVE;
}

const char *sa_state_name(enum sa_state state);

/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The key manager's durable state: which identity is bound to which SenderID, and was before; which
 * identities are evicted; which mode each group has; and the next SPI. It never contains a key. An
 * implementation fills in struct store. sqlite.h has one that uses a single file.
 *
 * Reads answer at once, from what is committed. Writes are asynchronous: store_commit() begins one,
 * and its done() says what came of it, during the call or later from the event loop. With status 0
 * the change is durable: it survives a crash of the program and of the machine. Before that, the
 * caller changes nothing in memory and tells nobody.
 *
 * Only one program can use a store at a time. Errors: -EBUSY (another program has it), -ENOSPC (no
 * room), -EROFS (cannot be written), -EBADMSG (damaged, or not such a store), -ENOENT and -EACCES
 * (of its path), -ENOTCONN (this program must not use it any more), -ETIMEDOUT (nobody knows what
 * came of it; lost() follows), otherwise -EIO. The error text says what to do.
 */

#include <covey/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

struct store;

/* SAs that were made before the present start live no longer than this, or than was noted for their
 * group, in seconds. */
#define STORE_LIFETIME_LEAST_S 86400u

/* The mode of a group, as the operator has set it. Numbers of covey/mode.h. */
struct store_mode {
	uint64_t serial; /* of what members were told; 0: nobody has set a mode */
	uint8_t mode;    /* that members were told */
	uint8_t goal;    /* where it goes from there */
	uint8_t after;   /* the one after a deadline; 0: there is none */
};

enum store_change_kind {
	/* Bind the identity to the SenderID in the group, in place of the one that it had; that one
	 * is then a former one, with the last SPI that was taken. -EEXIST when another identity has
	 * it. A former one with this SenderID is not one any more. */
	STORE_BIND,
	/* The identity is evicted from the group, or from all groups with "". Doing it twice is the
	 * same as once. */
	STORE_EVICT,
	/* Undo that: from the group, or with NULL all evictions of the identity. */
	STORE_READMIT,
	/* The group's mode, in place of the one before. serial: 1 to INT64_MAX. */
	STORE_MODE,
	/* The hard lifetime of the group's SAs from now on, above 0. It is remembered if it is
	 * above STORE_LIFETIME_LEAST_S, and if no longer one is still needed for former SenderIDs.
	 * So for most groups nothing is written. */
	STORE_LIFETIME,
	/* Forget the group's former SenderIDs that were given up with this SPI or a lower one. */
	STORE_FORGET_FORMER,
	/* No SPI up to this one is taken any more. Those of them that are reserved already are
	 * dropped when the commit begins, whatever comes of it. */
	STORE_RAISE_SPI,
};

/* Only what the kind speaks of. */
struct store_change {
	enum store_change_kind kind;
	const char *group;
	const char *identity;
	uint16_t sender_id;
	uint32_t spi;
	uint32_t seconds;
	struct store_mode mode;
};

/* A commit that is under way. The caller owns its memory, which stays where it is until done() or
 * store_forget(). When it is all zero but for done and arg, none is. */
struct store_request {
	/* Called exactly once for each commit, unless it is forgotten. The store does not use the
	 * request after it has called this, so it may be used again, or freed. error: says why if
	 * status is negative, only during the call. */
	void (*done)(struct store_request *request, int status, const struct covey_error *error);
	void *arg;

	/* The store's own. */
	struct store *store; /* NULL: not under way */
	TAILQ_ENTRY(store_request) entry;
	void *detail;
};
TAILQ_HEAD(store_requests, store_request);

struct store_ops {
	void (*close)(struct store *store);

	/*
	 * Call each() for every binding of the group, sorted by SenderID. Stops at the first
	 * negative value that each() returns, and returns it.
	 */
	int (*each_binding)(struct store *store, const char *group,
			    int (*each)(const char *identity, uint16_t sender_id, void *arg),
			    void *arg, struct covey_error *error);
	/*
	 * Call each() for every SenderID of the group that an identity has given up for another
	 * one, with the last SPI that it can have been used with. Stops as each_binding() does.
	 */
	int (*each_former)(struct store *store, const char *group,
			   int (*each)(const char *identity, uint16_t sender_id, uint32_t until_spi,
				       void *arg),
			   void *arg, struct covey_error *error);
	/* The longest lifetime that SAs of SenderIDs that were given up can have. */
	int (*read_lifetime)(struct store *store, const char *group, uint32_t *ret_seconds,
			     struct covey_error *error);
	/* Call each() for every eviction. Stops as each_binding() does. */
	int (*each_eviction)(struct store *store,
			     int (*each)(const char *identity, const char *group, void *arg),
			     void *arg, struct covey_error *error);
	/* All zero when none was noted. */
	int (*read_mode)(struct store *store, const char *group, struct store_mode *ret_mode,
			 struct covey_error *error);

	/*
	 * For store_commit(). Make all changes, or none; changes and their texts last only for the
	 * call. Commits take effect in the order of the calls. Ends with store_end().
	 */
	void (*commit)(struct store *store, const struct store_change *changes, size_t count,
		       struct store_request *request);
	/* For store_forget(). NULL: no request is ever under way after commit(). */
	void (*forget)(struct store *store, struct store_request *request);

	/*
	 * Take an SPI that was never taken before. -EOVERFLOW when none is left. If something must
	 * be written for it, it is written once for store->spis_wanted of them. -EINPROGRESS: that
	 * is under way, and store->handlers->spis_came() follows, once for all who ask meanwhile.
	 */
	int (*take_spi)(struct store *store, uint32_t *ret_spi, struct covey_error *error);

	/* May this program still act for the fabric? Once false, it stays so, and lost() follows.
	 * NULL: always. */
	bool (*may_act)(const struct store *store);

	/* All that is durable, as one file from which a key manager can start. *ret_bytes is to be
	 * released with free(). -EFBIG, before anything is copied, when it has more than max bytes.
	 */
	int (*copy)(struct store *store, size_t max, unsigned char **ret_bytes, size_t *ret_len,
		    struct covey_error *error);
};

/* What a store calls in the code above it, from the event loop, but for store_end(). */
struct store_handlers {
	/* Those who wait for SPIs may try again; or none came, for this reason. */
	void (*spis_came)(void *arg, int status, const struct covey_error *error);
	/* This program must not act for the fabric any more. Called once. */
	void (*lost)(void *arg, const char *reason);
	void *arg;
};

struct store {
	const struct store_ops *ops;
	struct store_handlers handlers; /* set by the one who uses it */
	/* The lowest SPI that was never taken: COVEY_SPI_MIN to 2^32; the last value means that
	 * none is left. */
	uint64_t next_spi;
	/* This one and those above it were never taken from the file. It is above next_spi when
	 * more SPIs were wanted than were taken so far; no other instance takes those between. */
	uint64_t next_spi_in_file;
	/* How many SPIs the caller may soon take; 0 is as 1. When many groups begin at once, they
	 * do not wait for the disk one after the other. */
	uint32_t spis_wanted;
};

/* NULL-safe. Nothing may be under way that was not forgotten. */
void store_close(struct store *store);

/* Begin to make all of these changes, or none. The request must not be under way. done() may be
 * called before this returns. */
void store_commit(struct store *store, const struct store_change *changes, size_t count,
		  struct store_request *request);
static inline bool store_is_under_way(const struct store_request *request)
{
	return request->store != NULL;
}
/* Do not call done(). The change may still come to pass. */
void store_forget(struct store_request *request);

bool store_may_act(const struct store *store);

/* For implementations: the commit is over, with 0 or a negative errno and why. */
void store_end(struct store_request *request, int status, const struct covey_error *error);

/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The key manager's durable state: one SQLite file. It holds who is bound to which SenderID, and
 * was, who is evicted, and the next SPI; never a key. What a function returns 0 for has reached the
 * disk.
 *
 * One program has the file at a time. Errors: -EBUSY (another has it), -ENOSPC (disk full), -EROFS
 * (cannot be written), -EBADMSG (damaged, or not a state file), -ENOENT and -EACCES (path), else
 * -EIO; the text says what to do.
 */

#include <covey/error.h>
#include <stddef.h>
#include <stdint.h>

struct store;

/*
 * Open the file, or make it (mode 0600) when there is none. Its directory must exist. Checks all
 * of it.
 */
int store_open(const char *path, struct store **ret_store, struct covey_error *error);
void store_close(struct store *store);

/*
 * Call each() for every binding of the group, by rising SenderID. Stops at the first negative value
 * that each() returns, and returns it.
 */
int store_each_binding(struct store *store, const char *group,
		       int (*each)(const char *identity, uint16_t sender_id, void *arg), void *arg,
		       struct covey_error *error);

/*
 * Bind the identity to the SenderID in this group, instead of the one it had. -EEXIST when another
 * identity is bound to it.
 */
int store_bind(struct store *store, const char *group, const char *identity, uint16_t sender_id,
	       struct covey_error *error);

struct store_binding {
	const char *group;
	const char *identity;
	uint16_t sender_id;
};

/* The same for many, together: all of them or none. */
int store_bind_all(struct store *store, const struct store_binding *bindings, size_t count,
		   struct covey_error *error);

/*
 * Call each() for every SenderID of the group that an identity has given up for another one, with
 * the last SPI that it can have used it with. store_bind() notes them; who is bound to one takes it
 * up. As store_each_binding().
 */
int store_each_former(struct store *store, const char *group,
		      int (*each)(const char *identity, uint16_t sender_id, uint32_t until_spi,
				  void *arg),
		      void *arg, struct covey_error *error);
/* Those up to this SPI are not kept any more. */
int store_forget_former(struct store *store, const char *group, uint32_t until_spi,
			struct covey_error *error);

/*
 * Note the hard lifetime of the group's SAs from now on, above 0. *ret_seconds is the longest that
 * SAs of former SenderIDs can have, at least a day: so most groups need no note.
 */
int store_lifetime(struct store *store, const char *group, uint32_t seconds, uint32_t *ret_seconds,
		   struct covey_error *error);

/*
 * Note that the identity is evicted from the group, "" for all groups; noted twice is noted once.
 * And undo it: from the group, or with NULL all that is noted of the identity.
 */
int store_evict(struct store *store, const char *identity, const char *group,
		struct covey_error *error);
int store_readmit(struct store *store, const char *identity, const char *group,
		  struct covey_error *error);
/* As store_each_binding(), for every eviction. */
int store_each_eviction(struct store *store,
			int (*each)(const char *identity, const char *group, void *arg), void *arg,
			struct covey_error *error);

/* Take an SPI that was never taken before. -EOVERFLOW when none is left. */
int store_take_spi(struct store *store, uint32_t *ret_spi, struct covey_error *error);
/* The lowest that was never taken, COVEY_SPI_MIN to 2^32: none is left. */
uint64_t store_next_spi(const struct store *store);
/* None up to this one is taken any more. */
int store_raise_spi(struct store *store, uint32_t spi, struct covey_error *error);

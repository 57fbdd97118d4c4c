/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The key manager's durable state: which identity is bound to which SenderID, and
 * was before, which is evicted, and the next SPI; never a key. Whatever keeps it fills in struct
 * store; sqlite.h does so with one file.
 *
 * What a function returns 0 for is durable: it survives a crash of the program and of the machine.
 * One program has a store at a time. Errors: -EBUSY (another has it), -ENOSPC (no room), -EROFS
 * (cannot be written), -EBADMSG (damaged, or no such store), -ENOENT and -EACCES (where it is),
 * else -EIO; the text says what to do.
 */

#include <covey/error.h>
#include <stddef.h>
#include <stdint.h>

struct store;

struct store_binding {
	const char *group;
	const char *identity;
	uint16_t sender_id;
};

struct store_ops {
	void (*close)(struct store *store);

	/*
	 * Call each() for every binding of the group, by rising SenderID. Stops at the first
	 * negative value that each() returns, and returns it.
	 */
	int (*each_binding)(struct store *store, const char *group,
			    int (*each)(const char *identity, uint16_t sender_id, void *arg),
			    void *arg, struct covey_error *error);
	/*
	 * Bind each identity to the SenderID in its group, instead of the one it had: all of them
	 * or none. -EEXIST when another identity is bound to one.
	 */
	int (*bind_all)(struct store *store, const struct store_binding *bindings, size_t count,
			struct covey_error *error);

	/*
	 * Call each() for every SenderID of the group that an identity has given up for another
	 * one, with the last SPI that it can have used it with. bind_all() notes them; a SenderID
	 * that is bound again is a former one no more. As each_binding().
	 */
	int (*each_former)(struct store *store, const char *group,
			   int (*each)(const char *identity, uint16_t sender_id, uint32_t until_spi,
				       void *arg),
			   void *arg, struct covey_error *error);
	/* Those up to this SPI are not kept any more. */
	int (*forget_former)(struct store *store, const char *group, uint32_t until_spi,
			     struct covey_error *error);
	/*
	 * Note the hard lifetime of the group's SAs from now on, above 0. *ret_seconds is the
	 * longest that SAs of former SenderIDs can have, at least a day: so most groups need no
	 * note.
	 */
	int (*lifetime)(struct store *store, const char *group, uint32_t seconds,
			uint32_t *ret_seconds, struct covey_error *error);

	/*
	 * Note that the identity is evicted from the group, "" for all groups; noted twice is noted
	 * once. And undo it: from the group, or with NULL all that is noted of the identity.
	 */
	int (*evict)(struct store *store, const char *identity, const char *group,
		     struct covey_error *error);
	int (*readmit)(struct store *store, const char *identity, const char *group,
		       struct covey_error *error);
	/* As each_binding(), for every eviction. */
	int (*each_eviction)(struct store *store,
			     int (*each)(const char *identity, const char *group, void *arg),
			     void *arg, struct covey_error *error);

	/* Take an SPI that was never taken before. -EOVERFLOW when none is left. */
	int (*take_spi)(struct store *store, uint32_t *ret_spi, struct covey_error *error);
	/* None up to this one is taken any more. */
	int (*raise_spi)(struct store *store, uint32_t spi, struct covey_error *error);
};

struct store {
	const struct store_ops *ops;
	/* The lowest SPI that was never taken, COVEY_SPI_MIN to 2^32: none is left. */
	uint64_t next_spi;
};

static inline void store_close(struct store *store)
{
	if (store)
		store->ops->close(store);
}

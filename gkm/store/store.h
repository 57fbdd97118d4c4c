/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The key manager's durable state: which identity is bound to which SenderID, and was before; which
 * identities are evicted; which mode each group has; and the next SPI. It never contains a key. An
 * implementation fills in struct store. sqlite.h has one that uses a single file.
 *
 * When a function returns 0, its change is durable: it survives a crash of the program and of the
 * machine. Only one program can have a store open at a time. Errors: -EBUSY (another program has
 * it), -ENOSPC (no room), -EROFS (cannot be written), -EBADMSG (damaged, or not such a store),
 * -ENOENT and -EACCES (of its path), otherwise -EIO. The error text says what to do.
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

/* The mode of a group, as the operator has set it. Numbers of covey/mode.h. */
struct store_mode {
	uint64_t serial; /* of what members were told; 0: nobody has set a mode */
	uint8_t mode;    /* that members were told */
	uint8_t goal;    /* where it goes from there */
	uint8_t after;   /* the one after a deadline; 0: there is none */
};

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
	 * Bind each identity to the SenderID in its group, in place of the one that it had. Binds
	 * all of them or none. -EEXIST when another identity has one of the SenderIDs.
	 */
	int (*bind_all)(struct store *store, const struct store_binding *bindings, size_t count,
			struct covey_error *error);

	/*
	 * Call each() for every SenderID of the group that an identity has given up for another
	 * one, with the last SPI that it can have been used with. bind_all() writes these. When a
	 * SenderID is bound again, it is removed from them. Stops as each_binding() does.
	 */
	int (*each_former)(struct store *store, const char *group,
			   int (*each)(const char *identity, uint16_t sender_id, uint32_t until_spi,
				       void *arg),
			   void *arg, struct covey_error *error);
	/* Forget those that were given up with this SPI or a lower one. */
	int (*forget_former)(struct store *store, const char *group, uint32_t until_spi,
			     struct covey_error *error);
	/*
	 * Note the hard lifetime of the group's SAs from now on, above 0. *ret_seconds is the
	 * longest lifetime that SAs of SenderIDs that were given up can have. It is at least a day,
	 * so for most groups nothing is written.
	 */
	int (*lifetime)(struct store *store, const char *group, uint32_t seconds,
			uint32_t *ret_seconds, struct covey_error *error);

	/*
	 * evict: note that the identity is evicted from the group, or from all groups with "".
	 * Doing it twice is the same as once. readmit undoes it: from the group, or with
	 * NULL all evictions of the identity.
	 */
	int (*evict)(struct store *store, const char *identity, const char *group,
		     struct covey_error *error);
	int (*readmit)(struct store *store, const char *identity, const char *group,
		       struct covey_error *error);
	/* Call each() for every eviction. Stops as each_binding() does. */
	int (*each_eviction)(struct store *store,
			     int (*each)(const char *identity, const char *group, void *arg),
			     void *arg, struct covey_error *error);

	/* Note the group's mode, in place of the one before. serial: 1 to INT64_MAX. */
	int (*note_mode)(struct store *store, const char *group, const struct store_mode *mode,
			 struct covey_error *error);
	/* All zero when none was noted. */
	int (*read_mode)(struct store *store, const char *group, struct store_mode *ret_mode,
			 struct covey_error *error);

	/* Take an SPI that was never taken before. -EOVERFLOW when none is left. If the disk must
	 * be written for it, it is written once for store->spis_wanted of them. */
	int (*take_spi)(struct store *store, uint32_t *ret_spi, struct covey_error *error);
	/* Make sure that no SPI up to this one is taken any more. */
	int (*raise_spi)(struct store *store, uint32_t spi, struct covey_error *error);

	/* All that is durable, as one file from which a key manager can start. *ret_bytes is to be
	 * released with free(). -EFBIG, before anything is copied, when it has more than max bytes.
	 */
	int (*copy)(struct store *store, size_t max, unsigned char **ret_bytes, size_t *ret_len,
		    struct covey_error *error);
};

struct store {
	const struct store_ops *ops;
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

static inline void store_close(struct store *store)
{
	if (store)
		store->ops->close(store);
}

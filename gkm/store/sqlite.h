/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A store in one SQLite file.
 */

#include <stdbool.h>

#include "store.h"

/*
 * Open the file. If there is none, make it (mode 0600); its directory must exist. Checks the whole
 * file. Close it with store_close().
 */
int sqlite_store_open(const char *path, struct store **ret_store, struct covey_error *error);

/* Who has begun with the file, where a fabric has several key managers. */
struct sqlite_holder {
	uint64_t generation; /* how often one has */
	bool is_ours;        /* the last one is the one that listens on the given address */
};
/* Writes nothing. */
int sqlite_store_holder(struct store *store, const char *address, struct sqlite_holder *ret_holder,
			struct covey_error *error);
/*
 * Note that the one that listens on `address` begins with the file. `spis`: how many SPIs to leave
 * out if the last one to begin with it was another, which may have gone on with the file that this
 * one is a copy of. Durable when it returns 0.
 */
int sqlite_store_begin(struct store *store, const char *address, uint32_t spis,
		       struct covey_error *error);

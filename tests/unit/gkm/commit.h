/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* A commit to a store that is over when the call returns, as SQLite's are. */

#include <errno.h>
#include <stdlib.h>

#include "store.h"

struct commit_result {
	int status;
	struct covey_error *error; /* NULL: nobody wants to know */
	unsigned ended;
};

static inline void commit_ended(struct store_request *request, int status,
				const struct covey_error *error)
{
	struct commit_result *result = request->arg;

	result->status = status;
	result->ended++;
	if (result->error)
		*result->error = *error;
}

/* Returns 0 or a negative errno. Ends the program when it is not over, or over twice. */
static inline int commit(struct store *store, const struct store_change *changes, size_t count,
			 struct covey_error *error)
{
	struct commit_result result = {.error = error};
	struct store_request request = {.done = commit_ended, .arg = &result};

	store_commit(store, changes, count, &request);
	if (result.ended != 1 || store_is_under_way(&request))
		abort();
	return result.status;
}

#define COMMIT(store, error, ...) commit(store, &(const struct store_change){__VA_ARGS__}, 1, error)

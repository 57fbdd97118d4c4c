/* SPDX-License-Identifier: BSD-3-Clause */
#include "store.h"

#include <errno.h>

void store_close(struct store *store)
{
	if (store)
		store->ops->close(store);
}

bool store_may_act(const struct store *store)
{
	return !store->ops->may_act || store->ops->may_act(store);
}

void store_commit(struct store *store, const struct store_change *changes, size_t count,
		  struct store_request *request)
{
	struct covey_error error;

	request->store = store;
	if (store_may_act(store)) {
		store->ops->commit(store, changes, count, request);
		return;
	}
	covey_error_set(&error, -ENOTCONN,
			"this key manager does not lead any more: ask the one that does");
	store_end(request, -ENOTCONN, &error);
}

void store_end(struct store_request *request, int status, const struct covey_error *error)
{
	static const struct covey_error none;

	request->store = NULL;
	request->done(request, status, error ? error : &none);
}

void store_forget(struct store_request *request)
{
	struct store *store = request->store;

	request->store = NULL;
	if (store && store->ops->forget)
		store->ops->forget(store, request);
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "bindings.h"

#include <errno.h>
#include <stdlib.h>

#include "clock.h"
#include "join.h"
#include "manager.h"

struct binding_request {
	STAILQ_ENTRY(binding_request) entry;
	struct realm *realm;
	size_t seat;
	uint16_t sender_id;
	struct session *session; /* NULL: it does not want it any more */
	struct join_request join;
	int rc; /* what came of it */
};

static const char *identity_of(const struct binding_request *request)
{
	return request->realm->state->members[request->seat].identity;
}

/* --- asking -------------------------------------------------------------------------------- */

static void schedule(struct bindings *bindings)
{
	uint64_t wait_us = pace_wait_us(&bindings->pace, clock_now_us());

	event_add(bindings->commit, &(struct timeval){.tv_sec = (time_t)(wait_us / 1000000),
						      .tv_usec = (suseconds_t)(wait_us % 1000000)});
}

int bindings_request(struct realm *realm, size_t seat, uint16_t sender_id, struct session *session,
		     const struct join_request *join)
{
	struct bindings *bindings = &realm->manager->bindings;
	struct binding_request *request = malloc(sizeof(*request));

	if (!request)
		return -ENOMEM;
	*request = (struct binding_request){.realm = realm,
					    .seat = seat,
					    .sender_id = sender_id,
					    .session = session,
					    .join = *join};
	if (sender_ids_bind(&realm->requested, identity_of(request), sender_id, 0) < 0) {
		free(request);
		return -ENOMEM;
	}
	if (STAILQ_EMPTY(&bindings->requests))
		schedule(bindings);
	STAILQ_INSERT_TAIL(&bindings->requests, request, entry);
	bindings->count++;
	return 0;
}

static bool is_of(const struct binding_request *request, const struct session *session,
		  const struct realm *realm)
{
	return request->session == session && (!realm || request->realm == realm);
}

bool bindings_has(const struct manager *manager, const struct session *session,
		  const struct realm *realm)
{
	const struct binding_request *request;

	STAILQ_FOREACH(request, &manager->bindings.requests, entry)
	{
		if (is_of(request, session, realm))
			return true;
	}
	return false;
}

/* The SenderID stays requested until the next commit. */
void bindings_forget(struct manager *manager, const struct session *session,
		     const struct realm *realm)
{
	struct binding_request *request;

	STAILQ_FOREACH(request, &manager->bindings.requests, entry)
	{
		if (is_of(request, session, realm))
			request->session = NULL;
	}
}

/* --- committing ---------------------------------------------------------------------------- */

static int store_all(const struct manager *manager, const struct binding_requests *requests,
		     size_t count, struct covey_error *error)
{
	struct store_binding *bindings = calloc(count, sizeof(*bindings));
	const struct binding_request *request;
	size_t wanted = 0;
	int rc = 0;

	if (!bindings)
		return covey_error_set(error, -ENOMEM, "out of memory");
	STAILQ_FOREACH(request, requests, entry)
	{
		if (request->session)
			bindings[wanted++] =
				(struct store_binding){.group = request->realm->group->name,
						       .identity = identity_of(request),
						       .sender_id = request->sender_id};
	}
	if (wanted)
		rc = store_bind_all(manager->store, bindings, wanted, error);
	free(bindings);
	return rc;
}

/* Before any is answered: whoever is, may look at what the others have. */
static void take_effect(struct binding_requests *requests, int rc)
{
	struct binding_request *request;

	STAILQ_FOREACH(request, requests, entry)
	{
		struct realm *realm = request->realm;

		request->rc = rc;
		if (rc == 0 && request->session)
			request->rc = group_bind(realm->state, request->seat, request->sender_id);
		sender_ids_free(&realm->requested);
	}
}

static void answer(const struct binding_request *request, const struct covey_error *error)
{
	struct covey_error unbound = {.text = "out of memory"};

	if (!request->session)
		return;
	if (request->rc == 0)
		join_bound(request->session, request->realm, &request->join);
	else
		join_unbound(request->session, request->realm, error->text[0] ? error : &unbound);
}

void bindings_commit(struct manager *manager)
{
	struct bindings *bindings = &manager->bindings;
	size_t count = bindings->count;
	struct covey_error error = {.text = ""};
	struct binding_request *request;
	uint64_t began_us = clock_now_us();
	int rc = count ? store_all(manager, &bindings->requests, count, &error) : 0;

	pace_did(&bindings->pace, began_us, clock_now_us());
	event_del(bindings->commit);
	take_effect(&bindings->requests, rc);
	while (count-- > 0 && (request = STAILQ_FIRST(&bindings->requests))) {
		STAILQ_REMOVE_HEAD(&bindings->requests, entry);
		bindings->count--;
		answer(request, &error);
		free(request);
	}
	if (!STAILQ_EMPTY(&bindings->requests))
		schedule(bindings);
}

/* --- life ---------------------------------------------------------------------------------- */

static void on_commit(evutil_socket_t fd, short what, void *arg)
{
	bindings_commit(arg);
}

int bindings_init(struct manager *manager)
{
	STAILQ_INIT(&manager->bindings.requests);
	manager->bindings.commit = event_new(manager->base, -1, 0, on_commit, manager);
	return manager->bindings.commit ? 0 : -ENOMEM;
}

void bindings_free(struct manager *manager)
{
	struct bindings *bindings = &manager->bindings;
	struct binding_request *request;

	if (!bindings->commit)
		return;
	while ((request = STAILQ_FIRST(&bindings->requests))) {
		STAILQ_REMOVE_HEAD(&bindings->requests, entry);
		free(request);
	}
	event_free(bindings->commit);
	*bindings = (struct bindings){0};
}

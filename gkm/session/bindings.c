/* SPDX-License-Identifier: BSD-3-Clause */
#include "bindings.h"

#include <errno.h>
#include <stdlib.h>

#include "clock.h"
#include "served_group.h"
#include "store.h"

/* If a request's session is NULL, nobody wants it any more. */
struct waiting_binding {
	STAILQ_ENTRY(waiting_binding) entry;
	struct binding_request request;
	int status; /* the result */
};

static const char *identity_of(const struct binding_request *request)
{
	return request->join.served->group->members[request->seat].identity;
}

/* --- asking -------------------------------------------------------------------------------- */

static void schedule(struct bindings *bindings)
{
	uint64_t wait_us = pace_wait_us(&bindings->pace, clock_us());

	event_add(bindings->commit, &(struct timeval){.tv_sec = (time_t)(wait_us / 1000000),
						      .tv_usec = (suseconds_t)(wait_us % 1000000)});
}

int bindings_request(struct bindings *bindings, const struct binding_request *request)
{
	struct waiting_binding *waiting = malloc(sizeof(*waiting));

	if (!waiting)
		return -ENOMEM;
	*waiting = (struct waiting_binding){.request = *request};
	if (sender_ids_bind(&request->join.served->requested, identity_of(request),
			    request->sender_id, 0) < 0) {
		free(waiting);
		return -ENOMEM;
	}
	if (STAILQ_EMPTY(&bindings->waiting))
		schedule(bindings);
	STAILQ_INSERT_TAIL(&bindings->waiting, waiting, entry);
	bindings->count++;
	return 0;
}

static bool is_of(const struct waiting_binding *waiting, const struct session *session,
		  const struct served_group *served)
{
	return waiting->request.session == session &&
	       (!served || waiting->request.join.served == served);
}

bool bindings_has(const struct bindings *bindings, const struct session *session,
		  const struct served_group *served)
{
	const struct waiting_binding *waiting;

	STAILQ_FOREACH(waiting, &bindings->waiting, entry)
	{
		if (is_of(waiting, session, served))
			return true;
	}
	return false;
}

/* The SenderID stays requested until the next commit. */
void bindings_forget(struct bindings *bindings, const struct session *session,
		     const struct served_group *served)
{
	struct waiting_binding *waiting;

	STAILQ_FOREACH(waiting, &bindings->waiting, entry)
	{
		if (is_of(waiting, session, served))
			waiting->request.session = NULL;
	}
}

/* --- committing ---------------------------------------------------------------------------- */

static int store_all(const struct bindings *bindings, struct covey_error *error)
{
	struct store_binding *list = calloc(bindings->count, sizeof(*list));
	const struct waiting_binding *waiting;
	size_t wanted = 0;
	int status = 0;

	if (!list)
		return covey_error_set(error, -ENOMEM, "out of memory");
	STAILQ_FOREACH(waiting, &bindings->waiting, entry)
	{
		const struct binding_request *request = &waiting->request;

		if (request->session)
			list[wanted++] =
				(struct store_binding){.group = request->join.served->config->name,
						       .identity = identity_of(request),
						       .sender_id = request->sender_id};
	}
	if (wanted)
		status = bindings->store->ops->bind_all(bindings->store, list, wanted, error);
	free(list);
	return status;
}

/* Done for all requests before any is answered: an answer may depend on what the others have. */
static void take_effect(struct waiting_bindings *list, int status)
{
	struct waiting_binding *waiting;

	STAILQ_FOREACH(waiting, list, entry)
	{
		const struct binding_request *request = &waiting->request;

		waiting->status = status;
		if (status == 0 && request->session)
			waiting->status = group_bind(request->join.served->group, request->seat,
						     request->sender_id);
		sender_ids_free(&request->join.served->requested);
	}
}

static void answer(const struct bindings *bindings, const struct waiting_binding *waiting,
		   const struct covey_error *error)
{
	static const struct covey_error no_memory = {.text = "out of memory"};

	if (!waiting->request.session)
		return;
	if (waiting->status == 0)
		bindings->handlers->bound(&waiting->request);
	else
		bindings->handlers->failed(&waiting->request, error->text[0] ? error : &no_memory);
}

void bindings_commit(struct bindings *bindings)
{
	size_t count = bindings->count;
	struct covey_error error = {.text = ""};
	struct waiting_binding *waiting;
	uint64_t began_us = clock_us();
	int status = count ? store_all(bindings, &error) : 0;

	pace_did(&bindings->pace, began_us, clock_us());
	event_del(bindings->commit);
	take_effect(&bindings->waiting, status);
	while (count-- > 0 && (waiting = STAILQ_FIRST(&bindings->waiting))) {
		STAILQ_REMOVE_HEAD(&bindings->waiting, entry);
		bindings->count--;
		answer(bindings, waiting, &error);
		free(waiting);
	}
	if (!STAILQ_EMPTY(&bindings->waiting))
		schedule(bindings);
}

/* --- life ---------------------------------------------------------------------------------- */

static void on_commit(evutil_socket_t fd, short what, void *arg)
{
	bindings_commit(arg);
}

int bindings_init(struct bindings *bindings, struct event_base *base, struct store *store,
		  const struct binding_handlers *handlers)
{
	*bindings = (struct bindings){.store = store, .handlers = handlers};
	STAILQ_INIT(&bindings->waiting);
	bindings->commit = event_new(base, -1, 0, on_commit, bindings);
	return bindings->commit ? 0 : -ENOMEM;
}

void bindings_free(struct bindings *bindings)
{
	struct waiting_binding *waiting;

	if (!bindings->commit)
		return;
	while ((waiting = STAILQ_FIRST(&bindings->waiting))) {
		STAILQ_REMOVE_HEAD(&bindings->waiting, entry);
		free(waiting);
	}
	event_free(bindings->commit);
	*bindings = (struct bindings){0};
}

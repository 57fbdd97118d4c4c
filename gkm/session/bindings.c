/* SPDX-License-Identifier: BSD-3-Clause */
#include "bindings.h"

#include <errno.h>
#include <stdlib.h>

#include "clock.h"
#include "served_group.h"

/* If a request's session is NULL, nobody wants it any more. */
struct waiting_binding {
	STAILQ_ENTRY(waiting_binding) entry;
	struct binding_request request;
	bool committed; /* somebody wanted it when the commit began */
	int status;     /* the result */
};

static const char *identity_of(const struct binding_request *request)
{
	return request->join.served->group->members[request->seat].identity;
}

/* --- asking -------------------------------------------------------------------------------- */

/* While a commit is under way, its end schedules the next one. */
static void schedule(struct bindings *bindings)
{
	uint64_t wait_us = pace_wait_us(&bindings->pace, clock_us());

	if (STAILQ_EMPTY(&bindings->waiting) || !STAILQ_EMPTY(&bindings->sent))
		return;
	event_add(bindings->commit, &(struct timeval){.tv_sec = (time_t)(wait_us / 1000000),
						      .tv_usec = (suseconds_t)(wait_us % 1000000)});
}

static void wait_for_commit(struct bindings *bindings, struct waiting_binding *waiting)
{
	bool first = STAILQ_EMPTY(&bindings->waiting);

	STAILQ_INSERT_TAIL(&bindings->waiting, waiting, entry);
	bindings->count++;
	if (first)
		schedule(bindings);
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
	wait_for_commit(bindings, waiting);
	return 0;
}

/* --- those who wait ------------------------------------------------------------------------ */

static bool is_of(const struct waiting_binding *waiting, const struct session *session,
		  const struct served_group *served)
{
	return waiting->request.session == session &&
	       (!served || waiting->request.join.served == served);
}

static struct waiting_binding *find(const struct waiting_bindings *list,
				    const struct session *session,
				    const struct served_group *served)
{
	struct waiting_binding *waiting;

	STAILQ_FOREACH(waiting, list, entry)
	{
		if (is_of(waiting, session, served))
			return waiting;
	}
	return NULL;
}

bool bindings_has(const struct bindings *bindings, const struct session *session,
		  const struct served_group *served)
{
	return find(&bindings->waiting, session, served) || find(&bindings->sent, session, served);
}

static void forget_in(struct waiting_bindings *list, const struct session *session,
		      const struct served_group *served)
{
	struct waiting_binding *waiting;

	STAILQ_FOREACH(waiting, list, entry)
	{
		if (is_of(waiting, session, served))
			waiting->request.session = NULL;
	}
}

/* The SenderID stays requested until the end of the next commit. */
void bindings_forget(struct bindings *bindings, const struct session *session,
		     const struct served_group *served)
{
	forget_in(&bindings->waiting, session, served);
	forget_in(&bindings->sent, session, served);
}

static bool adopt_in(struct waiting_bindings *list, struct session *session, size_t seat,
		     const struct join_request *join)
{
	struct waiting_binding *waiting;

	STAILQ_FOREACH(waiting, list, entry)
	{
		if (!is_of(waiting, NULL, join->served) || waiting->request.seat != seat)
			continue;
		waiting->request.session = session;
		waiting->request.join = *join;
		return true;
	}
	return false;
}

bool bindings_adopt(struct bindings *bindings, struct session *session, size_t seat,
		    const struct join_request *join)
{
	return adopt_in(&bindings->waiting, session, seat, join) ||
	       adopt_in(&bindings->sent, session, seat, join);
}

/* --- committing ---------------------------------------------------------------------------- */

/* It was committed for a session that is gone, so it is bound, too. */
static void take_effect_of(struct waiting_binding *waiting, int status)
{
	const struct binding_request *request = &waiting->request;

	waiting->status = status;
	if (status == 0 && waiting->committed)
		waiting->status =
			group_bind(request->join.served->group, request->seat, request->sender_id);
}

/* Who waits for the next commit keeps what it has requested. */
static void unrequest(const struct bindings *bindings, const struct waiting_binding *waiting)
{
	const struct binding_request *request = &waiting->request;
	struct sender_ids *requested = &request->join.served->requested;

	if (STAILQ_EMPTY(&bindings->waiting))
		sender_ids_free(requested);
	else
		sender_ids_unbind(requested, identity_of(request), request->sender_id);
}

/* It was wanted by nobody when the commit began, and is now. */
static bool is_for_the_next(const struct waiting_binding *waiting)
{
	return waiting->request.session && !waiting->committed;
}

static void move_to_the_next(struct bindings *bindings)
{
	struct waiting_bindings list = STAILQ_HEAD_INITIALIZER(list);
	struct waiting_binding *waiting;

	STAILQ_CONCAT(&list, &bindings->sent);
	while ((waiting = STAILQ_FIRST(&list))) {
		STAILQ_REMOVE_HEAD(&list, entry);
		if (!is_for_the_next(waiting)) {
			STAILQ_INSERT_TAIL(&bindings->sent, waiting, entry);
			continue;
		}
		STAILQ_INSERT_TAIL(&bindings->waiting, waiting, entry);
		bindings->count++;
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

/* All take effect before any is answered: an answer may depend on what the others have. */
static void on_done(struct store_request *request, int status, const struct covey_error *error)
{
	struct bindings *bindings = request->arg;
	const struct covey_error reason = *error;
	struct waiting_binding *waiting;

	pace_did(&bindings->pace, bindings->began_us, clock_us());
	move_to_the_next(bindings);
	STAILQ_FOREACH(waiting, &bindings->sent, entry)
	{
		take_effect_of(waiting, status);
		unrequest(bindings, waiting);
	}
	while ((waiting = STAILQ_FIRST(&bindings->sent))) {
		STAILQ_REMOVE_HEAD(&bindings->sent, entry);
		answer(bindings, waiting, &reason);
		free(waiting);
	}
	schedule(bindings);
}

static void commit_list(struct bindings *bindings, const struct store_change *list, size_t wanted)
{
	if (wanted)
		store_commit(bindings->store, list, wanted, &bindings->request);
	else
		on_done(&bindings->request, 0, &(const struct covey_error){.text = ""});
}

static void commit(struct bindings *bindings)
{
	struct store_change *list = calloc(bindings->count + 1, sizeof(*list));
	struct covey_error error;
	struct waiting_binding *waiting;
	size_t wanted = 0;

	STAILQ_CONCAT(&bindings->sent, &bindings->waiting);
	bindings->count = 0;
	bindings->began_us = clock_us();
	STAILQ_FOREACH(waiting, &bindings->sent, entry)
	{
		const struct binding_request *request = &waiting->request;

		waiting->committed = request->session != NULL;
		if (waiting->committed && list)
			list[wanted++] =
				(struct store_change){.kind = STORE_BIND,
						      .group = request->join.served->config->name,
						      .identity = identity_of(request),
						      .sender_id = request->sender_id};
	}
	if (list) {
		commit_list(bindings, list, wanted);
	} else {
		covey_error_set(&error, -ENOMEM, "out of memory");
		on_done(&bindings->request, -ENOMEM, &error);
	}
	free(list);
}

/* --- life ---------------------------------------------------------------------------------- */

static void on_commit(evutil_socket_t fd, short what, void *arg)
{
	struct bindings *bindings = arg;

	if (!STAILQ_EMPTY(&bindings->waiting))
		commit(bindings);
}

int bindings_init(struct bindings *bindings, struct event_base *base, struct store *store,
		  const struct binding_handlers *handlers)
{
	*bindings = (struct bindings){.store = store, .handlers = handlers};
	bindings->request = (struct store_request){.done = on_done, .arg = bindings};
	STAILQ_INIT(&bindings->waiting);
	STAILQ_INIT(&bindings->sent);
	bindings->commit = event_new(base, -1, 0, on_commit, bindings);
	return bindings->commit ? 0 : -ENOMEM;
}

void bindings_free(struct bindings *bindings)
{
	struct waiting_binding *waiting;

	if (!bindings->commit)
		return;
	store_forget(&bindings->request);
	STAILQ_CONCAT(&bindings->waiting, &bindings->sent);
	while ((waiting = STAILQ_FIRST(&bindings->waiting))) {
		STAILQ_REMOVE_HEAD(&bindings->waiting, entry);
		free(waiting);
	}
	event_free(bindings->commit);
	*bindings = (struct bindings){0};
}

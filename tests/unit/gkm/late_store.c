/* SPDX-License-Identifier: BSD-3-Clause */
#include "late_store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_US   2000
#define STASH_MAX 256

/* Without changes: SPIs are to be reserved. */
struct late_work {
	TAILQ_ENTRY(late_work) entry;
	struct store_request *request; /* NULL: forgotten, or of SPIs */
	struct store_change *changes;
	size_t count;
	uint32_t wanted;
};
TAILQ_HEAD(late_works, late_work);

struct late_store {
	struct store store;
	struct store *inner;
	struct event_base *const *base;
	struct event *timer;
	struct late_works works;
	enum late_plan plan;
	bool reserving, lost, told;
	char reason[128];
	uint32_t stash[STASH_MAX];
	size_t stash_count;
};

static struct late_store *late_of(const struct store *store)
{
	return (struct late_store *)store;
}

static void *must(void *pointer)
{
	if (!pointer)
		abort();
	return pointer;
}

/* --- work that ends later ------------------------------------------------------------------ */

static void show_next(struct late_store *late)
{
	late->store.next_spi = late->stash_count ? late->stash[0] : late->inner->next_spi;
	late->store.next_spi_in_file = late->inner->next_spi_in_file;
}

static void free_work(struct late_work *work)
{
	for (size_t i = 0; i < work->count; i++) {
		free((char *)work->changes[i].group);
		free((char *)work->changes[i].identity);
	}
	free(work->changes);
	free(work);
}

struct inner_result {
	int status;
	struct covey_error error;
};

static void on_inner(struct store_request *request, int status, const struct covey_error *error)
{
	struct inner_result *result = request->arg;

	result->status = status;
	result->error = *error;
}

static void end_commit(struct late_store *late, struct late_work *work)
{
	struct inner_result result = {.status = -EIO};
	struct store_request request = {.done = on_inner, .arg = &result};
	enum late_plan plan = late->plan;

	if (plan == LATE_WELL || plan == LATE_UNKNOWN)
		store_commit(late->inner, work->changes, work->count, &request);
	else
		covey_error_set(&result.error, -EIO, "the store is broken");
	show_next(late);
	if (plan == LATE_UNKNOWN) {
		result.status =
			covey_error_set(&result.error, -ETIMEDOUT, "nobody knows what came of it");
		late_store_lose(&late->store, "nobody knows what is in the store");
	}
	if (work->request && plan != LATE_NEVER)
		store_end(work->request, result.status, &result.error);
}

/* All that the inner store reserves for us. */
static void end_reservation(struct late_store *late, const struct late_work *work)
{
	struct covey_error error = {.text = ""};
	struct store *inner = late->inner;
	int status;

	if (late->plan == LATE_NEVER)
		return;
	inner->spis_wanted = work->wanted;
	do {
		status = inner->ops->take_spi(inner, &late->stash[late->stash_count], &error);
		late->stash_count += status == 0;
	} while (status == 0 && inner->next_spi < inner->next_spi_in_file &&
		 late->stash_count < STASH_MAX);
	show_next(late);
	late->reserving = false;
	if (late->stash_count)
		status = 0;
	if (late->store.handlers.spis_came)
		late->store.handlers.spis_came(late->store.handlers.arg, status, &error);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct late_works works = TAILQ_HEAD_INITIALIZER(works);
	struct late_store *late = arg;
	struct late_work *work;

	/* What begins meanwhile ends later. A call from here may close this store, but then it has
	 * lost before. */
	TAILQ_CONCAT(&works, &late->works, entry);
	while ((work = TAILQ_FIRST(&works))) {
		TAILQ_REMOVE(&works, work, entry);
		if (work->request)
			work->request->detail = NULL;
		if (work->count)
			end_commit(late, work);
		else
			end_reservation(late, work);
		free_work(work);
	}
	if (late->lost && !late->told) {
		late->told = true;
		if (late->store.handlers.lost)
			late->store.handlers.lost(late->store.handlers.arg, late->reason);
	}
}

static void schedule(struct late_store *late)
{
	if (!late->timer)
		late->timer = must(evtimer_new(*late->base, on_timer, late));
	if (!evtimer_pending(late->timer, NULL))
		evtimer_add(late->timer, &(struct timeval){.tv_usec = WAIT_US});
}

static struct late_work *add_work(struct late_store *late)
{
	struct late_work *work = must(calloc(1, sizeof(*work)));

	TAILQ_INSERT_TAIL(&late->works, work, entry);
	schedule(late);
	return work;
}

/* --- writing ------------------------------------------------------------------------------- */

static void drop_stash(struct late_store *late, uint32_t spi)
{
	size_t kept = 0;

	for (size_t i = 0; i < late->stash_count; i++)
		if (late->stash[i] > spi)
			late->stash[kept++] = late->stash[i];
	late->stash_count = kept;
	show_next(late);
}

static void commit(struct store *store, const struct store_change *changes, size_t count,
		   struct store_request *request)
{
	struct late_store *late = late_of(store);
	struct late_work *work = add_work(late);

	work->request = request;
	work->count = count;
	work->changes = must(calloc(count + 1, sizeof(*changes)));
	memcpy(work->changes, changes, count * sizeof(*changes));
	for (size_t i = 0; i < count; i++) {
		if (changes[i].group)
			work->changes[i].group = must(strdup(changes[i].group));
		if (changes[i].identity)
			work->changes[i].identity = must(strdup(changes[i].identity));
		if (changes[i].kind == STORE_RAISE_SPI)
			drop_stash(late, changes[i].spi);
	}
	request->detail = work;
}

static void forget(struct store *store, struct store_request *request)
{
	struct late_work *work = request->detail;

	if (work)
		work->request = NULL;
	request->detail = NULL;
}

static int take_spi(struct store *store, uint32_t *ret_spi, struct covey_error *error)
{
	struct late_store *late = late_of(store);

	if (!late->stash_count) {
		if (!late->reserving)
			add_work(late)->wanted = store->spis_wanted;
		late->reserving = true;
		return -EINPROGRESS;
	}
	*ret_spi = late->stash[0];
	memmove(late->stash, late->stash + 1, --late->stash_count * sizeof(late->stash[0]));
	show_next(late);
	return 0;
}

static bool may_act(const struct store *store)
{
	return !late_of(store)->lost;
}

/* --- reading: as the inner one ------------------------------------------------------------- */

static int each_binding(struct store *store, const char *group,
			int (*each)(const char *identity, uint16_t sender_id, void *arg), void *arg,
			struct covey_error *error)
{
	struct store *inner = late_of(store)->inner;

	return inner->ops->each_binding(inner, group, each, arg, error);
}

static int each_former(struct store *store, const char *group,
		       int (*each)(const char *identity, uint16_t sender_id, uint32_t until_spi,
				   void *arg),
		       void *arg, struct covey_error *error)
{
	struct store *inner = late_of(store)->inner;

	return inner->ops->each_former(inner, group, each, arg, error);
}

static int read_lifetime(struct store *store, const char *group, uint32_t *ret_seconds,
			 struct covey_error *error)
{
	struct store *inner = late_of(store)->inner;

	return inner->ops->read_lifetime(inner, group, ret_seconds, error);
}

static int each_eviction(struct store *store,
			 int (*each)(const char *identity, const char *group, void *arg), void *arg,
			 struct covey_error *error)
{
	struct store *inner = late_of(store)->inner;

	return inner->ops->each_eviction(inner, each, arg, error);
}

static int read_mode(struct store *store, const char *group, struct store_mode *ret_mode,
		     struct covey_error *error)
{
	struct store *inner = late_of(store)->inner;

	return inner->ops->read_mode(inner, group, ret_mode, error);
}

static int copy(struct store *store, size_t max, unsigned char **ret_bytes, size_t *ret_len,
		struct covey_error *error)
{
	struct store *inner = late_of(store)->inner;

	return inner->ops->copy(inner, max, ret_bytes, ret_len, error);
}

/* --- life ---------------------------------------------------------------------------------- */

/* Nobody may wait for anything any more. */
static void close_late(struct store *store)
{
	struct late_store *late = late_of(store);
	struct late_work *work;

	while ((work = TAILQ_FIRST(&late->works))) {
		if (work->request)
			abort();
		TAILQ_REMOVE(&late->works, work, entry);
		free_work(work);
	}
	if (late->timer)
		event_free(late->timer);
	store_close(late->inner);
	free(late);
}

struct store *late_store_new(struct store *inner, struct event_base *const *base)
{
	static const struct store_ops ops = {
		.close = close_late,
		.each_binding = each_binding,
		.each_former = each_former,
		.read_lifetime = read_lifetime,
		.each_eviction = each_eviction,
		.read_mode = read_mode,
		.commit = commit,
		.forget = forget,
		.take_spi = take_spi,
		.may_act = may_act,
		.copy = copy,
	};
	struct late_store *late = must(calloc(1, sizeof(*late)));

	late->store.ops = &ops;
	late->inner = inner;
	late->base = base;
	TAILQ_INIT(&late->works);
	show_next(late);
	return &late->store;
}

struct store *late_store_inner(struct store *store)
{
	return late_of(store)->inner;
}

void late_store_plan(struct store *store, enum late_plan plan)
{
	late_of(store)->plan = plan;
}

void late_store_lose(struct store *store, const char *reason)
{
	struct late_store *late = late_of(store);

	late->lost = true;
	snprintf(late->reason, sizeof(late->reason), "%s", reason);
	schedule(late);
}

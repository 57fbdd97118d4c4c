/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * covey-gkm over a state file that answers late (late_store.h): linked in place of opening one.
 * With SIGUSR1 it loses its store. A file beside it, NAME.plan, says how writes end that begin from
 * now on: fails, never, unknown; no such file: well.
 */

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "late_store.h"
#include "sqlite.h"

static struct {
	struct event_base *base;
	struct event *signal;
	struct store *store;
	char plan[512];
} program;

static const struct {
	const char *name;
	enum late_plan plan;
} plans[] = {{"fails", LATE_FAILS}, {"never", LATE_NEVER}, {"unknown", LATE_UNKNOWN}};

static enum late_plan read_plan(void)
{
	FILE *file = fopen(program.plan, "r");
	enum late_plan plan = LATE_WELL;
	char text[16] = "";

	if (!file)
		return plan;
	if (fscanf(file, "%15s", text) == 1)
		for (size_t i = 0; i < sizeof(plans) / sizeof(plans[0]); i++)
			if (strcmp(text, plans[i].name) == 0)
				plan = plans[i].plan;
	fclose(file);
	return plan;
}

static const struct store_ops *late_ops;
static struct store_ops ops;

/* A commit ends as the file says when it begins. */
static void commit(struct store *store, const struct store_change *changes, size_t count,
		   struct store_request *request)
{
	late_store_plan(store, read_plan());
	late_ops->commit(store, changes, count, request);
}

static void close_store(struct store *store)
{
	program.store = NULL;
	late_ops->close(store);
}

int __real_sqlite_store_open(const char *path, struct store **ret_store, struct covey_error *error);
int __wrap_sqlite_store_open(const char *path, struct store **ret_store, struct covey_error *error);

int __wrap_sqlite_store_open(const char *path, struct store **ret_store, struct covey_error *error)
{
	struct store *inner;
	int status = __real_sqlite_store_open(path, &inner, error);

	if (status < 0)
		return status;
	snprintf(program.plan, sizeof(program.plan), "%s.plan", path);
	program.store = late_store_new(inner, &program.base);
	late_ops = program.store->ops;
	ops = *late_ops;
	ops.commit = commit;
	ops.close = close_store;
	program.store->ops = &ops;
	*ret_store = program.store;
	return 0;
}

/* These two are SQLite's own, so they go to the store below. */
int __real_sqlite_store_holder(struct store *store, const char *address,
			       struct sqlite_holder *ret_holder, struct covey_error *error);
int __wrap_sqlite_store_holder(struct store *store, const char *address,
			       struct sqlite_holder *ret_holder, struct covey_error *error);

int __wrap_sqlite_store_holder(struct store *store, const char *address,
			       struct sqlite_holder *ret_holder, struct covey_error *error)
{
	return __real_sqlite_store_holder(late_store_inner(store), address, ret_holder, error);
}

int __real_sqlite_store_begin(struct store *store, const char *address, uint32_t spis,
			      struct covey_error *error);
int __wrap_sqlite_store_begin(struct store *store, const char *address, uint32_t spis,
			      struct covey_error *error);

int __wrap_sqlite_store_begin(struct store *store, const char *address, uint32_t spis,
			      struct covey_error *error)
{
	int status = __real_sqlite_store_begin(late_store_inner(store), address, spis, error);

	store->next_spi = late_store_inner(store)->next_spi;
	store->next_spi_in_file = late_store_inner(store)->next_spi_in_file;
	return status;
}

static void on_signal(evutil_socket_t number, short what, void *arg)
{
	if (program.store)
		late_store_lose(program.store, "a test takes the store away");
}

struct event_base *__real_event_base_new(void);
struct event_base *__wrap_event_base_new(void);

struct event_base *__wrap_event_base_new(void)
{
	program.base = __real_event_base_new();
	if (program.base) {
		program.signal = evsignal_new(program.base, SIGUSR1, on_signal, NULL);
		event_add(program.signal, NULL);
	}
	return program.base;
}

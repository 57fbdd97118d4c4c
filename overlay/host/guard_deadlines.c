/* SPDX-License-Identifier: BSD-3-Clause */

#include "guard_deadlines.h"

#include <clock.h>
#include <errno.h>
#include <inventory.h>
#include <local_socket.h>
#include <log.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guard_clear.h"
#include "guard_looks.h"
#include "guard_watch.h"
#include "mode_file.h"
#include "mode_lists.h"

/* How often to look: a deadline may be said at any time, and the timer does not count while the
 * machine sleeps. */
#define LOOK_MS 1000u
/* When a deadline has passed, and covey-host still runs. It may have died in the middle of it. */
#define AGAIN_MS 200u

struct guard_deadlines {
	struct guard_deadlines_config config;
	struct guard_watch *watch;
	struct guard_looks *looks;
	struct event *timer;
	bool held;
	struct covey_error said; /* what was logged last, and is still so; empty: nothing */
	struct mode_record records[COVEY_GROUPS_PER_HOST_MAX];
};

static int read_file(const struct guard_deadlines_config *config, struct mode_record *records,
		     struct covey_error *error)
{
	char *path;
	int count;

	if (asprintf(&path, "%s.modes", config->socket) < 0)
		return covey_error_set(error, -ENOMEM, "out of memory");
	count = mode_file_read(path, records, COVEY_GROUPS_PER_HOST_MAX, error);
	free(path);
	return count;
}

static uint64_t soonest(const struct mode_record *records, int count)
{
	uint64_t left = UINT64_MAX;

	for (int i = 0; i < count; i++)
		if (records[i].left_ms < left)
			left = records[i].left_ms;
	return left;
}

bool guard_deadlines_host_runs(const char *socket)
{
	bool listens;

	return local_socket_listens(socket, &listens, NULL) < 0 || listens;
}

int guard_deadlines_apply(const struct guard_deadlines_config *config, struct guard_clear *clear,
			  struct covey_error *error)
{
	struct mode_record *records = calloc(COVEY_GROUPS_PER_HOST_MAX, sizeof(*records));
	struct covey_error reason;
	int count, status = 0;

	if (!records)
		return covey_error_set(error, -ENOMEM, "out of memory");
	count = read_file(config, records, &reason);
	if (count < 0)
		log_warning("guard: %s", reason.text);
	if (soonest(records, count) == 0 && !guard_deadlines_host_runs(config->socket))
		status = mode_lists_follow(config->inventory, config->self, records, (size_t)count,
					   clear, error);
	mode_records_free(records, count > 0 ? (size_t)count : 0);
	free(records);
	return status;
}

/* --- from now on ------------------------------------------------------------------------------ */

/* Once, as long as it stays so. */
static void say(struct guard_deadlines *deadlines, const struct covey_error *error)
{
	if (strcmp(deadlines->said.text, error->text) != 0 && error->text[0] != '\0')
		log_error("guard: the modes of groups cannot be followed: %s", error->text);
	deadlines->said = *error;
}

/* Before a VNI opens, all devices must look. If they cannot, it does not open yet, and the others
 * close. */
static void widen_looks(struct guard_deadlines *deadlines, const struct guard_clear *before,
			struct guard_clear *now, struct covey_error *error)
{
	struct guard_vnis both = {0};
	int status = guard_clear_join(&before->accepted, &now->accepted, &both);

	if (status)
		covey_error_set(error, status, "out of memory");
	else if (both.count > before->accepted.count)
		status = guard_looks_set(deadlines->looks, &both, error);
	free(both.list);
	if (status == 0)
		return;
	guard_clear_keep(&now->accepted, &before->accepted);
	guard_clear_keep(&now->steered, &now->accepted);
}

static void set_clear(struct guard_deadlines *deadlines, const struct guard_clear *before,
		      const struct guard_clear *now, struct covey_error *error)
{
	size_t count = before->accepted.count;

	if (!guard_clear_same(before, now) &&
	    guard_watch_set_clear(deadlines->watch, now, error) == 0)
		log_notice("guard: the deadline of a mode has passed, and covey-host does not run: "
			   "VXLAN of %zu VNIs passes in clear now, of %zu before",
			   now->accepted.count, count);
}

static void follow(struct guard_deadlines *deadlines, int count, struct covey_error *error)
{
	const struct guard_deadlines_config *config = &deadlines->config;
	struct guard_status guard;
	struct guard_clear clear;

	guard_watch_last(deadlines->watch, &guard);
	if (guard_clear_copy(guard.clear, &clear)) {
		covey_error_set(error, -ENOMEM, "out of memory");
		return;
	}
	if (mode_lists_follow(config->inventory, config->self, deadlines->records, (size_t)count,
			      &clear, error) == 0) {
		widen_looks(deadlines, guard.clear, &clear, error);
		set_clear(deadlines, guard.clear, &clear, error);
	}
	guard_clear_free(&clear);
}

static void on_time(evutil_socket_t fd, short events, void *arg)
{
	struct guard_deadlines *deadlines = arg;
	struct covey_error error = {.text = ""};
	uint64_t rest = LOOK_MS, left;
	struct timeval after;
	int count = read_file(&deadlines->config, deadlines->records, &error);

	left = soonest(deadlines->records, count);
	if (left == 0 && guard_deadlines_host_runs(deadlines->config.socket))
		rest = AGAIN_MS;
	else if (left == 0 && !deadlines->held)
		follow(deadlines, count, &error);
	else if (left < rest)
		rest = left;
	mode_records_free(deadlines->records, count > 0 ? (size_t)count : 0);
	say(deadlines, &error);
	after = clock_timeval(rest);
	event_add(deadlines->timer, &after);
}

int guard_deadlines_new(struct event_base *base, const struct guard_deadlines_config *config,
			struct guard_watch *watch, struct guard_looks *looks,
			struct guard_deadlines **ret_deadlines, struct covey_error *error)
{
	struct guard_deadlines *deadlines = calloc(1, sizeof(*deadlines));

	if (deadlines)
		deadlines->timer = evtimer_new(base, on_time, deadlines);
	if (!deadlines || !deadlines->timer) {
		free(deadlines);
		return covey_error_set(error, -ENOMEM, "out of memory");
	}
	deadlines->config = *config;
	deadlines->watch = watch;
	deadlines->looks = looks;
	on_time(-1, 0, deadlines);
	*ret_deadlines = deadlines;
	return 0;
}

void guard_deadlines_hold(struct guard_deadlines *deadlines, bool held)
{
	if (deadlines)
		deadlines->held = held;
}

void guard_deadlines_free(struct guard_deadlines *deadlines)
{
	if (!deadlines)
		return;
	event_free(deadlines->timer);
	free(deadlines);
}

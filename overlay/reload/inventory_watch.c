/* SPDX-License-Identifier: BSD-3-Clause */
#include "inventory_watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "file_watch.h"
#include "log.h"

/* So many changes at most are told one by one. */
#define TOLD_MAX 16
/* It is read when it was the same for so long, and nobody wrote it. */
#define SETTLED_MS 200
/* How often to look until then, and while it is away or cannot be watched. */
#define LOOK_MS 50
#define AWAY_MS 2000

struct inventory_watch {
	struct inventory_watch_config config;
	struct file_watch *files;
	struct event *again;
	struct stat stamp;                  /* of the file that was tried last */
	struct stat seen;                   /* at the last look */
	uint64_t seen_ms;                   /* since when it is so, ms, monotonic */
	bool blind;                         /* changes are not noticed */
	struct covey_error problem;         /* empty when it was good */
	struct inventory_changes not_taken; /* those that concern the program */
};

/* --- what it says -------------------------------------------------------------------------- */

static void fail(struct inventory_watch *watch, const char *reason)
{
	covey_error_set(&watch->problem, 0,
			"the inventory is not taken over, what was in force stays in force: %s",
			reason);
	log_error("%s", watch->problem.text);
}

/* All mistakes go to standard error, each with its place in the file; the problem has the first. */
static void fail_by_mistakes(struct inventory_watch *watch, const struct diagnostics *diagnostics)
{
	const struct diagnostic *first = diagnostics->count ? diagnostics->items : NULL;
	char reason[512];

	diagnostics_print(diagnostics, stderr);
	if (!first)
		snprintf(reason, sizeof(reason), "%s: out of memory", watch->config.path);
	else if (first->line)
		snprintf(reason, sizeof(reason), "%s:%zu:%zu: %.300s (mistakes: %zu)",
			 watch->config.path, first->line, first->column, first->message,
			 diagnostics->count);
	else
		snprintf(reason, sizeof(reason), "%s: %.300s", watch->config.path, first->message);
	fail(watch, reason);
}

static const char *restart_text(const struct inventory_watch *watch,
				const struct inventory_change *change, char *buf, size_t size)
{
	char what[INVENTORY_CHANGE_SIZE];

	inventory_change_text(watch->config.inventory, change, what);
	if (change->kind == INVENTORY_GROUP_KEPT && strcmp(change->variable, "mode") == 0)
		snprintf(buf, size,
			 "the inventory has changed %s, which is only how a group begins: change "
			 "it with covey mode, or restart %s",
			 what, watch->config.program);
	else
		snprintf(buf, size, "the inventory has changed %s: restart %s", what,
			 watch->config.program);
	return buf;
}

static void log_taken(const struct inventory_watch *watch, const struct inventory_changes *changes)
{
	char text[INVENTORY_CHANGE_SIZE];
	size_t count = 0;

	for (size_t i = 0; i < changes->count; i++)
		if (inventory_change_is_live(&changes->list[i]) && count++ < TOLD_MAX)
			log_notice("inventory: %s", inventory_change_text(watch->config.inventory,
									  &changes->list[i], text));
	log_notice("the inventory is read again: %zu change%s", count, count == 1 ? "" : "s");
}

static void log_not_taken(const struct inventory_watch *watch)
{
	char text[INVENTORY_CHANGE_SIZE + 128];

	for (size_t i = 0; i < watch->not_taken.count && i < TOLD_MAX; i++)
		log_warning("%s",
			    restart_text(watch, &watch->not_taken.list[i], text, sizeof(text)));
}

/* --- which file it is ---------------------------------------------------------------------- */

void inventory_watch_stamp(const char *path, struct stat *ret_stamp)
{
	if (stat(path, ret_stamp) < 0)
		memset(ret_stamp, 0, sizeof(*ret_stamp));
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* The time of the last change counts, too: it may be readable since then. */
static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
	       same_time(&a->st_mtim, &b->st_mtim) && same_time(&a->st_ctim, &b->st_ctim);
}

/* --- reading ------------------------------------------------------------------------------- */

/* Keeps those that concern us, in the list of all: it is used up. */
static void keep_not_taken(struct inventory_watch *watch, struct inventory_changes *changes)
{
	size_t count = 0;

	for (size_t i = 0; i < changes->count; i++)
		if (!inventory_change_is_live(&changes->list[i]) &&
		    watch->config.concerns(&changes->list[i]))
			changes->list[count++] = changes->list[i];
	changes->count = count;
	inventory_changes_free(&watch->not_taken);
	watch->not_taken = *changes;
}

static void take(struct inventory_watch *watch, struct inventory *fresh)
{
	const struct inventory_watch_config *config = &watch->config;
	struct inventory_changes changes = {0};
	struct covey_error error = {.text = ""};
	int status = config->check ? config->check(fresh, config->arg, &error) : 0;

	if (status == 0)
		status = inventory_update(config->inventory, fresh, config->self, &changes);
	if (status == -ENOSPC)
		covey_error_set(&error, status, "it has too many new hosts or groups: restart %s",
				config->program);
	else if (status == -EAFNOSUPPORT)
		covey_error_set(&error, status,
				"the hosts' covey_vtep are of the other IP family: restart %s",
				config->program);
	else if (status == -ENOMEM)
		covey_error_set(&error, status, "out of memory");
	if (status < 0) {
		fail(watch, error.text);
		return;
	}
	watch->problem.text[0] = '\0';
	status = config->taken(&changes, fresh, config->arg, &error);
	log_taken(watch, &changes);
	keep_not_taken(watch, &changes);
	log_not_taken(watch);
	if (status < 0) {
		covey_error_set(&watch->problem, 0,
				"not all that the inventory has changed is in force: %s",
				error.text);
		log_error("%s", watch->problem.text);
	}
}

/* The stamp is read first: what changes between that and reading the file is read twice. patient:
 * false as long as it changes meanwhile, and then nothing has happened. */
static bool load(struct inventory_watch *watch, bool patient)
{
	struct diagnostics diagnostics;
	struct inventory *fresh = NULL;
	struct stat before, after;
	bool unsteady = false;
	int status;

	inventory_watch_stamp(watch->config.path, &before);
	diagnostics_init(&diagnostics);
	status = inventory_load(watch->config.path, &diagnostics, &fresh);
	if (patient) {
		inventory_watch_stamp(watch->config.path, &after);
		unsteady = !is_same(&before, &watch->seen) || !is_same(&after, &watch->seen);
	}
	if (!unsteady) {
		watch->stamp = before;
		if (status < 0)
			fail_by_mistakes(watch, &diagnostics);
		else
			take(watch, fresh);
	}
	diagnostics_free(&diagnostics);
	inventory_free(fresh);
	return !unsteady;
}

/* --- looking ------------------------------------------------------------------------------- */

static void schedule(struct inventory_watch *watch, unsigned ms)
{
	const struct timeval rest = clock_timeval(ms);

	event_add(watch->again, &rest);
}

/* False: changes of the file are not noticed. That is said once. */
static bool watch_files(struct inventory_watch *watch)
{
	struct covey_error error;
	bool watched = file_watch_look(watch->files, &error) == 0;

	if (!watched && !watch->blind)
		log_warning("%s", error.text);
	watch->blind = !watched;
	return watched;
}

/* Somebody may be writing it: what there is so far may be a good inventory that lacks hosts. */
static bool is_settled(const struct inventory_watch *watch)
{
	const struct timespec *changed = &watch->seen.st_mtim;
	struct timespec now;
	int64_t age_ms;

	clock_gettime(CLOCK_REALTIME, &now);
	age_ms = ((int64_t)now.tv_sec - changed->tv_sec) * 1000 +
		 (now.tv_nsec - changed->tv_nsec) / 1000000;
	/* A time to come says nothing. */
	return clock_ms() - watch->seen_ms >= SETTLED_MS && (age_ms < 0 || age_ms >= SETTLED_MS);
}

static void look(struct inventory_watch *watch)
{
	bool watched = watch_files(watch);
	struct stat now;

	inventory_watch_stamp(watch->config.path, &now);
	if (!is_same(&now, &watch->seen)) {
		watch->seen = now;
		watch->seen_ms = clock_ms();
	}
	if (!is_same(&now, &watch->stamp) && (!is_settled(watch) || !load(watch, true)))
		schedule(watch, LOOK_MS);
	else if (!watched || now.st_ino == 0)
		schedule(watch, AWAY_MS);
}

static void on_changed(void *arg)
{
	look(arg);
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
	look(arg);
}

void inventory_watch_reload(struct inventory_watch *watch)
{
	load(watch, false);
	look(watch);
}

/* --- life ---------------------------------------------------------------------------------- */

int inventory_watch_new(const struct inventory_watch_config *config,
			struct inventory_watch **ret_watch, struct covey_error *error)
{
	struct inventory_watch *watch = calloc(1, sizeof(*watch));
	const struct file_watch_config files = {.base = config->base,
						.paths = {config->path},
						.path_count = 1,
						.changed = on_changed,
						.arg = watch};
	int status;

	if (!watch)
		return covey_error_set(error, -ENOMEM, "out of memory");
	watch->config = *config;
	watch->stamp = watch->seen = *config->stamp;
	watch->seen_ms = clock_ms();
	watch->again = evtimer_new(config->base, on_again, watch);
	status = watch->again ? file_watch_new(&files, &watch->files, error)
			      : covey_error_set(error, -ENOMEM, "out of memory");
	if (status < 0) {
		inventory_watch_free(watch);
		return status;
	}
	look(watch);
	*ret_watch = watch;
	return 0;
}

void inventory_watch_free(struct inventory_watch *watch)
{
	if (!watch)
		return;
	file_watch_free(watch->files);
	if (watch->again)
		event_free(watch->again);
	inventory_changes_free(&watch->not_taken);
	free(watch);
}

json_t *inventory_watch_problems(const struct inventory_watch *watch)
{
	json_t *problems = json_array();
	char text[INVENTORY_CHANGE_SIZE + 128];

	if (watch && watch->problem.text[0])
		json_array_append_new(problems, json_string(watch->problem.text));
	for (size_t i = 0; watch && i < watch->not_taken.count; i++)
		json_array_append_new(problems,
				      json_string(restart_text(watch, &watch->not_taken.list[i],
							       text, sizeof(text))));
	return problems;
}

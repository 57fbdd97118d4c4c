/* SPDX-License-Identifier: BSD-3-Clause */
#include "inventory_watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "file_watch.h"
#include "log.h"

/* So many changes at most are told one by one. */
#define TOLD_MAX 16

struct inventory_watch {
	struct inventory_watch_config config;
	struct file_watch *files;
	struct stat stamp;                  /* of the file that was tried last */
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

/* The stamp is read first: what changes between that and reading the file is read twice. */
static void note_stamp(struct inventory_watch *watch)
{
	memset(&watch->stamp, 0, sizeof(watch->stamp));
	if (stat(watch->config.path, &watch->stamp) < 0)
		memset(&watch->stamp, 0, sizeof(watch->stamp));
}

static bool has_changed(const struct inventory_watch *watch)
{
	const struct stat *was = &watch->stamp;
	struct stat now;

	if (stat(watch->config.path, &now) < 0)
		return was->st_ino != 0;
	return now.st_ino != was->st_ino || now.st_dev != was->st_dev ||
	       now.st_size != was->st_size || now.st_mtim.tv_sec != was->st_mtim.tv_sec ||
	       now.st_mtim.tv_nsec != was->st_mtim.tv_nsec;
}

static void load(struct inventory_watch *watch)
{
	struct diagnostics diagnostics;
	struct inventory *fresh = NULL;

	note_stamp(watch);
	diagnostics_init(&diagnostics);
	if (inventory_load(watch->config.path, &diagnostics, &fresh) < 0)
		fail_by_mistakes(watch, &diagnostics);
	else
		take(watch, fresh);
	diagnostics_free(&diagnostics);
	inventory_free(fresh);
}

static void on_changed(void *arg)
{
	struct inventory_watch *watch = arg;
	struct covey_error error;

	if (file_watch_look(watch->files, &error) < 0)
		log_warning("%s", error.text);
	if (has_changed(watch))
		load(watch);
}

void inventory_watch_reload(struct inventory_watch *watch)
{
	load(watch);
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
	note_stamp(watch);
	status = file_watch_new(&files, &watch->files, error);
	if (status < 0) {
		free(watch);
		return status;
	}
	if (file_watch_look(watch->files, error) < 0)
		log_warning("%s", error->text);
	*ret_watch = watch;
	return 0;
}

void inventory_watch_free(struct inventory_watch *watch)
{
	if (!watch)
		return;
	file_watch_free(watch->files);
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

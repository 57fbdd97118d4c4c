/* SPDX-License-Identifier: BSD-3-Clause */

#include "mode_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <inventory.h>
#include <jansson.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mode_file.h"

static enum covey_mode stricter(enum covey_mode a, enum covey_mode b)
{
	return a > b ? a : b;
}

/* --- reading ---------------------------------------------------------------------------------- */

/* A group that the inventory does not have may come back, and begins as strict as it was. */
static bool take(struct mode_memory *memory, const struct inventory *inventory, const char *name,
		 json_t *value)
{
	const struct inventory_group *group = inventory_find_group(inventory, name);
	enum covey_mode mode;

	if (!json_is_string(value) || !covey_mode_parse(json_string_value(value), &mode))
		return false;
	if (!group)
		return json_object_set(memory->others, name, value) == 0;
	mode_memory_note(memory, (size_t)(group - inventory->groups), mode);
	return true;
}

static int take_all(struct mode_memory *memory, const struct inventory *inventory, json_t *json,
		    struct covey_error *error)
{
	json_t *groups = json_object_get(json, "groups"), *value;
	bool good = json_is_object(groups);
	const char *name;

	json_object_foreach(groups, name, value)
		good = good && take(memory, inventory, name, value);
	if (good)
		return 0;
	return covey_error_set(
		error, -EINVAL,
		"%.200s is damaged, so the mode of no group is known, and all enforce "
		"until the key manager is heard: remove it, and the inventory counts",
		memory->path);
}

static bool has_folder(const char *path)
{
	char *copy = strdup(path);
	bool has = copy && access(dirname(copy), F_OK) == 0;

	free(copy);
	return has;
}

static bool any_open(const struct inventory *inventory)
{
	for (size_t i = 0; i < inventory->group_count; i++)
		if (inventory->groups[i].mode != COVEY_MODE_ENFORCE)
			return true;
	return false;
}

/* Whoever installs this makes the folder. If it is not there, perhaps its disk is not, and the file
 * on it might have closed a group. */
static int without_file(const char *path, const struct inventory *inventory,
			struct covey_error *error)
{
	if (!any_open(inventory) || has_folder(path))
		return 0;
	return covey_error_set(error, -ENOENT,
			       "the folder of %.200s is not there, so the mode of no group is "
			       "known, and all enforce until the key manager is heard: mount its "
			       "disk; if this host has none, make the folder",
			       path);
}

static int read_file(struct mode_memory *memory, const struct inventory *inventory,
		     struct covey_error *error)
{
	int fd = mode_file_open(memory->path, error), status;
	json_t *json;

	if (fd < 0)
		return fd == -ENOENT ? without_file(memory->path, inventory, error) : fd;
	json = json_loadfd(fd, JSON_REJECT_DUPLICATES, NULL);
	close(fd);
	status = take_all(memory, inventory, json, error);
	json_decref(json);
	return status;
}

int mode_memory_read(const char *path, struct inventory *inventory, struct mode_memory *ret_memory,
		     struct covey_error *error)
{
	struct mode_memory memory = {
		.path = path,
		.count = inventory->group_room,
		.kept = calloc(inventory->group_room + 1, sizeof(*memory.kept)),
		.others = json_object(),
	};
	int status = 0;

	*ret_memory = memory;
	if (!memory.kept || !memory.others)
		return covey_error_set(error, -ENOMEM, "out of memory");
	status = read_file(&memory, inventory, error);
	for (size_t i = 0; i < inventory->group_count; i++) {
		/* This is written in its place, even before the key manager has said a word. */
		if (status)
			memory.kept[i] = COVEY_MODE_ENFORCE;
		inventory->groups[i].mode = stricter(inventory->groups[i].mode, memory.kept[i]);
	}
	memory.failed = status != 0;
	*ret_memory = memory;
	return status;
}

void mode_memory_free(struct mode_memory *memory)
{
	free(memory->kept);
	json_decref(memory->others);
	*memory = (struct mode_memory){0};
}

/* --- writing ---------------------------------------------------------------------------------- */

void mode_memory_note(struct mode_memory *memory, size_t group, enum covey_mode mode)
{
	enum covey_mode kept = mode == COVEY_MODE_OBSERVE ? 0 : mode;

	memory->failed |= memory->kept[group] != kept;
	memory->kept[group] = kept;
}

static json_t *to_json(const struct mode_memory *memory, const struct inventory *inventory)
{
	json_t *groups = json_copy(memory->others);
	bool good = groups != NULL;

	for (size_t i = 0; i < inventory->group_count; i++)
		if (memory->kept[i])
			good = good && json_object_set_new(
					       groups, inventory->groups[i].name,
					       json_string(covey_mode_name(memory->kept[i]))) == 0;
	if (good)
		return json_pack("{s:o}", "groups", groups);
	json_decref(groups);
	return NULL;
}

static int write_new(const char *path, const json_t *json)
{
	int fd, status = 0;

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	if (json_dumpfd(json, fd, JSON_COMPACT) != 0)
		status = -EIO;
	else if (fsync(fd) < 0)
		status = -errno;
	close(fd);
	return status;
}

/* The name is on disk, too. */
static int sync_folder(const char *path)
{
	char *copy = strdup(path);
	int fd, status = 0;

	if (!copy)
		return -ENOMEM;
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		status = -errno;
	if (fd >= 0)
		close(fd);
	free(copy);
	return status;
}

static int replace(const char *path, const json_t *json)
{
	char *new = NULL;
	int status;

	if (!json || asprintf(&new, "%s.new", path) < 0)
		return -ENOMEM;
	status = write_new(new, json);
	if (status == 0 && rename(new, path) < 0)
		status = -errno;
	if (status)
		unlink(new);
	else
		status = sync_folder(path);
	free(new);
	return status;
}

int mode_memory_write(struct mode_memory *memory, const struct inventory *inventory,
		      struct covey_error *error)
{
	json_t *json;
	int status;

	if (!memory->failed)
		return 0;
	json = to_json(memory, inventory);
	status = replace(memory->path, json);
	json_decref(json);
	if (status)
		return covey_error_set(error, status, "%.200s cannot be written (%s)", memory->path,
				       strerror(-status));
	memory->failed = memory->told = false;
	return 0;
}

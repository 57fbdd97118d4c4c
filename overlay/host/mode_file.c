/* SPDX-License-Identifier: BSD-3-Clause */

#include "mode_file.h"

#include <clock.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BOOT_ID      "/proc/sys/kernel/random/boot_id"
#define BOOT_ID_SIZE 37

/* Another one after each start of the machine. "" when it cannot be read: then no file counts. */
static void read_boot_id(char ret_id[BOOT_ID_SIZE])
{
	FILE *stream = fopen(BOOT_ID, "re");

	ret_id[0] = '\0';
	if (!stream)
		return;
	if (!fgets(ret_id, BOOT_ID_SIZE, stream))
		ret_id[0] = '\0';
	fclose(stream);
}

/* --- reading ---------------------------------------------------------------------------------- */

int mode_file_open(const char *path, struct covey_error *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat info;

	if (fd < 0 && errno == ENOENT)
		return -ENOENT;
	if (fd >= 0 && fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_uid == geteuid() &&
	    !(info.st_mode & 077))
		return fd;
	if (fd >= 0)
		close(fd);
	return covey_error_set(error, -EPERM,
			       "%.200s is not a plain file that belongs to this user alone: the "
			       "modes in it are not believed: remove it",
			       path);
}

void mode_records_free(struct mode_record *records, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(records[i].vnis);
		records[i].vnis = NULL;
		records[i].vnis_count = 0;
	}
}

static bool read_vni(const json_t *json, size_t at, json_int_t least, uint32_t *ret_vni)
{
	const json_t *number = json_array_get(json, at);
	json_int_t vni = json_integer_value(number);

	if (!json_is_integer(number) || vni < least || vni > (json_int_t)COVEY_VNI_MAX)
		return false;
	*ret_vni = (uint32_t)vni;
	return true;
}

/* First and last of each range, one behind the other. */
static void read_vnis(const json_t *json, struct mode_record *record)
{
	size_t count = json_array_size(json) / 2;
	json_int_t least = 0;
	struct covey_vnis *list;

	record->has_vnis = json != NULL;
	record->vnis = NULL;
	record->vnis_count = 0;
	if (count == 0 || count > COVEY_VNIS_PER_GROUP_MAX || json_array_size(json) % 2)
		return;
	list = malloc(count * sizeof(*list));
	if (!list)
		return;
	for (size_t i = 0; i < count; i++) {
		if (!read_vni(json, 2 * i, least, &list[i].first) ||
		    !read_vni(json, 2 * i + 1, list[i].first, &list[i].last)) {
			free(list);
			return;
		}
		least = (json_int_t)list[i].last + 1;
	}
	record->vnis = list;
	record->vnis_count = count;
}

static bool read_record(json_t *json, struct mode_record *ret_record)
{
	const char *group, *mode, *then;
	bool ends = json_object_get(json, "deadline_ms") != NULL;
	json_int_t deadline = 0, between = 0;
	uint64_t now = clock_ms();

	if (json_unpack(json, "{s:s, s:s, s:s, s?I, s?I}", "group", &group, "mode", &mode, "then",
			&then, "deadline_ms", &deadline, "between_ms", &between) != 0)
		return false;
	if (strlen(group) > COVEY_NAME_MAX || !covey_mode_parse(mode, &ret_record->mode) ||
	    !covey_mode_parse(then, &ret_record->then))
		return false;
	if (between < 0 || between > COVEY_MODE_BETWEEN_MAX_MS)
		return false;
	strcpy(ret_record->group, group);
	ret_record->between_ms = (uint32_t)between;
	ret_record->left_ms = UINT64_MAX;
	if (ends)
		ret_record->left_ms =
			deadline > 0 && (uint64_t)deadline > now ? (uint64_t)deadline - now : 0;
	if (ends &&
	    (deadline < 0 || ret_record->left_ms > COVEY_MODE_DEADLINE_MAX_S * UINT64_C(1000)))
		return false;
	read_vnis(json_object_get(json, "vnis"), ret_record);
	return true;
}

static int read_records(json_t *json, struct mode_record *records, size_t max)
{
	char boot_id[BOOT_ID_SIZE];
	const char *written;
	json_t *groups;
	size_t count = 0;

	read_boot_id(boot_id);
	if (json_unpack(json, "{s:s, s:o}", "boot_id", &written, "groups", &groups) != 0 ||
	    boot_id[0] == '\0' || strcmp(written, boot_id) != 0)
		return 0;
	for (size_t i = 0; i < json_array_size(groups) && count < max; i++)
		count += read_record(json_array_get(groups, i), &records[count]);
	return (int)count;
}

int mode_file_read(const char *path, struct mode_record *records, size_t max,
		   struct covey_error *error)
{
	int fd = mode_file_open(path, error), count = 0;
	json_t *json;

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	json = json_loadfd(fd, JSON_REJECT_DUPLICATES, NULL);
	close(fd);
	if (json)
		count = read_records(json, records, max);
	json_decref(json);
	return count;
}

/* --- writing ---------------------------------------------------------------------------------- */

static json_t *vnis_json(const struct mode_record *record)
{
	json_t *json = json_array();

	for (size_t i = 0; i < record->vnis_count; i++)
		if (json_array_append_new(json, json_integer(record->vnis[i].first)) != 0 ||
		    json_array_append_new(json, json_integer(record->vnis[i].last)) != 0) {
			json_decref(json);
			return NULL;
		}
	return json;
}

static json_t *record_json(const struct mode_record *record)
{
	json_t *json =
		json_pack("{s:s, s:s, s:s, s:I}", "group", record->group, "mode",
			  covey_mode_name(record->mode), "then", covey_mode_name(record->then),
			  "between_ms", (json_int_t)record->between_ms);

	if (json &&
	    ((record->left_ms != UINT64_MAX &&
	      json_object_set_new(json, "deadline_ms",
				  json_integer((json_int_t)(clock_ms() + record->left_ms))) != 0) ||
	     (record->has_vnis && json_object_set_new(json, "vnis", vnis_json(record)) != 0))) {
		json_decref(json);
		return NULL; /* rather than a mode without an end, or for more */
	}
	return json;
}

static json_t *records_json(const struct mode_record *records, size_t count)
{
	json_t *groups = json_array();
	char boot_id[BOOT_ID_SIZE];

	read_boot_id(boot_id);
	for (size_t i = 0; i < count; i++)
		if (json_array_append_new(groups, record_json(&records[i])) != 0) {
			json_decref(groups);
			return NULL;
		}
	return json_pack("{s:s, s:o}", "boot_id", boot_id, "groups", groups);
}

/* It need not survive a power cut: nothing in it counts after that. */
static int write_new(const char *path, json_t *json)
{
	int fd, status;

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	status = json_dumpfd(json, fd, JSON_COMPACT) == 0 ? 0 : -EIO;
	close(fd);
	return status;
}

static int replace(const char *path, const struct mode_record *records, size_t count)
{
	json_t *json = records_json(records, count);
	char *new = NULL;
	int status;

	if (!json || asprintf(&new, "%s.new", path) < 0) {
		json_decref(json);
		return -ENOMEM;
	}
	status = write_new(new, json);
	if (status == 0 && rename(new, path) < 0)
		status = -errno;
	if (status)
		unlink(new);
	json_decref(json);
	free(new);
	return status;
}

int mode_file_write(const char *path, const struct mode_record *records, size_t count,
		    struct covey_error *error)
{
	int status = replace(path, records, count);

	if (status == 0)
		return 0;
	/* What it says is not so any more. */
	unlink(path);
	return covey_error_set(error, status, "%.200s cannot be written (%s)", path,
			       strerror(-status));
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sqlite_private.h"
#include "sqlite_schema.h"

static int fill(struct sqlite_store *store, struct covey_error *error)
{
	char sql[160];
	int status;

	snprintf(
		sql, sizeof(sql),
		"PRAGMA synchronous = EXTRA; PRAGMA application_id = %d; PRAGMA user_version = %d;",
		APPLICATION_ID, USER_VERSION);
	status = sqlite_execute(store, sql, "marking a new file", error);
	if (status < 0)
		return status;
	/* The serial is written last. If the end of the file is missing, a row is missing, and that
	 * is noticed. */
	status = sqlite_execute(store,
				"BEGIN;" BINDING_SQL ";" EVICTION_SQL ";" VERSION_3_SQL
				";" VERSION_4_SQL ";" VERSION_5_SQL ";" SERIAL_SQL ";"
				"INSERT INTO serial VALUES (1, 256, ~256); COMMIT;",
				"making the tables", error);
	return status;
}

static int fill_file(const char *path, struct covey_error *error)
{
	struct sqlite_store store = {.path = (char *)path};
	int code;
	int status;

	code = sqlite3_open_v2(path, &store.db, SQLITE_OPEN_READWRITE, NULL);
	status = code == SQLITE_OK ? fill(&store, error)
				   : sqlite_explain(&store, code, "opening", error);
	sqlite3_close(store.db);
	return status;
}

static int sync_directory(const char *path)
{
	char *copy = strdup(path);
	int fd;
	int status = 0;

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

static int explain_create(const char *path, int status, struct covey_error *error)
{
	if (status == -ENOENT || status == -ENOTDIR)
		return covey_error_set(error, status,
				       "state file %s cannot be made: its directory does not "
				       "exist; make it, owned by covey-gkm's user, mode 0700",
				       path);
	if (status == -ENOSPC)
		return covey_error_set(error, status,
				       "state file %s cannot be made: the disk is full; free some "
				       "space",
				       path);
	return covey_error_set(error, status,
			       "state file %s cannot be made: %s; check the directory's owner, "
			       "mode and file system",
			       path, strerror(-status));
}

/*
 * The file gets its name only when it is complete. So an empty or incomplete file is always
 * damaged. It is never taken for a new one, because then SPIs and SenderIDs would be given out
 * again.
 */
static int create(const char *path, struct covey_error *error)
{
	char *temporary;
	int fd;
	int status;

	if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
		return covey_error_set(error, -ENOMEM, "out of memory");
	fd = mkostemp(temporary, O_CLOEXEC); /* mode 0600 */
	if (fd < 0) {
		status = explain_create(path, -errno, error);
		goto out;
	}
	close(fd);
	status = fill_file(temporary, error);
	if (status == 0 && link(temporary, path) < 0 && errno != EEXIST)
		status = explain_create(path, -errno, error);
	unlink(temporary);
	if (status == 0 && sync_directory(path) < 0)
		status = explain_create(path, -EIO, error);
out:
	free(temporary);
	return status;
}

int sqlite_check_file(const char *path, struct covey_error *error)
{
	struct stat status;

	if (lstat(path, &status) < 0)
		return errno == ENOENT ? create(path, error) : explain_create(path, -errno, error);
	if (!S_ISREG(status.st_mode))
		return covey_error_set(error, -EBADMSG,
				       "state file %s is no regular file: give another path with "
				       "--state",
				       path);
	if (status.st_size == 0)
		return covey_error_set(error, -EBADMSG,
				       "state file %s is empty: restore it from a backup; without "
				       "one, remove it, and all hosts get new SenderIDs",
				       path);
	if ((status.st_mode & 077) && chmod(path, 0600) < 0)
		return covey_error_set(error, -errno,
				       "state file %s is open to others (mode %04o) and its mode "
				       "cannot be changed: %s; set it to 0600",
				       path, status.st_mode & 07777, strerror(errno));
	return 0;
}

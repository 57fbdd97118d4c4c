/* SPDX-License-Identifier: BSD-3-Clause */
#include "host_file.h"

#include <covey/limits.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define OPEN_TRIES 100

static int failed(const char *what, const char *path, struct covey_error *error)
{
	int code = errno;

	return covey_error_set(error, -code, "cannot %s %s: %s", what, path, strerror(code));
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Opened and locked; whoever had the lock may have put another file in its place. */
static int open_locked(struct host_file *file, struct covey_error *error)
{
	struct stat now;

	for (int i = 0; i < OPEN_TRIES; i++) {
		file->fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (file->fd < 0)
			return failed("read", file->path, error);
		if (fstat(file->fd, &file->stat) < 0)
			return failed("read", file->path, error);
		if (!S_ISREG(file->stat.st_mode))
			return covey_error_set(error, -EINVAL, "%s is no file that can be replaced",
					       file->path);
		if (flock(file->fd, LOCK_EX) < 0)
			return failed("lock", file->path, error);
		if (fstat(file->fd, &file->stat) == 0 && stat(file->path, &now) == 0 &&
		    is_same(&file->stat, &now))
			return 0;
		close(file->fd);
		file->fd = -1;
	}
	return covey_error_set(error, -ESTALE, "%s is replaced all the time", file->path);
}

static int read_text(struct host_file *file, struct covey_error *error)
{
	size_t size = (size_t)file->stat.st_size;
	ssize_t got = 1;

	if (size > COVEY_INVENTORY_BYTES_MAX)
		return covey_error_set(error, -EFBIG, "%s is too large for an inventory",
				       file->path);
	file->text = calloc(1, size + 1);
	if (!file->text)
		return covey_error_set(error, -ENOMEM, "out of memory");
	while (file->len < size && got > 0) {
		got = read(file->fd, file->text + file->len, size - file->len);
		if (got < 0)
			return failed("read", file->path, error);
		file->len += (size_t)got;
	}
	return 0;
}

int host_file_open(const char *path, struct host_file *ret_file, struct covey_error *error)
{
	struct host_file file = {.fd = -1, .path = realpath(path, NULL)};
	int status = file.path ? open_locked(&file, error) : failed("read", path, error);

	if (status == 0)
		status = read_text(&file, error);
	if (status < 0)
		host_file_close(&file);
	else
		*ret_file = file;
	return status;
}

void host_file_close(struct host_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	free(file->path);
	free(file->text);
	*file = (struct host_file){.fd = -1};
}

/* --- replacing ------------------------------------------------------------------------------- */

static int write_all(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t put = write(fd, text, len);

		if (put < 0)
			return -1;
		text += put;
		len -= (size_t)put;
	}
	return 0;
}

static int fill(const struct host_file *file, int fd, const char *new_path, const char *text,
		size_t len, struct covey_error *error)
{
	struct stat now;

	if (fchown(fd, file->stat.st_uid, file->stat.st_gid) < 0)
		return failed("keep the owner of", file->path, error);
	if (fchmod(fd, file->stat.st_mode & 07777) < 0)
		return failed("keep the mode of", file->path, error);
	if (write_all(fd, text, len) < 0 || fsync(fd) < 0)
		return failed("write", new_path, error);
	if (stat(file->path, &now) < 0 || !is_same(&file->stat, &now))
		return covey_error_set(error, -ESTALE,
				       "%s has changed meanwhile, and stays so: try again",
				       file->path);
	if (rename(new_path, file->path) < 0)
		return failed("replace", file->path, error);
	return 0;
}

static void sync_folder(const char *path)
{
	char *folder = strdup(path);
	char *slash = folder ? strrchr(folder, '/') : NULL;
	int fd = -1;

	if (slash) {
		slash[1] = '\0';
		fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
	free(folder);
}

int host_file_replace(const struct host_file *file, const char *text, size_t len,
		      struct covey_error *error)
{
	char *new_path = NULL;
	int status, fd;

	if (asprintf(&new_path, "%s.XXXXXX", file->path) < 0)
		return covey_error_set(error, -ENOMEM, "out of memory");
	fd = mkostemp(new_path, O_CLOEXEC);
	if (fd < 0) {
		status = failed("write beside", file->path, error);
		free(new_path);
		return status;
	}
	status = fill(file, fd, new_path, text, len, error);
	close(fd);
	if (status < 0)
		unlink(new_path);
	else
		sync_folder(file->path);
	free(new_path);
	return status;
}

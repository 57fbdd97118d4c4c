/* SPDX-License-Identifier: BSD-3-Clause */

#include "instance_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Only read what we have written ourselves: a plain file that only we may read and write. */
static uint64_t read_instance(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	uint64_t instance = 0;
	struct stat info;

	if (fd < 0)
		return 0;
	if (fstat(fd, &info) < 0 || !S_ISREG(info.st_mode) || info.st_uid != geteuid() ||
	    (info.st_mode & 077) || info.st_size != sizeof(instance) ||
	    read(fd, &instance, sizeof(instance)) != sizeof(instance))
		instance = 0;
	close(fd);
	return instance;
}

/* The file need not survive a power cut: no connection does. */
static int write_instance(const char *path, uint64_t instance)
{
	int fd, status;

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	status = write(fd, &instance, sizeof(instance)) == sizeof(instance) ? 0 : -EIO;
	close(fd);
	return status;
}

int instance_file_swap(const char *path, uint64_t instance, uint64_t *ret_previous,
		       struct covey_error *error)
{
	char *new;
	int status;

	*ret_previous = read_instance(path);
	if (asprintf(&new, "%s.new", path) < 0)
		return covey_error_set(error, -ENOMEM, "out of memory");
	status = write_instance(new, instance);
	if (status == 0 && rename(new, path) < 0)
		status = -errno;
	if (status) {
		unlink(new);
		covey_error_set(error, status, "%.200s cannot be written (%s)", path,
				strerror(-status));
	}
	free(new);
	return status;
}

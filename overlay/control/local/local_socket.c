/* SPDX-License-Identifier: BSD-3-Clause */

#include "local_socket.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 16
#define MODE    0660

/* The owner and the group of the socket may connect, because this needs write permission. */
static int new_socket(struct covey_error *error)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return covey_error_set(error, -errno, "cannot make a Unix socket: %s",
				       strerror(errno));
	/* bind() gives the file the mode of the socket less the umask. So the file never has more
	 * permissions than this, even for a moment. */
	if (fchmod(fd, MODE) < 0) {
		int status = covey_error_set(error, -errno, "cannot set a socket's mode: %s",
					     strerror(errno));

		close(fd);
		return status;
	}
	return fd;
}

static int make_directory(const char *path, struct covey_error *error)
{
	char copy[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	const char *directory;

	snprintf(copy, sizeof(copy), "%s", path);
	directory = dirname(copy);
	if (mkdir(directory, 0755) < 0 && errno != EEXIST)
		return covey_error_set(error, -errno, "%s: cannot make the directory: %s",
				       directory, strerror(errno));
	return 0;
}

int local_socket_listens(const char *path, bool *ret_listens, struct covey_error *error)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return covey_error_set(error, -errno, "cannot make a Unix socket: %s",
				       strerror(errno));
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	*ret_listens = connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 ||
		       (errno != ECONNREFUSED && errno != ENOENT);
	close(fd);
	return 0;
}

/* Remove what is at path, if it is a socket on which nobody listens. */
static int make_way(const struct sockaddr_un *address, struct covey_error *error)
{
	const char *path = address->sun_path;
	struct stat info;
	bool listens;
	int status;

	if (lstat(path, &info) < 0)
		return errno == ENOENT
			       ? 0
			       : covey_error_set(error, -errno, "%s: %s", path, strerror(errno));
	if (!S_ISSOCK(info.st_mode))
		return covey_error_set(error, -EEXIST,
				       "%s is there and no socket: remove it, or name another "
				       "place by --socket",
				       path);
	status = local_socket_listens(path, &listens, error);
	if (status)
		return status;
	if (listens)
		return covey_error_set(
			error, -EADDRINUSE,
			"another covey program listens on %s: stop it, or name another "
			"place by --socket",
			path);
	if (unlink(path) < 0 && errno != ENOENT)
		return covey_error_set(error, -errno, "%s: cannot remove the stale socket: %s",
				       path, strerror(errno));
	return 0;
}

static int bind_and_listen(int fd, const struct sockaddr_un *address, struct covey_error *error)
{
	if (bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ||
	    chmod(address->sun_path, MODE) < 0 || listen(fd, BACKLOG) < 0)
		return covey_error_set(error, -errno, "cannot listen on %s: %s", address->sun_path,
				       strerror(errno));
	return 0;
}

int local_socket_open(const char *path, struct covey_error *error)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd, status;

	if (strlen(path) >= sizeof(address.sun_path))
		return covey_error_set(error, -ENAMETOOLONG,
				       "%s: a socket's path has at most %zu characters", path,
				       sizeof(address.sun_path) - 1);
	memcpy(address.sun_path, path, strlen(path));
	status = make_directory(path, error);
	if (status)
		return status;
	status = make_way(&address, error);
	if (status)
		return status;
	fd = new_socket(error);
	if (fd < 0)
		return fd;
	status = bind_and_listen(fd, &address, error);
	if (status) {
		close(fd);
		return status;
	}
	return fd;
}

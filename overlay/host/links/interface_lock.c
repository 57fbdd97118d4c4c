/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * A lock is a listening socket with an abstract name. The kernel keeps such names per network
 * namespace, and forgets them with the socket. Anybody may take such a name, so a socket that is
 * not root's counts as no lock: a local user must not be able to keep covey-host from starting.
 */

#include "interface_lock.h"

#include <clock.h>
#include <covey/addr.h>
#include <errno.h>
#include <log.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "socket_owner.h"

/* After a covey-host has died, its second process (carrier_keeper.h) first takes covey0's carrier
 * away, and holds the lock until then. */
#define WAIT_MS 3000
#define NAP_MS  10

struct interface_lock {
	int sockets[2 * INTERFACE_LOCK_NAMES_MAX + 1]; /* by name and by index, and the VTEP's */
	size_t count;
	uint64_t deadline; /* of the wait for all of them: who holds some may be nobody to wait for
			    */
	char names[INTERFACE_LOCK_NAMES_MAX][IF_NAMESIZE]; /* the kernel's own */
	size_t name_count;
};

static socklen_t make_address(const char *kind, const char *value, struct sockaddr_un *ret_address)
{
	int len;

	*ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
	len = snprintf(ret_address->sun_path + 1, sizeof(ret_address->sun_path) - 1,
		       "covey-host/%s/%s", kind, value);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len);
}

/* Returns the socket, or -errno. */
static int take(const struct sockaddr_un *address, socklen_t len)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int status;

	if (fd < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)address, len) == 0 && listen(fd, 1) == 0)
		return fd;
	status = -errno;
	close(fd);
	return status;
}

/* The process that listens there; 0: it does not say, or cannot be seen from here. */
static pid_t find_process(const struct sockaddr_un *address, socklen_t len)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct ucred holder = {0};
	socklen_t size = sizeof(holder);

	if (fd < 0)
		return 0;
	if (connect(fd, (const struct sockaddr *)address, len) < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &holder, &size) < 0)
		holder.pid = 0;
	close(fd);
	return holder.pid;
}

/* what: "interface d0" */
static int refuse(const char *what, pid_t holder, struct covey_error *error)
{
	if (holder == 0)
		return covey_error_set(error, -EADDRINUSE,
				       "%s is in use by another covey-host, whose process cannot "
				       "be seen from here (a container?): stop that one first",
				       what);
	return covey_error_set(error, -EADDRINUSE,
			       "%s is in use by another covey-host, process %d: stop that one "
			       "first",
			       what, (int)holder);
}

/* Returns 1 if the holder is no covey-host. */
static int refuse_or_ignore(const struct sockaddr_un *address, socklen_t len, const char *what,
			    struct covey_error *error)
{
	uid_t owner = 0;
	/* Not by connecting: a user's socket may not listen, or have its queue full. */
	int status = socket_owner(address, len, &owner);

	if (status == 0 && owner != 0) {
		log_warning("user %u pretends to be a covey-host on %s (process %d; 0: it does not "
			    "say): going on without a lock against a second one; find out why",
			    owner, what, (int)find_process(address, len));
		return 1;
	}
	return refuse(what, find_process(address, len), error);
}

static int lock_one(struct interface_lock *lock, const char *kind, const char *value,
		    const char *what, struct covey_error *error)
{
	const struct timespec nap = {.tv_nsec = NAP_MS * 1000000L};
	struct sockaddr_un address;
	socklen_t len = make_address(kind, value, &address);
	int fd;

	while ((fd = take(&address, len)) == -EADDRINUSE && clock_ms() < lock->deadline)
		nanosleep(&nap, NULL);
	if (fd == -EADDRINUSE) {
		int status = refuse_or_ignore(&address, len, what, error);

		return status > 0 ? 0 : status;
	}
	if (fd < 0)
		return covey_error_set(error, fd, "cannot lock %s: %s", what, strerror(-fd));
	lock->sockets[lock->count++] = fd;
	return 0;
}

static bool has(const struct interface_lock *lock, const char *kernel_name)
{
	for (size_t i = 0; i < lock->name_count; i++)
		if (strcmp(lock->names[i], kernel_name) == 0)
			return true;
	return false;
}

/* Lock it by its kernel name, because it may not exist yet, and by its number, which stays when it
 * is renamed. */
static int lock_interface(struct interface_lock *lock, const char *name, struct covey_error *error)
{
	char *kernel_name = lock->names[lock->name_count], number[16], what[64];
	unsigned index = if_nametoindex(name);
	char found[IF_NAMESIZE];
	int status;

	snprintf(found, sizeof(found), "%s", name);
	if (index != 0)
		if_indextoname(index, found);
	if (has(lock, found))
		return 0;
	memcpy(kernel_name, found, sizeof(found));
	lock->name_count++;
	snprintf(what, sizeof(what), "interface %s", name);
	status = lock_one(lock, "name", kernel_name, what, error);
	if (status || index == 0)
		return status;
	snprintf(number, sizeof(number), "%u", index);
	return lock_one(lock, "index", number, what, error);
}

int interface_lock_vtep(struct interface_lock *lock, const struct covey_addr *vtep,
			struct covey_error *error)
{
	char address[COVEY_ADDR_STRLEN], what[32 + COVEY_ADDR_STRLEN];

	snprintf(what, sizeof(what), "VTEP address %s", covey_addr_format(vtep, address));
	return lock_one(lock, "vtep", address, what, error);
}

int interface_lock_new(const char *const names[], size_t count, struct interface_lock **ret_lock,
		       struct covey_error *error)
{
	struct interface_lock *lock = calloc(1, sizeof(*lock));

	if (!lock)
		return covey_error_set(error, -ENOMEM, "out of memory");
	lock->deadline = clock_ms() + WAIT_MS;
	for (size_t i = 0; i < count && i < INTERFACE_LOCK_NAMES_MAX; i++) {
		int status = names[i] ? lock_interface(lock, names[i], error) : 0;

		if (status) {
			interface_lock_free(lock);
			return status;
		}
	}
	*ret_lock = lock;
	return 0;
}

void interface_lock_free(struct interface_lock *lock)
{
	if (!lock)
		return;
	while (lock->count > 0)
		close(lock->sockets[--lock->count]);
	free(lock);
}

/* SPDX-License-Identifier: BSD-3-Clause */

#include "wait.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* How long to sleep where there is nothing to wait for: 20 us at first, then twice as long each
 * time, up to 1 ms. */
#define NAP_MIN_NS 20000L
#define NAP_MAX_NS 1000000L

static int next_fd(DIR *directory)
{
	struct dirent *entry;

	while ((entry = readdir(directory)) != NULL) {
		int fd = atoi(entry->d_name);

		/* The directory's own descriptor will be closed, and what is opened next may get
		 * its number. */
		if (entry->d_name[0] != '.' && fd < WAIT_FD_MAX && fd != dirfd(directory))
			return fd;
	}
	return -1;
}

void wait_fds_begin(struct wait_fds_before *before)
{
	DIR *directory = opendir("/proc/self/fd");

	memset(before, 0, sizeof(*before));
	if (!directory)
		return;
	for (int fd; (fd = next_fd(directory)) >= 0;)
		before->open[fd / 8] |= (unsigned char)(1u << fd % 8);
	closedir(directory);
}

static bool delivers_packets(int fd)
{
	char path[32], target[PATH_MAX];
	int domain;
	socklen_t len = sizeof(domain);
	ssize_t n;

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0)
		return domain == AF_XDP || domain == AF_PACKET;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return false;
	target[n] = 0;
	return strcmp(target, "/dev/net/tun") == 0;
}

static int compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

unsigned wait_fds_end(const struct wait_fds_before *before, int *ret_fds, unsigned max)
{
	DIR *directory = opendir("/proc/self/fd");
	unsigned count = 0;

	if (!directory)
		return 0;
	for (int fd; count < max && (fd = next_fd(directory)) >= 0;)
		if (!(before->open[fd / 8] & 1u << fd % 8) && delivers_packets(fd))
			ret_fds[count++] = fd;
	closedir(directory);
	qsort(ret_fds, count, sizeof(*ret_fds), compare);
	return count;
}

void waits_add(struct waits *waits, int fd)
{
	if (fd < 0)
		waits->complete = false;
	waits->fds[waits->count++] = (struct pollfd){
		.fd = fd,
		.events = POLLIN,
		.revents = POLLIN,
	};
}

void waits_look(struct waits *waits)
{
	poll(waits->fds, waits->count, 0);
}

/* When its link goes down, a socket reports an error until it is read, and until then poll() does
 * not sleep. A hang-up cannot be read away: then this function sleeps for a short time. */
static void take_errors(const struct pollfd *fds, unsigned count)
{
	const struct timespec nap = {.tv_nsec = NAP_MAX_NS};
	bool failed = false;

	for (unsigned i = 0; i < count; i++) {
		int reason;
		socklen_t len = sizeof(reason);

		if (!(fds[i].revents & (POLLERR | POLLHUP | POLLNVAL)))
			continue;
		getsockopt(fds[i].fd, SOL_SOCKET, SO_ERROR, &reason, &len);
		failed = true;
	}
	if (failed)
		nanosleep(&nap, NULL);
}

void wait_for_packets(struct waits *waits, unsigned empty, int timeout_ms)
{
	struct timespec timeout = {.tv_sec = timeout_ms / 1000,
				   .tv_nsec = timeout_ms % 1000 * 1000000L};

	if (!waits->complete) {
		long nap = NAP_MIN_NS << (empty < 6 ? empty : 6);

		timeout = (struct timespec){.tv_nsec = nap < NAP_MAX_NS ? nap : NAP_MAX_NS};
	}
	if (ppoll(waits->fds, waits->count, &timeout, NULL) > 0)
		take_errors(waits->fds, waits->count);
}

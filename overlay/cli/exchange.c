/* SPDX-License-Identifier: BSD-3-Clause */
#include "exchange.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>

#define ANSWER_MAX (64u << 20) /* bytes; a host with very many windows has a long answer */
#define QUIET_MS   1000        /* then a person is told that we wait */

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* An answer that is being received. */
struct answer {
	int fd;
	long deadline;
	const char *waiting; /* to be printed once; NULL: nothing to print (any more) */
	size_t len;
	bool whole; /* the end of its line has come */
	int status; /* why it ended before that */
};

/* Returns how many bytes came; 0 at the end of the stream; -ETIMEDOUT or another negative errno. */
static ssize_t receive_until(int fd, void *buffer, size_t size, long deadline)
{
	for (;;) {
		long left = deadline - now_ms();
		const struct timeval rest = {.tv_sec = left / 1000, .tv_usec = left % 1000 * 1000};
		ssize_t n;

		if (left <= 0)
			return -ETIMEDOUT;
		if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &rest, sizeof(rest)) < 0)
			return -errno;
		n = recv(fd, buffer, size, 0);
		if (n >= 0)
			return n;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
	}
}

/* If nothing happens for a while, a person may think that the program hangs. */
static void tell_waiting(const char *waiting, long deadline)
{
	fprintf(stderr, "%s (at most %ld s more)\n", waiting, (deadline - now_ms() + 999) / 1000);
}

/* For json_load_callback(). Does not wait for anything after the end of the line. */
static size_t receive(void *buffer, size_t size, void *arg)
{
	struct answer *answer = arg;
	ssize_t n = -ETIMEDOUT;

	if (answer->whole)
		return 0;
	if (answer->waiting) {
		n = receive_until(answer->fd, buffer, size, now_ms() + QUIET_MS);
		if (n == -ETIMEDOUT)
			tell_waiting(answer->waiting, answer->deadline);
		answer->waiting = NULL;
	}
	if (n == -ETIMEDOUT)
		n = receive_until(answer->fd, buffer, size, answer->deadline);
	if (n > 0 && answer->len + (size_t)n > ANSWER_MAX)
		n = -EMSGSIZE;
	if (n <= 0) {
		answer->whole = true;
		answer->status = (int)n;
		return 0;
	}
	answer->len += (size_t)n;
	answer->whole = memchr(buffer, '\n', (size_t)n) != NULL;
	return (size_t)n;
}

static int send_request(int fd, const json_t *request)
{
	char *text = json_dumps(request, JSON_COMPACT);
	struct iovec line[] = {{text, text ? strlen(text) : 0}, {"\n", 1}};
	const struct msghdr message = {.msg_iov = line, .msg_iovlen = 2};
	int status = 0;

	if (!text)
		return -ENOMEM;
	/* A busy daemon says so, and closes the connection before it has read anything. */
	if (sendmsg(fd, &message, MSG_NOSIGNAL) < 0 && errno != EPIPE)
		status = errno == EAGAIN ? -ETIMEDOUT : -errno;
	free(text);
	return status;
}

int exchange(int fd, const json_t *request, const char *waiting, json_t **ret_object)
{
	struct answer answer = {.fd = fd, .deadline = now_ms() + EXCHANGE_MS, .waiting = waiting};
	int status = send_request(fd, request);
	json_t *object;

	if (status < 0)
		return status;
	object = json_load_callback(receive, &answer, 0, NULL);
	if (answer.status < 0) {
		json_decref(object);
		return answer.status;
	}
	*ret_object = object;
	return 0;
}

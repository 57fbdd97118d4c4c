/* SPDX-License-Identifier: BSD-3-Clause */
#include "gkm_scale_trigger.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "gkm_scale_crowd.h"

static const char request[] = "{\"command\": \"rekey\", \"group\": \"g1\"}\n";

struct trigger {
	struct crowd *crowd;
	int fd;
	struct event *readable;
};

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct trigger *trigger = arg;
	char answer[512];
	ssize_t len = recv(fd, answer, sizeof(answer) - 1, MSG_DONTWAIT);

	if (len < 0 && errno == EAGAIN)
		return;
	event_del(trigger->readable);
	answer[len > 0 ? len : 0] = '\0';
	if (!strstr(answer, "\"ok\": true") && !strstr(answer, "\"ok\":true"))
		crowd_fail(trigger->crowd, "the key manager does not rekey: %s", answer);
}

static int open_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) != (ssize_t)sizeof(request) - 1) {
		int status = -errno;

		close(fd);
		return status;
	}
	return fd;
}

int trigger_rekey(struct crowd *crowd, const char *socket, struct trigger **ret_trigger,
		  struct covey_error *error)
{
	struct trigger *trigger = calloc(1, sizeof(*trigger));
	int fd = open_socket(socket);

	if (trigger && fd >= 0)
		trigger->readable =
			event_new(crowd->base, fd, EV_READ | EV_PERSIST, on_readable, trigger);
	if (!trigger || fd < 0 || !trigger->readable) {
		free(trigger);
		if (fd >= 0)
			close(fd);
		return covey_error_set(error, fd < 0 ? fd : -ENOMEM, "cannot ask at %s: %s", socket,
				       fd < 0 ? strerror(-fd) : "out of memory");
	}
	trigger->crowd = crowd;
	trigger->fd = fd;
	event_add(trigger->readable, NULL);
	*ret_trigger = trigger;
	return 0;
}

void trigger_free(struct trigger *trigger)
{
	if (!trigger)
		return;
	event_free(trigger->readable);
	close(trigger->fd);
	free(trigger);
}

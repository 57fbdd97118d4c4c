/* SPDX-License-Identifier: BSD-3-Clause */
#include "listener.h"

#include <errno.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "own_watch.h"
#include "session.h"
#include "sessions.h"

#define BACKLOG           1024
#define PAUSE_ON_ERROR_MS 500
/* For the state file and its journal, the listener, epoll, standard streams, and some more. */
#define OWN_DESCRIPTORS 64

struct listener {
	struct sessions *sessions;
	struct own_watch *own;
	struct evconnlistener *socket;
	struct event *resume;
};

/* --- descriptors --------------------------------------------------------------------------- */

size_t listener_raise_descriptors(void)
{
	const rlim_t wanted = COVEY_SESSIONS_MAX + OWN_DESCRIPTORS;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return OWN_DESCRIPTORS;
	if (limit.rlim_cur < wanted) {
		const struct rlimit higher = {.rlim_cur = wanted,
					      .rlim_max = limit.rlim_max < wanted ? wanted
										  : limit.rlim_max};
		const struct rlimit highest = {.rlim_cur = limit.rlim_max,
					       .rlim_max = limit.rlim_max};

		/* Only root may raise the hard limit. */
		if (setrlimit(RLIMIT_NOFILE, &higher) < 0)
			setrlimit(RLIMIT_NOFILE, &highest);
	}
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= wanted)
		return COVEY_SESSIONS_MAX;
	return limit.rlim_cur > 2 * OWN_DESCRIPTORS ? limit.rlim_cur - OWN_DESCRIPTORS
						    : OWN_DESCRIPTORS;
}

/* --- the socket ---------------------------------------------------------------------------- */

static int explain(int status, const char *address, uint16_t port, struct covey_error *error)
{
	switch (-status) {
	case EADDRINUSE:
		return covey_error_set(error, status,
				       "%s port %u is in use: `ss -ltnp sport = :%u` names the "
				       "program; stop it, or change covey_gkm_port in the "
				       "inventory",
				       address, port, port);
	case EADDRNOTAVAIL:
		return covey_error_set(error, status,
				       "%s is no address of this host: run covey-gkm on the host "
				       "that has it, add it to an interface, or change covey_gkm "
				       "in the inventory",
				       address);
	case EACCES:
	case EPERM:
		return covey_error_set(error, status,
				       "no permission to listen on %s port %u: ports below 1024 "
				       "need root or CAP_NET_BIND_SERVICE; the default is 4798",
				       address, port);
	default:
		return covey_error_set(error, status, "cannot listen on %s port %u: %s", address,
				       port, strerror(-status));
	}
}

static int open_socket(const struct covey_addr *ours, uint16_t port, struct covey_error *error)
{
	struct sockaddr_storage address;
	socklen_t len = covey_addr_to_socket(ours, port, &address);
	char text[COVEY_ADDR_STRLEN];
	const int on = 1;
	int status;
	int fd;

	covey_addr_format(ours, text);
	fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return explain(-errno, text, port, error);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (address.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&address, len) < 0 || listen(fd, BACKLOG) < 0) {
		status = explain(-errno, text, port, error);
		close(fd);
		return status;
	}
	return fd;
}

/* --- connections --------------------------------------------------------------------------- */

static void log_turned_away(struct listener *listener, const char *why)
{
	peer_log_line(listener->sessions->log, LOG_LEVEL_WARNING, "",
		      "connections are turned away: %s", why);
}

static void on_accept(struct evconnlistener *socket, evutil_socket_t fd, struct sockaddr *address,
		      int len, void *arg)
{
	struct listener *listener = arg;
	struct sessions *sessions = listener->sessions;
	const char *why = NULL;
	struct covey_error error;

	own_watch_check(listener->own);
	if (sessions->count >= sessions->max)
		why = "there are as many sessions as this process can hold";
	else if (sessions->unauthenticated_count >= COVEY_SESSIONS_UNAUTHENTICATED_MAX)
		why = "too many have not identified themselves yet";
	if (why) {
		evutil_closesocket(fd);
		log_turned_away(listener, why);
	} else if (session_accept(sessions, fd, &error) < 0) {
		log_turned_away(listener, error.text);
	}
}

/* Out of descriptors or memory: without a pause, accept() would fail in each turn of the loop. */
static void on_error(struct evconnlistener *socket, void *arg)
{
	struct listener *listener = arg;

	log_turned_away(listener, strerror(EVUTIL_SOCKET_ERROR()));
	evconnlistener_disable(socket);
	event_add(listener->resume, &(struct timeval){.tv_usec = PAUSE_ON_ERROR_MS * 1000});
}

static void on_resume(evutil_socket_t fd, short what, void *arg)
{
	struct listener *listener = arg;

	evconnlistener_enable(listener->socket);
}

int listener_new(struct sessions *sessions, const struct covey_addr *address, struct own_watch *own,
		 struct listener **ret_listener, struct covey_error *error)
{
	struct listener *listener = calloc(1, sizeof(*listener));
	int status = -ENOMEM;
	int fd;

	if (!listener)
		return covey_error_set(error, status, "out of memory");
	fd = open_socket(address, sessions->inventory->gkm_port, error);
	if (fd < 0) {
		status = fd;
		goto fail;
	}
	listener->sessions = sessions;
	listener->own = own;
	listener->resume = evtimer_new(sessions->base, on_resume, listener);
	listener->socket = evconnlistener_new(sessions->base, on_accept, listener,
					      LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (!listener->socket || !listener->resume) {
		if (!listener->socket)
			close(fd);
		covey_error_set(error, status, "out of memory");
		goto fail;
	}
	evconnlistener_set_error_cb(listener->socket, on_error);
	*ret_listener = listener;
	return 0;
fail:
	listener_free(listener);
	return status;
}

void listener_free(struct listener *listener)
{
	if (!listener)
		return;
	if (listener->socket)
		evconnlistener_free(listener->socket);
	if (listener->resume)
		event_free(listener->resume);
	free(listener);
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <event2/util.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#include "channel_private.h"

/*
 * The peer may be gone without a sign. A probe notices this sooner than a missing heartbeat.
 *
 * A peer behind a cut wire is given up sooner than one that is only slow: when a process is
 * stopped, its kernel still acknowledges. The peer is given up before the default activation delay
 * of 10 s is over, because a rekey may wait for a peer that is away when it does not wait for one
 * that is slow.
 *
 * But it is not given up so soon that a wire which only loses packets seems to be cut. With 30 % of
 * packets lost each way, it happens one time in a hundred that none of seven probes is answered.
 */
#define KEEPALIVE_IDLE_S     2
#define KEEPALIVE_INTERVAL_S 1
#define KEEPALIVE_PROBES     7
#define UNACKNOWLEDGED_MS    9000
/* Linux has this option since 6.15. It takes no less than RETRANSMIT_MAX_MS. */
#ifndef TCP_RTO_MAX_MS
#define TCP_RTO_MAX_MS 44
#endif
#define RETRANSMIT_MAX_MS 1000
#define DRAIN_BYTES_MAX   (64u << 10)

static void set_option(int fd, int level, int option, int value)
{
	/* These options make a channel better. It also works without them. */
	setsockopt(fd, level, option, &value, sizeof(value));
}

void channel_socket_options(int fd)
{
	set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
	set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S);
	set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES);
	set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS);
	/* Normally, TCP waits longer before each retransmission. Here it does not, because our
	 * messages are few, and should arrive soon even when the wire loses packets. The first
	 * option is older, but has an effect on six retransmissions only. */
	set_option(fd, IPPROTO_TCP, TCP_THIN_LINEAR_TIMEOUTS, 1);
	set_option(fd, IPPROTO_TCP, TCP_RTO_MAX_MS, RETRANSMIT_MAX_MS);
}

static uint16_t read_ipv6(const struct sockaddr_in6 *in6, struct covey_addr *addr)
{
	if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
		/* A socket that listens for both families shows an IPv4 peer like this. */
		addr->family = AF_INET;
		memcpy(addr->bytes, &in6->sin6_addr.s6_addr[12], 4);
	} else {
		addr->family = AF_INET6;
		memcpy(addr->bytes, &in6->sin6_addr, 16);
	}
	return ntohs(in6->sin6_port);
}

void channel_set_peer(struct channel *channel, const struct sockaddr *address)
{
	struct covey_addr addr = {0};
	char text[COVEY_ADDR_STRLEN];
	uint16_t port = 0;

	if (address->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)address;

		addr.family = AF_INET;
		memcpy(addr.bytes, &in->sin_addr, 4);
		port = ntohs(in->sin_port);
	} else if (address->sa_family == AF_INET6) {
		port = read_ipv6((const struct sockaddr_in6 *)address, &addr);
	}
	snprintf(channel->peer_text, sizeof(channel->peer_text), "%s port %u",
		 covey_addr_format(&addr, text), port);
}

void channel_socket_drain(int fd)
{
	char waste[4096];

	for (size_t n = 0; n < DRAIN_BYTES_MAX; n += sizeof(waste))
		if (recv(fd, waste, sizeof(waste), MSG_DONTWAIT) <= 0)
			return;
}

static void explain_connect(struct channel *channel, int number)
{
	const char *hint = "";

	if (number == ECONNREFUSED)
		hint = ": is covey-gkm running there?";
	else if (number == EHOSTUNREACH || number == ENETUNREACH)
		hint = ": is there a route to it?";
	channel_end(channel, "cannot connect to %s: %s%s", channel->peer_text, strerror(number),
		    hint);
}

static void connected(int fd, short events, void *arg)
{
	struct channel *channel = arg;
	socklen_t len = sizeof(int);
	int number = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &len) < 0)
		number = errno;
	if (number) {
		explain_connect(channel, number);
		return;
	}
	channel->fd = -1;
	if (channel_start_tls(channel, fd) < 0)
		channel_end(channel, "out of memory");
}

static int start_connect(struct channel *channel, const struct sockaddr_storage *storage,
			 socklen_t len)
{
	channel->fd =
		socket(storage->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
	if (channel->fd < 0)
		return -errno;
	channel_socket_options(channel->fd);
	channel->connected = event_new(channel->base, channel->fd, EV_WRITE, connected, channel);
	if (!channel->connected)
		return -ENOMEM;
	if (connect(channel->fd, (const struct sockaddr *)storage, len) < 0 && errno != EINPROGRESS)
		explain_connect(channel, errno);
	else
		event_add(channel->connected, NULL);
	return 0;
}

int channel_connect(struct event_base *base, struct tls *tls, const struct covey_addr *address,
		    uint16_t port, const struct channel_handlers *handlers, void *arg,
		    struct channel **ret_channel, struct covey_error *error)
{
	struct sockaddr_storage storage;
	socklen_t len = covey_addr_to_socket(address, port, &storage);
	struct channel *channel;
	int status;

	status = channel_new(base, tls, true, handlers, arg, &channel);
	if (status < 0)
		return covey_error_set(error, status, "out of memory");
	channel_set_peer(channel, (struct sockaddr *)&storage);
	status = start_connect(channel, &storage, len);
	if (status < 0) {
		covey_error_set(error, status, "cannot make a socket for %s: %s",
				channel->peer_text, strerror(-status));
		channel_free(channel);
		return status;
	}
	*ret_channel = channel;
	return 0;
}

int channel_accept(struct event_base *base, struct tls *tls, int fd,
		   const struct channel_handlers *handlers, void *arg, struct channel **ret_channel,
		   struct covey_error *error)
{
	struct sockaddr_storage storage = {0};
	socklen_t len = sizeof(storage);
	struct channel *channel;
	int status;

	if (getpeername(fd, (struct sockaddr *)&storage, &len) < 0 ||
	    evutil_make_socket_nonblocking(fd) < 0) {
		status = covey_error_set(error, -errno, "cannot take over a connection: %s",
					 strerror(errno));
		close(fd);
		return status;
	}
	channel_socket_options(fd);
	status = channel_new(base, tls, false, handlers, arg, &channel);
	if (status < 0) {
		close(fd);
		return covey_error_set(error, status, "out of memory");
	}
	channel_set_peer(channel, (struct sockaddr *)&storage);
	status = channel_start_tls(channel, fd);
	if (status < 0) {
		channel_free(channel);
		return covey_error_set(error, status, "out of memory");
	}
	*ret_channel = channel;
	return 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */

#include "probe_tap.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* One turn of the event loop reads no more than so many packets. */
#define BURST 64

static int filter(const struct probe_tap *tap, int fd)
{
	struct sock_filter code[PROBE_FILTER_MAX];
	const struct sock_fprog program = {
		.len = (unsigned short)probe_filter_write(&tap->filter, code), .filter = code};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

/* So that a stream of tenants' packets of that length costs nothing more. If the filter cannot be
 * changed, the old one stays. */
static void look_no_more(struct probe_tap *tap, size_t number)
{
	uint32_t left[COVEY_PROBES_PER_RUN_MAX];

	tap->overflown |= 1u << number;
	tap->filter.length_count = 0;
	tap->filter.lengths = left;
	for (size_t i = 0; i < COVEY_PROBES_PER_RUN_MAX && tap->lengths[i] != 0; i++)
		if ((tap->overflown & 1u << i) == 0)
			left[tap->filter.length_count++] = tap->lengths[i];
	filter(tap, tap->fd);
	tap->filter.lengths = NULL;
}

/* True when the packet is one too many of its length. */
static bool is_too_many(struct probe_tap *tap, size_t len)
{
	for (size_t i = 0; i < COVEY_PROBES_PER_RUN_MAX && tap->lengths[i] != 0; i++) {
		if (len != (size_t)tap->lengths[i] + tap->wire->overhead)
			continue;
		if (++tap->alike[i] == PROBE_TAP_ALIKE_MAX)
			look_no_more(tap, i);
		return tap->alike[i] > PROBE_TAP_ALIKE_MAX;
	}
	return false;
}

static void look(struct probe_tap *tap, const uint8_t *data, size_t len, bool out)
{
	struct probe_packet packet;

	probe_frame_read(data, len, tap->wire, &packet);
	if (packet.kind == PROBE_VPE && is_too_many(tap, probe_frame_ip_len(data)))
		return;
	if (packet.kind != PROBE_NONE)
		tap->seen(tap->arg, tap->uplink, &packet, probe_frame_ip_len(data), out);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct probe_tap *tap = arg;

	for (unsigned i = 0; i < BURST; i++) {
		struct sockaddr_ll from = {0};
		socklen_t from_len = sizeof(from);
		uint8_t data[256];
		/* MSG_TRUNC: the length of the whole packet. The filter cuts it, so that it is
		 * taken from the packet itself. */
		ssize_t n = recvfrom(fd, data, sizeof(data), MSG_DONTWAIT | MSG_TRUNC,
				     (struct sockaddr *)&from, &from_len);
		size_t len;

		if (n <= 0)
			return;
		if (++tap->hits > tap->hits_max) {
			tap->overflown = (1u << COVEY_PROBES_PER_RUN_MAX) - 1;
			probe_tap_close(tap);
			return;
		}
		len = (size_t)n < sizeof(data) ? (size_t)n : sizeof(data);
		if (len < 20)
			continue;
		look(tap, data, len, from.sll_pkttype == PACKET_OUTGOING);
	}
}

static int open_socket(const struct probe_tap *tap, const char *interface, int *ret_fd,
		       struct covey_error *error)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET,
				      .sll_protocol = htobe16(ETH_P_ALL),
				      .sll_ifindex = (int)if_nametoindex(interface)};
	/* Without a protocol it receives nothing until it is bound. */
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int code_of_error;

	if (fd >= 0 && address.sll_ifindex != 0 && filter(tap, fd) == 0 &&
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0) {
		*ret_fd = fd;
		return 0;
	}
	code_of_error = errno;
	if (fd >= 0)
		close(fd);
	return covey_error_set(error, -code_of_error, "cannot listen on %s: %s", interface,
			       strerror(code_of_error));
}

int probe_tap_open(struct probe_tap *tap, struct event_base *base, const char *interface,
		   const struct probe_filter *wanted, struct covey_error *error)
{
	int status;

	tap->filter = *wanted;
	tap->wire = wanted->wire;
	status = open_socket(tap, interface, &tap->fd, error);
	if (status)
		return status;
	tap->filter.lengths = NULL;
	memcpy(tap->lengths, wanted->lengths, wanted->length_count * sizeof(tap->lengths[0]));
	tap->event = event_new(base, tap->fd, EV_READ | EV_PERSIST, on_readable, tap);
	if (tap->event && event_add(tap->event, NULL) == 0)
		return 0;
	if (tap->event)
		event_free(tap->event);
	tap->event = NULL;
	close(tap->fd);
	return covey_error_set(error, -ENOMEM, "out of memory");
}

void probe_tap_close(struct probe_tap *tap)
{
	if (!tap->event)
		return;
	event_free(tap->event);
	tap->event = NULL;
	close(tap->fd);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Ports that are devices of DPDK, between VXLAN devices that do not know what fits and covey. */

#include "port_counters.h"
#include "port_kind.h"
#include "tap_answers.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <rte_ether.h>
#include <rte_mbuf.h>
#include <segment.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* What one worker has received and not given out yet, and how far it has cut the packet that it is
 * at. */
struct fit_rx {
	struct port_queue device;
	uint32_t packet_max;
	struct rte_mempool *pool;
	struct port_counters counters; /* of drops alone: the device counts the packets */
	struct tap_answers answers;
	struct segmenter segmenter;
	struct rte_mbuf *cut; /* what the segmenter reads; NULL: nothing */
	uint16_t at, count;   /* of waiting */
	struct rte_mbuf *waiting[PORT_BURST_MAX];
} __attribute__((aligned(64)));

struct fit {
	const struct port_kind *device;
	unsigned queues;
	uint16_t mtu;
	int fd; /* answers leave by it */
	struct tap_answers_shared answers;
	struct fit_rx *rx;
};

/* --- receiving ------------------------------------------------------------------------------- */

/* The control thread may change it. */
static uint32_t packet_max(const struct fit_rx *rx)
{
	return __atomic_load_n(&rx->packet_max, __ATOMIC_RELAXED);
}

static void refuse(struct fit_rx *rx, struct rte_mbuf *packet, enum segment_error error)
{
	if (error == SEGMENT_TOO_BIG) {
		port_count_drop(&rx->counters, COVEY_DROP_OUT_TOO_BIG, 1);
		tap_answers_too_big(&rx->answers, packet_max(rx),
				    rte_pktmbuf_mtod(packet, const uint8_t *), packet->data_len);
	} else {
		port_count_drop(&rx->counters,
				error == SEGMENT_FRAGMENT ? COVEY_DROP_OUT_FRAGMENT
							  : COVEY_DROP_OUT_SUPER_FRAME,
				1);
	}
	rte_pktmbuf_free(packet);
}

/* Look at a packet that is longer than one with plain Ethernet may be. Returns it if it leaves as
 * it is. NULL: it is gone, or it is to be cut. */
static __rte_noinline struct rte_mbuf *begin_long(struct fit_rx *rx, struct rte_mbuf *packet)
{
	static const struct vnet_header finished = {0};
	enum segment_error error = SEGMENT_SHAPE;

	if (rte_pktmbuf_linearize(packet) == 0)
		error = segment_begin(&rx->segmenter, &finished,
				      rte_pktmbuf_mtod(packet, const uint8_t *), packet->data_len,
				      packet_max(rx));
	if (error != SEGMENT_OK) {
		refuse(rx, packet, error);
		return NULL;
	}
	if (rx->segmenter.whole)
		return packet;
	rx->cut = packet;
	return NULL;
}

static void end_cut(struct fit_rx *rx)
{
	rte_pktmbuf_free(rx->cut);
	rx->cut = NULL;
}

/* The next piece of the packet that is being cut. NULL: there is no buffer, and none is left. */
static struct rte_mbuf *take_piece(struct fit_rx *rx)
{
	struct rte_mbuf *piece = rte_pktmbuf_alloc(rx->pool);
	uint32_t len = segment_len(&rx->segmenter);

	if (unlikely(!piece)) {
		port_count_drop(&rx->counters, COVEY_DROP_OUT_NO_BUFFER,
				segment_count(&rx->segmenter));
		end_cut(rx);
		return NULL;
	}
	segment_take(&rx->segmenter, rte_pktmbuf_mtod(piece, uint8_t *));
	piece->data_len = (uint16_t)len;
	piece->pkt_len = len;
	if (segment_len(&rx->segmenter) == 0)
		end_cut(rx);
	return piece;
}

/* NULL: the packet brings none. */
static struct rte_mbuf *next(struct fit_rx *rx)
{
	struct rte_mbuf *packet;

	if (unlikely(rx->cut != NULL))
		return take_piece(rx);
	packet = rx->waiting[rx->at++];
	if (likely(packet->pkt_len <= packet_max(rx) + sizeof(struct rte_ether_hdr)))
		return packet;
	return begin_long(rx, packet);
}

static bool waits(const struct fit_rx *rx)
{
	return rx->at < rx->count || rx->cut;
}

static uint16_t give_out(struct fit_rx *rx, struct rte_mbuf **packets, uint16_t max)
{
	uint16_t given = 0;

	while (given < max && waits(rx)) {
		packets[given] = next(rx);
		given += packets[given] != NULL;
	}
	return given;
}

static uint16_t receive(const struct port_queue *queue, struct rte_mbuf **packets, uint16_t max)
{
	struct fit_rx *rx = queue->own;
	uint16_t received = give_out(rx, packets, max);

	if (received == max)
		return received;
	rx->at = 0;
	rx->count = rx->device.burst(&rx->device, rx->waiting,
				     (uint16_t)RTE_MIN(max - received, (int)PORT_BURST_MAX));
	return (uint16_t)(received + give_out(rx, packets + received, max - received));
}

static bool has_more(const struct port_queue *queue)
{
	return waits(queue->own);
}

/* --- the port -------------------------------------------------------------------------------- */

static int start_fit(struct port *port, struct covey_error *error)
{
	const struct fit *fit = port->own;

	return fit->device->start(port, error);
}

static void stop_fit(struct port *port)
{
	const struct fit *fit = port->own;

	fit->device->stop(port);
}

static void free_fit(struct fit *fit)
{
	for (unsigned i = 0; i < fit->queues; i++) {
		struct fit_rx *rx = &fit->rx[i];

		rte_pktmbuf_free_bulk(rx->waiting + rx->at, rx->count - rx->at);
		rte_pktmbuf_free(rx->cut);
	}
	if (fit->fd >= 0)
		close(fit->fd);
	free(fit->rx);
	free(fit);
}

static void close_fit(struct port *port)
{
	struct fit *fit = port->own;
	const struct port_kind *device = fit->device;

	free_fit(fit);
	device->close(port);
}

static void read_fit(const struct port *port, struct dataplane_port_status *status)
{
	const struct fit *fit = port->own;

	fit->device->read(port, status);
	snprintf(status->offload, sizeof(status->offload), "none");
	status->mtu = fit->mtu;
}

static void add_drops(const struct port *port, uint64_t *drops)
{
	const struct fit *fit = port->own;

	for (unsigned i = 0; i < fit->queues; i++)
		port_counters_add_drops(&fit->rx[i].counters, drops);
}

static uint64_t read_answers(const struct port *port)
{
	const struct fit *fit = port->own;
	uint64_t sum = 0;

	for (unsigned i = 0; i < fit->queues; i++)
		sum += counter_read(&fit->rx[i].answers.given);
	return sum;
}

static const struct port_kind fits = {
	.start = start_fit,
	.stop = stop_fit,
	.close = close_fit,
	.read = read_fit,
	.add_drops = add_drops,
	.read_answers = read_answers,
};

/* It receives nothing: it has no protocol. Returns a descriptor or a negative errno. */
static int open_answers(const char *interface)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET,
				 .sll_ifindex = (int)if_nametoindex(interface)};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int status;

	if (fd < 0)
		return -errno;
	if (to.sll_ifindex != 0 && bind(fd, (const struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	status = to.sll_ifindex ? -errno : -ENODEV;
	close(fd);
	return status;
}

static int new_fit(const struct port *port, const struct port_fit_config *config,
		   struct fit **ret_fit)
{
	struct fit *fit = calloc(1, sizeof(*fit));
	int status = 0;

	if (!fit)
		return -ENOMEM;
	fit->device = port->kind;
	fit->mtu = config->mtu;
	fit->rx = aligned_alloc(64, port->rx_count * sizeof(*fit->rx));
	fit->fd = open_answers(config->answers_by);
	if (!fit->rx)
		status = -ENOMEM;
	else if (fit->fd < 0)
		status = fit->fd;
	else
		status = tap_answers_begin(&fit->answers);
	if (status) {
		free_fit(fit);
		return status;
	}
	memset(fit->rx, 0, port->rx_count * sizeof(*fit->rx));
	fit->queues = port->rx_count;
	*ret_fit = fit;
	return 0;
}

static void begin_queue(struct port *port, unsigned i, struct fit *fit,
			const struct port_fit_config *config)
{
	struct fit_rx *rx = &fit->rx[i];

	rx->device = port->rx[i];
	rx->packet_max = config->mtu;
	rx->pool = port->pool;
	rx->answers.fd = fit->fd;
	rx->answers.bare = true;
	rx->answers.shared = &fit->answers;
	rx->answers.vxlan_port = config->vxlan_port;
	memcpy(rx->answers.mac, config->mac, sizeof(rx->answers.mac));
	port->rx[i].burst = receive;
	port->rx[i].has_more = has_more;
	port->rx[i].own = rx;
}

int port_fit(struct port *port, const struct port_fit_config *config, struct covey_error *error)
{
	struct fit *fit;
	int status = new_fit(port, config, &fit);

	if (status)
		return covey_error_set(error, status,
				       "%s: no socket for ICMP errors by interface %s: %s",
				       port->name, config->answers_by, strerror(-status));
	for (unsigned i = 0; i < port->rx_count; i++)
		begin_queue(port, i, fit, config);
	port->burst = PORT_BURST_MAX;
	port->own = fit;
	port->kind = &fits;
	return 0;
}

void port_fit_set_mtu(struct port *port, uint16_t mtu)
{
	struct fit *fit = port->own;

	fit->mtu = mtu;
	for (unsigned i = 0; i < fit->queues; i++)
		__atomic_store_n(&fit->rx[i].packet_max, mtu, __ATOMIC_RELAXED);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Ports that are TAP devices. */

#include "packet_socket.h"
#include "port_counters.h"
#include "port_kind.h"
#include "socket_buffer.h"
#include "tap_answers.h"
#include "tap_device.h"

#include <batch.h>
#include <coalesce.h>
#include <errno.h>
#include <rte_mbuf.h>
#include <segment.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

/* Ethernet and its tags; and room for more than the longest super-frame. */
#define TAGGED_ETHERNET (14u + 2 * 4)
#define FRAME_MAX       (65535u + TAGGED_ETHERNET + 1)
/* How many frames that cannot be used are read in a row. Others wait for the next turn. */
#define REJECTS_MAX 64u

/* What one worker reads from the device, or from the packet socket that takes its place, and how
 * far it has cut it. */
struct tap_rx {
	int fd;
	unsigned header_len; /* as much of the vnet header as is read */
	uint32_t packet_max;
	struct rte_mempool *pool;
	struct port_counters counters;
	struct segmenter segmenter;
	struct tap_answers answers;
	struct vnet_header header;
	uint8_t frame[FRAME_MAX];
} __attribute__((aligned(64)));

/* What one worker puts together for the device, and the packets that it consists of. */
struct tap_tx {
	int fd;
	bool by_datagram; /* batches of datagrams, not super-frames inside VXLAN */
	unsigned held_count;
	struct rte_mbuf *held[COALESCE_SEGMENTS_MAX];
	struct coalesce coalesce;
	struct batch batch;
	struct port_counters counters;
} __attribute__((aligned(64)));

struct tap {
	unsigned queues;
	uint16_t mtu;
	bool by_sockets; /* frames are read from packet sockets */
	enum port_tap_offload offload;
	struct tap_answers_shared answers;
	struct tap_rx *rx;
	struct tap_tx *tx;
};

/* --- from the kernel ------------------------------------------------------------------------- */

static enum covey_drop reason_of(enum segment_error error)
{
	if (error == SEGMENT_FRAGMENT)
		return COVEY_DROP_OUT_FRAGMENT;
	return error == SEGMENT_TOO_BIG ? COVEY_DROP_OUT_TOO_BIG : COVEY_DROP_OUT_SUPER_FRAME;
}

/* Read frames until one can be cut. False when there is none. Packet sockets, and kernels that know
 * nothing of tunnels, leave the end of the header as it was. */
static bool next_frame(struct tap_rx *rx)
{
	const struct iovec parts[] = {
		{&rx->header, rx->header_len},
		{rx->frame, sizeof(rx->frame)},
	};
	uint32_t packet_max = __atomic_load_n(&rx->packet_max, __ATOMIC_RELAXED);

	for (unsigned i = 0; i < REJECTS_MAX; i++) {
		enum segment_error error;
		ssize_t read;
		uint32_t len;

		memset(&rx->header, 0, sizeof(rx->header));
		read = readv(rx->fd, parts, RTE_DIM(parts));
		/* A packet socket has thrown away a super-frame that it cannot tell of. */
		if (unlikely(read < 0 && errno == EINVAL)) {
			port_count_drop(&rx->counters, COVEY_DROP_OUT_SUPER_FRAME, 1);
			continue;
		}
		if (read < (ssize_t)rx->header_len)
			return false;
		len = (uint32_t)read - rx->header_len;
		/* It may have been longer: then its end is lost. */
		if (unlikely(len == sizeof(rx->frame))) {
			port_count_drop(&rx->counters, COVEY_DROP_OUT_SUPER_FRAME, 1);
			continue;
		}
		error = segment_begin(&rx->segmenter, &rx->header, rx->frame, len, packet_max);
		if (error == SEGMENT_OK)
			return true;
		port_count_drop(&rx->counters, reason_of(error), 1);
		if (error == SEGMENT_TOO_BIG)
			tap_answers_too_big(&rx->answers, packet_max, rx->frame, len);
	}
	return false;
}

/* Each packet of the frame gets a buffer of its own. */
static uint16_t take_packets(struct tap_rx *rx, struct rte_mbuf **packets, uint16_t max)
{
	uint16_t count = (uint16_t)RTE_MIN(segment_count(&rx->segmenter), max);
	uint64_t bytes = 0;

	if (count == 0)
		return 0;
	if (unlikely(rte_pktmbuf_alloc_bulk(rx->pool, packets, count) != 0)) {
		port_count_drop(&rx->counters, COVEY_DROP_OUT_NO_BUFFER,
				segment_count(&rx->segmenter));
		segment_skip(&rx->segmenter);
		return 0;
	}
	for (uint16_t i = 0; i < count; i++) {
		uint32_t len = segment_len(&rx->segmenter);

		segment_take(&rx->segmenter, rte_pktmbuf_mtod(packets[i], uint8_t *));
		packets[i]->data_len = (uint16_t)len;
		packets[i]->pkt_len = len;
		bytes += len;
	}
	counter_add(&rx->counters.packets, count);
	counter_add(&rx->counters.bytes, bytes);
	return count;
}

/* A frame that does not fit as a whole waits for the next call, so that its packets leave together.
 * One that never fits as a whole is given out in parts. */
static uint16_t receive(const struct port_queue *queue, struct rte_mbuf **packets, uint16_t max)
{
	struct tap_rx *rx = queue->own;
	uint16_t received = take_packets(rx, packets, max);

	while (received < max && next_frame(rx)) {
		if (received > 0 && segment_count(&rx->segmenter) > (uint32_t)(max - received))
			break;
		received += take_packets(rx, packets + received, max - received);
	}
	return received;
}

/* A frame that did not fit as a whole, or its rest. */
static bool has_more(const struct port_queue *queue)
{
	const struct tap_rx *rx = queue->own;

	return segment_len(&rx->segmenter) > 0;
}

/* --- to the kernel --------------------------------------------------------------------------- */

static void count_written(struct tap_tx *tx, ssize_t written, unsigned packets)
{
	if (unlikely(written < 0)) {
		bool is_full = errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM;

		port_count_drop(&tx->counters,
				is_full ? COVEY_DROP_IN_TX_FULL : COVEY_DROP_IN_REFUSED, packets);
		return;
	}
	counter_add(&tx->counters.packets, packets);
	counter_add(&tx->counters.bytes, (uint64_t)written - VNET_HEADER_LEN);
}

static void write_held(struct tap_tx *tx)
{
	struct iovec parts[COALESCE_SEGMENTS_MAX + 1];
	struct vnet_header header;
	unsigned pieces;

	if (tx->held_count == 0)
		return;
	pieces = tx->by_datagram ? batch_take(&tx->batch, &header)
				 : coalesce_take(&tx->coalesce, &header);
	parts[0] = (struct iovec){&header, sizeof(header)};
	memcpy(parts + 1, tx->by_datagram ? tx->batch.pieces : tx->coalesce.pieces,
	       pieces * sizeof(parts[0]));
	count_written(tx, writev(tx->fd, parts, (int)pieces + 1), pieces);
	rte_pktmbuf_free_bulk(tx->held, tx->held_count);
	tx->held_count = 0;
}

static void flush(const struct port_queue *queue)
{
	write_held(queue->own);
}

/* Packets that are in several buffers do not come from this kind's neighbours, but may come from a
 * device of DPDK. */
static bool add(struct tap_tx *tx, struct rte_mbuf *packet)
{
	uint8_t *frame = rte_pktmbuf_mtod(packet, uint8_t *);

	if (!(tx->by_datagram ? batch_add(&tx->batch, frame, packet->data_len)
			      : coalesce_add(&tx->coalesce, frame, packet->data_len)))
		return false;
	tx->held[tx->held_count++] = packet;
	return true;
}

static uint16_t transmit(const struct port_queue *queue, struct rte_mbuf **packets, uint16_t count)
{
	struct tap_tx *tx = queue->own;

	for (uint16_t i = 0; i < count; i++) {
		if (unlikely(rte_pktmbuf_linearize(packets[i]) != 0)) {
			port_count_drop(&tx->counters, COVEY_DROP_IN_TX_FULL, 1);
			rte_pktmbuf_free(packets[i]);
			continue;
		}
		if (!add(tx, packets[i])) {
			write_held(tx);
			add(tx, packets[i]);
		}
	}
	return count;
}

/* --- the port -------------------------------------------------------------------------------- */

static void close_queues(struct tap *tap)
{
	for (unsigned i = 0; i < tap->queues; i++) {
		rte_pktmbuf_free_bulk(tap->tx[i].held, tap->tx[i].held_count);
		close(tap->tx[i].fd);
		if (tap->by_sockets)
			close(tap->rx[i].fd);
	}
}

static void free_tap(struct tap *tap)
{
	close_queues(tap);
	free(tap->rx);
	free(tap->tx);
	free(tap);
}

static void close_tap(struct port *port)
{
	free_tap(port->own);
}

static const char *describe_offload(const struct tap *tap)
{
	if (tap->offload == PORT_TAP_SUPER_FRAMES)
		return "tunnel GSO";
	if (tap->by_sockets)
		return "packet sockets, UDP GSO";
	return tap->offload == PORT_TAP_BATCHES ? "UDP GSO" : "none";
}

static void read_tap(const struct port *port, struct dataplane_port_status *status)
{
	const struct tap *tap = port->own;
	snprintf(status->driver, sizeof(status->driver), "tap");
	snprintf(status->offload, sizeof(status->offload), "%s", describe_offload(tap));
	status->mtu = tap->mtu;
	for (unsigned i = 0; i < tap->queues; i++) {
		const struct port_counters *rx = &tap->rx[i].counters;
		const struct port_counters *tx = &tap->tx[i].counters;

		status->rx_packets += counter_read(&rx->packets);
		status->rx_bytes += counter_read(&rx->bytes);
		if (tap->by_sockets)
			status->rx_missed += socket_buffer_missed(tap->rx[i].fd);
		status->tx_packets += counter_read(&tx->packets);
		status->tx_bytes += counter_read(&tx->bytes);
		status->tx_errors += counter_read(&tx->drops[COVEY_DROP_IN_TX_FULL]) +
				     counter_read(&tx->drops[COVEY_DROP_IN_REFUSED]);
	}
}

static void add_drops(const struct port *port, uint64_t *drops)
{
	const struct tap *tap = port->own;

	for (unsigned i = 0; i < tap->queues; i++) {
		port_counters_add_drops(&tap->rx[i].counters, drops);
		port_counters_add_drops(&tap->tx[i].counters, drops);
	}
}

static uint64_t read_answers(const struct port *port)
{
	const struct tap *tap = port->own;
	uint64_t sum = 0;

	for (unsigned i = 0; i < tap->queues; i++)
		sum += counter_read(&tap->rx[i].answers.given);
	return sum;
}

static const struct port_kind taps = {
	.close = close_tap,
	.read = read_tap,
	.add_drops = add_drops,
	.read_answers = read_answers,
};

static int open_queue(struct tap *tap, const struct port_tap_config *config,
		      struct rte_mempool *pool, struct covey_error *error)
{
	struct tap_rx *rx = &tap->rx[tap->queues];
	struct tap_tx *tx = &tap->tx[tap->queues];
	int fd;

	tap->offload = config->offload;
	fd = tap_device_open(config->name, &tap->offload, error);
	if (fd < 0)
		return fd;
	rx->fd = tx->fd = fd;
	rx->header_len = sizeof(rx->header);
	rx->pool = pool;
	rx->packet_max = config->mtu;
	rx->answers.fd = fd;
	rx->answers.vxlan_port = config->vxlan_port;
	rx->answers.shared = &tap->answers;
	memcpy(rx->answers.mac, config->mac, sizeof(rx->answers.mac));
	tx->by_datagram = tap->offload == PORT_TAP_BATCHES;
	if (tap->offload == PORT_TAP_SUPER_FRAMES)
		tx->coalesce.offloads = (struct coalesce_offloads){
			.tcp4 = true, .tcp6 = true, .udp = true, .outer_checksum = true};
	tap->queues++;
	return 0;
}

/* Read from packet sockets instead. */
static int open_sockets(struct tap *tap, const struct port_tap_config *config,
			struct covey_error *error)
{
	int fds[PORT_QUEUES_MAX];
	int status = packet_sockets_open(config->read_at, tap->queues, fds, error);

	if (status)
		return status;
	tap->by_sockets = true;
	for (unsigned i = 0; i < tap->queues; i++) {
		tap->rx[i].fd = fds[i];
		tap->rx[i].header_len = PACKET_SOCKET_HEADER_LEN;
	}
	return 0;
}

static int open_tap(const struct port_tap_config *config, struct rte_mempool *pool,
		    struct tap **ret_tap, struct covey_error *error)
{
	struct tap *tap = calloc(1, sizeof(*tap));
	int status = 0;

	if (!tap)
		return covey_error_set(error, -ENOMEM, "%s: out of memory", config->name);
	tap->mtu = config->mtu;
	tap->rx = aligned_alloc(64, config->queues * sizeof(*tap->rx));
	tap->tx = aligned_alloc(64, config->queues * sizeof(*tap->tx));
	if (!tap->rx || !tap->tx) {
		status = covey_error_set(error, -ENOMEM, "%s: out of memory", config->name);
	} else {
		memset(tap->rx, 0, config->queues * sizeof(*tap->rx));
		memset(tap->tx, 0, config->queues * sizeof(*tap->tx));
		status = tap_answers_begin(&tap->answers);
		if (status != 0)
			covey_error_set(error, status, "%s: the kernel gives no random numbers",
					config->name);
	}
	while (status == 0 && tap->queues < config->queues)
		status = open_queue(tap, config, pool, error);
	if (status == 0 && config->read_at)
		status = open_sockets(tap, config, error);
	if (status != 0) {
		free_tap(tap);
		return status;
	}
	*ret_tap = tap;
	return 0;
}

static void begin_queues(struct port *port, struct tap *tap)
{
	for (unsigned i = 0; i < tap->queues; i++) {
		port->rx[i] = (struct port_queue){.burst = receive,
						  .has_more = has_more,
						  .own = &tap->rx[i],
						  .fd = tap->rx[i].fd,
						  .by_call = true};
		port->tx[i] = (struct port_queue){
			.burst = transmit, .flush = flush, .own = &tap->tx[i], .fd = -1};
	}
	port->rx_count = port->tx_count = (uint16_t)tap->queues;
	port->burst = PORT_BURST_MAX;
	port->own = tap;
	snprintf(port->spread, sizeof(port->spread), "as the kernel does");
}

/* Buffers must hold the longest packet, with Ethernet and its tags before it. */
static int check(const struct port_tap_config *config, struct rte_mempool *pool,
		 struct covey_error *error)
{
	uint32_t room = rte_pktmbuf_data_room_size(pool) - RTE_PKTMBUF_HEADROOM;

	if (config->queues == 0 || config->queues > PORT_QUEUES_MAX)
		return covey_error_set(error, -EINVAL, "%s: %u queues, not 1 to %d", config->name,
				       config->queues, PORT_QUEUES_MAX);
	if (config->mtu + TAGGED_ETHERNET > room)
		return covey_error_set(error, -EINVAL,
				       "%s: packet buffers of %u bytes for an MTU of %u",
				       config->name, room, config->mtu);
	return 0;
}

int port_open_tap(const struct port_tap_config *config, struct rte_mempool *pool,
		  struct port **ret_port, struct covey_error *error)
{
	struct port *port;
	struct tap *tap = NULL;
	int status;

	status = check(config, pool, error);
	if (status == 0)
		status = port_new(&taps, config->name, pool, &port, error);
	if (status != 0)
		return status;
	status = open_tap(config, pool, &tap, error);
	if (status != 0) {
		free(port);
		return status;
	}
	begin_queues(port, tap);
	*ret_port = port;
	return 0;
}

enum port_tap_offload port_tap_offload(const struct port *port)
{
	const struct tap *tap = port->own;

	return tap->offload;
}

void port_tap_set_mtu(struct port *port, uint16_t mtu)
{
	struct tap *tap = port->own;

	tap->mtu = mtu;
	for (unsigned i = 0; i < tap->queues; i++)
		__atomic_store_n(&tap->rx[i].packet_max, mtu, __ATOMIC_RELAXED);
}

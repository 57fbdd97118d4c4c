/* SPDX-License-Identifier: BSD-3-Clause */
/* Sets up what a port uses of a device: queues, and how packets are spread over them. */

#include "port_queues.h"

#include <errno.h>
#include <rte_ethdev.h>
#include <string.h>

/* What tells windows apart for a network card: addresses, and the ports of the outer UDP header. */
#define SPREAD_BY (RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP)

/* --- queues --------------------------------------------------------------------------------- */

/* A queue of these drivers is a socket that the kernel fills, even if nobody reads it. */
static bool kernel_feeds(const struct rte_eth_dev_info *info)
{
	return strncmp(info->driver_name, "net_af_xdp", 10) == 0 ||
	       strcmp(info->driver_name, "net_af_packet") == 0;
}

/* One receive and one transmit queue for each worker, as far as the device has them. An AF_XDP
 * socket is both. */
static void choose(const struct port *port, const struct rte_eth_dev_info *info, uint16_t *ret_rx,
		   uint16_t *ret_tx)
{
	uint16_t room = PORT_QUEUES_MAX - RTE_MAX(port->rx_count, port->tx_count);
	uint16_t most_rx = RTE_MIN(RTE_MAX(info->max_rx_queues, 1), room);
	uint16_t most_tx = RTE_MIN(RTE_MAX(info->max_tx_queues, 1), room);

	*ret_rx = kernel_feeds(info) ? most_rx : RTE_MIN(most_rx, (uint16_t)port_workers());
	*ret_tx = kernel_feeds(info) ? RTE_MIN(*ret_rx, most_tx)
				     : RTE_MIN(most_tx, (uint16_t)port_workers());
}

/* These drivers say that a standard frame is the longest one (DPDK 22.11), but carry what the
 * kernel's interface carries. Its MTU is set there (overlay/host). */
static bool follows_kernel(const struct rte_eth_dev_info *info)
{
	return strcmp(info->driver_name, "net_af_packet") == 0 ||
	       strcmp(info->driver_name, "net_tap") == 0;
}

/* Writes to port->spread by which of our fields the device spreads packets. */
static int configure(struct port *port, uint16_t id, const struct rte_eth_dev_info *info,
		     uint16_t rx, uint16_t tx)
{
	const struct rte_eth_conf plain = {0};
	struct rte_eth_conf hashing = {.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS};
	bool of_kernel = kernel_feeds(info) || follows_kernel(info);
	uint64_t hash = of_kernel ? 0 : SPREAD_BY & info->flow_type_rss_offloads;

	hashing.rx_adv_conf.rss_conf.rss_hf = hash;
	if (rx > 1 && hash != 0 && rte_eth_dev_configure(id, rx, tx, &hashing) == 0) {
		snprintf(port->spread, sizeof(port->spread), "%s",
			 hash & RTE_ETH_RSS_UDP ? "by addresses and UDP ports"
						: "by addresses alone: it does not hash UDP ports");
		return 0;
	}
	snprintf(port->spread, sizeof(port->spread), "as %s does",
		 of_kernel ? "the kernel" : "its driver");
	return rte_eth_dev_configure(id, rx, tx, &plain);
}

/* A driver that cannot set an MTU accepts what fits into its buffers. These are large enough. */
static int set_mtu(const struct port *port, uint16_t id, const struct rte_eth_dev_info *info,
		   uint16_t mtu, struct covey_error *error)
{
	int status = mtu && !follows_kernel(info) ? rte_eth_dev_set_mtu(id, mtu) : 0;

	if (status && status != -ENOTSUP)
		return covey_error_set(error, status, "%s: the port refuses an MTU of %u: %s",
				       port->name, mtu, rte_strerror(-status));
	return 0;
}

/* Some drivers open a queue's descriptor when the queue is set up (AF_XDP, TAP). Others open all of
 * them, in their order, when the device is attached (AF_PACKET). early: the latter; rx: how many
 * queues. */
static int set_up_rx(struct port_queue *queues, uint16_t rx, uint16_t descriptors,
		     struct rte_mempool *pool, const int *early, unsigned early_count)
{
	for (uint16_t i = 0; i < rx; i++) {
		struct wait_fds_before before;
		int status;

		wait_fds_begin(&before);
		status = rte_eth_rx_queue_setup(queues[i].device, i, descriptors,
						(unsigned)rte_eth_dev_socket_id(queues[i].device),
						NULL, pool);
		if (status != 0)
			return status;
		if (wait_fds_end(&before, &queues[i].fd, 1) == 0)
			queues[i].fd = early_count == rx ? early[i] : -1;
	}
	return 0;
}

static int set_up_tx(const struct port_queue *queues, uint16_t tx, uint16_t descriptors)
{
	int status = 0;

	for (uint16_t i = 0; status == 0 && i < tx; i++)
		status = rte_eth_tx_queue_setup(queues[i].device, i, descriptors,
						(unsigned)rte_eth_dev_socket_id(queues[i].device),
						NULL);
	return status;
}

static int set_up(struct port_queue *rx_queues, uint16_t rx, struct port_queue *tx_queues,
		  uint16_t tx, struct rte_mempool *pool, const struct wait_fds_before *before)
{
	uint16_t rx_descriptors = 1024, tx_descriptors = 1024;
	uint16_t id = rx_queues[0].device;
	int early[PORT_QUEUES_MAX];
	unsigned early_count = wait_fds_end(before, early, PORT_QUEUES_MAX);
	int status = rte_eth_dev_adjust_nb_rx_tx_desc(id, &rx_descriptors, &tx_descriptors);

	if (status == 0)
		status = set_up_rx(rx_queues, rx, rx_descriptors, pool, early, early_count);
	return status != 0 ? status : set_up_tx(tx_queues, tx, tx_descriptors);
}

static uint16_t receive(const struct port_queue *queue, struct rte_mbuf **packets, uint16_t count)
{
	return rte_eth_rx_burst(queue->device, queue->number, packets, count);
}

static uint16_t transmit(const struct port_queue *queue, struct rte_mbuf **packets, uint16_t count)
{
	return rte_eth_tx_burst(queue->device, queue->number, packets, count);
}

static void begin_queues(struct port *port, uint16_t id, uint16_t rx, uint16_t tx)
{
	for (uint16_t i = 0; i < rx; i++)
		port->rx[port->rx_count + i] =
			(struct port_queue){.burst = receive, .device = id, .number = i, .fd = -1};
	for (uint16_t i = 0; i < tx; i++)
		port->tx[port->tx_count + i] =
			(struct port_queue){.burst = transmit, .device = id, .number = i, .fd = -1};
}

int port_queues_add(struct port *port, uint16_t id, uint16_t mtu, struct rte_mempool *pool,
		    const struct wait_fds_before *before, struct covey_error *error)
{
	struct port_queue *rx_queues = port->rx + port->rx_count;
	struct port_queue *tx_queues = port->tx + port->tx_count;
	struct rte_eth_dev_info info;
	uint16_t rx, tx;
	int status = rte_eth_dev_info_get(id, &info);

	if (status != 0)
		return covey_error_set(error, status, "%s: DPDK cannot describe the port: %s",
				       port->name, rte_strerror(-status));
	choose(port, &info, &rx, &tx);
	status = configure(port, id, &info, rx, tx);
	if (status != 0)
		return covey_error_set(error, status,
				       "%s: %s refuses %u receive and %u transmit queues: %s",
				       port->name, info.driver_name, rx, tx, rte_strerror(-status));
	status = set_mtu(port, id, &info, mtu, error);
	if (status != 0)
		return status;
	begin_queues(port, id, rx, tx);
	status = set_up(rx_queues, rx, tx_queues, tx, pool, before);
	if (status != 0)
		return covey_error_set(error, status, "%s: %s refuses its queues: %s", port->name,
				       info.driver_name, rte_strerror(-status));
	port->rx_count += rx;
	port->tx_count += tx;
	return 0;
}

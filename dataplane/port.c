/* SPDX-License-Identifier: BSD-3-Clause */

#include "port.h"

#include <errno.h>
#include <rte_dev.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <stdlib.h>
#include <string.h>

#include "wait.h"

/* AF_XDP keeps up to 2,048 buffers a ring (fill, receive, send, completion) on each port, and fills
 * one for each further receive queue. Other drivers copy, or have rings of their own. */
#define POOL_PACKETS_AF_XDP 16383
#define QUEUE_PACKETS       2048
#define POOL_PACKETS        8191
#define POOL_CACHE          256
/* What AF_XDP's kernel side keeps free before a frame (XDP_PACKET_HEADROOM), and L2 with two tags.
 */
#define FRAME_ROOM (256 + RTE_ETHER_HDR_LEN + 2 * RTE_VLAN_HLEN)
#define PAGE       4096u

/* Bytes of a buffer without its headroom. AF_XDP's must fit a page with all that stands before;
 * AF_PACKET wants them as large as its slots, which are whole pages when 2,048 is too small. */
static uint32_t pool_room(uint16_t mtu, bool af_xdp)
{
	uint32_t frame = mtu + FRAME_ROOM;

	if (frame <= RTE_MBUF_DEFAULT_DATAROOM)
		return RTE_MBUF_DEFAULT_DATAROOM;
	return af_xdp ? RTE_ALIGN(frame, RTE_CACHE_LINE_SIZE) : RTE_ALIGN(frame, PAGE);
}

struct rte_mempool *port_pool_new(uint16_t mtu, unsigned rx_queues, bool af_xdp,
				  struct covey_error *error)
{
	unsigned packets =
		af_xdp ? POOL_PACKETS_AF_XDP + QUEUE_PACKETS * (rx_queues - 1) : POOL_PACKETS;
	uint32_t room = pool_room(mtu, af_xdp) + RTE_PKTMBUF_HEADROOM;
	struct rte_mempool *pool;

	if (room > UINT16_MAX)
		room = UINT16_MAX;
	pool = rte_pktmbuf_pool_create("covey_packets", packets, POOL_CACHE, 0, (uint16_t)room,
				       SOCKET_ID_ANY);
	if (!pool)
		covey_error_set(error, 0,
				"cannot allocate %u packet buffers of %u bytes (%s): give the "
				"machine more free memory or fewer reserved hugepages",
				packets, room, rte_strerror(rte_errno));
	return pool;
}

void port_pool_free(struct rte_mempool *pool)
{
	rte_mempool_free(pool);
}

/* The name part of devargs is the device's own name in EAL. */
static void device_name(const char *devargs, char *ret_name, size_t size)
{
	size_t len = strcspn(devargs, ",");

	if (len >= size)
		len = size - 1;
	memcpy(ret_name, devargs, len);
	ret_name[len] = 0;
}

static int attach(const char *devargs, uint16_t *ret_id, struct covey_error *error)
{
	char name[RTE_ETH_NAME_MAX_LEN];
	int status;

	device_name(devargs, name, sizeof(name));
	if (rte_eth_dev_get_port_by_name(name, ret_id) == 0)
		return 0;
	status = rte_dev_probe(devargs);
	if (status)
		return covey_error_set(error, status, "DPDK does not accept the device \"%s\": %s",
				       devargs, rte_strerror(-status));
	if (rte_eth_dev_get_port_by_name(name, ret_id))
		return covey_error_set(error, -ENODEV, "the device \"%s\" is no Ethernet port",
				       devargs);
	return 0;
}

static int set_up_queues(const struct port *port, const struct rte_eth_dev_info *info,
			 uint16_t tx_queues, struct rte_mempool *pool, struct covey_error *error)
{
	uint16_t rx_descriptors = 1024, tx_descriptors = 1024;
	int socket = rte_eth_dev_socket_id(port->id);
	int status;

	status = rte_eth_dev_adjust_nb_rx_tx_desc(port->id, &rx_descriptors, &tx_descriptors);
	for (uint16_t queue = 0; !status && queue < port->rx_queues; queue++)
		status = rte_eth_rx_queue_setup(port->id, queue, rx_descriptors, (unsigned)socket,
						NULL, pool);
	for (uint16_t queue = 0; !status && queue < tx_queues; queue++)
		status = rte_eth_tx_queue_setup(port->id, queue, tx_descriptors, (unsigned)socket,
						NULL);
	if (status)
		return covey_error_set(error, status, "%s: %s refuses its queues: %s", port->name,
				       info->driver_name, rte_strerror(-status));
	return 0;
}

/* These declare a standard frame's length as their most (DPDK 22.11), and carry what the kernel's
 * interface does; its MTU was set there (overlay/host). */
static bool follows_kernel(const struct rte_eth_dev_info *info)
{
	return strcmp(info->driver_name, "net_af_packet") == 0 ||
	       strcmp(info->driver_name, "net_tap") == 0;
}

/* A driver that cannot set an MTU takes what fits its buffers, which are large enough. */
static int set_mtu(const struct port *port, const struct rte_eth_dev_info *info, uint16_t mtu,
		   struct covey_error *error)
{
	int status = mtu && !follows_kernel(info) ? rte_eth_dev_set_mtu(port->id, mtu) : 0;

	if (status && status != -ENOTSUP)
		return covey_error_set(error, status, "%s: the port refuses an MTU of %u: %s",
				       port->name, mtu, rte_strerror(-status));
	return 0;
}

static int configure(struct port *port, uint16_t mtu, struct rte_mempool *pool,
		     struct covey_error *error)
{
	struct rte_eth_conf config = {0};
	struct rte_eth_dev_info info;
	uint16_t tx_queues = 1;
	int status = rte_eth_dev_info_get(port->id, &info);

	if (status)
		return covey_error_set(error, status, "%s: DPDK cannot describe the port: %s",
				       port->name, rte_strerror(-status));
	port->rx_queues = RTE_MIN(RTE_MAX(info.max_rx_queues, 1), PORT_QUEUES_MAX);
	/* Only software devices have as many queues as the kernel gives them; a NIC gets one a
	 * worker. */
	if (strncmp(info.driver_name, "net_af_xdp", 10) != 0)
		port->rx_queues = 1;
	else
		tx_queues = port->rx_queues; /* one socket is a pair of them; the first sends */
	status = rte_eth_dev_configure(port->id, port->rx_queues, tx_queues, &config);
	if (status)
		return covey_error_set(error, status, "%s: %s refuses %u receive queues: %s",
				       port->name, info.driver_name, port->rx_queues,
				       rte_strerror(-status));
	status = set_mtu(port, &info, mtu, error);
	return status ? status : set_up_queues(port, &info, tx_queues, pool, error);
}

int port_open(const char *devargs, const char *name, uint16_t mtu, struct rte_mempool *pool,
	      struct port **ret_port, struct covey_error *error)
{
	struct port *port = calloc(1, sizeof(*port));
	struct wait_fds_before before;
	int status;

	if (!port)
		return covey_error_set(error, -ENOMEM, "%s: out of memory", name);
	snprintf(port->name, sizeof(port->name), "%s", name);
	wait_fds_begin(&before);
	status = attach(devargs, &port->id, error);
	if (status)
		goto free_port;
	status = configure(port, mtu, pool, error);
	if (status)
		goto detach;
	port->wait_fd_count = wait_fds_end(&before, port->wait_fds, PORT_WAIT_MAX);
	*ret_port = port;
	return 0;

detach:
	rte_eth_dev_close(port->id);
free_port:
	free(port);
	return status;
}

int port_start(struct port *port, struct covey_error *error)
{
	int status = rte_eth_dev_start(port->id);

	if (status)
		return covey_error_set(error, status, "%s: the port does not start: %s", port->name,
				       rte_strerror(-status));
	/* The host's own MAC address and any multicast group must come in. Kernel interfaces have
	 * both already (overlay/host sees to it), so a driver that can do neither is no error. */
	if (rte_eth_allmulticast_enable(port->id))
		rte_eth_promiscuous_enable(port->id);
	return 0;
}

void port_stop(struct port *port)
{
	rte_eth_dev_stop(port->id);
}

void port_close(struct port *port)
{
	if (!port)
		return;
	rte_eth_dev_close(port->id);
	free(port);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Ports that are UDP sockets of the kernel. */

#include "kernel.h"
#include "port_kind.h"
#include "socket_buffer.h"
#include "udp_socket.h"

#include <errno.h>
#include <rte_ether.h>
#include <rte_mbuf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

struct kernel {
	unsigned queues;    /* of workers; the socket for multicast is one receive queue more */
	unsigned rx_opened; /* of queues + 1 */
	uint16_t mtu;
	bool wanted, gathers, segments;
	struct groups *groups;
	struct kernel_rx *rx;
	struct kernel_tx *tx;
};

static void free_kernel(struct kernel *kernel)
{
	for (unsigned i = 0; i < kernel->rx_opened; i++)
		close(kernel->rx[i].fd);
	for (unsigned i = 0; kernel->tx && i < kernel->queues; i++)
		kernel_tx_end(&kernel->tx[i]);
	groups_free(kernel->groups);
	free(kernel->rx);
	free(kernel->tx);
	free(kernel);
}

/* --- reading --------------------------------------------------------------------------------- */

static void close_kernel(struct port *port)
{
	free_kernel(port->own);
}

/* A worker stops to send several packets at once where the kernel cannot. */
static bool segments(const struct kernel *kernel)
{
	for (unsigned i = 0; i < kernel->queues; i++)
		if (!__atomic_load_n(&kernel->tx[i].segments, __ATOMIC_RELAXED))
			return false;
	return true;
}

static const char *describe_offload(const struct kernel *kernel)
{
	if (!kernel->wanted)
		return "off";
	if (segments(kernel))
		return kernel->gathers ? "UDP_SEGMENT and UDP_GRO" : "UDP_SEGMENT";
	return kernel->gathers ? "UDP_GRO" : "none: the kernel has no UDP_SEGMENT";
}

static void read_rx(const struct kernel_rx *rx, struct dataplane_port_status *status)
{
	status->rx_packets += counter_read(&rx->counters.packets);
	status->rx_bytes += counter_read(&rx->counters.bytes);
	status->rx_missed += socket_buffer_missed(rx->fd);
}

static void read_tx(const struct kernel_tx *tx, struct dataplane_port_status *status)
{
	status->tx_packets += counter_read(&tx->counters.packets);
	status->tx_bytes += counter_read(&tx->counters.bytes);
	for (unsigned i = 0; i < COVEY_DROP_COUNT; i++)
		status->tx_errors += counter_read(&tx->counters.drops[i]);
}

static void read_kernel(const struct port *port, struct dataplane_port_status *status)
{
	const struct kernel *kernel = port->own;

	snprintf(status->driver, sizeof(status->driver), "kernel");
	snprintf(status->offload, sizeof(status->offload), "%s", describe_offload(kernel));
	status->mtu = kernel->mtu;
	for (unsigned i = 0; i < kernel->rx_opened; i++)
		read_rx(&kernel->rx[i], status);
	for (unsigned i = 0; i < kernel->queues; i++)
		read_tx(&kernel->tx[i], status);
}

static void add_drops(const struct port *port, uint64_t *drops)
{
	const struct kernel *kernel = port->own;

	for (unsigned i = 0; i < kernel->rx_opened; i++)
		port_counters_add_drops(&kernel->rx[i].counters, drops);
	for (unsigned i = 0; i < kernel->queues; i++)
		port_counters_add_drops(&kernel->tx[i].counters, drops);
}

static const struct port_kind kernels = {
	.close = close_kernel,
	.read = read_kernel,
	.add_drops = add_drops,
};

/* --- opening --------------------------------------------------------------------------------- */

/* Each window may need a socket, and each group. */
static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int explain(const struct port_kernel_config *config, int status, struct covey_error *error)
{
	char text[COVEY_ADDR_STRLEN];

	covey_addr_format(&config->vtep, text);
	if (status == -EADDRNOTAVAIL)
		return covey_error_set(error, status,
				       "%s: this host does not have the VTEP address %s: add it to "
				       "an interface first",
				       config->name, text);
	if (status == -EADDRINUSE)
		return covey_error_set(error, status,
				       "%s: another program has UDP port %u of %s: end it, or set "
				       "another covey_vpe_port in the inventory",
				       config->name, config->vpe_port, text);
	return covey_error_set(error, status, "%s: cannot open UDP port %u of %s: %s", config->name,
			       config->vpe_port, text, strerror(-status));
}

/* Behind Ethernet. Other hosts may send longer packets than this one's uplinks carry. */
static uint16_t packet_max(struct rte_mempool *pool)
{
	return (uint16_t)(rte_pktmbuf_data_room_size(pool) - RTE_PKTMBUF_HEADROOM -
			  sizeof(struct rte_ether_hdr));
}

/* A worker's own socket, or the one that receives multicast. The kernel would give a multicast
 * packet to each socket that matches, so there is one for all workers. */
static int open_rx(struct kernel *kernel, const struct port_kernel_config *config,
		   struct rte_mempool *pool)
{
	struct kernel_rx *rx = &kernel->rx[kernel->rx_opened];
	const struct udp_socket wish = {
		.family = config->vtep.family,
		.address = kernel->rx_opened < kernel->queues ? config->vtep.bytes : NULL,
		.port = config->vpe_port,
		.receives = true,
		.mark = config->mark,
	};

	rx->fd = udp_socket_open(&wish);
	if (rx->fd < 0)
		return rx->fd;
	kernel->rx_opened++;
	kernel->gathers = config->offload && udp_socket_gather(rx->fd, true);
	kernel->segments = config->offload && udp_socket_segments(rx->fd);
	rx->packet_max = packet_max(pool);
	rx->ipv6 = config->vtep.family == AF_INET6;
	rx->port = config->vpe_port;
	rx->pool = pool;
	memcpy(rx->host_mac, config->host_mac, sizeof(rx->host_mac));
	return 0;
}

static int begin_tx(struct kernel *kernel, const struct port_kernel_config *config)
{
	int status = 0;

	for (unsigned i = 0; i < kernel->queues && status == 0; i++) {
		struct kernel_tx *tx = &kernel->tx[i];

		tx->vtep = config->vtep;
		tx->port = config->vpe_port;
		tx->segments = kernel->segments;
		tx->mark = config->mark;
		tx->groups = kernel->groups;
		status = kernel_tx_open_spare(tx);
	}
	return status;
}

static void *allocate(size_t count, size_t size)
{
	void *memory = aligned_alloc(64, count * size);

	return memory ? memset(memory, 0, count * size) : NULL;
}

static int allocate_all(struct kernel *kernel)
{
	kernel->groups = groups_new();
	kernel->rx = allocate(kernel->queues + 1, sizeof(*kernel->rx));
	kernel->tx = allocate(kernel->queues, sizeof(*kernel->tx));
	for (unsigned i = 0; kernel->tx && i < kernel->queues; i++)
		kernel_tx_begin(&kernel->tx[i]);
	return kernel->groups && kernel->rx && kernel->tx ? 0 : -ENOMEM;
}

static int open_kernel(const struct port_kernel_config *config, struct rte_mempool *pool,
		       struct kernel **ret_kernel, struct covey_error *error)
{
	struct kernel *kernel = calloc(1, sizeof(*kernel));
	int status;

	if (!kernel)
		return explain(config, -ENOMEM, error);
	kernel->queues = config->queues;
	kernel->mtu = config->mtu;
	kernel->wanted = config->offload;
	status = allocate_all(kernel);
	while (status == 0 && kernel->rx_opened < kernel->queues + 1)
		status = open_rx(kernel, config, pool);
	if (status == 0)
		status = begin_tx(kernel, config);
	if (status != 0) {
		free_kernel(kernel);
		return explain(config, status, error);
	}
	*ret_kernel = kernel;
	return 0;
}

static void begin_queues(struct port *port, struct kernel *kernel)
{
	for (unsigned i = 0; i < kernel->rx_opened; i++)
		port->rx[i] = (struct port_queue){.burst = kernel_receive,
						  .has_more = kernel_has_more,
						  .own = &kernel->rx[i],
						  .fd = kernel->rx[i].fd,
						  .by_call = true};
	for (unsigned i = 0; i < kernel->queues; i++)
		port->tx[i] = (struct port_queue){.burst = kernel_transmit,
						  .flush = kernel_flush,
						  .own = &kernel->tx[i],
						  .fd = -1};
	port->rx_count = (uint16_t)kernel->rx_opened;
	port->tx_count = (uint16_t)kernel->queues;
	port->burst = PORT_BURST_MAX;
	port->own = kernel;
	snprintf(port->spread, sizeof(port->spread), "by addresses and UDP ports");
}

/* Buffers must hold a packet of the MTU with Ethernet before it. */
static int check(const struct port_kernel_config *config, struct rte_mempool *pool,
		 struct covey_error *error)
{
	if (config->queues == 0 || config->queues > PORT_QUEUES_MAX - 1)
		return covey_error_set(error, -EINVAL, "%s: %u queues, not 1 to %d", config->name,
				       config->queues, PORT_QUEUES_MAX - 1);
	if (config->mtu > packet_max(pool))
		return covey_error_set(error, -EINVAL,
				       "%s: packet buffers for packets of %u bytes, and an MTU of "
				       "%u",
				       config->name, packet_max(pool), config->mtu);
	return 0;
}

int port_open_kernel(const struct port_kernel_config *config, struct rte_mempool *pool,
		     struct port **ret_port, struct covey_error *error)
{
	struct kernel *kernel = NULL;
	struct port *port;
	int status = check(config, pool, error);

	if (status == 0)
		status = port_new(&kernels, config->name, pool, &port, error);
	if (status != 0)
		return status;
	raise_file_limit();
	status = open_kernel(config, pool, &kernel, error);
	if (status != 0) {
		free(port);
		return status;
	}
	begin_queues(port, kernel);
	*ret_port = port;
	return 0;
}

void port_kernel_set_mtu(struct port *port, uint16_t mtu)
{
	struct kernel *kernel = port->own;

	kernel->mtu = mtu;
}

int port_kernel_join(struct port *port, const struct covey_addr *group, unsigned ifindex,
		     struct covey_error *error)
{
	struct kernel *kernel = port->own;

	return groups_join(kernel->groups, group, ifindex, error);
}

bool port_kernel_gather(struct port *port, bool on)
{
	struct kernel *kernel = port->own;
	bool can = true;

	for (unsigned i = 0; i < kernel->rx_opened; i++)
		can &= udp_socket_gather(kernel->rx[i].fd, on);
	kernel->gathers = on && can;
	return can;
}

void port_kernel_leave(struct port *port, const struct covey_addr *group, unsigned ifindex)
{
	struct kernel *kernel = port->own;

	groups_leave(kernel->groups, group, ifindex);
}

int port_kernel_report_groups(const struct port *port)
{
	const struct kernel *kernel = port->own;

	return groups_report(kernel->groups);
}

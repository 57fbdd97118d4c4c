/* SPDX-License-Identifier: BSD-3-Clause */

#include "af_xdp.h"

#include <errno.h>
#include <port.h>
#include <stdio.h>

#include "link.h"

#define DEVARGS_MAX 192

static int open_device(const char *devargs, const char *name, uint16_t mtu,
		       struct rte_mempool *pool, struct port **port, struct covey_error *error)
{
	return *port ? port_extend(*port, devargs, mtu, pool, error)
		     : port_open(devargs, name, mtu, pool, port, error);
}

/* DPDK counts the combined queues of a NIC. An interface like a veth has none: then each queue is
 * opened as a device of its own. */
static int open_one_by_one(const char *role, const char *interface, const char *name, uint16_t mtu,
			   unsigned queues, struct rte_mempool *pool, struct port **ret_port,
			   struct covey_error *error)
{
	struct port *port = NULL;

	for (unsigned i = 0; i < queues; i++) {
		char devargs[DEVARGS_MAX];
		int status;

		snprintf(devargs, sizeof(devargs),
			 "net_af_xdp_%s%u,iface=%s,start_queue=%u,queue_count=1", role, i,
			 interface, i);
		status = open_device(devargs, name, mtu, pool, &port, error);
		if (status) {
			port_close(port);
			return status;
		}
	}
	*ret_port = port;
	return 0;
}

int af_xdp_open(const char *role, const char *interface, const char *name, uint16_t mtu,
		struct rte_mempool *pool, struct port **ret_port, struct covey_error *error)
{
	char devargs[DEVARGS_MAX];
	struct link_info link;
	int status = link_get(interface, &link, error);

	if (status)
		return status;
	if (link.rx_queues > AF_XDP_QUEUES_MAX)
		return covey_error_set(error, -E2BIG,
				       "%s has %u queues, at most %d are served: `ethtool -L %s "
				       "combined %d`",
				       interface, link.rx_queues, AF_XDP_QUEUES_MAX, interface,
				       AF_XDP_QUEUES_MAX);
	if (link.combined_queues < link.rx_queues)
		return open_one_by_one(role, interface, name, mtu, link.rx_queues, pool, ret_port,
				       error);
	snprintf(devargs, sizeof(devargs), "net_af_xdp_%s,iface=%s,queue_count=%u", role, interface,
		 link.rx_queues);
	return port_open(devargs, name, mtu, pool, ret_port, error);
}

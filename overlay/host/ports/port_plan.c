/* SPDX-License-Identifier: BSD-3-Clause */

#include "port_plan.h"

#include <inventory.h>

#include "af_xdp.h"

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* AF_XDP is not planned if it would certainly fail. */
static void try_af_xdp(struct port_plan *plan, enum port_role role, const char *interface,
		       unsigned queues, uint16_t mtu)
{
	struct covey_error *why = &plan->no_af_xdp[role];

	if (mtu > port_af_xdp_mtu_max())
		covey_error_set(why, 0, "it carries an MTU of at most %u, and the fabric's is %u",
				port_af_xdp_mtu_max(), mtu);
	else if (queues > AF_XDP_QUEUES_MAX)
		covey_error_set(why, 0,
				"%s has %u queues, at most %d are served: `ethtool -L %s "
				"combined %d`",
				interface, queues, AF_XDP_QUEUES_MAX, interface, AF_XDP_QUEUES_MAX);
	else
		plan->demands[role] = (struct port_demand){.af_xdp = true, .rx_queues = queues};
}

void port_plan_make(const struct inventory_host *host, unsigned fabric_queues, unsigned workers,
		    uint16_t mtu, struct port_plan *ret_plan)
{
	const struct port_demand other = {.rx_queues = workers};
	struct port_plan plan = {.demands = {other, other}};

	/* One socket more, for multicast. */
	if (host->fabric_port == FABRIC_PORT_KERNEL)
		plan.demands[PORT_FABRIC].rx_queues++;
	if (host->fabric_port == FABRIC_PORT_AF_XDP || host->fabric_port == FABRIC_PORT_AUTO)
		try_af_xdp(&plan, PORT_FABRIC, host->fabric_interface, fabric_queues, mtu);
	/* covey makes this interface, with as many queues as are served. */
	if (host->host_port == HOST_PORT_VETH)
		try_af_xdp(&plan, PORT_HOST, host->host_interface,
			   least(workers, AF_XDP_QUEUES_MAX), mtu);
	*ret_plan = plan;
}

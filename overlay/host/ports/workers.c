/* SPDX-License-Identifier: BSD-3-Clause */

#include "workers.h"

#include <dataplane.h>
#include <log.h>
#include <port.h>
#include <string.h>

#include "ports.h"

static void log_port(const struct port *port)
{
	if (port->rx_count > 1)
		log_notice("%s: %u receive queues, packets spread %s; %u transmit queues",
			   port->name, port->rx_count, port->spread, port->tx_count);
}

/* Log if a port limits the number of workers, or leaves some without packets of their own. */
static void log_lack(const struct port *port, unsigned workers)
{
	if (port->tx_count < port_workers())
		log_warning("%s has %u transmit queues for the %u cores of covey_cores: %u of "
			    "these are unused (see `ethtool -l %s`)",
			    port->name, port->tx_count, port_workers(), port_workers() - workers,
			    port->name);
	if (port->rx_count < workers)
		log_warning("%s has %u receive queues for %u workers: not all receive from it",
			    port->name, port->rx_count, workers);
}

void workers_log(const struct ports *ports, const struct dataplane *dataplane)
{
	unsigned workers = dataplane_workers(dataplane);

	log_notice("%u worker%s", workers, workers == 1 ? "" : "s, each with queues of its own");
	if (dataplane_ciphers_shared(dataplane) != 0)
		log_warning("workers share a variable of the cipher library, which slows them: it "
			    "cannot be mapped once for each (%s). If it was upgraded, restart "
			    "covey-host",
			    strerror(-dataplane_ciphers_shared(dataplane)));
	log_port(ports->fabric);
	log_port(ports->host);
	log_lack(ports->fabric, workers);
	log_lack(ports->host, workers);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* What ports of all kinds have in common. */

#include "port_kind.h"

#include <errno.h>
#include <rte_lcore.h>
#include <stdlib.h>
#include <string.h>

unsigned port_workers(void)
{
	unsigned lcores = rte_lcore_count();

	return lcores > 1 ? lcores - 1 : 1;
}

int port_new(const struct port_kind *kind, const char *name, struct rte_mempool *pool,
	     struct port **ret_port, struct covey_error *error)
{
	struct port *port = calloc(1, sizeof(*port));

	if (!port)
		return covey_error_set(error, -ENOMEM, "%s: out of memory", name);
	snprintf(port->name, sizeof(port->name), "%s", name);
	port->kind = kind;
	port->pool = pool;
	port->burst = PORT_BURST;
	*ret_port = port;
	return 0;
}

int port_start(struct port *port, struct covey_error *error)
{
	return port->kind->start ? port->kind->start(port, error) : 0;
}

void port_stop(struct port *port)
{
	if (port->kind->stop)
		port->kind->stop(port);
}

void port_close(struct port *port)
{
	if (!port)
		return;
	port->kind->close(port);
	free(port);
}

void port_set_note(struct port *port, const char *note)
{
	snprintf(port->note, sizeof(port->note), "%s", note);
}

static void add_note(const struct port *port, struct dataplane_port_status *status)
{
	size_t len = strlen(status->offload);

	if (port->note[0] != '\0')
		snprintf(status->offload + len, sizeof(status->offload) - len, " (%s)", port->note);
}

void port_read(const struct port *port, struct dataplane_port_status *ret_status)
{
	struct dataplane_port_status status = {.rx_queues = port->rx_count,
					       .tx_queues = port->tx_count};

	snprintf(status.name, sizeof(status.name), "%s", port->name);
	port->kind->read(port, &status);
	add_note(port, &status);
	*ret_status = status;
}

void port_add_drops(const struct port *port, uint64_t *drops)
{
	if (port->kind->add_drops)
		port->kind->add_drops(port, drops);
}

uint64_t port_read_answers(const struct port *port)
{
	return port->kind->read_answers ? port->kind->read_answers(port) : 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Steps of covey-host: ports, the dataplane between them and its workers, and the kernel's
 * multicast groups.
 */

#include <dataplane.h>
#include <errno.h>
#include <inventory.h>
#include <log.h>
#include <peer_log.h>
#include <port.h>
#include <string.h>

#include "carrier.h"
#include "gather_watch.h"
#include "group_joins.h"
#include "group_reports.h"
#include "path_mtu.h"
#include "port_watch.h"
#include "ports.h"
#include "process.h"
#include "protection.h"
#include "ring_watch.h"

/* Whoever has started us starts us again, and then the ports are set up on what is there. */
static void on_lost(const char *what, void *arg)
{
	struct process *process = arg;

	covey_error_set(&process->lost, 0, "%s: stopping, to be started again", what);
	event_base_loopbreak(process->base);
}

/* Tenants' sessions go on, whatever the new MTU is. */
static void log_mtu(const struct process *process, uint16_t mtu, unsigned was)
{
	const struct ports *ports = process->ports;
	struct covey_error error;

	if (mtu > ports->fabric_mtu)
		peer_log_line(process->mtu_log, LOG_LEVEL_WARNING, "",
			      "the smallest MTU of the uplinks is %u now: covey-host uses %u of "
			      "it, for its packet buffers hold no more. Longer packets of other "
			      "hosts are dropped (in-too-long): lower the MTU, or say in "
			      "covey_fabric_mtu what the network carries",
			      mtu, ports->fabric_mtu);
	else if (ports_check_mtu(process->inventory, ports->uplinks, mtu, &error))
		peer_log_line(process->mtu_log, LOG_LEVEL_WARNING, "",
			      "the smallest MTU of the uplinks is %u now, and was %u: what fits "
			      "still passes, but %s",
			      mtu, was, error.text);
	else
		peer_log_line(process->mtu_log, LOG_LEVEL_NOTICE, "",
			      "the smallest MTU of the uplinks is %u now, and was %u: VXLAN may "
			      "have %u bytes",
			      mtu, was, ports->host_mtu);
}

static void on_mtu(uint16_t mtu, void *arg)
{
	struct process *process = arg;
	unsigned was = process->ports->fabric_mtu;
	struct covey_error error;

	if (ports_would_grow(process->ports, mtu)) {
		covey_error_set(&error, 0,
				"the smallest MTU of the uplinks is %u now, and the packet buffers "
				"hold %u",
				mtu, process->ports->mtu_max);
		on_lost(error.text, process);
		return;
	}
	if (ports_set_mtu(process->inventory, process->self, process->ports, mtu, &error)) {
		on_lost(error.text, process);
		return;
	}
	log_mtu(process, mtu, was);
	protection_set_mtu(process->protection, process->ports->host_mtu);
	if (process->paths)
		path_mtu_wake(process->paths);
}

int process_watch_ports(struct process *process, struct covey_error *error)
{
	const struct port_watch_config config = {
		.base = process->base,
		.inventory = process->inventory,
		.host = process->self,
		.carrier = process->carrier,
		.lost = on_lost,
		.mtu_changed = on_mtu,
		.arg = process,
	};

	process->mtu_log = peer_log_new(process->base);
	if (!process->mtu_log)
		return covey_error_set(error, -ENOMEM, "out of memory");
	return port_watch_new(&config, &process->watch, error);
}

void process_unwatch_ports(struct process *process)
{
	port_watch_free(process->watch);
	peer_log_free(process->mtu_log);
}

static int join_group(const struct covey_addr *group, unsigned uplink, void *arg,
		      struct covey_error *error)
{
	const struct process *process = arg;

	return port_kernel_join(process->ports->fabric, group, uplink, error);
}

static void leave_group(const struct covey_addr *group, unsigned uplink, void *arg)
{
	const struct process *process = arg;

	port_kernel_leave(process->ports->fabric, group, uplink);
}

/* The kernel drives the fabric port itself: it answers the switch, and we only say which groups. */
static void follow_groups(struct process *process)
{
	if (process->self->fabric_port != FABRIC_PORT_KERNEL)
		return;
	process->groups = (struct group_joins_handlers){join_group, leave_group, process};
	protection_on_groups(process->protection, &process->groups, process->ports->host_mtu);
}

int process_open_ports(struct process *process, struct covey_error *error)
{
	int status = ports_open(process->inventory, process->self, &process->ports, error);

	if (status)
		return status;
	for (unsigned i = 0; i < process->ports->notice_count; i++)
		log_warning("%s", process->ports->notices[i].text);
	follow_groups(process);
	status = protection_set_af_packet(process->protection, process->ports->fabric_af_packet,
					  error);
	if (status == 0 && process->ports->fabric_af_packet)
		status = ring_watch_new(process->base, process->self->fabric_interface,
					&process->ring_watch, error);
	return status ? status : port_watch_opened(process->watch, process->ports, error);
}

void process_close_ports(struct process *process)
{
	ring_watch_free(process->ring_watch);
	ports_close(process->ports);
}

/* Those that are encrypted, and those whose VNIs must not pass in clear. */
static size_t find_tunnels(const struct process *process, struct covey_tunnel *ret_tunnels)
{
	size_t all = inventory_tunnels(process->inventory, ret_tunnels), count = 0;

	for (size_t i = 0; i < all; i++)
		if (ret_tunnels[i].carried || process->self->foreign_vxlan != FOREIGN_VXLAN_PASS)
			ret_tunnels[count++] = ret_tunnels[i];
	return count;
}

/* The address that VXLAN shall have as source instead of the secret one. */
static void find_source(struct process *process, struct dataplane_config *config)
{
	config->secret_source = protection_take_source(process->protection);
	if (config->secret_source == 0)
		return;
	memcpy(config->host_mac, process->ports->host_mac, sizeof(config->host_mac));
	memcpy(process->source_mac, process->ports->host_mac, sizeof(process->source_mac));
	process->puts_source = true;
}

int process_start_dataplane(struct process *process, struct covey_error *error)
{
	const struct inventory *inventory = process->inventory;
	struct dataplane_config config = {
		.fabric_port = process->ports->fabric,
		.host_port = process->ports->host,
		.vtep = process->self->vtep,
		.encapsulation = inventory->encapsulation,
		.vpe_port = inventory->vpe_port,
		.vpe_protocol = inventory->vpe_protocol,
		.vxlan_port = inventory->vxlan_port,
		/* Where the MTU may change, the host port sees to it that packets fit. */
		.fabric_mtu = process->ports->mtu_max,
		.paths = inventory->paths,
		.vnis = inventory->vnis,
		.vnis_count = inventory->vnis_count,
		.vxlan_only = process->self->fabric_port == FABRIC_PORT_KERNEL,
		.cipher_library = process->self->cipher == CIPHER_CODE_LIBRARY,
	};
	int status;

	config.tunnel_count = find_tunnels(process, config.tunnels);
	memcpy(config.class_by_dscp, inventory->class_by_dscp, sizeof(config.class_by_dscp));
	find_source(process, &config);
	status = dataplane_open(&config, &process->dataplane, error);
	if (!status)
		status = dataplane_start(process->dataplane, error);
	/* Only now there is somebody who encrypts what is forwarded to covey0. */
	if (!status)
		status = protection_steer(process->protection, process->ports->steer_to, error);
	return status ? status : port_watch_start(process->watch, error);
}

/* The carrier goes first, so that routes give way before packets are lost. */
void process_stop_dataplane(struct process *process)
{
	struct covey_error error;

	carrier_set(process->carrier, false);
	if (protection_steer(process->protection, NULL, &error))
		log_error("guard: %s", error.text);
	dataplane_close(process->dataplane);
}

int process_watch_gathering(struct process *process, struct covey_error *error)
{
	if (process->self->fabric_port != FABRIC_PORT_KERNEL || !process->ports->gathers)
		return 0;
	return gather_watch_new(process->base, process->dataplane, process->ports->fabric,
				&process->gather, error);
}

void process_unwatch_gathering(struct process *process)
{
	gather_watch_free(process->gather);
}

static void log_port(const struct port *port)
{
	struct dataplane_port_status status;

	port_read(port, &status);
	if (status.offload[0] != '\0')
		log_notice("%s: offload: %s", port->name, status.offload);
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

void process_log_workers(const struct process *process)
{
	const struct dataplane *dataplane = process->dataplane;
	const struct ports *ports = process->ports;
	unsigned workers = dataplane_workers(dataplane);

	log_notice("%u worker%s", workers, workers == 1 ? "" : "s, each with queues of its own");
	if (dataplane_ciphers_shared(dataplane) != 0)
		log_warning("workers share a variable of the cipher library, which slows them: it "
			    "cannot be mapped once for each (%s). If it was upgraded, restart "
			    "covey-host",
			    strerror(-dataplane_ciphers_shared(dataplane)));
	if (dataplane_cipher_is_wrong(dataplane))
		log_error("covey's own cipher code and the cipher library do not agree, so the "
			  "library is used alone: send the output of \"covey report\" to who "
			  "packaged covey");
	else
		log_notice("cipher: %s", dataplane_cipher_text(dataplane));
	log_port(ports->fabric);
	log_port(ports->host);
	log_lack(ports->fabric, workers);
	log_lack(ports->host, workers);
}

/* Where the kernel is on the fabric itself, nobody can ask it in the switch's name: we say for it
 * what it would answer. It does no harm if this fails once, because buffers are short for a moment,
 * a worker is behind or a carrier gone: it is done again. */
static void ask_for_groups(void *arg)
{
	struct process *process = arg;
	bool is_kernel = process->self->fabric_port == FABRIC_PORT_KERNEL;
	int status;

	if (is_kernel)
		status = port_kernel_report_groups(process->ports->fabric);
	else
		status = dataplane_query_groups(process->dataplane, process->ports->pool);
	log_debug("%s multicast groups%s%s",
		  is_kernel ? "reported the kernel's" : "asked the kernel for its",
		  status ? ": " : "", status ? strerror(-status) : "");
}

void process_report_groups_anew(void *arg)
{
	struct process *process = arg;

	if (process->host.ready)
		group_reports_begin(process->group_reports);
}

/* Multicast comes only if the switch knows who wants it, and the kernel seldom tells the switch. */
int process_report_groups(struct process *process, struct covey_error *error)
{
	int status = group_reports_new(process->base, ask_for_groups, process,
				       &process->group_reports, error);

	if (status == 0)
		port_watch_on_up(process->watch, process_report_groups_anew);
	return status;
}

void process_end_reports(struct process *process)
{
	group_reports_free(process->group_reports);
}

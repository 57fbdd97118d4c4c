/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * covey-host: one per hypervisor. What starts, in order, and its exact reverse.
 */

#include <channel.h>
#include <covey/error.h>
#include <dataplane.h>
#include <errno.h>
#include <event2/event.h>
#include <inventory.h>
#include <log.h>
#include <net/if.h>
#include <own_log.h>
#include <secret.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capabilities.h"
#include "carrier.h"
#include "commands.h"
#include "cores.h"
#include "group_reports.h"
#include "guard_command.h"
#include "host.h"
#include "interface_lock.h"
#include "listening.h"
#include "member.h"
#include "notify.h"
#include "options.h"
#include "own_address.h"
#include "port_watch.h"
#include "ports.h"
#include "protection.h"
#include "revocations.h"
#include "startup.h"
#include "vni_device.h"
#include "workers.h"

struct process {
	struct options options;
	struct inventory *inventory;
	const struct inventory_host *self;
	struct event_base *base;
	struct tls *tls;
	struct commands *commands;
	struct interface_lock *lock;
	struct carrier *carrier;
	struct port_watch *watch;
	struct protection *protection;
	struct group_reports *group_reports;
	struct listening listening;
	struct ports *ports;
	struct dataplane *dataplane;
	struct member *member;
	struct notify *notify;
	struct own_watch *own;
	struct revocations *revocations;
	struct event *signals[3];
	struct host host;        /* the same, for those who show it */
	struct covey_error lost; /* why it cannot go on; empty: it can */
};

static const struct dataplane_ops ops = {
	.group_set = dataplane_group_set,
	.sa_install = dataplane_sa_install,
	.sa_activate = dataplane_sa_activate,
	.sa_drain = dataplane_sa_drain,
	.sa_remove = dataplane_sa_remove,
	.roster_set = dataplane_roster_set,
	.read_sas = dataplane_read_sas,
	.read_sent = dataplane_read_sent,
};

/* All mistakes go to standard error, each with its place; the error sums them up. */
static int load_inventory(struct process *process, struct covey_error *error)
{
	struct diagnostics diagnostics;
	char host_name[STARTUP_HOST_NAME_SIZE];
	int status;

	diagnostics_init(&diagnostics);
	status = inventory_load(process->options.daemon.inventory, &diagnostics,
				&process->inventory);
	if (status) {
		diagnostics_print(&diagnostics, stderr);
		covey_error_set(error, 0, "%s: the inventory is no good (mistakes: %zu, see above)",
				process->options.daemon.inventory, diagnostics.count);
	}
	diagnostics_free(&diagnostics);
	if (status)
		return status;
	startup_read_host_name(host_name);
	return startup_find_self(process->inventory, process->options.daemon.inventory,
				 process->options.name, host_name, &process->self, error);
}

/* Whoever started us starts us again, and that sets up ports on what is there then. */
static void on_lost(const char *what, void *arg)
{
	struct process *process = arg;

	covey_error_set(&process->lost, 0, "%s: stopping, to be started again", what);
	event_base_loopbreak(process->base);
}

static int watch_ports(struct process *process, struct covey_error *error)
{
	const struct port_watch_config config = {
		.base = process->base,
		.host = process->self,
		.carrier = process->carrier,
		.lost = on_lost,
		.arg = process,
	};

	return port_watch_new(&config, &process->watch, error);
}

static int open_ports(struct process *process, struct covey_error *error)
{
	int status = ports_open(process->inventory, process->self, &process->ports, error);

	if (status)
		return status;
	for (unsigned i = 0; i < process->ports->notice_count; i++)
		log_warning("%s", process->ports->notices[i].text);
	status = protection_set_af_packet(process->protection, process->ports->fabric_af_packet,
					  error);
	return status ? status : port_watch_opened(process->watch, process->ports, error);
}

static int start_dataplane(struct process *process, struct covey_error *error)
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
		.fabric_mtu = process->ports->fabric_mtu,
		.paths = inventory->paths,
	};
	int status;

	memcpy(config.class_by_dscp, inventory->class_by_dscp, sizeof(config.class_by_dscp));
	status = dataplane_open(&config, &process->dataplane, error);
	if (!status)
		status = dataplane_start(process->dataplane, error);
	return status ? status : port_watch_start(process->watch, error);
}

/* A moment of no buffers, or of a worker that is behind, is no matter: this comes again. */
static void ask_for_groups(void *arg)
{
	struct process *process = arg;
	int status = dataplane_query_groups(process->dataplane, process->ports->pool);

	log_debug("asked the kernel for its multicast groups%s%s", status ? ": " : "",
		  status ? strerror(-status) : "");
}

static void report_groups_anew(void *arg)
{
	struct process *process = arg;

	if (process->host.ready)
		group_reports_begin(process->group_reports);
}

/* Multicast comes only when the switch knows who wants it, which the kernel tells it seldom. */
static int report_groups(struct process *process, struct covey_error *error)
{
	int status = group_reports_new(process->base, ask_for_groups, process,
				       &process->group_reports, error);

	if (status == 0)
		port_watch_on_up(process->watch, report_groups_anew);
	return status;
}

static void changed(void *arg)
{
	struct process *process = arg;

	commands_changed(process->commands);
	if (process->notify && process->host.member)
		notify_status(process->notify, &process->host);
}

/* Every group that the inventory gives this host. */
static int join_groups(struct process *process, struct covey_error *error)
{
	for (size_t i = 0; i < process->inventory->group_count; i++) {
		const struct inventory_group *group = &process->inventory->groups[i];
		int status;

		if (!inventory_find_member(process->inventory, group, process->self))
			continue;
		status = member_join(process->member, group->name, error);
		if (status)
			return status;
	}
	return 0;
}

/* Of a device as the host's port the kernel's part is not known. */
static bool listens(void *arg, const uint32_t *vnis, size_t count)
{
	struct process *process = arg;

	return process->self->host_port != HOST_PORT_DEVICE &&
	       listening_to(&process->listening, process->self->host_interface,
			    process->inventory->vxlan_port, vnis, count);
}

/* Whatever kept us out may be mended by it. */
static void on_own_loaded(const struct own_chain *chain, bool renewed, void *arg)
{
	const struct process *process = arg;

	own_log_loaded(chain, renewed, NULL);
	if (renewed && process->host.member)
		member_renewed(process->member);
}

static int watch_own(struct process *process, struct covey_error *error)
{
	const struct own_watch_config config = {.base = process->base,
						.tls = process->tls,
						.loaded = on_own_loaded,
						.failed = own_log_failed,
						.ends = own_log_ends,
						.arg = process};

	return own_watch_new(&config, &process->own, error);
}

/* What lies on disk may have changed without our notice. */
static void on_connecting(void *arg)
{
	const struct process *process = arg;

	own_watch_check(process->own);
}

static int start_member(struct process *process, struct covey_error *error)
{
	const struct member_config config = {
		.base = process->base,
		.tls = process->tls,
		.gkm_address = process->inventory->gkm_address,
		.gkm_port = process->inventory->gkm_port,
		.vtep = process->self->vtep,
		.ops = &ops,
		.dataplane = process->dataplane,
		.listens = listens,
		.deaf = report_groups_anew,
		.connecting = on_connecting,
		.changed = changed,
		.arg = process,
	};
	int status = member_new(&config, &process->member, error);

	return status ? status : join_groups(process, error);
}

static bool is_alive(void *arg)
{
	struct process *process = arg;

	return dataplane_is_alive(process->dataplane);
}

/* Of the key manager's certificate, and its CA's. */
static int watch_crl(struct process *process, struct covey_error *error)
{
	return revocations_open(process->base, process->tls, &process->options, &process->host,
				&process->revocations, error);
}

static void on_hangup(evutil_socket_t number, short what, void *arg)
{
	const struct process *process = arg;

	log_notice("SIGHUP: reading certificates, key and revocation lists; the inventory is not "
		   "read again: after a change of it, restart the program");
	if (process->own)
		own_watch_reload(process->own);
	if (process->revocations)
		revocations_reload(process->revocations);
}

/* No Leave: the SenderID and the peers' rosters stay for when we are back. */
static void on_signal(evutil_socket_t number, short what, void *arg)
{
	struct process *process = arg;

	log_notice("%s: stopping", number == SIGTERM ? "SIGTERM" : "SIGINT");
	notify_stopping();
	event_base_loopbreak(process->base);
}

static int catch_signals(struct process *process, struct covey_error *error)
{
	static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < 3; i++) {
		process->signals[i] =
			evsignal_new(process->base, numbers[i],
				     numbers[i] == SIGHUP ? on_hangup : on_signal, process);
		if (!process->signals[i] || event_add(process->signals[i], NULL) < 0)
			return covey_error_set(error, -ENOMEM, "signals cannot be caught");
	}
	return 0;
}

/* Before anything is touched: a second covey-host on the same interface stops here. The process
 * that outlives us holds the lock, too, and has nothing else of ours. */
static int claim(struct process *process, struct covey_error *error)
{
	const struct inventory_host *self = process->self;
	char peer[IFNAMSIZ];
	const char *names[INTERFACE_LOCK_NAMES_MAX] = {self->fabric_interface};
	int status = 0;

	if (self->host_port != HOST_PORT_DEVICE)
		names[1] = self->host_interface;
	if (self->host_port == HOST_PORT_VETH) {
		status = carrier_peer_name(self, peer, error);
		names[2] = peer;
	}
	if (!status)
		status = interface_lock_new(names, INTERFACE_LOCK_NAMES_MAX, &process->lock, error);
	return status ? status : carrier_new(self, &process->carrier, error);
}

static int open_control(struct process *process, struct covey_error *error)
{
	int status;

	process->base = event_base_new();
	if (!process->base)
		return covey_error_set(error, -ENOMEM, "out of memory");
	if ((status = catch_signals(process, error)) ||
	    (status = carrier_watch(process->carrier, process->base, error)))
		return status;
	return commands_open(process->base, process->options.socket, &process->host,
			     &process->commands, error);
}

/* What DPDK would end on with lines of its own. */
static int check_rights(const struct process *process, struct covey_error *error)
{
	const struct inventory_host *self = process->self;
	int status = capabilities_check(self, error);

	return status || !self->cores ? status : cores_check(self->cores, self->name, error);
}

/* The guard goes up whatever else is wrong, unless it is another covey-host's. */
static int start(struct process *process, struct covey_error *error)
{
	int status = claim(process, error);

	if (!status)
		status = open_control(process, error);
	if (status == -EADDRINUSE)
		return status;
	if (status) {
		guard_command_on(process->inventory, process->self, NULL);
		return status;
	}
	if ((status = startup_resolve_interfaces(process->inventory, process->self, error)) ||
	    (status = protection_raise(process->base, process->inventory, process->self,
				       &process->protection, error)) ||
	    (status = check_rights(process, error)) ||
	    (status = startup_load_tls(process->inventory, process->options.daemon.pki,
				       process->self->name, &process->tls, error)) ||
	    (status = watch_own(process, error)) || (status = watch_crl(process, error)) ||
	    (status = watch_ports(process, error)) || (status = open_ports(process, error)) ||
	    (status = protection_watch(process->protection, error)) ||
	    (status = start_dataplane(process, error)) ||
	    (status = report_groups(process, error)) || (status = start_member(process, error)))
		return status;
	return notify_new(process->base, is_alive, process, &process->notify, error);
}

static void keep_instance(const struct process *process)
{
	char *path;

	if (asprintf(&path, "%s.instance", process->options.socket) < 0)
		return;
	member_keep_instance(process->member, path);
	free(path);
}

static void announce(struct process *process)
{
	process->host = (struct host){
		.inventory = process->inventory,
		.self = process->self,
		.identity = tls_identity(process->tls),
		.member = process->member,
		.own = process->own,
		.dataplane = process->dataplane,
		.guard = protection_guard(process->protection),
		.foreign = protection_foreign(process->protection),
		.ready = true,
		.has_address = own_address,
		.vni_device = vni_device,
	};
	log_notice("%s forwards: fabric port %s (%s, MTU %u), host port %s (MTU %u)",
		   process->host.identity->uri,
		   process->self->fabric_interface ? process->self->fabric_interface
						   : process->self->fabric_device,
		   process->ports->fabric_driver, process->ports->fabric_mtu,
		   process->self->host_interface, process->ports->host_mtu);
	workers_log(process->ports, process->dataplane);
	notify_ready();
	group_reports_begin(process->group_reports);
	keep_instance(process);
	member_start(process->member);
}

/* The guard stays: that is what it is for. */
static void stop(struct process *process)
{
	carrier_set(process->carrier, false);
	notify_free(process->notify);
	member_free(process->member);
	group_reports_free(process->group_reports);
	listening_clear(&process->listening);
	dataplane_close(process->dataplane);
	ports_close(process->ports);
	port_watch_free(process->watch);
	commands_close(process->commands);
	protection_free(process->protection);
	revocations_close(process->revocations);
	own_watch_free(process->own);
	for (size_t i = 3; i-- > 0;) {
		if (process->signals[i])
			event_free(process->signals[i]);
	}
	if (process->base)
		event_base_free(process->base);
	tls_free(process->tls);
	carrier_free(process->carrier);
	interface_lock_free(process->lock);
	inventory_free(process->inventory);
}

static int run_guard(struct process *process, struct covey_error *error)
{
	int status = load_inventory(process, error);

	if (status == 0)
		status = guard_command(process->options.guard, process->inventory, process->self,
				       error);
	inventory_free(process->inventory);
	return status;
}

/* After an end of covey-host and all that belonged to it. */
static int take_carrier(struct process *process, struct covey_error *error)
{
	int status = load_inventory(process, error);

	if (status == 0)
		status = carrier_take_away(process->self, error);
	inventory_free(process->inventory);
	return status;
}

static int run_host(struct process *process, struct covey_error *error)
{
	int status = load_inventory(process, error);

	if (status == 0)
		status = start(process, error);
	if (status == 0) {
		announce(process);
		if (process->lost.text[0] == '\0')
			event_base_dispatch(process->base);
		if (process->lost.text[0] != '\0') {
			*error = process->lost;
			status = -ENODEV;
		}
	}
	stop(process);
	if (status == 0)
		log_notice("stopped");
	return status;
}

int main(int argc, char **argv)
{
	struct process process = {0};
	struct covey_error error = {.text = ""};
	int status;

	if (options_parse(argc, argv, &process.options) < 0) {
		fputs("covey-host: out of memory\n", stderr);
		return EXIT_FAILURE;
	}
	log_init("covey-host", process.options.daemon.log_level);
	status = startup_check_root(&error);
	if (status == 0)
		status = capabilities_check_guard(&error);
	if (status == 0 && process.options.guard != GUARD_COMMAND_NONE)
		status = run_guard(&process, &error);
	else if (status == 0 && process.options.carrier_off)
		status = take_carrier(&process, &error);
	else if (status == 0 && (status = secret_protect_process(&error)) == 0)
		status = run_host(&process, &error);
	if (status == 0)
		return EXIT_SUCCESS;
	log_error("%s", error.text);
	return EXIT_FAILURE;
}

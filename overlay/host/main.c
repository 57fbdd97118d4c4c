/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * covey-host: one per hypervisor. `steps` lists what starts, in order; it stops in the exact
 * reverse.
 */

#include <dataplane.h>
#include <errno.h>
#include <inventory.h>
#include <inventory_watch.h>
#include <log.h>
#include <own_name.h>
#include <own_watch.h>
#include <secret.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <tls.h>

#include "capabilities.h"
#include "carrier.h"
#include "commands.h"
#include "cores.h"
#include "gather_watch.h"
#include "group_reports.h"
#include "guard_command.h"
#include "link.h"
#include "member.h"
#include "notify.h"
#include "own_address.h"
#include "ports.h"
#include "process.h"
#include "protection.h"
#include "revoked_gkm.h"
#include "startup.h"
#include "vxlan_devices.h"

/* What cannot be believed is no reason not to start: all groups enforce then. */
static int recall_modes(struct process *process, struct covey_error *error)
{
	struct covey_error reason;
	int status = mode_memory_read(process->options.state, process->inventory, &process->memory,
				      &reason);

	if (status == -ENOMEM)
		return covey_error_set(error, status, "out of memory");
	if (status)
		log_error("%s", reason.text);
	return 0;
}

/* All mistakes go to standard error, each with its place in the file; error sums them up. */
static int load_inventory(struct process *process, struct covey_error *error)
{
	struct diagnostics diagnostics;
	char host_name[OWN_NAME_SIZE];
	int status;

	inventory_watch_stamp(process->options.daemon.inventory, &process->inventory_stamp);
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
	if (inventory_make_room(process->inventory) < 0)
		return covey_error_set(error, -ENOMEM, "out of memory");
	own_name_read(OWN_NAME_FILE, host_name);
	status = startup_find_self(process->inventory, process->options.daemon.inventory,
				   process->options.name, host_name, &process->self, error);
	return status ? status : recall_modes(process, error);
}

static void free_inventory(struct process *process)
{
	mode_memory_free(&process->memory);
	inventory_free(process->inventory);
}

static bool is_alive(void *arg)
{
	struct process *process = arg;

	return dataplane_is_alive(process->dataplane);
}

static void on_hangup(evutil_socket_t number, short what, void *arg)
{
	const struct process *process = arg;

	log_notice("SIGHUP: reading the inventory, certificates, key and revocation lists");
	if (process->inventory_watch)
		inventory_watch_reload(process->inventory_watch);
	if (process->own)
		own_watch_reload(process->own);
	if (process->revoked_gkm)
		revoked_gkm_reload(process->revoked_gkm);
}

/* We send no Leave: our SenderID and our place in the peers' rosters stay for when we are back. */
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

static void close_control(struct process *process)
{
	commands_close(process->commands);
	carrier_unwatch(process->carrier);
	for (size_t i = 3; i-- > 0;) {
		if (process->signals[i])
			event_free(process->signals[i]);
	}
	if (!process->base)
		return;
	/* A last turn of the loop, for calls that channels have deferred. Such a call holds its
	 * channel, TLS included, and libevent would forget it when the base is freed. */
	event_base_loop(process->base, EVLOOP_NONBLOCK);
	event_base_free(process->base);
}

/* From here on the inventory has the kernel's own names of our interfaces. */
/* DPDK, which starts with the ports, raises the limit as far as it can. */
static int bound_descriptors(struct process *process, struct covey_error *error)
{
	startup_bound_descriptors();
	return 0;
}

static int resolve_interfaces(struct process *process, struct covey_error *error)
{
	return startup_resolve_interfaces(process->inventory, process->self, error);
}

static int raise_guard(struct process *process, struct covey_error *error)
{
	return protection_raise(process->base, process->inventory, process->self, &process->clear,
				&process->protection, error);
}

/* The guard stays in the kernel: it is there for this case. */
static void leave_guard(struct process *process)
{
	protection_free(process->protection);
}

static int watch_vxlans(struct process *process, struct covey_error *error)
{
	return protection_watch(process->protection, error);
}

static void unwatch_vxlans(struct process *process)
{
	protection_unwatch(process->protection);
}

/* Check what would make DPDK end the process with messages of its own. */
static int check_rights(struct process *process, struct covey_error *error)
{
	const struct inventory_host *self = process->self;
	int status = capabilities_check(self, error);

	return status || !self->cores ? status : cores_check(self->cores, self->name, error);
}

static int open_notify(struct process *process, struct covey_error *error)
{
	return notify_new(process->base, is_alive, process, &process->notify, error);
}

static void close_notify(struct process *process)
{
	notify_free(process->notify);
}

static void keep_instance(const struct process *process)
{
	char *path;

	if (asprintf(&path, "%s.instance", process->options.socket) < 0)
		return;
	member_keep_instance(process->member, path);
	free(path);
}

static bool offload_stopped(void *arg, uint64_t *ret_stops)
{
	const struct process *process = arg;

	return gather_watch_stopped(process->gather, ret_stops);
}

static int announce(struct process *process, struct covey_error *error)
{
	process->host = (struct host){
		.inventory = process->inventory,
		.self = process->self,
		.identity = tls_identity(process->tls),
		.member = process->member,
		.own = process->own,
		.inventory_watch = process->inventory_watch,
		.dataplane = process->dataplane,
		.probes = process->probe_ask,
		.probe_run = process->probe_run,
		.paths = process->paths,
		.guard = protection_guard(process->protection),
		.foreign = protection_foreign(process->protection),
		.vxlans = protection_vxlans(process->protection),
		.source_mac = process->puts_source ? process->source_mac : NULL,
		.ready = true,
		.modes_kept = !process->memory.failed,
		.has_address = own_address,
		.vni_device = vxlan_devices_find_vni,
		.has_mac = link_has_mac,
		.offload_stopped = offload_stopped,
		.arg = process,
	};
	log_notice("%s forwards: fabric port %s (%s, MTU %u), host port %s (MTU %u)",
		   process->host.identity->uri, process->ports->fabric->name,
		   process->ports->fabric_driver, process->ports->fabric_mtu,
		   process->self->host_interface, process->ports->host_mtu);
	process_log_workers(process);
	notify_ready();
	group_reports_begin(process->group_reports);
	keep_instance(process);
	member_start(process->member);
	return 0;
}

/* Tell the kernel first: its routes give way before packets are lost. */
static void go_quiet(struct process *process)
{
	carrier_set(process->carrier, false);
	commands_quiet(process->commands);
}

/* --- start and stop --------------------------------------------------------------------------- */

static const struct step {
	int (*start)(struct process *process, struct covey_error *error);
	void (*stop)(struct process *process); /* also after a failed start */
	bool before_guard;
} steps[] = {
	{process_claim, process_release, true},
	{open_control, close_control, true},
	{resolve_interfaces, NULL, false},
	{process_read_modes, process_forget_modes, false},
	{raise_guard, leave_guard, false},
	{check_rights, NULL, false},
	{process_load_tls, process_free_tls, false},
	{process_watch_own, process_unwatch_own, false},
	{process_watch_crl, process_unwatch_crl, false},
	{process_watch_ports, process_unwatch_ports, false},
	{process_open_ports, process_close_ports, false},
	{bound_descriptors, NULL, false},
	{watch_vxlans, unwatch_vxlans, false},
	{process_start_dataplane, process_stop_dataplane, false},
	{process_watch_gathering, process_unwatch_gathering, false},
	{process_report_groups, process_end_reports, false},
	{process_open_probes, process_close_probes, false},
	{process_start_member, process_stop_member, false},
	{process_watch_inventory, process_unwatch_inventory, false},
	{open_notify, close_notify, false},
	{announce, go_quiet, false},
	{process_open_metrics, process_close_metrics, false},
};

/* ret_count: how many steps are to be stopped. */
static int start(struct process *process, size_t *ret_count, struct covey_error *error)
{
	int status = 0;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && !status; i++) {
		*ret_count = i + 1;
		status = steps[i].start(process, error);
		/* The guard goes up whatever else is wrong, unless another covey-host has the
		 * interface. */
		if (status && steps[i].before_guard && status != -EADDRINUSE)
			guard_command_on(process->inventory, process->self, process->options.socket,
					 NULL);
	}
	return status;
}

static void stop(struct process *process, size_t count)
{
	while (count-- > 0) {
		if (steps[count].stop)
			steps[count].stop(process);
	}
}

static int run_guard(struct process *process, struct covey_error *error)
{
	int status = load_inventory(process, error);

	if (status == 0)
		status = guard_command(&process->options, process->inventory,
				       &process->inventory_stamp, process->self, error);
	free_inventory(process);
	return status;
}

/* For when covey-host and all its processes have ended. */
static int take_carrier(struct process *process, struct covey_error *error)
{
	int status = load_inventory(process, error);

	if (status == 0)
		status = carrier_take_away(process->self, error);
	free_inventory(process);
	return status;
}

static int run_host(struct process *process, struct covey_error *error)
{
	int status = load_inventory(process, error);
	size_t count = 0;

	if (status == 0)
		status = start(process, &count, error);
	if (status == 0) {
		if (process->lost.text[0] == '\0')
			event_base_dispatch(process->base);
		if (process->lost.text[0] != '\0') {
			*error = process->lost;
			status = -ENODEV;
		}
	}
	stop(process, count);
	free_inventory(process);
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

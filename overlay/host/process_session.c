/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Steps of covey-host: our certificate, revocation lists, and the session with the key manager.
 */

#include <dataplane.h>
#include <errno.h>
#include <inventory.h>
#include <metrics_common.h>
#include <metrics_server.h>
#include <own_log.h>
#include <tls.h>
#include <uplinks.h>

#include "commands.h"
#include "host_metrics.h"
#include "member.h"
#include "notify.h"
#include "path_mtu.h"
#include "ports.h"
#include "probe_ask.h"
#include "probe_run.h"
#include "process.h"
#include "protection.h"
#include "revoked_gkm.h"
#include "startup.h"
#include "vxlan_watch.h"

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

int process_load_tls(struct process *process, struct covey_error *error)
{
	return startup_load_tls(process->inventory, process->options.daemon.pki,
				process->self->name, &process->tls, error);
}

void process_free_tls(struct process *process)
{
	tls_free(process->tls);
}

static void changed(void *arg)
{
	struct process *process = arg;

	commands_changed(process->commands);
	if (process->paths)
		path_mtu_wake(process->paths);
	if (process->notify && process->host.member)
		notify_status(process->notify, &process->host);
}

/* Join every group that the inventory gives this host. */
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

/* If the host port is a device, nobody knows what the kernel behind it wants. */
static bool listens(void *arg, const uint32_t *vnis, size_t count)
{
	struct process *process = arg;
	const struct inventory_host *self = process->self;
	const struct uplinks_wanted uplinks = uplinks_wanted_of(process->inventory, self);
	const struct listening_place place = {
		.uplinks = self->fabric_port == FABRIC_PORT_KERNEL ? &uplinks : NULL,
		.host_interface = self->host_interface,
		.vxlan_port = process->inventory->vxlan_port,
	};

	return self->host_port != HOST_PORT_DEVICE &&
	       listening_to(&process->listening, &place, vnis, count);
}

/* New certificates may mend whatever has kept us out. */
static void on_own_loaded(const struct own_chain *chain, bool renewed, void *arg)
{
	const struct process *process = arg;

	own_log_loaded(chain, renewed, NULL);
	if (renewed && process->host.member)
		member_renewed(process->member);
}

int process_watch_own(struct process *process, struct covey_error *error)
{
	const struct own_watch_config config = {.base = process->base,
						.tls = process->tls,
						.loaded = on_own_loaded,
						.failed = own_log_failed,
						.ends = own_log_ends,
						.arg = process};

	return own_watch_new(&config, &process->own, error);
}

void process_unwatch_own(struct process *process)
{
	own_watch_free(process->own);
}

/* The files on disk may have changed without our notice. */
static void on_connecting(void *arg)
{
	const struct process *process = arg;

	own_watch_check(process->own);
}

static int send_to_gkm(void *arg, const Covey__Message *message)
{
	const struct process *process = arg;

	return member_send(process->member, message);
}

static const char *blind(const struct process *process)
{
	const struct ports *ports = process->ports;

	if (process->self->fabric_port == FABRIC_PORT_DEVICE)
		return "the network card is a device of DPDK, which the kernel does not see";
	return ports->fabric_af_xdp && !ports->redirect ? ports->no_redirect.text : NULL;
}

/* Both hand frames to the card's driver behind all places where the kernel lets others look. */
static const char *blind_out(const struct process *process)
{
	if (process->ports->fabric_af_xdp)
		return "AF_XDP gives packets to the network card where nothing on the host sees "
		       "them";
	return process->ports->fabric_af_packet
		       ? "AF_PACKET gives packets to the network card where nothing on the host "
			 "sees them"
		       : NULL;
}

static uint16_t longest_vxlan(void *arg)
{
	const struct process *process = arg;
	const struct vxlan_watch *vxlans = protection_vxlans(process->protection);
	uint32_t longest = vxlans ? vxlan_watch_longest(vxlans) : 0;

	return longest && longest < process->ports->host_mtu ? (uint16_t)longest
							     : process->ports->host_mtu;
}

/* 0 also where there is nothing to open. */
static int open_paths(struct process *process)
{
	const struct path_mtu_config config = {
		.base = process->base,
		.inventory = process->inventory,
		.self = process->self,
		.member = &process->member,
		.host_mtu = &process->ports->host_mtu,
		.needed = longest_vxlan,
		.arg = process,
	};

	if (!process->self->path_probes || process->self->host_port == HOST_PORT_DEVICE)
		return 0;
	process->paths = path_mtu_new(&config);
	return process->paths ? 0 : -ENOMEM;
}

int process_open_probes(struct process *process, struct covey_error *error)
{
	const struct probe_run_config config = {
		.base = process->base,
		.inventory = process->inventory,
		.self = process->self,
		.dataplane = process->dataplane,
		.redirect = process->ports->redirect,
		.blind = blind(process),
		.blind_out = blind_out(process),
		.send = send_to_gkm,
		.arg = process,
	};

	process->probe_run = probe_run_new(&config);
	process->probe_ask = probe_ask_new(process->base, process->inventory, process->self,
					   &process->ports->host_mtu);
	if (process->probe_run && process->probe_ask && open_paths(process) == 0)
		return 0;
	return covey_error_set(error, -ENOMEM, "out of memory");
}

void process_close_probes(struct process *process)
{
	path_mtu_free(process->paths);
	probe_ask_free(process->probe_ask);
	probe_run_free(process->probe_run);
}

static void probe_order(void *arg, const Covey__ProbeOrder *order)
{
	const struct process *process = arg;

	probe_run_order(process->probe_run, order);
}

static void probe_report(void *arg, const Covey__ProbeReport *report)
{
	const struct process *process = arg;

	if (!process->paths || !path_mtu_reported(process->paths, report))
		probe_ask_reported(process->probe_ask, report);
}

/* Only now all is there that the page tells of. */
int process_open_metrics(struct process *process, struct covey_error *error)
{
	const struct metrics_config config = {
		.base = process->base,
		.place = process->self->metrics,
		.fill = host_metrics_fill,
		.told = metrics_log_told,
		.arg = &process->host,
	};

	return metrics_open(&config, &process->metrics, error);
}

void process_close_metrics(struct process *process)
{
	metrics_close(process->metrics);
}

int process_start_member(struct process *process, struct covey_error *error)
{
	const struct member_config config = {
		.base = process->base,
		.tls = process->tls,
		.gkms = &process->inventory->gkms,
		.gkm_port = process->inventory->gkm_port,
		.vtep = process->self->vtep,
		.ops = &ops,
		.dataplane = process->dataplane,
		.listens = listens,
		.deaf = process_report_groups_anew,
		.modes = process_put_modes,
		.first_mode = process_first_mode,
		.heard = process_hear_clear,
		.probe_order = probe_order,
		.probe_report = probe_report,
		.connecting = on_connecting,
		.changed = changed,
		.arg = process,
	};
	int status = member_new(&config, &process->member, error);

	return status ? status : join_groups(process, error);
}

void process_stop_member(struct process *process)
{
	member_free(process->member);
	listening_clear(&process->listening);
}

/* Revocation lists for the certificates of the key manager and its CA. */
int process_watch_crl(struct process *process, struct covey_error *error)
{
	int status = revoked_gkm_open(process->base, process->tls, &process->options,
				      &process->host, &process->revoked_gkm, error);

	if (status == 0)
		process->host.lists = revoked_gkm_lists(process->revoked_gkm);
	return status;
}

void process_unwatch_crl(struct process *process)
{
	process->host.lists = NULL;
	revoked_gkm_close(process->revoked_gkm);
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "gkm_metrics.h"

#include "manager.h"
#include "metrics_common.h"
#include "peers.h"
#include "revoked_hosts.h"

static const struct metrics_family info = {"covey_gkm", METRICS_INFO, NULL,
					   "The fabric of this key manager."};
static const struct metrics_family sessions = {
	"covey_gkm_sessions", METRICS_GAUGE, NULL,
	"Connections of members, and of others that are not let in yet."};
static const struct metrics_family sessions_max = {
	"covey_gkm_sessions_max", METRICS_GAUGE, NULL,
	"As many connections as there are file descriptors for."};
static const struct metrics_family refusals = {
	"covey_gkm_refusals", METRICS_COUNTER, NULL,
	"Joins that were refused, and sessions that the key manager ended."};
static const struct metrics_family connected = {"covey_gkm_host_connected", METRICS_GAUGE, NULL,
						"1 while a host has a session."};
static const struct metrics_family begun = {"covey_gkm_host_sessions", METRICS_COUNTER, NULL,
					    "Sessions of a host that were welcomed."};
static const struct metrics_family evicted = {"covey_gkm_hosts_evicted", METRICS_GAUGE, NULL,
					      "Hosts that are evicted from all groups."};
static const struct metrics_family behind = {
	"covey_gkm_state_file_behind", METRICS_COUNTER, NULL,
	"Members that know of SPIs which an older state file does not know."};

static void add_hosts(struct metrics_page *page, const struct manager *manager)
{
	const struct inventory *inventory = manager->inventory;
	uint64_t out = 0;

	metrics_begin(page, &connected);
	for (size_t i = 0; i < inventory->host_count; i++)
		if (!inventory->hosts[i].gone)
			metrics_add(page, METRICS_LABELS({"host", inventory->hosts[i].name}),
				    manager->sessions.by_host[i] != NULL);
	metrics_begin(page, &begun);
	for (size_t i = 0; i < inventory->host_count; i++)
		if (!inventory->hosts[i].gone)
			metrics_add(page, METRICS_LABELS({"host", inventory->hosts[i].name}),
				    manager->sessions.welcomed[i]);
	for (size_t i = 0; i < inventory->host_count; i++)
		out += manager->evicted[i] && !inventory->hosts[i].gone;
	metrics_one(page, &evicted, out);
}

void gkm_metrics_fill(struct metrics_page *page, void *arg)
{
	const struct manager *manager = arg;

	metrics_add_common(page, "covey-gkm", manager->own,
			   revoked_hosts_lists(manager->revoked_hosts));
	metrics_begin(page, &info);
	metrics_add(page, METRICS_LABELS({"fabric", manager->inventory->fabric}), 1);
	if (manager->peers)
		peers_add_metrics(page, manager->peers);
	metrics_one(page, &sessions, manager->sessions.count);
	metrics_one(page, &sessions_max, manager->session_max);
	metrics_one(page, &refusals, manager->sessions.refused);
	add_hosts(page, manager);
	metrics_one(page, &behind, manager->sessions.serial.behind);
	gkm_metrics_groups(page, manager);
}

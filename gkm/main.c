/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * covey-gkm: the group key manager. Starts its parts in order, and stops them in reverse order.
 */

#include <covey/error.h>
#include <event2/event.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "channel.h"
#include "commands.h"
#include "evictions.h"
#include "gkm_metrics.h"
#include "inventory.h"
#include "inventory_watch.h"
#include "listener.h"
#include "log.h"
#include "manager.h"
#include "metrics_common.h"
#include "metrics_server.h"
#include "options.h"
#include "own_address.h"
#include "own_log.h"
#include "page.h"
#include "peers.h"
#include "revoked_hosts.h"
#include "secret.h"
#include "show.h"
#include "sqlite.h"
#include "take_over.h"

#define HEAP_KEPT_BYTES (8 << 20)

struct gkm {
	struct options options;
	struct inventory *inventory;
	struct stat inventory_stamp; /* for inventory_watch */
	struct store *store;
	struct event_base *base;
	struct tls *tls;
	struct manager manager;
	struct listener *listener;
	struct peers *peers;
	struct commands *commands;
	struct metrics_server *metrics;
	struct revoked_hosts *revoked_hosts;
	struct inventory_watch *inventory_watch;
	struct event *signals[3];
	bool failed; /* another key manager serves, or we cannot */
};

static int load_inventory(struct gkm *gkm)
{
	struct diagnostics diagnostics;
	int status;

	inventory_watch_stamp(gkm->options.daemon.inventory, &gkm->inventory_stamp);
	diagnostics_init(&diagnostics);
	status = inventory_load(gkm->options.daemon.inventory, &diagnostics, &gkm->inventory);
	if (status < 0)
		diagnostics_print(&diagnostics, stderr);
	diagnostics_free(&diagnostics);
	if (status == 0 && (status = inventory_make_room(gkm->inventory)) < 0)
		log_error("out of memory");
	return status;
}

static int load_tls(struct gkm *gkm, struct covey_error *error)
{
	static const char *const names[] = {"ca.crt", "gkm.crt", "gkm.key"};
	char *paths[3] = {NULL};
	int status = 0;

	for (size_t i = 0; i < 3; i++)
		if (asprintf(&paths[i], "%s/%s", gkm->options.daemon.pki, names[i]) < 0)
			paths[i] = NULL;
	if (!paths[0] || !paths[1] || !paths[2])
		status = covey_error_set(error, -1, "out of memory");
	else
		status = tls_new(TLS_GKM, gkm->inventory->fabric, paths[0], paths[1], paths[2],
				 &gkm->tls, error);
	for (size_t i = 0; i < 3; i++)
		free(paths[i]);
	return status;
}

static int watch_own(struct gkm *gkm, struct covey_error *error)
{
	const struct own_watch_config config = {.base = gkm->base,
						.tls = gkm->tls,
						.loaded = own_log_loaded,
						.failed = own_log_failed,
						.ends = own_log_ends};

	return own_watch_new(&config, &gkm->manager.own, error);
}

static int watch_crl(struct gkm *gkm, struct covey_error *error)
{
	const char *given = gkm->options.daemon.crl;
	char *path = NULL;
	int status;

	if (!given && asprintf(&path, "%s/crl.pem", gkm->options.daemon.pki) < 0)
		return covey_error_set(error, -1, "out of memory");
	status = revoked_hosts_open(&gkm->manager, given ? given : path, given != NULL,
				    &gkm->revoked_hosts, error);
	free(path);
	return status;
}

static int take_changes(const struct inventory_changes *changes, const struct inventory *before,
			void *arg, struct covey_error *error)
{
	struct gkm *gkm = arg;
	int status = take_over(&gkm->manager, changes, before, error);

	peers_follow(gkm->peers);
	return status < 0 ? status
			  : own_address_check(&gkm->inventory->gkms, &gkm->manager.address, error);
}

/* Most variables are hosts' affair alone. */
static bool concerns(const struct inventory_change *change)
{
	static const char *const names[] = {"covey_fabric", "covey_gkm_port", "covey_gkm_metrics"};

	if (change->kind != INVENTORY_FABRIC_KEPT)
		return true;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(change->variable, names[i]) == 0)
			return true;
	return false;
}

static int watch_inventory(struct gkm *gkm, struct covey_error *error)
{
	const struct inventory_watch_config config = {.base = gkm->base,
						      .path = gkm->options.daemon.inventory,
						      .stamp = &gkm->inventory_stamp,
						      .program = "covey-gkm",
						      .inventory = gkm->inventory,
						      .taken = take_changes,
						      .concerns = concerns,
						      .arg = gkm};
	int status = inventory_watch_new(&config, &gkm->inventory_watch, error);

	gkm->manager.watch = gkm->inventory_watch;
	return status;
}

static void on_hangup(evutil_socket_t number, short what, void *arg)
{
	const struct gkm *gkm = arg;

	log_notice("SIGHUP: reading the inventory, certificates, key and revocation lists");
	inventory_watch_reload(gkm->inventory_watch);
	own_watch_reload(gkm->manager.own);
	revoked_hosts_reload(gkm->revoked_hosts);
}

static void on_signal(evutil_socket_t number, short what, void *arg)
{
	struct gkm *gkm = arg;

	log_notice("%s: stopping", number == SIGTERM ? "SIGTERM" : "SIGINT");
	sd_notify(0, "STOPPING=1");
	listener_free(gkm->listener);
	gkm->listener = NULL;
	manager_stop(&gkm->manager);
}

static int catch_signals(struct gkm *gkm, struct covey_error *error)
{
	static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < 3; i++) {
		gkm->signals[i] = evsignal_new(gkm->base, numbers[i],
					       numbers[i] == SIGHUP ? on_hangup : on_signal, gkm);
		if (!gkm->signals[i] || event_add(gkm->signals[i], NULL) < 0)
			return covey_error_set(error, -1, "signals cannot be caught");
	}
	return 0;
}

static void announce(const struct gkm *gkm)
{
	char address[COVEY_ADDR_STRLEN];

	covey_addr_format(&gkm->manager.address, address);
	log_notice("listens on %s port %u for fabric %s: %zu groups, %zu hosts, up to %zu sessions",
		   address, gkm->inventory->gkm_port, gkm->inventory->fabric,
		   gkm->inventory->group_count, gkm->inventory->host_count,
		   gkm->manager.session_max);
	sd_notifyf(0, "READY=1\nSTATUS=Listening on %s port %u", address, gkm->inventory->gkm_port);
}

/* Only who leads writes that it does: one that is started by mistake, again and again, must not
 * seem to be the newer one. */
static int begin_with_state(const struct gkm *gkm, struct covey_error *error)
{
	const struct covey_gkms *gkms = &gkm->inventory->gkms;
	const uint32_t index = (uint32_t)covey_gkms_find(gkms, &gkm->manager.address);
	char address[COVEY_ADDR_STRLEN];

	if (gkms->count == 1)
		return 0;
	return sqlite_store_begin(gkm->store, covey_addr_format(&gkm->manager.address, address),
				  (index + 1) * COVEY_SPI_MOVE_STEP, error);
}

static void on_lead(void *arg)
{
	struct gkm *gkm = arg;
	struct covey_error error;

	if (begin_with_state(gkm, &error) < 0) {
		log_error("%s", error.text);
		gkm->failed = true;
		manager_stop(&gkm->manager);
		return;
	}
	announce(gkm);
}

static void on_yield(const char *why, void *arg)
{
	struct gkm *gkm = arg;

	log_error("%s", why);
	gkm->failed = true;
	listener_free(gkm->listener);
	gkm->listener = NULL;
	manager_stop(&gkm->manager);
}

static int open_peers(struct gkm *gkm, struct covey_error *error)
{
	struct peers_config config = {.base = gkm->base,
				      .tls = gkm->tls,
				      .inventory = gkm->inventory,
				      .address = &gkm->manager.address,
				      .instance = gkm->manager.sessions.instance,
				      .lead = on_lead,
				      .yield = on_yield,
				      .arg = gkm};
	struct sqlite_holder holder;
	char address[COVEY_ADDR_STRLEN];
	int status = sqlite_store_holder(
		gkm->store, covey_addr_format(&gkm->manager.address, address), &holder, error);

	if (status < 0)
		return status;
	/* If we lead, it is one more. */
	config.generation = holder.generation + (gkm->inventory->gkms.count > 1);
	config.led_last = holder.is_ours;
	status = peers_new(&config, &gkm->peers, error);
	if (status < 0)
		return status;
	gkm->manager.peers = gkm->peers;
	gkm->manager.sessions.leadership = peers_leadership(gkm->peers);
	return 0;
}

static char *status_json(void *arg)
{
	json_t *status = show_manager(arg);
	char *text = json_dumps(status, JSON_COMPACT);

	json_decref(status);
	return text;
}

static int open_metrics(struct gkm *gkm, struct covey_error *error)
{
	struct metrics_config config = {.base = gkm->base,
					.place = gkm->inventory->gkm_metrics,
					.fill = gkm_metrics_fill,
					.status = status_json,
					.told = metrics_log_told,
					.arg = &gkm->manager};

	config.files = page_list(&config.file_count);
	return metrics_open(&config, &gkm->metrics, error);
}

static int start(struct gkm *gkm, struct covey_error *error)
{
	struct covey_addr address;
	int status;

	status = own_address_find(&gkm->inventory->gkms, gkm->options.address, &address, error);
	if (status < 0)
		return status;
	status = sqlite_store_open(gkm->options.state, &gkm->store, error);
	if (status < 0)
		return status;
	gkm->base = event_base_new();
	if (!gkm->base)
		return covey_error_set(error, -1, "out of memory");
	status = load_tls(gkm, error);
	if (status < 0)
		return status;
	gkm->manager = (struct manager){.base = gkm->base,
					.inventory = gkm->inventory,
					.address = address,
					.store = gkm->store,
					.tls = gkm->tls,
					.session_max = listener_raise_descriptors()};
	status = manager_init(&gkm->manager, error);
	if (status < 0)
		return status;
	status = open_peers(gkm, error);
	if (status < 0)
		return status;
	status = evictions_load(&gkm->manager, error);
	if (status < 0)
		return status;
	status = watch_own(gkm, error);
	if (status < 0)
		return status;
	status = watch_crl(gkm, error);
	if (status < 0)
		return status;
	status = listener_new(&gkm->manager.sessions, &gkm->manager.address, gkm->manager.own,
			      &gkm->listener, error);
	if (status < 0)
		return status;
	status = watch_inventory(gkm, error);
	if (status < 0)
		return status;
	status = commands_open(&gkm->manager, gkm->options.socket, &gkm->commands, error);
	if (status < 0)
		return status;
	status = open_metrics(gkm, error);
	if (status < 0)
		return status;
	return catch_signals(gkm, error);
}

static void stop(struct gkm *gkm)
{
	for (size_t i = 3; i-- > 0;)
		if (gkm->signals[i])
			event_free(gkm->signals[i]);
	metrics_close(gkm->metrics);
	commands_close(gkm->commands);
	inventory_watch_free(gkm->inventory_watch);
	listener_free(gkm->listener);
	peers_free(gkm->peers);
	revoked_hosts_close(gkm->revoked_hosts);
	own_watch_free(gkm->manager.own);
	if (gkm->manager.base)
		manager_free(&gkm->manager);
	tls_free(gkm->tls);
	/* A last turn of the event loop: a channel may have left something to be called later,
	 * which holds the channel and its TLS. Without this turn libevent would forget it. */
	if (gkm->base) {
		event_base_loop(gkm->base, EVLOOP_NONBLOCK);
		event_base_free(gkm->base);
	}
	store_close(gkm->store);
	inventory_free(gkm->inventory);
}

int main(int argc, char **argv)
{
	struct gkm gkm = {0};
	struct covey_error error = {0};
	int status = EXIT_FAILURE;

	/* OpenSSL allocates and frees 16 KiB for each message. This keeps malloc() from getting
	 * them from the kernel and giving them back each time. */
	mallopt(M_TRIM_THRESHOLD, HEAP_KEPT_BYTES);
	if (options_parse(argc, argv, &gkm.options) < 0) {
		fputs("covey-gkm: out of memory\n", stderr);
		return EXIT_FAILURE;
	}
	log_init("covey-gkm", gkm.options.daemon.log_level);
	if (secret_protect_process(&error) < 0) {
		log_error("%s", error.text);
		return EXIT_FAILURE;
	}
	if (load_inventory(&gkm) < 0)
		return EXIT_FAILURE;
	if (start(&gkm, &error) < 0) {
		log_error("%s", error.text);
	} else {
		peers_begin(gkm.peers);
		if (event_base_dispatch(gkm.base) == 0 && !gkm.failed)
			status = EXIT_SUCCESS;
	}
	stop(&gkm);
	if (status == EXIT_SUCCESS)
		log_notice("stopped");
	return status;
}

/* SPDX-License-Identifier: BSD-3-Clause */

#include "guard_watch.h"

#include <clock.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <log.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "guard.h"
#include "guard_events.h"
#include "guard_nft.h"
#include "guard_restores.h"
#include "link_events.h"
#include "link_name.h"
#include "steer_own.h"

/* How long a start tries to install the guard, if somebody undoes it each time. This is longer than
 * any firewall takes to be loaded anew. Nothing is forwarded meanwhile. */
#define START_MS 5000u

/* How often to look without an event, in case one was lost; sooner after a failure. */
#define LOOK_MS      30000u
#define RETRY_MIN_MS 100u
#define RETRY_MAX_MS 5000u

struct guard_watch {
	struct guard_watch_config config;
	char *given;
	char interface[IFNAMSIZ];
	char own_name[17]; /* this process's name, as nftables' events give it */
	struct guard_standing standing;
	struct steer_own own;
	bool off;
	struct covey_error failing;

	struct guard_events events;
	int link_fd;
	struct event *changed, *links, *again;
	uint32_t retry_ms;
	struct guard_restores restores;
};

static void schedule(struct guard_watch *watch, uint32_t ms)
{
	const struct timeval rest = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	event_add(watch->again, &rest);
}

static void fail(struct guard_watch *watch, const struct covey_error *why)
{
	if (watch->failing.text[0] == '\0')
		log_error("guard: %s; trying again", why->text);
	watch->failing = *why;
	watch->retry_ms = watch->retry_ms ? watch->retry_ms * 2 : RETRY_MIN_MS;
	if (watch->retry_ms > RETRY_MAX_MS)
		watch->retry_ms = RETRY_MAX_MS;
	schedule(watch, watch->retry_ms);
}

static void succeed(struct guard_watch *watch)
{
	if (watch->failing.text[0] != '\0')
		log_notice("guard: on %s again", watch->interface);
	watch->failing.text[0] = '\0';
	watch->retry_ms = 0;
	schedule(watch, LOOK_MS);
}

static bool is_absent(const struct guard_watch *watch)
{
	return watch->standing.index == 0;
}

/* Logged once for each new state. */
static void log_weakness(const struct guard_watch *watch, const char *before)
{
	const char *now = watch->standing.weaker.text;

	if (now[0] != '\0' && strcmp(now, before) != 0)
		log_warning("guard: %s", now);
	else if (now[0] == '\0' && before[0] != '\0')
		log_notice("guard: all hooks of %s are bound", watch->interface);
}

/* --- putting it up ---------------------------------------------------------------------------- */

/* Find the interface's name of now: it may have been renamed, or have come under one of its
 * alternative names. */
static int find_interface(struct guard_watch *watch, struct covey_error *error)
{
	char own[IFNAMSIZ];
	int status = link_name_find(watch->config.given, own, error);

	if (status)
		return status;
	if (watch->interface[0] != '\0' && strcmp(own, watch->interface) != 0)
		guard_down(watch->interface, NULL);
	snprintf(watch->interface, sizeof(watch->interface), "%s", own);
	watch->config.guard.interface = watch->interface;
	return 0;
}

static int keep_own(struct guard_watch *watch, struct guard_standing *standing,
		    struct covey_error *error)
{
	int status;

	if (watch->own.nft && steer_same_uplinks(&watch->standing.steer, &standing->steer))
		return 0;
	status = steer_own_set(&watch->own, &watch->config.guard, &standing->steer, error);
	if (status)
		guard_standing_free(standing);
	return status;
}

static int put_up(struct guard_watch *watch, struct covey_error *error)
{
	struct covey_error before = watch->standing.weaker;
	struct guard_standing standing;
	int status;

	status = find_interface(watch, error);
	if (status)
		return status;
	status = guard_up(&watch->config.guard, &standing, error);
	if (status == 0 && standing.steer.on && standing.hooks == GUARD_INGRESS_EGRESS)
		status = keep_own(watch, &standing, error);
	if (status)
		return status;
	guard_standing_free(&watch->standing);
	watch->standing = standing;
	watch->off = false;
	log_weakness(watch, before.text);
	return 0;
}

/* For a start, which cannot go on without the guard. To end would not bring it either. */
static int insist(struct guard_watch *watch, struct covey_error *error)
{
	uint64_t deadline = clock_ms() + START_MS;
	int status = put_up(watch, error);

	if (status == -EAGAIN)
		log_error("guard: %s; trying again for %u s", error->text, START_MS / 1000);
	while (status == -EAGAIN && clock_ms() < deadline)
		status = put_up(watch, error);
	return status;
}

static void restore(struct guard_watch *watch, const char *what, const struct guard_author *author)
{
	struct covey_error error;

	if (!guard_restores_may(&watch->restores, clock_ms())) {
		schedule(watch, 1000 / GUARD_RESTORES_PER_S);
		return;
	}
	if (put_up(watch, &error)) {
		fail(watch, &error);
		return;
	}
	guard_restores_count(&watch->restores, watch->interface, what, author, clock_ms());
	succeed(watch);
}

/* --- looking ---------------------------------------------------------------------------------- */

/* A program of our name that is not us: the operator's `--guard on` or `off`, or another watch. */
static bool is_ours(const struct guard_watch *watch, const struct guard_author *author)
{
	return author->pid && author->pid != (uint32_t)getpid() &&
	       strcmp(author->name, watch->own_name) == 0;
}

static void take_off(struct guard_watch *watch)
{
	if (!watch->off)
		log_warning(
			"guard: removed from %s by `covey-host --guard off`: clear VXLAN is not "
			"held back there until `covey-host --guard on`, or a restart",
			watch->interface);
	watch->off = true;
	steer_own_end(&watch->own);
	succeed(watch);
}

/* Take over what only the other covey-host can know. */
static void take_over(struct guard_watch *watch, const char *listing)
{
	struct guard_config *guard = &watch->config.guard;

	guard->af_packet = strstr(listing, GUARD_OWN_COPY) != NULL;
	guard->local.port_held = strstr(listing, GUARD_LOCAL_DELIVERED) != NULL;
	guard->local.unbound = strstr(listing, "chain " GUARD_LOCAL_EGRESS) == NULL;
	watch->standing.host_index = guard_host_index(guard);
	guard->steer.host_index = strstr(listing, STEER_FORWARDED) ? watch->standing.host_index : 0;
}

/*
 * Accept what another covey-host left. False: it must be put right. If there is no guard, that is
 * accepted only if the other covey-host itself has removed it: somebody else may have done that
 * since.
 */
static bool take_as_it_is(struct guard_watch *watch, bool removed)
{
	struct covey_error error;
	char *listing;

	if (guard_nft_list(watch->interface, false, &listing, &error)) {
		fail(watch, &error);
		return true;
	}
	if (listing[0] == '\0' ? !removed : !watch->config.yields) {
		free(listing);
		return false;
	}
	free(watch->standing.listing);
	watch->standing.listing = listing;
	watch->standing.index = if_nametoindex(watch->interface);
	if (listing[0] != '\0') /* so that later it is put back as it is now */
		take_over(watch, listing);
	if (listing[0] == '\0') {
		take_off(watch);
	} else {
		watch->off = false;
		succeed(watch);
	}
	return true;
}

static bool has_moved(const struct guard_watch *watch)
{
	char own[IFNAMSIZ];

	if (link_name_resolve(watch->config.given, own))
		return !is_absent(watch) || !guard_is_bound(&watch->config.guard, &watch->standing);
	return strcmp(own, watch->interface) != 0 ||
	       !guard_is_bound(&watch->config.guard, &watch->standing);
}

/* Install again if the interface came, went, or was replaced. Nobody has changed the rules then, so
 * this is not counted as a restore. False: nothing of that has happened. */
static bool rebind(struct guard_watch *watch)
{
	struct covey_error error;

	if (watch->off || !has_moved(watch))
		return false;
	if (put_up(watch, &error))
		fail(watch, &error);
	else
		succeed(watch);
	return true;
}

static const struct guard_author *blame(const struct guard_changes *changes)
{
	return changes->stranger.pid ? &changes->stranger : &changes->last;
}

static void look(struct guard_watch *watch, const struct guard_changes *changes)
{
	struct covey_error what;
	int status;

	if (rebind(watch))
		return;
	if (watch->off) /* there is nothing to bind */
		watch->standing.index = if_nametoindex(watch->interface);
	status = guard_check(&watch->config.guard, &watch->standing, &what);
	if (status == 0) {
		if (changes->stranger.pid && !watch->off)
			guard_restores_count(&watch->restores, watch->interface,
					     "another covey-host saw it first", &changes->stranger,
					     clock_ms());
		succeed(watch);
	} else if (status == -EIO) {
		fail(watch, &what);
	} else if (!is_ours(watch, &changes->last) || !take_as_it_is(watch, changes->removed)) {
		restore(watch, what.text, blame(changes));
	}
}

/* Nobody is known to have changed anything. */
static const struct guard_changes no_changes;

static void on_changed(evutil_socket_t fd, short events, void *arg)
{
	struct guard_watch *watch = arg;
	char table[GUARD_TABLE_NAME_SIZE];
	struct guard_changes changes;

	guard_table_name(watch->interface, table);
	if (guard_events_read(&watch->events, table, watch->own_name, &changes))
		look(watch, &changes);
}

static void on_links(evutil_socket_t fd, short events, void *arg)
{
	struct guard_watch *watch = arg;

	link_events_drain(watch->link_fd);
	rebind(watch);
}

static void on_again(evutil_socket_t fd, short events, void *arg)
{
	struct guard_watch *watch = arg;

	on_changed(watch->events.fd, EV_READ, watch);
	look(watch, &no_changes);
}

/* --- life ------------------------------------------------------------------------------------- */

static int listen_to(struct guard_watch *watch, struct covey_error *error)
{
	struct event_base *base = watch->config.base;
	int status = guard_events_open(&watch->events, error);

	if (status)
		return status;
	watch->link_fd = link_events_open(error);
	if (watch->link_fd < 0)
		return watch->link_fd;
	watch->changed = event_new(base, watch->events.fd, EV_READ | EV_PERSIST, on_changed, watch);
	watch->links = event_new(base, watch->link_fd, EV_READ | EV_PERSIST, on_links, watch);
	watch->again = evtimer_new(base, on_again, watch);
	if (!watch->changed || !watch->links || !watch->again ||
	    event_add(watch->changed, NULL) < 0 || event_add(watch->links, NULL) < 0)
		return covey_error_set(error, -ENOMEM, "out of memory");
	return 0;
}

int guard_watch_new(const struct guard_watch_config *config, struct guard_watch **ret_watch,
		    struct covey_error *error)
{
	struct guard_watch *watch = calloc(1, sizeof(*watch));
	int status;

	if (!watch)
		return covey_error_set(error, -ENOMEM, "out of memory");
	watch->config = *config;
	watch->config.given = watch->given = strdup(config->given);
	watch->events.fd = watch->link_fd = -1;
	prctl(PR_GET_NAME, watch->own_name);
	/* Listen first, so that nothing is missed from the first rule on. */
	status = watch->given ? listen_to(watch, error)
			      : covey_error_set(error, -ENOMEM, "out of memory");
	if (status == 0)
		status = insist(watch, error);
	if (status) {
		guard_watch_free(watch);
		return status;
	}
	schedule(watch, LOOK_MS);
	*ret_watch = watch;
	return 0;
}

static void free_event(struct event *event)
{
	if (event)
		event_free(event);
}

void guard_watch_free(struct guard_watch *watch)
{
	if (!watch)
		return;
	free_event(watch->again);
	free_event(watch->links);
	free_event(watch->changed);
	if (watch->link_fd >= 0)
		close(watch->link_fd);
	guard_events_close(&watch->events);
	steer_own_end(&watch->own);
	guard_standing_free(&watch->standing);
	free(watch->given);
	free(watch);
}

int guard_watch_bind(struct guard_watch *watch, struct covey_error *error)
{
	return watch->off || !has_moved(watch) ? 0 : insist(watch, error);
}

int guard_watch_set_af_packet(struct guard_watch *watch, bool af_packet, struct covey_error *error)
{
	if (watch->config.guard.af_packet == af_packet)
		return 0;
	watch->config.guard.af_packet = af_packet;
	return insist(watch, error);
}

int guard_watch_set_foreign(struct guard_watch *watch, const uint16_t *ports, size_t count,
			    struct covey_error *error)
{
	struct guard_config *guard = &watch->config.guard;

	if (count == guard->foreign_count &&
	    memcmp(guard->foreign_ports, ports, count * sizeof(*ports)) == 0)
		return 0;
	memcpy(guard->foreign_ports, ports, count * sizeof(*ports));
	guard->foreign_count = count;
	return watch->off ? 0 : put_up(watch, error);
}

int guard_watch_set_port_held(struct guard_watch *watch, bool held, struct covey_error *error)
{
	bool before = watch->config.guard.local.port_held;
	int status = 0;

	if (before == held)
		return 0;
	watch->config.guard.local.port_held = held;
	if (!watch->off)
		status = put_up(watch, error);
	if (status)
		watch->config.guard.local.port_held = before;
	return status;
}

int guard_watch_set_steered(struct guard_watch *watch, unsigned host_index,
			    struct covey_error *error)
{
	unsigned before = watch->config.guard.steer.host_index;
	int status = 0;

	if (before == host_index)
		return 0;
	watch->config.guard.steer.host_index = host_index;
	if (!watch->off)
		status = put_up(watch, error);
	if (status)
		watch->config.guard.steer.host_index = before;
	return status;
}

void guard_watch_read(struct guard_watch *watch, struct guard_status *ret_status)
{
	const struct guard_restores *restores = &watch->restores;

	on_changed(watch->events.fd, EV_READ, watch);
	look(watch, &no_changes);
	*ret_status = (struct guard_status){
		.interface = watch->interface,
		.hooks = watch->standing.hooks,
		.present = !is_absent(watch) || watch->config.guard.steer.on,
		.off = watch->off,
		.weaker = watch->standing.weaker.text,
		.failing = watch->failing.text,
		.restored = restores->count,
		.last = restores->last,
		.last_ago_ms = restores->last_at ? clock_ms() - restores->last_at : 0,
	};
}

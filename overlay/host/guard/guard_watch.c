/* SPDX-License-Identifier: BSD-3-Clause */

#include "guard_watch.h"

#include <clock.h>
#include <errno.h>
#include <inttypes.h>
#include <log.h>
#include <net/if.h>
#include <peer_log.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "guard_events.h"
#include "guard_nft.h"
#include "guard_restores.h"
#include "guard_text.h"
#include "guard_token.h"
#include "installed_guard.h"
#include "link_burst.h"
#include "other_host.h"
#include "route_watch.h"

/* How often to look without an event, in case one was lost; sooner after a failure. */
#define LOOK_MS      30000u
#define RETRY_MIN_MS 100u
#define RETRY_MAX_MS 5000u

struct guard_watch {
	struct event_base *base;
	bool yields;
	char *given;
	char own_name[17]; /* this process's name, as nftables' events give it */
	struct installed_guard guard;
	struct covey_error failing;
	bool outdated; /* other rules are wanted than those that were put up */

	struct guard_events events;
	struct link_burst *links;
	struct event *changed, *again;
	struct route_watch *routes; /* NULL: the uplinks do not follow them */
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
		log_notice("guard: on %s again", watch->guard.interface);
	watch->failing.text[0] = '\0';
	watch->retry_ms = 0;
	schedule(watch, LOOK_MS);
}

/* --- putting it up ---------------------------------------------------------------------------- */

/* For a start, which cannot go on without the guard. To end would not bring it either. */
static int insist(struct guard_watch *watch, struct covey_error *error)
{
	uint64_t deadline = clock_ms() + GUARD_START_MS;
	int status = installed_guard_put_up(&watch->guard, error);

	if (status == -EAGAIN)
		log_error("guard: %s; trying again for %u s", error->text, GUARD_START_MS / 1000);
	while (status == -EAGAIN && clock_ms() < deadline)
		status = installed_guard_put_up(&watch->guard, error);
	return status;
}

/* A keeper must not bring back what another covey-host has changed meanwhile. */
static int put_up(struct guard_watch *watch, struct covey_error *error)
{
	int status = watch->yields ? other_host_follow(&watch->guard, error) : 0;

	return status ? status : installed_guard_put_up(&watch->guard, error);
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
	guard_restores_count(&watch->restores, watch->guard.interface, what, author, clock_ms());
	succeed(watch);
}

/* --- looking ---------------------------------------------------------------------------------- */

/* Nobody is known to have changed anything. */
static const struct guard_changes no_changes;

/* True when there are any. */
static bool read_changes(struct guard_watch *watch, struct guard_changes *ret_changes)
{
	char table[GUARD_TABLE_NAME_SIZE];

	guard_table_name(watch->guard.interface, table);
	return guard_events_read(&watch->events, table, watch->own_name, ret_changes);
}

/* What another covey-host alone has changed is what a keeper goes on from. */
static int catch_up(struct guard_watch *watch, const struct guard_changes *changes,
		    struct covey_error *error)
{
	bool accepted;

	if (!watch->yields || changes->stranger.pid ||
	    !other_host_is(&changes->last, watch->own_name))
		return 0;
	return other_host_accept(&watch->guard, changes->removed, true, &accepted, error);
}

/* Install again if the interface came, went, or was replaced, or if other rules are wanted. Nobody
 * has changed the rules then, so this is not counted as a restore. False: nothing of that has
 * happened. */
static bool put_up_again(struct guard_watch *watch, const struct guard_changes *changes)
{
	struct covey_error error;

	if (watch->guard.off || (!watch->outdated && !installed_guard_has_moved(&watch->guard)))
		return false;
	if (catch_up(watch, changes, &error) || (!watch->guard.off && put_up(watch, &error))) {
		fail(watch, &error);
	} else {
		watch->outdated = false;
		succeed(watch);
	}
	return true;
}

static const struct guard_author *blame(const struct guard_changes *changes)
{
	return changes->stranger.pid ? &changes->stranger : &changes->last;
}

/* Accept what another covey-host left. False: it must be put right. */
static bool take_as_it_is(struct guard_watch *watch, bool removed)
{
	struct covey_error error;
	bool accepted;

	if (other_host_accept(&watch->guard, removed, watch->yields, &accepted, &error)) {
		fail(watch, &error);
		return true;
	}
	if (accepted)
		succeed(watch);
	return accepted;
}

static void look(struct guard_watch *watch, const struct guard_changes *changes)
{
	struct covey_error what;
	int status;

	if (put_up_again(watch, changes))
		return;
	if (watch->guard.off) /* there is nothing to bind */
		watch->guard.standing.index = if_nametoindex(watch->guard.interface);
	status = guard_check(&watch->guard.wanted, &watch->guard.standing, &what);
	if (status == 0) {
		if (changes->stranger.pid && !watch->guard.off)
			guard_restores_count(&watch->restores, watch->guard.interface,
					     "another covey-host saw it first", &changes->stranger,
					     clock_ms());
		succeed(watch);
	} else if (status == -EIO) {
		fail(watch, &what);
	} else if (!other_host_is(&changes->last, watch->own_name) ||
		   !take_as_it_is(watch, changes->removed)) {
		restore(watch, what.text, blame(changes));
	}
}

static void on_changed(evutil_socket_t fd, short events, void *arg)
{
	struct guard_watch *watch = arg;
	struct guard_changes changes;

	if (read_changes(watch, &changes))
		look(watch, &changes);
}

static void on_moved(void *arg)
{
	struct guard_watch *watch = arg;
	struct guard_changes changes;

	if (read_changes(watch, &changes))
		look(watch, &changes);
	else
		put_up_again(watch, &no_changes);
}

static bool is_urgent(void *arg)
{
	const struct guard_watch *watch = arg;

	return guard_is_urgent(&watch->guard.wanted, &watch->guard.standing);
}

/* How many packets were refused here and in this process's own table. */
static uint64_t count_refused(const struct guard_watch *watch)
{
	uint64_t refused = 0;
	char *listing;

	if (guard_nft_list(watch->guard.interface, true, &listing, NULL) == 0) {
		refused = guard_token_refused(listing);
		free(listing);
	}
	if (guard_watch_list_own(watch, &listing, NULL) == 0) {
		refused += guard_token_refused(listing);
		free(listing);
	}
	return refused;
}

/* Draw another token if somebody tries to guess it. While another covey-host has the say, nothing
 * is forwarded, or that one does this. */
static void renew_token(struct guard_watch *watch)
{
	struct guard_config *wanted = &watch->guard.wanted;
	struct covey_error error;
	uint64_t refused;

	if (watch->yields || watch->guard.off || wanted->local.token == 0)
		return;
	refused = count_refused(watch);
	if (refused < GUARD_TOKEN_GUESSES_MAX)
		return;
	peer_log_line(
		watch->guard.log, LOG_LEVEL_WARNING, "token",
		"guard: %" PRIu64 " packets with covey's mark came to an uplink, but not "
		"through this host's output hook: a container with a macvlan or a VLAN device "
		"of an uplink (`ls -d /sys/class/net/UPLINK/upper_*`) tries to have VXLAN "
		"encrypted that no VXLAN device sent",
		refused);
	wanted->local.token = guard_token_draw();
	if (installed_guard_put_up(&watch->guard, &error))
		fail(watch, &error);
}

static void on_again(evutil_socket_t fd, short events, void *arg)
{
	struct guard_watch *watch = arg;

	on_changed(watch->events.fd, EV_READ, watch);
	look(watch, &no_changes);
	renew_token(watch);
}

/* --- life ------------------------------------------------------------------------------------- */

static int listen_to(struct guard_watch *watch, struct covey_error *error)
{
	struct event_base *base = watch->base;
	int status = guard_events_open(&watch->events, error);

	if (status)
		return status;
	status = link_burst_new(base, on_moved, is_urgent, watch, &watch->links, error);
	if (status)
		return status;
	watch->changed = event_new(base, watch->events.fd, EV_READ | EV_PERSIST, on_changed, watch);
	watch->again = evtimer_new(base, on_again, watch);
	if (!watch->changed || !watch->again || event_add(watch->changed, NULL) < 0)
		return covey_error_set(error, -ENOMEM, "out of memory");
	return watch->guard.wanted.steer.wanted.by_routes
		       ? route_watch_new(base, on_moved, watch, &watch->routes, error)
		       : 0;
}

/* Its lists are a copy. */
static int take_config(struct guard_watch *watch, const struct guard_config *config,
		       struct covey_error *error)
{
	struct guard_clear clear;
	int status = guard_clear_check(&config->steer.clear, error);

	watch->guard.wanted = *config;
	watch->guard.wanted.steer.clear = (struct guard_clear){0};
	if (status)
		return status;
	if (guard_clear_copy(&config->steer.clear, &clear))
		return covey_error_set(error, -ENOMEM, "out of memory");
	installed_guard_take_clear(&watch->guard, &clear);
	return 0;
}

int guard_watch_new(const struct guard_watch_config *config, struct guard_watch **ret_watch,
		    struct covey_error *error)
{
	struct guard_watch *watch = calloc(1, sizeof(*watch));
	int status;

	if (!watch)
		return covey_error_set(error, -ENOMEM, "out of memory");
	watch->base = config->base;
	watch->yields = config->yields;
	watch->guard.own.steers = !config->yields;
	watch->guard.given = watch->given = strdup(config->given);
	watch->guard.log = peer_log_new(config->base);
	watch->events.fd = -1;
	prctl(PR_GET_NAME, watch->own_name);
	/* Listen first, so that nothing is missed from the first rule on. */
	status = watch->given && watch->guard.log
			 ? take_config(watch, &config->guard, error)
			 : covey_error_set(error, -ENOMEM, "out of memory");
	if (status == 0)
		status = listen_to(watch, error);
	if (status == 0 && watch->yields)
		status = other_host_find(&watch->guard, error);
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
	route_watch_free(watch->routes);
	peer_log_free(watch->guard.log);
	free_event(watch->again);
	free_event(watch->changed);
	link_burst_free(watch->links);
	guard_events_close(&watch->events);
	installed_guard_end(&watch->guard);
	free(watch->given);
	free(watch);
}

int guard_watch_bind(struct guard_watch *watch, struct covey_error *error)
{
	return watch->guard.off || !installed_guard_has_moved(&watch->guard) ? 0
									     : insist(watch, error);
}

int guard_watch_set_af_packet(struct guard_watch *watch, bool af_packet, struct covey_error *error)
{
	if (watch->guard.wanted.af_packet == af_packet)
		return 0;
	watch->guard.wanted.af_packet = af_packet;
	return insist(watch, error);
}

void guard_watch_set_foreign(struct guard_watch *watch, const uint16_t *ports, size_t count)
{
	struct guard_config *guard = &watch->guard.wanted;

	if (count == guard->foreign_count &&
	    memcmp(guard->foreign_ports, ports, count * sizeof(*ports)) == 0)
		return;
	memcpy(guard->foreign_ports, ports, count * sizeof(*ports));
	guard->foreign_count = count;
	watch->outdated = true;
	put_up_again(watch, &no_changes);
}

void guard_watch_set_inventory(struct guard_watch *watch, const struct covey_vnis *vnis,
			       size_t count, bool changed)
{
	watch->guard.wanted.vnis = vnis;
	watch->guard.wanted.vnis_count = count;
	if (!changed)
		return;
	watch->outdated = true;
	put_up_again(watch, &no_changes);
}

int guard_watch_set_ports_held(struct guard_watch *watch, const struct guard_ports *held,
			       struct covey_error *error)
{
	struct guard_ports before = watch->guard.wanted.local.held;
	int status = 0;

	if (strcmp(before.text, held->text) == 0)
		return 0;
	/* `covey-host --guard off` takes the guard away and then the holder of the port. */
	on_changed(watch->events.fd, EV_READ, watch);
	watch->guard.wanted.local.held = *held;
	if (!watch->guard.off)
		status = installed_guard_put_up(&watch->guard, error);
	if (status)
		watch->guard.wanted.local.held = before;
	return status;
}

int guard_watch_set_steered(struct guard_watch *watch, const char *to, unsigned index,
			    struct covey_error *error)
{
	struct steer *steer = &watch->guard.wanted.steer;
	const struct steer before = *steer;
	int status = 0;

	snprintf(steer->to, sizeof(steer->to), "%s", to);
	steer->to_index = index;
	if (index == before.to_index && strcmp(to, before.to) == 0)
		return 0;
	if (!watch->guard.off)
		status = installed_guard_put_up(&watch->guard, error);
	if (status)
		*steer = before;
	return status;
}

/* Exchange what is wanted with *clear. */
static void swap_clear(struct guard_watch *watch, struct guard_clear *clear)
{
	struct guard_clear before = watch->guard.clear;

	watch->guard.clear = *clear;
	watch->guard.wanted.steer.clear = *clear;
	*clear = before;
}

int guard_watch_set_clear(struct guard_watch *watch, const struct guard_clear *clear,
			  struct covey_error *error)
{
	const struct guard_config *wanted = &watch->guard.wanted;
	struct guard_clear other;
	int status = guard_clear_check(clear, error);

	if (status || !(wanted->steer.on || wanted->af_packet) ||
	    guard_clear_same(clear, &watch->guard.clear))
		return status;
	if (guard_clear_copy(clear, &other))
		return covey_error_set(error, -ENOMEM, "out of memory");
	if (!watch->guard.off)
		status = installed_guard_steer_more(&watch->guard, &other, error);
	swap_clear(watch, &other);
	if (status == 0 && !watch->guard.off)
		status = installed_guard_put_up(&watch->guard, error);
	if (status) {
		swap_clear(watch, &other);
		watch->outdated = true; /* perhaps it stands, and was not read back */
		put_up_again(watch, &no_changes);
	}
	guard_clear_free(&other);
	return status;
}

int guard_watch_list_own(const struct guard_watch *watch, char **ret_text,
			 struct covey_error *error)
{
	return steer_own_list(&watch->guard.own, watch->guard.wanted.host_interface, ret_text,
			      error);
}

int guard_watch_read_heard(const struct guard_watch *watch, struct guard_heard *list, size_t max,
			   size_t *ret_count, struct covey_error *error)
{
	char *listing;
	int status = guard_watch_list_own(watch, &listing, error);

	if (status)
		return status;
	*ret_count = guard_heard_read(listing, list, max);
	free(listing);
	return 0;
}

bool guard_watch_has_uplink(const struct guard_watch *watch)
{
	return !watch->guard.wanted.steer.on || watch->guard.standing.steer.uplink_count > 0;
}

bool guard_watch_drops(const struct guard_watch *watch, uint16_t port)
{
	uint16_t ports[GUARD_FOREIGN_MAX];
	size_t count = guard_read_ports(watch->guard.standing.listing, GUARD_FOREIGN, ports,
					GUARD_FOREIGN_MAX);

	for (size_t i = 0; i < count; i++) {
		if (ports[i] == port)
			return true;
	}
	return false;
}

void guard_watch_read(struct guard_watch *watch, struct guard_status *ret_status)
{
	on_changed(watch->events.fd, EV_READ, watch);
	look(watch, &no_changes);
	renew_token(watch); /* whoever asks often puts the next look off */
	guard_watch_last(watch, ret_status);
}

uint64_t guard_watch_take_source(struct guard_watch *watch)
{
	const struct guard_standing *standing = &watch->guard.standing;
	uint64_t *source = &watch->guard.wanted.local.source;

	if (standing->hooks != GUARD_INGRESS_EGRESS || standing->host_index == 0)
		*source = 0;
	return *source;
}

void guard_watch_last(const struct guard_watch *watch, struct guard_status *ret_status)
{
	const struct guard_restores *restores = &watch->restores;

	*ret_status = (struct guard_status){
		.interface = watch->guard.interface,
		.hooks = watch->guard.standing.hooks,
		.steer = watch->guard.wanted.steer.on ? &watch->guard.standing.steer : NULL,
		.clear = &watch->guard.clear,
		.present = watch->guard.standing.index != 0 || watch->guard.wanted.steer.on,
		.off = watch->guard.off,
		.weaker = watch->guard.standing.weaker.text,
		.failing = watch->failing.text,
		.restored = restores->count,
		.last = restores->last,
		.last_ago_ms = restores->last_at ? clock_ms() - restores->last_at : 0,
	};
}

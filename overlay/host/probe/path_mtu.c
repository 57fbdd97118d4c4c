/* SPDX-License-Identifier: BSD-3-Clause */

#include "path_mtu.h"

#include <clock.h>
#include <covey/limits.h>
#include <inventory.h>
#include <log.h>
#include <peer_log.h>
#include <printable.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "member.h"
#include "path_search.h"
#include "path_times.h"
#include "probe_frame.h"
#include "state.h"

/* So the reports are told from those that an operator asked for. */
#define OWN_ID (UINT64_C(1) << 63)
/* Longer than the key manager takes (protocol.md, section 7.4). */
#define WAIT_MS 7000
/* A host is in one run at a time. So often, and after so long, it is asked again. */
#define BUSY_MAX 60
#define BUSY_MS  150
/* Between two runs of a search: then others find both hosts free. */
#define REST_MS 75
/* So often in a row nothing must have arrived until that is a problem. */
#define SILENT_MIN 2

struct path_mtu {
	struct path_mtu_config config;
	struct path_peer *peers;
	size_t count;
	struct event *timer;
	uint64_t wakes_ms; /* when it is due */
	struct peer_log *log;
	uint32_t small; /* what the last path carried that was too small; 0: none was */

	/* The run that is under way. */
	struct path_peer *now; /* NULL: there is none */
	const struct inventory_group *group;
	bool clear; /* the group sends in clear: a probe is as long as its packet on the fabric */
	struct path_search search;
	uint64_t id;
	bool waits;     /* to ask for it again */
	unsigned busy;  /* how often it had to */
	size_t missing; /* reports that have not come */
	uint32_t sent, arrived;
	char failure[sizeof(((struct path_peer *)NULL)->trouble)];
};

/* --- lengths ---------------------------------------------------------------------------------- */

static uint32_t overhead(const struct path_mtu *paths)
{
	return inventory_overhead(paths->config.inventory);
}

static uint32_t at_most(uint32_t value, uint32_t max)
{
	return value < max ? value : max;
}

/* The longest packet of interest, as it is on the fabric. */
static uint32_t longest(const struct path_mtu *paths)
{
	return at_most(*paths->config.host_mtu, COVEY_PROBE_LENGTH_MAX) + overhead(paths);
}

/* What a probe grows by until it is on the fabric. */
static uint32_t grows(const struct path_mtu *paths)
{
	return paths->clear ? 0 : overhead(paths);
}

uint32_t path_mtu_added(const struct path_mtu *paths)
{
	return (uint32_t)(PROBE_TAG_OFFSET + probe_ip_len(&paths->config.self->vtep)) +
	       overhead(paths);
}

uint32_t path_mtu_needed(const struct path_mtu *paths)
{
	return at_most(paths->config.needed(paths->config.arg), *paths->config.host_mtu) +
	       overhead(paths);
}

/* --- what is said ----------------------------------------------------------------------------- */

static void explain_silent(const struct path_peer *peer, struct covey_error *ret_text)
{
	const char *name = peer->host->name;

	covey_error_set(ret_text, 0,
			"%s listens, and no probe arrives there, so what tenants send to it "
			"probably does not, either: `covey ping %s` says how far probes come. "
			"Check what is between, the packet filters of both hosts (`nft list "
			"ruleset`), and the fabric interface and XDP program of %s (`ip link`)",
			name, name, name);
}

bool path_mtu_explain(const struct path_mtu *paths, const struct path_peer *peer,
		      struct covey_error *ret_text)
{
	const uint32_t needed = path_mtu_needed(paths), added = path_mtu_added(paths);

	/* What was a problem before does not end by getting worse. */
	if (peer->state == PATH_SILENT && (peer->silent >= SILENT_MIN || peer->said)) {
		explain_silent(peer, ret_text);
		return true;
	}
	if (peer->state != PATH_SMALL || peer->mtu >= needed)
		return false;
	covey_error_set(ret_text, 0,
			"the path to %s carries IP packets of %u bytes, and covey sends up to %u: "
			"tenants' packets of more than %u bytes are lost on it, and nobody is "
			"told. Raise the MTU of what is between by %u; or set covey_fabric_mtu to "
			"%u for this host, so that covey cuts or answers what is longer; or give "
			"VXLAN devices and tenants an MTU of %u",
			peer->host->name, peer->mtu, needed,
			peer->mtu > added ? peer->mtu - added : 0, needed - peer->mtu, peer->mtu,
			peer->mtu > added ? peer->mtu - added : 0);
	return true;
}

/* What has changed. */
static void say(const struct path_mtu *paths, struct path_peer *peer)
{
	struct covey_error text;

	if (path_mtu_explain(paths, peer, &text)) {
		if (peer->said != peer->state || peer->said_mtu != peer->mtu)
			peer_log_line(paths->log, LOG_LEVEL_WARNING, peer->host->name, "%s",
				      text.text);
		peer->said = peer->state;
		peer->said_mtu = peer->mtu;
	} else if (peer->said) {
		peer->said = PATH_UNKNOWN;
		peer_log_line(paths->log, LOG_LEVEL_NOTICE, peer->host->name,
			      "the path to %s carries IP packets of %u bytes now: all that covey "
			      "sends",
			      peer->host->name, peer->mtu);
	}
}

/* --- when ------------------------------------------------------------------------------------- */

static void wake_in(struct path_mtu *paths, uint64_t ms)
{
	struct timeval wait = clock_timeval(ms);

	paths->wakes_ms = clock_ms() + ms;
	evtimer_add(paths->timer, &wait);
}

static void finish(struct path_mtu *paths)
{
	paths->now = NULL;
	paths->id = 0;
	wake_in(paths, path_times_gap(paths->count, arc4random_uniform));
}

static void fail(struct path_mtu *paths, const char *why)
{
	struct path_peer *peer = paths->now;

	snprintf(peer->trouble, sizeof(peer->trouble), "%s", why);
	peer->tried = longest(paths);
	peer->enough = false;
	peer->due_ms = clock_ms() + path_times_again(peer->failed++, arc4random_uniform);
	finish(paths);
}

/* Until it is measured again: what is no problem can wait. */
static uint64_t rest_ms(const struct path_mtu *paths, const struct path_peer *peer)
{
	if (peer->state == PATH_FITS || peer->enough)
		return path_times_next(paths->count, arc4random_uniform);
	if (peer->state == PATH_SILENT && peer->silent < SILENT_MIN)
		return path_times_again(peer->silent, arc4random_uniform);
	return path_times_small(arc4random_uniform);
}

static void conclude(struct path_mtu *paths, enum path_state state, uint32_t mtu)
{
	struct path_peer *peer = paths->now;

	peer->state = state;
	peer->mtu = mtu;
	peer->tried = longest(paths);
	peer->measured_ms = clock_ms();
	peer->measured_at = time(NULL);
	peer->trouble[0] = '\0';
	peer->failed = 0;
	peer->silent = state == PATH_SILENT ? peer->silent + 1 : 0;
	peer->enough = state == PATH_SMALL && mtu >= path_mtu_needed(paths);
	peer->due_ms = peer->measured_ms + rest_ms(paths, peer);
	if (state == PATH_SMALL)
		paths->small = mtu;
	say(paths, peer);
	finish(paths);
}

/* --- a run ------------------------------------------------------------------------------------ */

static void send_request(struct path_mtu *paths)
{
	Covey__ProbeRequest request = COVEY__PROBE_REQUEST__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;
	char *to = paths->now->host->name;

	paths->waits = false;
	paths->missing = 2;
	paths->sent = paths->arrived = 0;
	paths->failure[0] = '\0';
	request.group = paths->group->name;
	request.id = ++paths->id | OWN_ID;
	request.from = paths->config.self->name;
	request.to = &to;
	request.n_to = 1;
	request.vni = paths->group->vnis[0];
	request.lengths = paths->search.lengths;
	request.n_lengths = paths->search.count;
	request.one_way = true;
	message.body_case = COVEY__MESSAGE__BODY_PROBE_REQUEST;
	message.probe_request = &request;
	if (member_send(*paths->config.member, &message) < 0)
		fail(paths, "there is no session with the key manager");
	else
		wake_in(paths, WAIT_MS);
}

static void ask_later(struct path_mtu *paths, uint64_t ms)
{
	paths->waits = true;
	wake_in(paths, path_times_spread(ms, arc4random_uniform));
}

/* One of both takes part in another run, or the key manager is asked for too many. */
static void ask_again(struct path_mtu *paths)
{
	if (++paths->busy > BUSY_MAX)
		fail(paths, paths->failure);
	else
		ask_later(paths, BUSY_MS);
}

static void learn(struct path_mtu *paths)
{
	enum path_search_state state =
		path_search_learn(&paths->search, paths->sent, paths->arrived);

	switch (state) {
	case PATH_SEARCH_GOES_ON:
		path_search_next(&paths->search, arc4random_uniform);
		ask_later(paths, REST_MS);
		return;
	case PATH_SEARCH_FULL:
		conclude(paths, PATH_FITS, paths->search.full + grows(paths));
		return;
	case PATH_SEARCH_LIMIT:
		conclude(paths, PATH_SMALL, paths->search.passes + grows(paths));
		return;
	case PATH_SEARCH_NOTHING:
		conclude(paths, PATH_SILENT, 0);
		return;
	case PATH_SEARCH_UNSURE:
		fail(paths, "too many probes are lost to say");
		return;
	}
}

/* What the host that sends says it has sent, and the other one that has arrived. In a group that
 * sends in clear, that is what came to its uplink. */
static void take(struct path_mtu *paths, const Covey__ProbeReport *report)
{
	const bool ours = strcmp(report->host, paths->config.self->name) == 0;

	for (size_t i = 0; i < report->n_seen; i++) {
		const Covey__ProbeSeen *seen = report->seen[i];

		if (ours && seen->out)
			paths->sent = seen->sent;
		else if (!ours && !seen->out)
			paths->arrived = paths->clear ? seen->clear : seen->delivered;
	}
}

bool path_mtu_reported(struct path_mtu *paths, const Covey__ProbeReport *report)
{
	if (!(report->id & OWN_ID))
		return false;
	if (!paths->now || report->id != (paths->id | OWN_ID) || paths->missing == 0)
		return true;
	if (report->state != COVEY__PROBE_STATE__PROBE_STATE_DONE && paths->failure[0] == '\0')
		printable_copy(paths->failure, sizeof(paths->failure), report->reason);
	/* What is in clear is seen on an uplink alone. */
	if (paths->clear && report->blind[0] != '\0')
		printable_copy(paths->failure, sizeof(paths->failure), report->blind);
	take(paths, report);
	/* Without a host, it is about the whole run. */
	if (report->host[0] != '\0' && --paths->missing > 0)
		return true;
	paths->missing = 0;
	if (strstr(paths->failure, "try again"))
		ask_again(paths);
	else if (paths->failure[0] != '\0' || report->host[0] == '\0')
		fail(paths, paths->failure);
	else
		learn(paths);
	return true;
}

/* --- whose turn it is ------------------------------------------------------------------------- */

/* A group in which we may send to this host, and it has the key. Rather one that encrypts. */
static bool find_group(struct path_mtu *paths, const struct path_peer *peer)
{
	const struct member_state *state = member_read_state(*paths->config.member);

	paths->group = NULL;
	for (size_t i = 0; i < COVEY_GROUPS_PER_HOST_MAX; i++) {
		const struct membership *joined = state->groups[i];
		const struct inventory_group *group;
		const struct inventory_member *member;
		bool clear;

		if (!joined || joined->state != MEMBERSHIP_JOINED || !joined->may_send ||
		    !membership_active_sa(joined))
			continue;
		group = inventory_find_group(paths->config.inventory, joined->name);
		member = group ? inventory_find_member(paths->config.inventory, group, peer->host)
			       : NULL;
		clear = joined->mode.mode == COVEY_MODE_OBSERVE;
		/* As a bump in the wire, covey0 takes no packet as long as one that is encrypted.
		 */
		if (!member || !member->may_receive ||
		    (clear &&
		     (paths->group || paths->config.self->fabric_port != FABRIC_PORT_KERNEL)))
			continue;
		paths->group = group;
		paths->clear = clear;
		if (!clear)
			return true;
	}
	return paths->group != NULL;
}

static struct path_peer *most_urgent(struct path_mtu *paths)
{
	struct path_peer *found = NULL;

	for (size_t i = 0; i < paths->count; i++) {
		struct path_peer *peer = &paths->peers[i];

		/* What this host sends is longer or shorter now. */
		if (peer->measured_ms && (peer->tried != longest(paths) ||
					  (peer->enough && peer->mtu < path_mtu_needed(paths))))
			peer->due_ms = peer->measured_ms;
		if (!found || peer->due_ms < found->due_ms)
			found = peer;
	}
	return found;
}

/* Nobody tells when VXLAN devices send longer packets: so that a path that was not too small for
 * them is measured again then, it is looked at that often. */
static uint64_t until(const struct path_mtu *paths, uint64_t ms)
{
	for (size_t i = 0; i < paths->count && ms > PATH_TIMES_SMALL; i++)
		if (paths->peers[i].enough)
			ms = PATH_TIMES_SMALL;
	return ms;
}

static void begin(struct path_mtu *paths, struct path_peer *peer)
{
	const uint32_t min = (uint32_t)(PROBE_LENGTH_MIN + probe_ip_len(&paths->config.self->vtep));
	uint32_t full;

	paths->now = peer;
	paths->busy = 0;
	paths->id = (uint64_t)arc4random() << 16;
	if (!find_group(paths, peer)) {
		fail(paths, "this host has joined no group in which it could send to it");
		peer->failed = 0;
		peer->due_ms = clock_ms() + PATH_TIMES_NO_GROUP;
		return;
	}
	full = at_most(longest(paths) - grows(paths), COVEY_PROBE_LENGTH_MAX);
	/* Where one path is too small, others are often so, too. */
	path_search_begin(&paths->search, min, full,
			  peer->state == PATH_SMALL ? peer->mtu - grows(paths)
			  : paths->small            ? paths->small - grows(paths)
						    : 0);
	path_search_next(&paths->search, arc4random_uniform);
	send_request(paths);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct path_mtu *paths = arg;
	struct member_status status;
	struct path_peer *next;
	uint64_t now = clock_ms();

	if (paths->now && paths->waits) {
		send_request(paths);
		return;
	}
	if (paths->now) {
		fail(paths, "the key manager has not answered in time");
		return;
	}
	if (!*paths->config.member)
		return;
	member_read_status(*paths->config.member, &status);
	next = status.link == MEMBER_CONNECTED ? most_urgent(paths) : NULL;
	if (!next)
		return; /* path_mtu_wake() */
	if (next->due_ms <= now)
		begin(paths, next);
	else
		wake_in(paths, until(paths, next->due_ms - now));
}

void path_mtu_wake(struct path_mtu *paths)
{
	uint64_t gap = path_times_gap(paths->count, arc4random_uniform);

	if (!paths->now &&
	    (!evtimer_pending(paths->timer, NULL) || paths->wakes_ms > clock_ms() + gap))
		wake_in(paths, gap);
}

/* --- life ------------------------------------------------------------------------------------- */

static bool is_peer(const struct path_mtu *paths, const struct inventory_host *host)
{
	const struct inventory *inventory = paths->config.inventory;

	for (size_t i = 0; i < inventory->group_count && host != paths->config.self; i++)
		if (inventory_find_member(inventory, &inventory->groups[i], host) &&
		    inventory_find_member(inventory, &inventory->groups[i], paths->config.self))
			return true;
	return false;
}

struct path_mtu *path_mtu_new(const struct path_mtu_config *config)
{
	const struct inventory *inventory = config->inventory;
	struct path_mtu *paths = calloc(1, sizeof(*paths));

	if (!paths)
		return NULL;
	paths->config = *config;
	paths->peers = calloc(inventory->host_room + 1, sizeof(*paths->peers));
	paths->timer = evtimer_new(config->base, on_timer, paths);
	paths->log = peer_log_new(config->base);
	if (!paths->peers || !paths->timer || !paths->log) {
		path_mtu_free(paths);
		return NULL;
	}
	path_mtu_follow(paths);
	return paths;
}

static bool is_listed(const struct path_mtu *paths, const struct inventory_host *host)
{
	for (size_t i = 0; i < paths->count; i++)
		if (paths->peers[i].host == host)
			return true;
	return false;
}

/* Not all hosts begin with the same one. Whoever is no peer any more stays, without a group. */
void path_mtu_follow(struct path_mtu *paths)
{
	const struct inventory *inventory = paths->config.inventory;

	for (size_t i = 0; i < inventory->host_count; i++) {
		const struct inventory_host *host = &inventory->hosts[i];

		if (is_listed(paths, host) || !is_peer(paths, host))
			continue;
		paths->peers[paths->count].host = host;
		paths->peers[paths->count++].due_ms = arc4random_uniform(1000);
	}
}

void path_mtu_free(struct path_mtu *paths)
{
	if (!paths)
		return;
	if (paths->timer)
		event_free(paths->timer);
	peer_log_free(paths->log);
	free(paths->peers);
	free(paths);
}

const struct path_peer *path_mtu_list(const struct path_mtu *paths, size_t *ret_count)
{
	*ret_count = paths->count;
	return paths->peers;
}

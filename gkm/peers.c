/* SPDX-License-Identifier: BSD-3-Clause */
#include "peers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "channel.h"
#include "clock.h"
#include "inventory.h"
#include "log.h"
#include "metrics_page.h"
#include "peer_log.h"

/* How long to wait, before we lead, for the answers of those that do not refuse the connection: if
 * we led last, and if another one did, ms. */
#define PATIENCE_OURS_MS   500
#define PATIENCE_OTHERS_MS 3000
/* How often the others are asked while we lead, ms, and by how much more at random. */
#define ASK_MS      3000
#define ASK_MORE_MS 500

struct peer {
	struct peers *peers;
	struct covey_addr address;
	struct channel *channel; /* NULL: it is not being asked now */
	bool met;                /* it has shown the certificate of a key manager, the last time */
	bool answered;           /* the last time */
	char why[256];           /* it did not answer the last time; empty: not asked yet */
};

struct peers {
	struct peers_config config;
	struct leadership leadership;
	struct peer list[COVEY_GKMS_MAX];
	size_t count;
	uint64_t leads_since_ms;
	struct event *patience; /* before we lead */
	struct event *round;    /* while we do */
	struct event *yields;   /* in the loop's next turn */
	char verdict[512];      /* why we must yield; empty: we need not */
	struct peer_log *log;
};

/* --- yielding ------------------------------------------------------------------------------ */

static void on_yields(evutil_socket_t fd, short what, void *arg)
{
	struct peers *peers = arg;

	peers->leadership.leads = false;
	peers->config.yield(peers->verdict, peers->config.arg);
}

static void yield(struct peers *peers, const struct covey_addr *leader, bool leads)
{
	char address[COVEY_ADDR_STRLEN] = "another address";

	if (peers->verdict[0])
		return;
	if (leader->family)
		covey_addr_format(leader, address);
	if (peers->leadership.leads)
		snprintf(peers->verdict, sizeof(peers->verdict),
			 "ALARM: two key managers lead this fabric, this one and that at %s, with "
			 "copies of one state file: this one yields, hosts go there. SenderIDs, "
			 "evictions and modes that it has written since the copy are not there: "
			 "evict "
			 "again who was evicted here, and do not start this one again but with a "
			 "copy "
			 "of that one's state file",
			 address);
	else
		snprintf(peers->verdict, sizeof(peers->verdict),
			 "another key manager of this fabric, at %s, %s: this one does not serve. "
			 "To "
			 "move the key manager here, stop that one, copy its state file, and start "
			 "this one",
			 address, leads ? "leads" : "starts at the same time and goes first");
	peers->leadership.leader = *leader;
	snprintf(peers->leadership.reason, sizeof(peers->leadership.reason),
		 "the key manager at %s leads", address);
	event_active(peers->yields, 0, 0);
}

/* A key manager is there, but refuses us or does not know the question: it may lead. Then one that
 * has not begun yet stays away. */
static void stay_away(struct peers *peers, const struct covey_addr *other, const char *reason)
{
	char address[COVEY_ADDR_STRLEN];

	if (peers->verdict[0])
		return;
	snprintf(peers->verdict, sizeof(peers->verdict),
		 "a key manager of this fabric runs at %s, but does not say whether it leads "
		 "(%.120s): "
		 "this one does not serve. Give that machine the same inventory and the same "
		 "version "
		 "of covey, or stop covey-gkm there",
		 covey_addr_format(other, address), reason);
	event_active(peers->yields, 0, 0);
}

/* --- leading ------------------------------------------------------------------------------- */

static struct claim our_claim(const struct peers *peers)
{
	bool leads = peers->leadership.leads;

	return (struct claim){
		.leads = leads,
		.generation = peers->config.generation,
		.led_ms = leads ? clock_ms() - peers->leads_since_ms : 0,
		.instance = peers->config.instance,
	};
}

static void plan_round(struct peers *peers)
{
	const struct timeval wait = clock_timeval(ASK_MS + arc4random_uniform(ASK_MORE_MS));

	if (peers->count > 0)
		evtimer_add(peers->round, &wait);
}

static void lead(struct peers *peers)
{
	if (peers->leadership.leads || peers->verdict[0])
		return;
	evtimer_del(peers->patience);
	peers->leadership.leads = true;
	peers->leadership.reason[0] = '\0';
	peers->leads_since_ms = clock_ms();
	plan_round(peers);
	peers->config.lead(peers->config.arg);
}

static void on_patience(evutil_socket_t fd, short what, void *arg)
{
	lead(arg);
}

/* Nobody else is to be waited for? */
static void settle(struct peers *peers)
{
	for (size_t i = 0; i < peers->count; i++)
		if (peers->list[i].channel)
			return;
	lead(peers);
}

static bool asked(const struct claim *theirs, const struct covey_addr *address,
		  struct claim *ret_ours, void *arg)
{
	struct peers *peers = arg;
	const struct covey_gkms *gkms = &peers->config.inventory->gkms;
	const struct covey_addr unknown = {0};
	bool listed = covey_gkms_find(gkms, address) < gkms->count;

	*ret_ours = our_claim(peers);
	/* We have asked ourselves, by an address that leads here. */
	if (theirs->instance == ret_ours->instance)
		return false;
	if (!peers->verdict[0] && claim_prevails(ret_ours, theirs))
		return true;
	yield(peers, listed ? address : &unknown, theirs->leads);
	return false;
}

/* --- asking -------------------------------------------------------------------------------- */

static void opened(struct channel *channel, const struct identity *identity, void *arg)
{
	struct peer *peer = arg;
	struct peers *peers = peer->peers;
	const struct claim ours = our_claim(peers);
	Covey__LeaderQuestion question = COVEY__LEADER_QUESTION__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	question.leads = ours.leads;
	question.generation = ours.generation;
	question.led_ms = ours.led_ms;
	question.instance = ours.instance;
	peer->met = true;
	message_addr_set(&question.address, peers->config.address);
	message.body_case = COVEY__MESSAGE__BODY_LEADER_QUESTION;
	message.leader_question = &question;
	if (channel_send(channel, &message) < 0)
		channel_finish(channel, "the question cannot be sent");
}

static void received(struct channel *channel, const Covey__Message *message, void *arg)
{
	const Covey__LeaderAnswer *answer = message->leader_answer;
	struct peer *peer = arg;

	if (message->body_case != COVEY__MESSAGE__BODY_LEADER_ANSWER) {
		channel_finish(channel, "it answers with something else");
		return;
	}
	peer->answered = true;
	peer->why[0] = '\0';
	if (answer->instance == peer->peers->config.instance)
		snprintf(peer->why, sizeof(peer->why), "this address is our own, too");
	else if (answer->yield)
		yield(peer->peers, &peer->address, answer->leads);
	channel_finish(channel, "answered");
}

static void closed(struct channel *channel, const char *reason, void *arg)
{
	struct peer *peer = arg;
	char address[COVEY_ADDR_STRLEN];

	channel_free(channel);
	peer->channel = NULL;
	if (!peer->answered) {
		snprintf(peer->why, sizeof(peer->why), "%.255s", reason);
		covey_addr_format(&peer->address, address);
		if (peer->met && !peer->peers->leadership.leads)
			stay_away(peer->peers, &peer->address, reason);
		else if (peer->met)
			peer_log_line(peer->peers->log, LOG_LEVEL_ERROR, address,
				      "ALARM: a second key manager runs at %s and does not say "
				      "whether it leads, too: %s: stop it, or give it the same "
				      "inventory and the same version of covey",
				      address, peer->why);
	}
	settle(peer->peers);
}

static void ask(struct peer *peer)
{
	static const struct channel_handlers handlers = {
		.opened = opened, .received = received, .closed = closed};
	const struct peers_config *config = &peer->peers->config;
	struct covey_error error;

	if (peer->channel)
		return;
	peer->answered = peer->met = false;
	if (channel_connect(config->base, config->tls, &peer->address, config->inventory->gkm_port,
			    &handlers, peer, &peer->channel, &error) < 0) {
		peer->channel = NULL;
		snprintf(peer->why, sizeof(peer->why), "%.255s", error.text);
	}
}

static void on_round(evutil_socket_t fd, short what, void *arg)
{
	struct peers *peers = arg;

	for (size_t i = 0; i < peers->count; i++)
		ask(&peers->list[i]);
	plan_round(peers);
}

/* --- who there is -------------------------------------------------------------------------- */

static void forget(struct peers *peers)
{
	for (size_t i = 0; i < peers->count; i++)
		if (peers->list[i].channel)
			channel_free(peers->list[i].channel);
	memset(peers->list, 0, sizeof(peers->list));
	peers->count = 0;
}

static void list_others(struct peers *peers)
{
	const struct covey_gkms *gkms = &peers->config.inventory->gkms;

	for (size_t i = 0; i < gkms->count; i++)
		if (!covey_addr_equal(&gkms->list[i], peers->config.address))
			peers->list[peers->count++] =
				(struct peer){.peers = peers, .address = gkms->list[i]};
	tls_accept_gkms(peers->config.tls, peers->count > 0);
}

static bool is_listed(const struct peers *peers)
{
	const struct covey_gkms *gkms = &peers->config.inventory->gkms;
	size_t others = gkms->count;

	others -= covey_gkms_find(gkms, peers->config.address) < gkms->count;
	if (others != peers->count)
		return false;
	for (size_t i = 0; i < peers->count; i++)
		if (covey_gkms_find(gkms, &peers->list[i].address) == gkms->count)
			return false;
	return true;
}

void peers_follow(struct peers *peers)
{
	if (is_listed(peers))
		return;
	forget(peers);
	list_others(peers);
	evtimer_del(peers->round);
	if (peers->leadership.leads)
		on_round(-1, 0, peers);
	else
		peers_begin(peers);
}

/* --- life ---------------------------------------------------------------------------------- */

void peers_begin(struct peers *peers)
{
	const struct timeval patience =
		clock_timeval(peers->config.led_last ? PATIENCE_OURS_MS : PATIENCE_OTHERS_MS);

	for (size_t i = 0; i < peers->count; i++)
		ask(&peers->list[i]);
	if (peers->count > 0)
		evtimer_add(peers->patience, &patience);
	settle(peers);
}

int peers_new(const struct peers_config *config, struct peers **ret_peers,
	      struct covey_error *error)
{
	struct peers *peers = calloc(1, sizeof(*peers));

	if (!peers)
		return covey_error_set(error, -ENOMEM, "out of memory");
	peers->config = *config;
	peers->leadership = (struct leadership){.asked = asked, .arg = peers};
	snprintf(peers->leadership.reason, sizeof(peers->leadership.reason),
		 "this key manager starts, and asks whether another one leads");
	peers->patience = evtimer_new(config->base, on_patience, peers);
	peers->round = evtimer_new(config->base, on_round, peers);
	peers->yields = evtimer_new(config->base, on_yields, peers);
	peers->log = peer_log_new(config->base);
	if (!peers->patience || !peers->round || !peers->yields || !peers->log) {
		peers_free(peers);
		return covey_error_set(error, -ENOMEM, "out of memory");
	}
	list_others(peers);
	*ret_peers = peers;
	return 0;
}

void peers_free(struct peers *peers)
{
	if (!peers)
		return;
	forget(peers);
	if (peers->patience)
		event_free(peers->patience);
	if (peers->round)
		event_free(peers->round);
	if (peers->yields)
		event_free(peers->yields);
	peer_log_free(peers->log);
	free(peers);
}

const struct leadership *peers_leadership(const struct peers *peers)
{
	return &peers->leadership;
}

/* --- showing ------------------------------------------------------------------------------- */

json_t *peers_show(const struct peers *peers)
{
	const struct claim ours = our_claim(peers);
	json_t *others = json_array();
	char address[COVEY_ADDR_STRLEN];

	for (size_t i = 0; i < peers->count; i++) {
		const struct peer *peer = &peers->list[i];

		json_array_append_new(others, json_pack("{s:s, s:b, s:s?}", "address",
							covey_addr_format(&peer->address, address),
							"answers", peer->answered, "why",
							peer->why[0] ? peer->why : NULL));
	}
	return json_pack("{s:b, s:I, s:I, s:s?, s:o}", "leads", ours.leads, "since_s",
			 (json_int_t)(ours.led_ms / 1000), "generation",
			 (json_int_t)ours.generation, "why",
			 ours.leads ? NULL : peers->leadership.reason, "others", others);
}

static const struct metrics_family leads = {
	"covey_gkm_leads", METRICS_GAUGE, NULL,
	"1 while this key manager leads, so that hosts may join."};
static const struct metrics_family answers = {"covey_gkm_peer_answers", METRICS_GAUGE, NULL,
					      "1 if another key manager of the inventory has "
					      "answered the last question; it must not lead."};

void peers_add_metrics(struct metrics_page *page, const struct peers *peers)
{
	char address[COVEY_ADDR_STRLEN];

	metrics_one(page, &leads, peers->leadership.leads);
	metrics_begin(page, &answers);
	for (size_t i = 0; i < peers->count; i++)
		metrics_add(page,
			    METRICS_LABELS({"address",
					    covey_addr_format(&peers->list[i].address, address)}),
			    peers->list[i].answered);
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "gkm_sent.h"
#include "evictions.h"
#include "must.h"
#include "wrapped.h"
#include <string.h>

#define SAS_MAX        4096 /* in one conversation */
#define SENDER_IDS_MAX 1024

/* An SA that was sent to somebody. */
struct sent_sa {
	uint32_t spi;
	size_t group;
	uint8_t tek[COVEY_TEK_BYTES_MAX];
	size_t tek_len;
};

static struct {
	const struct manager *manager;
	size_t owners[GKM_GROUPS][COVEY_SENDER_ID_MAX + 1]; /* host and 1; 0: nobody */
	uint32_t epochs[GKM_GROUPS][COVEY_SENDER_ID_MAX + 1];
	struct {
		size_t group;
		uint32_t id;
	} used[SENDER_IDS_MAX];
	size_t used_count;
	struct sent_sa sas[SAS_MAX];
	size_t count;
} all;

void gkm_sent_begin(const struct manager *manager)
{
	for (size_t i = 0; i < all.used_count; i++) {
		all.owners[all.used[i].group][all.used[i].id] = 0;
		all.epochs[all.used[i].group][all.used[i].id] = 0;
	}
	all.manager = manager;
	all.used_count = all.count = 0;
}

static size_t group_of(const char *name)
{
	const struct inventory *inventory = all.manager->inventory;
	const struct inventory_group *group = inventory_find_group(inventory, name);

	must(group);
	return (size_t)(group - inventory->groups);
}

/* A SenderID is one host's for good, and its epoch only rises. */
static void check_joined(struct gkm_peer *peer, const Covey__Joined *joined)
{
	size_t group = group_of(joined->group);
	size_t *owner;

	must(joined->sender_id != 0 && joined->sender_id <= COVEY_SENDER_ID_MAX);
	owner = &all.owners[group][joined->sender_id];
	must(*owner == 0 || *owner == peer->host + 1);
	if (*owner == 0) {
		must(all.used_count < SENDER_IDS_MAX);
		all.used[all.used_count].group = group;
		all.used[all.used_count++].id = joined->sender_id;
	}
	*owner = peer->host + 1;
	must(joined->epoch > all.epochs[group][joined->sender_id]);
	must(joined->epoch <= COVEY_EPOCH_MAX);
	all.epochs[group][joined->sender_id] = joined->epoch;
	peer->joined[group] = true;
}

/* The latest first: most are of the last few. */
static struct sent_sa *find(uint32_t spi)
{
	for (size_t i = all.count; i-- > 0;)
		if (all.sas[i].spi == spi)
			return &all.sas[i];
	return NULL;
}

/* An SPI names one key of one group. */
static void check_install(const Covey__SaInstall *install, size_t group)
{
	struct sent_sa *sa = find(install->spi);

	must(install->spi >= COVEY_SPI_MIN && install->hard_lifetime_s > 0);
	must(install->tek.len == 16 || install->tek.len == 32);
	if (!sa) {
		must(all.count < SAS_MAX);
		sa = &all.sas[all.count++];
		*sa = (struct sent_sa){install->spi, group, {0}, install->tek.len};
		memcpy(sa->tek, install->tek.data, install->tek.len);
	}
	must(sa->group == group && sa->tek_len == install->tek.len);
	must(memcmp(sa->tek, install->tek.data, install->tek.len) == 0);
}

/* Keys and rosters go to members of the group that are in it, and to nobody who is evicted. */
static void check_in_group(const struct gkm_peer *peer, const char *name)
{
	size_t group = group_of(name);

	must(peer->joined[group] && peer->host < all.manager->inventory->host_count);
	must(!is_evicted(all.manager, peer->host, &all.manager->realms[group]));
}

static void check_mode(const Covey__GroupMode *mode)
{
	must(mode->serial > 0 && mode->mode >= 1 && mode->mode <= 3);
	must(mode->left_ms <= COVEY_MODE_DEADLINE_MAX_S * 1000);
	must(mode->left_ms ? mode->then >= 1 && mode->then <= 3 : mode->then == 0);
}

static void check_refused(struct gkm_peer *peer, const Covey__Refused *refused)
{
	must(strlen(refused->reason) <= COVEY_REASON_MAX);
	if (!refused->group[0])
		peer->ended = true;
	else if (inventory_find_group(all.manager->inventory, refused->group))
		peer->joined[group_of(refused->group)] = false;
}

void gkm_sent(struct gkm_peer *peer, const Covey__Message *message)
{
	wrapped_check(message);
	must(!peer->ended);
	must(peer->welcome || message->body_case == COVEY__MESSAGE__BODY_WELCOME ||
	     message->body_case == COVEY__MESSAGE__BODY_REFUSED);
	switch (message->body_case) {
	case COVEY__MESSAGE__BODY_WELCOME:
		must(!peer->welcome &&
		     message->welcome->instance == all.manager->sessions.instance);
		peer->welcome = true;
		return;
	case COVEY__MESSAGE__BODY_JOINED:
		check_joined(peer, message->joined);
		return;
	case COVEY__MESSAGE__BODY_REFUSED:
		check_refused(peer, message->refused);
		return;
	case COVEY__MESSAGE__BODY_LEFT:
		if (inventory_find_group(all.manager->inventory, message->left->group))
			peer->joined[group_of(message->left->group)] = false;
		return;
	case COVEY__MESSAGE__BODY_GROUP_MODE:
		check_in_group(peer, message->group_mode->group);
		check_mode(message->group_mode);
		return;
	case COVEY__MESSAGE__BODY_PROBE_ORDER:
		check_in_group(peer, message->probe_order->group);
		must(message->probe_order->nonce.len == COVEY_PROBE_NONCE_LEN);
		return;
	case COVEY__MESSAGE__BODY_PROBE_REPORT:
		must(message->probe_report->state >= COVEY__PROBE_STATE__PROBE_STATE_DONE);
		return;
	case COVEY__MESSAGE__BODY_ROSTER:
		check_in_group(peer, message->roster->group);
		return;
	case COVEY__MESSAGE__BODY_SA_FLOORS:
		check_in_group(peer, message->sa_floors->group);
		return;
	case COVEY__MESSAGE__BODY_SA_INSTALL:
		check_in_group(peer, message->sa_install->group);
		check_install(message->sa_install, group_of(message->sa_install->group));
		return;
	case COVEY__MESSAGE__BODY_SA_ACTIVATE:
		check_in_group(peer, message->sa_activate->group);
		return;
	case COVEY__MESSAGE__BODY_SA_DRAIN:
		check_in_group(peer, message->sa_drain->group);
		return;
	case COVEY__MESSAGE__BODY_HEARTBEAT:
		return;
	default:
		must(!"a message that a key manager sends");
	}
}

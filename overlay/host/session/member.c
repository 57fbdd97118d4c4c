/* SPDX-License-Identifier: BSD-3-Clause */

#include "member.h"

#include <clock.h>
#include <crl.h>
#include <errno.h>
#include <log.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "instance_file.h"
#include "member_private.h"

/* When certificates have changed, another session begins within this time. So the hosts of a fabric
 * do not all come at once when their certificates are renewed together. */
#define MOVE_MS UINT32_C(2000)

/* --- what the state machine does to the world ---------------------------------------------- */

static int send_message(void *arg, const Covey__Message *message)
{
	struct member *member = arg;

	return channel_send(member->channel, message);
}

/* The limit on lines holds for each group by itself: a host may be in hundreds. */
static const char *subject(const char *text, char buf[COVEY_NAME_MAX + 8])
{
	size_t len = strncmp(text, "group ", 6) == 0 ? strcspn(text, ":") : 0;

	snprintf(buf, COVEY_NAME_MAX + 8, "%.*s", (int)len, text);
	return buf;
}

static void note(void *arg, enum log_level level, const char *kind, const char *text)
{
	const struct member *member = arg;
	char who[COVEY_NAME_MAX + 8];

	peer_log_text(member->log, level, subject(text, who), kind, text);
}

static uint32_t random_below(void *arg, uint32_t bound)
{
	return arc4random_uniform(bound);
}

static bool listens(void *arg, const uint32_t *vnis, size_t count)
{
	const struct member *member = arg;

	return member->config.listens && member->config.listens(member->config.arg, vnis, count);
}

static void deaf(void *arg)
{
	const struct member *member = arg;

	if (member->config.deaf)
		member->config.deaf(member->config.arg);
}

static int put_modes(void *arg, struct covey_error *error)
{
	const struct member *member = arg;

	return member->config.modes ? member->config.modes(member->config.arg, error) : 0;
}

static void heard(void *arg, size_t max, struct effects_heard_all *ret_all)
{
	const struct member *member = arg;

	member->config.heard(member->config.arg, max, ret_all);
}

static void first_mode(void *arg, const char *group, struct member_mode_first *ret_first)
{
	const struct member *member = arg;

	if (member->config.first_mode)
		member->config.first_mode(member->config.arg, group, ret_first);
}

static void probe_order(void *arg, const Covey__ProbeOrder *order)
{
	const struct member *member = arg;

	member->config.probe_order(member->config.arg, order);
}

static void probe_report(void *arg, const Covey__ProbeReport *report)
{
	const struct member *member = arg;

	member->config.probe_report(member->config.arg, report);
}

/* --- life ------------------------------------------------------------------------------------ */

int member_new(const struct member_config *config, struct member **ret_member,
	       struct covey_error *error)
{
	struct member *member = calloc(1, sizeof(*member));
	const struct effects effects = {
		.ops = config->ops,
		.dataplane = config->dataplane,
		.send = send_message,
		.note = note,
		.listens = listens,
		.deaf = deaf,
		.modes = put_modes,
		.first_mode = first_mode,
		.heard = config->heard ? heard : NULL,
		.probe_order = config->probe_order ? probe_order : NULL,
		.probe_report = config->probe_report ? probe_report : NULL,
		.random = random_below,
		.arg = member,
	};

	if (!member)
		return covey_error_set(error, -ENOMEM, "out of memory");
	member->config = *config;
	member->config.gkms = NULL;
	gkm_choice_set(&member->choice, config->gkms);
	member->tick = evtimer_new(config->base, member_session_tick, member);
	member->reconnect = evtimer_new(config->base, member_session_begin, member);
	member->give_up = evtimer_new(config->base, member_session_give_up, member);
	member->next.due = evtimer_new(config->base, next_session_begin, member);
	member->log = peer_log_new(config->base);
	if (!member->tick || !member->reconnect || !member->give_up || !member->next.due ||
	    !member->log || member_state_new(&effects, &config->vtep, &member->state) < 0) {
		member_free(member);
		return covey_error_set(error, -ENOMEM, "out of memory");
	}
	member_session_set_link(member, MEMBER_WAITING);
	*ret_member = member;
	return 0;
}

void member_keep_instance(struct member *member, const char *path)
{
	struct covey_error error;

	if (instance_file_swap(path, member->state->own_instance, &member->state->previous,
			       &error) < 0)
		log_warning("%s: a restart may look like a second host to the GKM", error.text);
}

void member_start(struct member *member)
{
	member_session_begin(-1, 0, member);
}

/* The serial number of the peer's certificate if that is revoked. NULL: it is not, or there is no
 * peer yet. */
static const char *revoked_serial(const struct member *member, const struct channel *channel)
{
	const struct certificate_chain *certificate = channel ? channel_certificate(channel) : NULL;

	if (!certificate || !crl_revokes_chain(tls_crl(member->config.tls), certificate))
		return NULL;
	return certificate->serial;
}

void member_recheck(struct member *member)
{
	const char *serial = revoked_serial(member, member->channel);
	struct covey_error error;

	if (revoked_serial(member, member->next.channel))
		channel_finish(member->next.channel, "the GKM's certificate is revoked");
	if (member->finished || !serial)
		return;
	covey_error_set(&error, -EACCES,
			"the GKM's certificate, serial number %s, is revoked: the session ends",
			serial);
	member_session_finish(member, &error);
	member_session_settle(member);
}

static bool try_now(struct member *member)
{
	struct timeval now = {0};

	if (member->link != MEMBER_WAITING || member->channel)
		return false;
	backoff_reset(&member->backoff);
	evtimer_add(member->reconnect, &now);
	return true;
}

void member_set_gkms(struct member *member, const struct covey_gkms *gkms)
{
	const struct covey_addr *present = gkm_choice_address(&member->choice);
	char address[COVEY_ADDR_STRLEN];
	struct covey_error error;

	if (covey_gkms_find(gkms, present) == gkms->count && member->channel && !member->finished) {
		covey_error_set(&error, -ECONNABORTED,
				"%s is no key manager of the inventory any more: the session ends",
				covey_addr_format(present, address));
		member_session_finish(member, &error);
		member->moved = true;
	}
	gkm_choice_set(&member->choice, gkms);
	backoff_reset(&member->backoff);
	member_session_settle(member);
}

void member_inventory_changed(struct member *member)
{
	try_now(member);
}

void member_renewed(struct member *member)
{
	member->renewed = true;
	if (try_now(member))
		return;
	next_session_plan(member, 1 + arc4random_uniform(MOVE_MS));
}

void member_free(struct member *member)
{
	if (!member)
		return;
	if (member->channel)
		channel_free(member->channel);
	if (member->next.channel)
		channel_free(member->next.channel);
	if (member->next.due)
		event_free(member->next.due);
	if (member->give_up)
		event_free(member->give_up);
	if (member->reconnect)
		event_free(member->reconnect);
	if (member->tick)
		event_free(member->tick);
	member_state_free(member->state);
	peer_log_free(member->log);
	free(member);
}

int member_send(struct member *member, const Covey__Message *message)
{
	if (!member->channel || member->finished || member->state->session != SESSION_OPEN)
		return -ENOTCONN;
	return channel_send(member->channel, message);
}

int member_join(struct member *member, const char *group, struct covey_error *error)
{
	int status = member_state_join(member->state, group, error);

	member_session_settle(member);
	return status;
}

int member_join_later(struct member *member, const char *group, struct covey_error *error)
{
	int status = member_state_join_later(member->state, group, error);

	member_session_settle(member);
	return status;
}

int member_leave(struct member *member, const char *group, struct covey_error *error)
{
	int status = member_state_leave(member->state, group, error);

	member_session_settle(member);
	return status;
}

void member_read_status(const struct member *member, struct member_status *ret_status)
{
	*ret_status = (struct member_status){
		.gkm_address = *gkm_choice_address(&member->choice),
		.gkm_port = member->config.gkm_port,
		.link = member->link,
		.since_ms = clock_ms() - member->link_since,
		.last_error = member->last_error[0] ? member->last_error : NULL,
		.certificate = member->channel ? member->serial : NULL,
		.sessions = member->sessions,
		.lost = member->lost,
	};
}

const struct covey_gkms *member_read_gkms(const struct member *member)
{
	return &member->choice.gkms;
}

const char *member_gkm_reason(const struct member *member, size_t i)
{
	return member->choice.reasons[i];
}

const struct member_state *member_read_state(const struct member *member)
{
	return member->state;
}

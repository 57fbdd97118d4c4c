/* SPDX-License-Identifier: BSD-3-Clause */
#include "heartbeat_reports.h"

#include <covey/limits.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "clock.h"
#include "floor_reports.h"
#include "hearing.h"
#include "served_group.h"
#include "session.h"
#include "sessions.h"

#define peer_log(session, level, ...)                                                              \
	peer_log_line((session)->sessions->log, level, (session)->peer.host, __VA_ARGS__)

static void log_usage(const struct session *session, const struct registration *registration,
		      uint32_t spi, enum usage_verdict verdict)
{
	const char *group = registration->served->config->name;

	if (verdict == USAGE_FAILURES)
		peer_log(session, LOG_LEVEL_ERROR,
			 "ALARM: %s: %" PRIu64 " packets failed authentication on SA %" PRIu32
			 ", the last report is %s's: somebody forges packets. Look for in-icv in "
			 "the hosts' drops. The group gets a new key",
			 group, COVEY_ICV_FAILURES_MAX, spi, session->peer.host);
	else
		peer_log(session, LOG_LEVEL_NOTICE,
			 "%s: %s has almost used up its key of SA %" PRIu32, group,
			 session->peer.host, spi);
}

static int take_usage(struct registration *registration, const struct session *session,
		      const Covey__SaUse *use, struct covey_error *why)
{
	enum usage_verdict verdict =
		usage_report(registration->served->group, registration->seat, use->spi,
			     use->packets_sent, use->icv_failures, clock_ms(), why);

	if (verdict == USAGE_IMPOSSIBLE)
		return -EINVAL;
	if (verdict == USAGE_FINE)
		return 0;
	log_usage(session, registration, use->spi, verdict);
	registration->served->wake(registration->served->arg);
	return 0;
}

static int take_windows(struct registration *registration, const struct session *session,
			const Covey__SaUse *use, struct covey_error *why)
{
	const struct floor_report report = {
		.window_ids = use->window_ids,
		.window_id_count = use->n_window_ids,
		.esns = use->esns,
		.esn_count = use->n_esns,
	};
	int status = floor_reports_take(registration->served->group, registration->seat, use->spi,
					&report, clock_ms(), why);

	if (status == -ENOSPC || status == -ENOMEM)
		peer_log(session, LOG_LEVEL_WARNING,
			 "%s: no room for all windows of SA %" PRIu32 ", the last report is "
			 "%s's: a member that gets this SA later may accept replayed packets of "
			 "the other windows",
			 registration->served->config->name, use->spi, session->peer.host);
	return status == -EINVAL ? status : 0;
}

static void log_impostors(struct registration *registration, const struct session *session,
			  uint32_t spi, uint64_t packets)
{
	const struct served_group *served = registration->served;
	const struct member *member = &served->group->members[registration->seat];

	peer_log(session, LOG_LEVEL_ERROR,
		 "ALARM: %s: somebody sends, or forges, with the SenderID %u of %s: it dropped "
		 "%" PRIu64 " such packets of SA %" PRIu32 ", %" PRIu64 " since the key manager "
		 "started; the cause is a second host with its certificate, a network that returns "
		 "its packets, or a forger, who needs no key for this",
		 served->config->name, member->sender_id, session->peer.host, packets, spi,
		 member->own_sender);
}

static int take_impostors(struct registration *registration, const struct session *session,
			  const Covey__SaUse *use, struct covey_error *why)
{
	uint64_t new;
	int status = usage_report_impostors(registration->served->group, registration->seat,
					    use->spi, use->own_sender, clock_ms(), &new, why);

	if (status == 0 && new > 0)
		log_impostors(registration, session, use->spi, new);
	return status;
}

static void take_hearing(struct registration *registration, const Covey__SaUse *use)
{
	const struct hearing_report report = {
		.spi = use->spi,
		.window_ids = use->window_ids,
		.esns = use->esns,
		.window_count = use->n_window_ids,
		.multicast_received = use->multicast_received,
		.received = use->receives ? use->packets_received : 0,
		.listens = use->listens,
		.receives = use->receives,
	};

	hearing_report(registration->served->group, registration->seat, &report);
}

static void log_deaf(const struct session *session, const char *group,
		     const struct hearing *hearing)
{
	if (hearing->multicast.deaf)
		peer_log(session, LOG_LEVEL_ERROR,
			 "ALARM: %s: %s is deaf: the others report %" PRIu64
			 " multicast packets, and it received none: check its packet filter and "
			 "fabric interface, and the switch's table of multicast groups; if many "
			 "members are deaf, check the senders",
			 group, session->peer.host, hearing->multicast.unheard);
	else
		peer_log(session, LOG_LEVEL_ERROR,
			 "ALARM: %s: %s is deaf: the other member reports %" PRIu64
			 " unicast packets, and it received nothing at all: check its packet "
			 "filter and fabric interface, and the network between the two",
			 group, session->peer.host, hearing->any.unheard);
}

static void log_hearing(struct registration *registration, const struct session *session,
			enum hearing_verdict verdict)
{
	const struct served_group *served = registration->served;
	const struct hearing *hearing = &served->group->members[registration->seat].hearing;

	if (verdict == HEARING_DEAF)
		log_deaf(session, served->config->name, hearing);
	else if (verdict == HEARING_PERHAPS)
		peer_log(session, LOG_LEVEL_WARNING,
			 "%s: %s is perhaps deaf: it sends and received nothing at all, and of "
			 "%" PRIu64 " unicast packets of the others some came to nobody: check its "
			 "packet filter and fabric interface; if it is not deaf, they were for a "
			 "host that is away",
			 served->config->name, session->peer.host, hearing->any.unheard);
	else
		peer_log(session, LOG_LEVEL_NOTICE, "%s: %s is not deaf any more",
			 served->config->name, session->peer.host);
}

static void judge_hearing(struct registration *registration, const struct session *session)
{
	enum hearing_verdict verdict =
		hearing_judge(registration->served->group, registration->seat, clock_ms());

	if (verdict != HEARING_AS_BEFORE)
		log_hearing(registration, session, verdict);
}

/* Whatever the SA: what reads the report goes through both lists at once. */
static int check_windows(const Covey__SaUse *use, struct covey_error *why)
{
	if (use->n_window_ids == use->n_esns && use->n_esns <= COVEY_FLOORS_PER_SENDER_MAX)
		return 0;
	return covey_error_set(why, -EINVAL, "%zu windows with %zu ESNs on SA %" PRIu32,
			       use->n_window_ids, use->n_esns, use->spi);
}

static bool end_for(struct session *session, const struct covey_error *why)
{
	session_end(session, COVEY__REFUSAL_CODE__REFUSAL_PROTOCOL, "impossible counters: %s",
		    why->text);
	return false;
}

/* No SPI is in two groups. */
static bool has_sa(const struct registration *registration, const void *spi)
{
	return group_has_sa(registration->served->group, *(const uint32_t *)spi);
}

/* False when the session has ended. A report of an SA that is in no group of the session is
 * outdated. */
static bool take_use(struct session *session, const Covey__SaUse *use)
{
	struct covey_error why = {.text = ""};
	struct registration *registration;

	if (check_windows(use, &why) < 0)
		return end_for(session, &why);
	registration = session_find(session, has_sa, &use->spi);
	if (!registration || !registration->joined)
		return true;
	if (take_usage(registration, session, use, &why) < 0 ||
	    take_windows(registration, session, use, &why) < 0 ||
	    take_impostors(registration, session, use, &why) < 0)
		return end_for(session, &why);
	take_hearing(registration, use);
	return true;
}

/* --- what members hear in clear ------------------------------------------------------------ */

static int check_clear(const Covey__Heartbeat *report, struct covey_error *why)
{
	struct covey_addr vtep;

	if (report->n_clear_more > COVEY_CLEAR_MORE_MAX)
		return covey_error_set(why, -EINVAL,
				       "Heartbeat with %zu groups with more senders in clear",
				       report->n_clear_more);
	if (report->n_clear > COVEY_CLEAR_HEARD_MAX)
		return covey_error_set(why, -EINVAL, "Heartbeat with %zu senders in clear",
				       report->n_clear);
	for (size_t i = 0; i < report->n_clear; i++) {
		const Covey__ClearHeard *heard = report->clear[i];

		if (message_addr_get(&heard->vtep, &vtep) < 0)
			return covey_error_set(why, -EINVAL,
					       "Heartbeat with a sender in clear whose address "
					       "has %zu bytes",
					       heard->vtep.len);
		if (heard->vni > COVEY_VNI_MAX || heard->packets == 0)
			return covey_error_set(why, -EINVAL,
					       "Heartbeat with %" PRIu64 " clear packets of "
					       "VNI %" PRIu32,
					       heard->packets, heard->vni);
	}
	return 0;
}

static bool has_name(const struct registration *registration, const void *name)
{
	return registration->joined &&
	       strcmp(registration->served->config->name, (const char *)name) == 0;
}

/* If it is in no group of the session any more, it is outdated. */
static void note_clear(struct session *session, const Covey__ClearHeard *report)
{
	struct registration *registration = session_find(session, has_name, report->group);
	struct clear_heard heard = {
		.vni = report->vni, .packets = report->packets, .at_ms = clock_ms()};

	message_addr_get(&report->vtep, &heard.vtep);
	if (registration)
		clear_heard_take(registration->served->group, registration->seat, &heard);
}

static void note_clear_more(struct session *session, const char *group)
{
	struct registration *registration = session_find(session, has_name, group);

	if (registration)
		clear_heard_more(registration->served->group, registration->seat, clock_ms());
}

/* False when the session has ended. */
static bool take_clear(struct session *session, const Covey__Heartbeat *report)
{
	struct covey_error why = {.text = ""};

	if (check_clear(report, &why) < 0) {
		session_end(session, COVEY__REFUSAL_CODE__REFUSAL_PROTOCOL, "%s", why.text);
		return false;
	}
	for (size_t i = 0; i < report->n_clear; i++)
		note_clear(session, report->clear[i]);
	for (size_t i = 0; i < report->n_clear_more; i++)
		note_clear_more(session, report->clear_more[i]);
	return true;
}

/* A message without senders in clear comes after all that have some. */
static void note_reported(struct session *session)
{
	for (size_t i = 0; i < session->registration_count; i++) {
		struct registration *registration = &session->registrations[i];

		if (registration->joined)
			mode_reported(registration->served->group, registration->seat, clock_ms());
	}
}

/* Lists the groups in which the member is deaf, and perhaps so. A member is in no more groups at a
 * time than fit. */
static void list_deaf(struct session *session, char *deaf[COVEY_GROUPS_PER_HOST_MAX],
		      char *perhaps[COVEY_GROUPS_PER_HOST_MAX], Covey__Heartbeat *answer)
{
	answer->deaf_groups = deaf;
	answer->perhaps_deaf_groups = perhaps;
	for (size_t i = 0; i < session->registration_count; i++) {
		struct registration *registration = &session->registrations[i];
		const struct served_group *served = registration->served;
		const struct hearing *hearing;

		if (!registration->joined)
			continue;
		judge_hearing(registration, session);
		hearing = &served->group->members[registration->seat].hearing;
		if (hearing->deaf)
			deaf[answer->n_deaf_groups++] = served->config->name;
		else if (hearing->perhaps)
			perhaps[answer->n_perhaps_deaf_groups++] = served->config->name;
	}
}

void heartbeat_reports_take(struct session *session, const Covey__Heartbeat *report)
{
	Covey__Heartbeat answer = COVEY__HEARTBEAT__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;
	char *deaf[COVEY_GROUPS_PER_HOST_MAX], *perhaps[COVEY_GROUPS_PER_HOST_MAX];

	for (size_t i = 0; i < report->n_use; i++)
		if (!take_use(session, report->use[i]))
			return;
	if (!take_clear(session, report))
		return;
	if (report->n_clear == 0 && report->n_clear_more == 0)
		note_reported(session);
	list_deaf(session, deaf, perhaps, &answer);
	message.body_case = COVEY__MESSAGE__BODY_HEARTBEAT;
	message.heartbeat = &answer;
	session_send(session, &message);
}

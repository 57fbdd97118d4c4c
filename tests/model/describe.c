/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdio.h>

#include "event.h"
#include "wire.h"

static void describe_roster(const Covey__Roster *roster, char *buf, size_t len)
{
	size_t at = (size_t)snprintf(buf, len, "Roster %" PRIu64 "%s:", roster->generation,
				     roster->full ? ", whole" : "");

	for (size_t i = 0; i < roster->n_sender_ids && at < len; i++)
		at += (size_t)snprintf(buf + at, len - at, " %u from epoch %u",
				       roster->sender_ids[i],
				       roster->n_epoch_floors ? roster->epoch_floors[i] : 1);
	for (size_t i = 0; i < roster->n_removed && at < len; i++)
		at += (size_t)snprintf(buf + at, len - at, " without %u", roster->removed[i]);
}

static void describe_message(const Covey__Message *message, char *buf, size_t len)
{
	switch (message->body_case) {
	case COVEY__MESSAGE__BODY_JOINED:
		snprintf(buf, len, "Joined, SenderID %u epoch %u", message->joined->sender_id,
			 message->joined->epoch);
		return;
	case COVEY__MESSAGE__BODY_ROSTER:
		describe_roster(message->roster, buf, len);
		return;
	case COVEY__MESSAGE__BODY_ROSTER_ACK:
		snprintf(buf, len, "RosterAck %" PRIu64, message->roster_ack->generation);
		return;
	case COVEY__MESSAGE__BODY_SA_INSTALL:
		snprintf(buf, len, "SaInstall %u", message->sa_install->spi);
		return;
	case COVEY__MESSAGE__BODY_SA_INSTALLED:
		snprintf(buf, len, "SaInstalled %u", message->sa_installed->spi);
		return;
	case COVEY__MESSAGE__BODY_SA_ACTIVATE:
		snprintf(buf, len, "SaActivate %u", message->sa_activate->spi);
		return;
	case COVEY__MESSAGE__BODY_SA_ACTIVATED:
		snprintf(buf, len, "SaActivated %u", message->sa_activated->spi);
		return;
	case COVEY__MESSAGE__BODY_SA_DRAIN:
		snprintf(buf, len, "SaDrain %u in %u s", message->sa_drain->spi,
			 message->sa_drain->drain_s);
		return;
	default:
		snprintf(buf, len, "%s", message_name(message));
	}
}

static void describe_delivery(const struct queue *queue, const char *direction, unsigned host,
			      char *buf, size_t len)
{
	Covey__Message *message = wire_look(queue);
	char text[300] = "nothing";

	if (message)
		describe_message(message, text, sizeof(text));
	message_free(message);
	snprintf(buf, len, "m%u %s gkm: %s", host + 1, direction, text);
}

struct wording {
	const char *before;
	bool names_host;
	const char *after;
};

void event_describe(const struct world *world, struct event event, char *buf, size_t len)
{
	static const struct wording wordings[EVENT_KINDS] = {
		[EVENT_CONNECT] = {"", true, " connects"},
		[EVENT_SETTLE] = {"gkm settles", false, ""},
		[EVENT_HOST_NOTICES] = {"", true, " sees that its connection is gone"},
		[EVENT_GKM_NOTICES] = {"gkm sees that the connection of ", true, " is gone"},
		[EVENT_HOST_LOSES] = {"", true, " loses its connection, gkm does not know yet"},
		[EVENT_GKM_LOSES] = {"gkm loses the connection of ", true,
				     ", which does not know yet"},
		[EVENT_HOST_RESTART] = {"", true, " restarts"},
		[EVENT_GKM_RESTART] = {"gkm restarts", false, ""},
		[EVENT_REKEY] = {"gkm begins a rekey", false, ""},
		[EVENT_LEAVE] = {"", true, " leaves, and wants to join again"},
		[EVENT_EVICT] = {"", true, " is evicted"},
		[EVENT_READMIT] = {"", true, " is readmitted"},
		[EVENT_TIME] = {"time passes until something is due", false, ""},
	};
	const struct wire *wire = &world->hosts[event.host].wire;
	const struct wording *wording = &wordings[event.kind];
	char host[8] = "";

	if (event.kind == EVENT_UP) {
		describe_delivery(&wire->up, "->", event.host, buf, len);
	} else if (event.kind == EVENT_DOWN) {
		describe_delivery(&wire->down, "<-", event.host, buf, len);
	} else {
		if (wording->names_host)
			snprintf(host, sizeof(host), "m%u", event.host % MEMBERS + 1u);
		snprintf(buf, len, "%s%s%s", wording->before, host, wording->after);
	}
}

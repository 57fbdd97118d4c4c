/* SPDX-License-Identifier: BSD-3-Clause */
#include "sessions.h"

#include <errno.h>
#include <stdlib.h>

#include "clock.h"
#include "probes.h"
#include "served_group.h"
#include "session.h"

int sessions_init(struct sessions *sessions, const struct binding_handlers *binding)
{
	size_t hosts = sessions->inventory->host_room + 1;

	LIST_INIT(&sessions->list);
	sessions->by_host = calloc(hosts, sizeof(struct session *));
	sessions->refusals = calloc(hosts, sizeof(*sessions->refusals));
	sessions->welcomed = calloc(hosts, sizeof(*sessions->welcomed));
	sessions->probes = probes_new(sessions);
	if (!sessions->by_host || !sessions->welcomed || !sessions->refusals || !sessions->probes)
		return -ENOMEM;
	return bindings_init(&sessions->bindings, sessions->base, sessions->store, binding);
}

void sessions_free(struct sessions *sessions)
{
	struct session *session;

	while ((session = LIST_FIRST(&sessions->list)))
		session_free(session);
	bindings_free(&sessions->bindings);
	spi_raises_free(sessions);
	probes_free(sessions->probes);
	free(sessions->refusals);
	free(sessions->welcomed);
	free(sessions->by_host);
}

void sessions_stop(struct sessions *sessions)
{
	struct session *session = LIST_FIRST(&sessions->list);

	while (session) {
		struct session *next = LIST_NEXT(session, entry);

		session_end(session, COVEY__REFUSAL_CODE__REFUSAL_SHUTDOWN,
			    "the key manager stops");
		session = next;
	}
}

void sessions_send_away(struct sessions *sessions)
{
	struct session *session = LIST_FIRST(&sessions->list);

	while (session) {
		struct session *next = LIST_NEXT(session, entry);

		session_send_away(session);
		session = next;
	}
}

bool sessions_are_flushed(const struct sessions *sessions)
{
	const struct session *session;

	LIST_FOREACH(session, &sessions->list, entry)
	{
		if (!channel_is_flushed(session->channel))
			return false;
	}
	return true;
}

static struct refusals *refusals_of(struct sessions *sessions, size_t host)
{
	struct refusals *refusals = &sessions->refusals[host];
	uint64_t now_ms = clock_ms();

	if (now_ms - refusals->since_ms >= COVEY_REFUSALS_SECONDS * UINT64_C(1000))
		*refusals = (struct refusals){.since_ms = now_ms};
	return refusals;
}

bool sessions_count_refusal(struct sessions *sessions, size_t host)
{
	return ++refusals_of(sessions, host)->count > COVEY_REFUSALS_MAX;
}

bool sessions_refused_too_often(struct sessions *sessions, size_t host)
{
	return refusals_of(sessions, host)->count > COVEY_REFUSALS_MAX;
}

struct served_group *sessions_find_group(const struct sessions *sessions, const char *name)
{
	const struct inventory_group *config = inventory_find_group(sessions->inventory, name);

	return config ? sessions->groups[config - sessions->inventory->groups] : NULL;
}

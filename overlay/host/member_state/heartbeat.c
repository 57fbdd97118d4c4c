/* SPDX-License-Identifier: BSD-3-Clause */

#include "heartbeat.h"

#include <errno.h>
#include <stdlib.h>

#include "state.h"

/* SaUse entries per message: at most 30 bytes each, so well below COVEY_MESSAGE_TO_GKM_MAX. */
#define USES_PER_MESSAGE 256

#define SAS_MAX ((size_t)COVEY_GROUPS_PER_HOST_MAX * COVEY_SAS_PER_GROUP_MAX)

static int send_uses(const struct member_state *state, Covey__SaUse **uses, size_t count)
{
	Covey__Heartbeat heartbeat = COVEY__HEARTBEAT__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	heartbeat.use = uses;
	heartbeat.n_use = count;
	message.body_case = COVEY__MESSAGE__BODY_HEARTBEAT;
	message.heartbeat = &heartbeat;
	return state->effects.send(state->effects.arg, &message);
}

/* Another instance could not make sense of an SA that it did not make. */
static bool is_current(const struct member_state *state, const struct dataplane_sa_status *status)
{
	struct membership *group = NULL;
	const struct held_sa *sa;

	if (status->group < COVEY_GROUPS_PER_HOST_MAX)
		group = state->groups[status->group];
	sa = group ? held_sa_find(group, status->spi) : NULL;
	return sa && sa->instance == state->instance;
}

static int send_all(const struct member_state *state, const struct dataplane_sa_status *sas,
		    size_t sa_count)
{
	Covey__SaUse uses[USES_PER_MESSAGE], *pointers[USES_PER_MESSAGE];
	size_t count = 0;
	int status;

	for (size_t i = 0; i < sa_count; i++) {
		if (!is_current(state, &sas[i]))
			continue;
		covey__sa_use__init(&uses[count]);
		uses[count].spi = sas[i].spi;
		uses[count].packets_sent = sas[i].packets_sent;
		uses[count].icv_failures = sas[i].icv_failures;
		pointers[count] = &uses[count];
		if (++count < USES_PER_MESSAGE)
			continue;
		status = send_uses(state, pointers, count);
		if (status)
			return status;
		count = 0;
	}
	/* One message at the least, for it is the sign of life. */
	return send_uses(state, pointers, count);
}

int heartbeat_send(const struct member_state *state, struct covey_error *error)
{
	struct dataplane_sa_status *sas = calloc(SAS_MAX, sizeof(*sas));
	size_t count;
	int status;

	if (!sas)
		return covey_error_set(error, -ENOMEM, "out of memory");
	count = state->effects.ops->read_sas(state->effects.dataplane, sas, SAS_MAX);
	status = send_all(state, sas, count < SAS_MAX ? count : SAS_MAX);
	free(sas);
	if (status)
		return covey_error_set(error, -EPROTO, "cannot queue Heartbeat");
	return 0;
}

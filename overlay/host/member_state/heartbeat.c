/* SPDX-License-Identifier: BSD-3-Clause */

#include "heartbeat.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "clear_reports.h"
#include "state.h"

#define SAS_MAX ((size_t)COVEY_GROUPS_PER_HOST_MAX * COVEY_SAS_PER_GROUP_MAX)

/*
 * The most that goes into one message. An entry without windows takes at most 71 bytes, and a
 * window takes 3 for its WindowID and 8 for its ESN.
 */
#define USES_PER_MESSAGE    64
#define WINDOWS_PER_MESSAGE COVEY_FLOORS_PER_SENDER_MAX
_Static_assert(USES_PER_MESSAGE * 71 + WINDOWS_PER_MESSAGE * 11 + 16 < COVEY_MESSAGE_TO_GKM_MAX,
	       "a Heartbeat fits");

struct batch {
	Covey__SaUse uses[USES_PER_MESSAGE];
	Covey__SaUse *pointers[USES_PER_MESSAGE];
	size_t count;
	uint32_t window_ids[WINDOWS_PER_MESSAGE];
	uint64_t esns[WINDOWS_PER_MESSAGE];
	size_t window_count;
	struct dataplane_window_status windows[COVEY_FLOORS_PER_SENDER_MAX];
	struct dataplane_sa_status sas[SAS_MAX];
	struct clear_reports clear;
};

static int flush(const struct member_state *state, struct batch *batch)
{
	Covey__Heartbeat heartbeat = COVEY__HEARTBEAT__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	heartbeat.use = batch->pointers;
	heartbeat.n_use = batch->count;
	message.body_case = COVEY__MESSAGE__BODY_HEARTBEAT;
	message.heartbeat = &heartbeat;
	batch->count = 0;
	batch->window_count = 0;
	return state->effects.send(state->effects.arg, &message);
}

/* Only while joined: something may be left of a membership that has ended. */
static bool receives(const struct membership *group)
{
	return group->state == MEMBERSHIP_JOINED && group->may_receive;
}

static bool listens(const struct member_state *state, const struct membership *group)
{
	const struct effects *effects = &state->effects;

	return receives(group) && effects->listens &&
	       effects->listens(effects->arg, group->vnis, group->vni_count);
}

/* Another GKM instance could not make sense of an SA that it has not made. */
static bool is_current(const struct member_state *state, const struct dataplane_sa_status *status)
{
	struct membership *group = NULL;
	const struct held_sa *sa;

	if (status->group < COVEY_GROUPS_PER_HOST_MAX)
		group = state->groups[status->group];
	sa = group ? held_sa_find(group, status->spi) : NULL;
	return sa && sa->instance == state->instance;
}

/* Said only once, because a sender's windows do not become fewer again. */
static void tell_of_windows(struct member_state *state, uint32_t spi, size_t count)
{
	if (state->told_of_windows)
		return;
	state->told_of_windows = true;
	effects_note(
		&state->effects, LOG_LEVEL_WARNING,
		"SPI %" PRIu32
		": %zu windows sent in, the GKM is told of %u: a host that joins the group without "
		"a rekey may accept replayed packets of the others; set fewer covey_paths",
		spi, count, COVEY_FLOORS_PER_SENDER_MAX);
}

static int by_window_id(const void *a, const void *b)
{
	const struct dataplane_window_status *left = a, *right = b;

	return (left->window_id > right->window_id) - (left->window_id < right->window_id);
}

static size_t read_windows(struct member_state *state, struct batch *batch, uint32_t spi)
{
	size_t count = state->effects.ops->read_sent(state->effects.dataplane, spi, batch->windows,
						     COVEY_FLOORS_PER_SENDER_MAX);

	if (count > COVEY_FLOORS_PER_SENDER_MAX) {
		tell_of_windows(state, spi, count);
		count = COVEY_FLOORS_PER_SENDER_MAX;
	}
	qsort(batch->windows, count, sizeof(batch->windows[0]), by_window_id);
	return count;
}

static void add_windows(struct batch *batch, Covey__SaUse *use, size_t count)
{
	use->window_ids = batch->window_ids + batch->window_count;
	use->esns = batch->esns + batch->window_count;
	use->n_window_ids = use->n_esns = count;
	for (size_t i = 0; i < count; i++) {
		use->window_ids[i] = batch->windows[i].window_id;
		use->esns[i] = batch->windows[i].esn;
	}
	batch->window_count += count;
}

static int add(struct member_state *state, struct batch *batch,
	       const struct dataplane_sa_status *sa)
{
	size_t windows = read_windows(state, batch, sa->spi);
	Covey__SaUse *use;
	int status = 0;

	if (batch->count == USES_PER_MESSAGE || batch->window_count + windows > WINDOWS_PER_MESSAGE)
		status = flush(state, batch);
	if (status)
		return status;
	use = &batch->uses[batch->count];
	covey__sa_use__init(use);
	use->spi = sa->spi;
	use->packets_sent = sa->packets_sent;
	use->icv_failures = sa->icv_failures;
	use->own_sender = sa->own_sender;
	use->multicast_received = sa->multicast_received;
	use->listens = listens(state, state->groups[sa->group]);
	use->packets_received = sa->packets_received;
	use->receives = receives(state->groups[sa->group]);
	add_windows(batch, use, windows);
	batch->pointers[batch->count++] = use;
	return 0;
}

static int send_all(struct member_state *state, struct batch *batch)
{
	size_t count = state->effects.ops->read_sas(state->effects.dataplane, batch->sas, SAS_MAX);

	for (size_t i = 0; i < count && i < SAS_MAX; i++) {
		int status = 0;

		if (is_current(state, &batch->sas[i]))
			status = add(state, batch, &batch->sas[i]);
		if (status)
			return status;
	}
	/* At least one message, because it is the sign of life. */
	return flush(state, batch);
}

static int send_one(const struct member_state *state, Covey__Heartbeat *heartbeat)
{
	Covey__Message message = COVEY__MESSAGE__INIT;

	message.body_case = COVEY__MESSAGE__BODY_HEARTBEAT;
	message.heartbeat = heartbeat;
	return state->effects.send(state->effects.arg, &message);
}

/* In messages of their own, because the others may be full. */
static int send_clear(const struct member_state *state, struct clear_reports *reports)
{
	Covey__Heartbeat clear = COVEY__HEARTBEAT__INIT;
	int status = 0;

	clear_reports_make(state, reports);
	clear.clear = reports->pointers;
	clear.n_clear = reports->count;
	if (clear.n_clear > 0)
		status = send_one(state, &clear);
	for (size_t i = 0; i < reports->more_count && status == 0; i += COVEY_CLEAR_MORE_MAX) {
		size_t left = reports->more_count - i;
		Covey__Heartbeat more = COVEY__HEARTBEAT__INIT;

		more.clear_more = &reports->more[i];
		more.n_clear_more = left < COVEY_CLEAR_MORE_MAX ? left : COVEY_CLEAR_MORE_MAX;
		status = send_one(state, &more);
	}
	return status;
}

int heartbeat_send(struct member_state *state, struct covey_error *error)
{
	struct batch *batch = calloc(1, sizeof(*batch));
	int status;

	if (!batch)
		return covey_error_set(error, -ENOMEM, "out of memory");
	/* What is in clear comes first: the other messages say that this is all of it. */
	status = send_clear(state, &batch->clear);
	if (status == 0)
		status = send_all(state, batch);
	free(batch);
	if (status)
		return covey_error_set(error, -EPROTO, "cannot queue Heartbeat");
	return 0;
}

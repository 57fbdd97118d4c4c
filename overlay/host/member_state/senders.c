/* SPDX-License-Identifier: BSD-3-Clause */

#include "senders.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "printable.h"

static void clear(struct senders *senders)
{
	for (size_t i = 0; i < senders->count; i++)
		free(senders->list[i].identity);
	senders->count = 0;
}

void senders_clear(struct senders *senders)
{
	clear(senders);
	free(senders->list);
	memset(senders, 0, sizeof(*senders));
}

void senders_reset(struct senders *senders)
{
	senders->begun = false;
	senders->complete = false;
}

static int compare(const void *a, const void *b)
{
	const struct sender *left = a, *right = b;

	return (int)left->entry.sender_id - (int)right->entry.sender_id;
}

/* Among the first `sorted` members; the rest are this message's new ones. */
static struct sender *find(const struct senders *senders, size_t sorted, uint16_t sender_id)
{
	struct sender key = {.entry.sender_id = sender_id};

	if (sorted == 0)
		return NULL;
	return bsearch(&key, senders->list, sorted, sizeof(key), compare);
}

static struct sender *append(struct senders *senders)
{
	size_t capacity = senders->capacity ? senders->capacity * 2 : 16;
	struct sender *list = senders->list;

	if (senders->count == senders->capacity) {
		list = reallocarray(list, capacity, sizeof(*list));
		if (!list)
			return NULL;
		senders->list = list;
		senders->capacity = capacity;
	}
	list[senders->count] = (struct sender){0};
	return &list[senders->count++];
}

static int parse_entry(const Covey__RosterEntry *message, struct covey_roster_entry *ret_entry,
		       struct covey_error *error)
{
	struct covey_roster_entry entry = {0};

	if (message->sender_id < COVEY_SENDER_ID_MIN || message->sender_id > COVEY_SENDER_ID_MAX)
		return covey_error_set(error, -EPROTO, "roster entry with SenderID %" PRIu32,
				       message->sender_id);
	if (message->epoch_floor > COVEY_EPOCH_MAX)
		return covey_error_set(error, -EPROTO,
				       "roster entry of SenderID %" PRIu32
				       " with epoch floor %" PRIu32,
				       message->sender_id, message->epoch_floor);
	if (message_addr_get(&message->vtep, &entry.vtep) != 0)
		return covey_error_set(error, -EPROTO,
				       "roster entry of SenderID %" PRIu32
				       " with a malformed VTEP address",
				       message->sender_id);
	if (strnlen(message->identity, COVEY_IDENTITY_MAX + 1) > COVEY_IDENTITY_MAX ||
	    !printable(message->identity))
		return covey_error_set(error, -EPROTO,
				       "roster entry of SenderID %" PRIu32
				       " with a malformed identity",
				       message->sender_id);
	entry.sender_id = (uint16_t)message->sender_id;
	entry.epoch_floor = (uint16_t)message->epoch_floor;
	*ret_entry = entry;
	return 0;
}

static int set_one(struct senders *senders, size_t sorted, const Covey__RosterEntry *message,
		   struct covey_error *error)
{
	struct covey_roster_entry entry;
	struct sender *member;
	char *identity;
	int status = parse_entry(message, &entry, error);

	if (status)
		return status;
	member = find(senders, sorted, entry.sender_id);
	if (!member && senders->count >= COVEY_ROSTER_MAX)
		return covey_error_set(error, -EPROTO, "roster of over %u entries",
				       COVEY_ROSTER_MAX);
	identity = strdup(message->identity);
	if (identity && !member)
		member = append(senders);
	if (!identity || !member) {
		free(identity);
		return covey_error_set(error, -ENOMEM, "out of memory");
	}
	free(member->identity);
	*member = (struct sender){.entry = entry, .identity = identity};
	return 0;
}

static int set_all(struct senders *senders, const Covey__Roster *message, struct covey_error *error)
{
	size_t sorted = senders->count;

	for (size_t i = 0; i < message->n_set; i++) {
		int status = set_one(senders, sorted, message->set[i], error);

		if (status)
			return status;
	}
	if (senders->count == sorted)
		return 0;
	qsort(senders->list, senders->count, sizeof(*senders->list), compare);
	for (size_t i = 1; i < senders->count; i++) {
		if (compare(&senders->list[i - 1], &senders->list[i]) == 0)
			return covey_error_set(error, -EPROTO, "roster with SenderID %u twice",
					       senders->list[i].entry.sender_id);
	}
	return 0;
}

/* A SenderID that is not there is none of our business: the GKM may name one that never sent. */
static void remove_all(struct senders *senders, const Covey__Roster *message)
{
	size_t kept = 0;

	if (message->n_removed == 0)
		return;
	for (size_t i = 0; i < message->n_removed; i++) {
		struct sender *member = NULL;

		if (message->removed[i] <= COVEY_SENDER_ID_MAX)
			member = find(senders, senders->count, (uint16_t)message->removed[i]);
		if (member) {
			free(member->identity);
			member->identity = NULL;
		}
	}
	for (size_t i = 0; i < senders->count; i++) {
		if (senders->list[i].identity)
			senders->list[kept++] = senders->list[i];
	}
	senders->count = kept;
}

static int check_generation(const struct senders *senders, const Covey__Roster *message,
			    struct covey_error *error)
{
	uint64_t expected = senders->complete ? senders->generation + 1 : senders->generation;

	if (message->full) {
		if (senders->begun && message->generation < senders->generation)
			return covey_error_set(error, -EPROTO,
					       "roster fell back from generation %" PRIu64
					       " to %" PRIu64,
					       senders->generation, message->generation);
		return 0;
	}
	if (!senders->begun)
		return covey_error_set(error, -EPROTO, "roster changes before a whole roster");
	if (message->generation != expected)
		return covey_error_set(error, -EPROTO,
				       "roster generation %" PRIu64 " where %" PRIu64
				       " was due: some changes are missing",
				       message->generation, expected);
	return 0;
}

int senders_update(struct senders *senders, const Covey__Roster *message, struct covey_error *error)
{
	int status = check_generation(senders, message, error);

	if (status)
		return status;
	if (message->n_set > COVEY_ROSTER_ENTRIES_PER_MESSAGE)
		return covey_error_set(error, -EPROTO, "roster message of %zu entries, over %u",
				       message->n_set, COVEY_ROSTER_ENTRIES_PER_MESSAGE);
	if (message->full)
		clear(senders);
	senders->complete = false;
	remove_all(senders, message);
	status = set_all(senders, message, error);
	if (status)
		return status;
	senders->begun = true;
	senders->generation = message->generation;
	senders->complete = !message->more;
	return 0;
}

struct covey_roster_entry *senders_entries(const struct senders *senders)
{
	struct covey_roster_entry *entries = calloc(senders->count + 1, sizeof(*entries));

	if (!entries)
		return NULL;
	for (size_t i = 0; i < senders->count; i++)
		entries[i] = senders->list[i].entry;
	return entries;
}

/* SPDX-License-Identifier: BSD-3-Clause */

#include "senders.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "roster_columns.h"

void senders_clear(struct senders *senders)
{
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

/* Search the first `sorted` members; the rest are the new ones of this message. */
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

static void assign(struct sender *sender, const struct roster_row *row)
{
	sender->entry = (struct covey_roster_entry){
		.sender_id = row->sender_id, .epoch_floor = row->epoch_floor, .vtep = row->vtep};
	memcpy(sender->host, row->host, row->host_len);
	sender->host[row->host_len] = '\0';
}

static int set_one(struct senders *senders, size_t sorted, const struct roster_row *row,
		   struct covey_error *error)
{
	struct sender *sender = find(senders, sorted, row->sender_id);

	if (!sender && senders->count >= COVEY_ROSTER_MAX)
		return covey_error_set(error, -EPROTO, "roster of over %u entries",
				       COVEY_ROSTER_MAX);
	if (!sender)
		sender = append(senders);
	if (!sender)
		return covey_error_set(error, -ENOMEM, "out of memory");
	assign(sender, row);
	return 0;
}

/* New members usually come by rising SenderID: then there is nothing to sort. */
static bool is_sorted(const struct senders *senders, size_t from)
{
	for (size_t i = from ? from : 1; i < senders->count; i++)
		if (compare(&senders->list[i - 1], &senders->list[i]) >= 0)
			return false;
	return true;
}

static int sort(struct senders *senders, size_t sorted, struct covey_error *error)
{
	if (is_sorted(senders, sorted))
		return 0;
	qsort(senders->list, senders->count, sizeof(*senders->list), compare);
	for (size_t i = 1; i < senders->count; i++) {
		if (compare(&senders->list[i - 1], &senders->list[i]) == 0)
			return covey_error_set(error, -EPROTO, "roster with SenderID %u twice",
					       senders->list[i].entry.sender_id);
	}
	return 0;
}

static int set_all(struct senders *senders, const Covey__Roster *message, struct covey_error *error)
{
	size_t sorted = senders->count;
	struct roster_reader reader;
	struct roster_row row;
	int status = roster_reader_init(&reader, message, error);

	while (status == 0) {
		status = roster_reader_next(&reader, &row, error);
		if (status <= 0)
			break;
		status = set_one(senders, sorted, &row, error);
	}
	return status ? status : sort(senders, sorted, error);
}

/* A SenderID that is not in the list is ignored: the GKM may name one that never sent. */
static void remove_all(struct senders *senders, const Covey__Roster *message)
{
	size_t kept = 0;

	if (message->n_removed == 0)
		return;
	for (size_t i = 0; i < message->n_removed; i++) {
		struct sender *sender = NULL;

		if (message->removed[i] <= COVEY_SENDER_ID_MAX)
			sender = find(senders, senders->count, (uint16_t)message->removed[i]);
		if (sender)
			sender->host[0] = '\0';
	}
	for (size_t i = 0; i < senders->count; i++) {
		if (senders->list[i].host[0])
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
	if (message->full)
		senders->count = 0;
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

/* SPDX-License-Identifier: BSD-3-Clause */
#include "roster.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Collects entries into parts. A part is handed over when the next entry does not fit any more. */
struct writer {
	struct roster_part part;
	void (*each)(const struct roster_part *part, void *arg);
	void *arg;
};

int roster_init(struct group_roster *roster, size_t seats)
{
	struct roster_entry *entries = calloc(seats ? seats : 1, sizeof(*entries));

	if (!entries)
		return -ENOMEM;
	*roster = (struct group_roster){.generation = 1, .entries = entries, .seats = seats};
	return 0;
}

int roster_add_seats(struct group_roster *roster, size_t seats)
{
	struct roster_entry *entries =
		reallocarray(roster->entries, roster->seats + seats, sizeof(*entries));

	if (!entries)
		return -ENOMEM;
	memset(&entries[roster->seats], 0, seats * sizeof(*entries));
	roster->entries = entries;
	roster->seats += seats;
	return 0;
}

void roster_free(struct group_roster *roster)
{
	free(roster->entries);
	roster->entries = NULL;
}

static void mark_removed(struct group_roster *roster, uint16_t sender_id)
{
	roster->removed[sender_id / 8] |= (uint8_t)(1u << (sender_id % 8));
	roster->changes++;
}

/* True when it was marked as removed: then the members still know the SenderID. */
static bool unmark_removed(struct group_roster *roster, uint16_t sender_id)
{
	uint8_t bit = (uint8_t)(1u << (sender_id % 8));

	if (!(roster->removed[sender_id / 8] & bit))
		return false;
	roster->removed[sender_id / 8] &= (uint8_t)~bit;
	roster->changes--;
	return true;
}

void roster_remove(struct group_roster *roster, size_t seat)
{
	struct roster_entry *entry = &roster->entries[seat];

	if (entry->sender_id == 0)
		return;
	if (entry->changed)
		roster->changes--;
	if (entry->published)
		mark_removed(roster, entry->sender_id);
	*entry = (struct roster_entry){0};
}

void roster_set(struct group_roster *roster, size_t seat, uint16_t sender_id, uint16_t epoch_floor,
		const struct covey_addr *vtep, const char *identity)
{
	struct roster_entry *entry = &roster->entries[seat];

	if (entry->sender_id != sender_id) {
		roster_remove(roster, seat);
		entry->published = unmark_removed(roster, sender_id);
	}
	if (epoch_floor > entry->epoch_floor)
		entry->epoch_floor = epoch_floor;
	entry->sender_id = sender_id;
	entry->vtep = *vtep;
	entry->identity = identity;
	if (!entry->changed)
		roster->changes++;
	entry->changed = true;
}

static void flush(struct writer *writer, bool more)
{
	writer->part.more = more;
	writer->each(&writer->part, writer->arg);
	writer->part.index++;
	writer->part.full = false;
	writer->part.set_count = 0;
	writer->part.removed_count = 0;
}

static void make_room(struct writer *writer)
{
	if (writer->part.set_count + writer->part.removed_count == COVEY_ROSTER_ENTRIES_PER_MESSAGE)
		flush(writer, true);
}

static void write_removed(struct writer *writer, const struct group_roster *roster)
{
	for (uint32_t id = COVEY_SENDER_ID_MIN; id <= COVEY_SENDER_ID_MAX; id++) {
		if (!(roster->removed[id / 8] & 1u << (id % 8))) {
			if (roster->removed[id / 8] == 0)
				id |= 7; /* skips the whole byte */
			continue;
		}
		make_room(writer);
		writer->part.removed[writer->part.removed_count++] = id;
	}
}

static void write_entries(struct writer *writer, const struct group_roster *roster,
			  bool only_changed)
{
	for (size_t i = 0; i < roster->seats; i++) {
		const struct roster_entry *entry = &roster->entries[i];

		if (entry->sender_id == 0 || (only_changed && !entry->changed))
			continue;
		make_room(writer);
		writer->part.set[writer->part.set_count++] = entry;
	}
}

bool roster_publish(struct group_roster *roster,
		    void (*each)(const struct roster_part *part, void *arg), void *arg)
{
	struct writer writer = {.each = each, .arg = arg};

	if (roster->changes == 0)
		return false;
	roster->generation++;
	writer.part.generation = roster->generation;
	write_removed(&writer, roster);
	write_entries(&writer, roster, true);
	flush(&writer, false);

	memset(roster->removed, 0, sizeof(roster->removed));
	for (size_t i = 0; i < roster->seats; i++) {
		roster->entries[i].changed = false;
		roster->entries[i].published = roster->entries[i].sender_id != 0;
	}
	roster->changes = 0;
	return true;
}

void roster_full(const struct group_roster *roster,
		 void (*each)(const struct roster_part *part, void *arg), void *arg)
{
	struct writer writer = {.each = each, .arg = arg};

	writer.part.generation = roster->generation;
	writer.part.whole = true;
	writer.part.full = true;
	write_entries(&writer, roster, false);
	flush(&writer, false);
}

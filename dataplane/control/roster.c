/* SPDX-License-Identifier: BSD-3-Clause */
#include <covey/limits.h>
#include <errno.h>
#include <roster.h>
#include <rte_common.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define HUGE_PAGE (2u << 20)

static int check(const struct covey_roster_entry *entries, size_t count, uint32_t *ret_size)
{
	uint32_t size = 0;

	if (count > COVEY_ROSTER_MAX)
		return -E2BIG;
	for (size_t i = 0; i < count; i++) {
		uint16_t family = entries[i].vtep.family;

		if (entries[i].sender_id < COVEY_SENDER_ID_MIN ||
		    entries[i].epoch_floor < COVEY_EPOCH_MIN ||
		    (family != AF_INET && family != AF_INET6))
			return -EINVAL;
		if (entries[i].sender_id >= size)
			size = entries[i].sender_id + 1u;
	}
	*ret_size = size;
	return 0;
}

static int add(struct roster *roster, struct keyring *keyring,
	       const struct covey_roster_entry *source, uint16_t floor)
{
	struct roster_entry *entry = &roster->entries[source->sender_id];

	if (entry->key)
		return -EINVAL;
	memcpy(entry->address, source->vtep.bytes, sizeof(entry->address));
	entry->family = source->vtep.family;
	entry->epoch_floor = source->epoch_floor > floor ? source->epoch_floor : floor;
	roster->count++;
	return keyring_add(keyring, source->sender_id, &entry->key);
}

/* Zeroed; a long roster in huge pages, as far as the system has them. */
static struct roster *allocate(uint32_t size)
{
	struct roster *roster;
	size_t bytes = sizeof(*roster) + size * sizeof(roster->entries[0]);
	size_t alignment = bytes < HUGE_PAGE / 2 ? RTE_CACHE_LINE_SIZE : HUGE_PAGE;

	bytes = RTE_ALIGN_CEIL(bytes, alignment);
	roster = aligned_alloc(alignment, bytes);
	if (!roster)
		return NULL;
	if (alignment == HUGE_PAGE)
		(void)madvise(roster, bytes, MADV_HUGEPAGE);
	memset(roster, 0, bytes);
	return roster;
}

int roster_new(struct keyring *keyring, const struct covey_roster_entry *entries, size_t count,
	       const uint16_t *floors, struct roster **ret_roster)
{
	struct roster *roster;
	uint32_t size;
	int error = check(entries, count, &size);

	if (error != 0)
		return error;
	roster = allocate(size);
	if (!roster)
		return -ENOMEM;
	keyring_expect(keyring, count);
	roster->size = size;
	for (size_t i = 0; i < count && error == 0; i++)
		error = add(roster, keyring, &entries[i], floors[entries[i].sender_id]);
	if (error != 0) {
		roster_free(roster);
		return error;
	}
	*ret_roster = roster;
	return 0;
}

void roster_free(struct roster *roster)
{
	free(roster);
}

void roster_raise_floors(const struct roster *roster, uint16_t *floors)
{
	for (uint32_t id = 0; id < roster->size; id++)
		if (roster->entries[id].key && roster->entries[id].epoch_floor > floors[id])
			floors[id] = roster->entries[id].epoch_floor;
}

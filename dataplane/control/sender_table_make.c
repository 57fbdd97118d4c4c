/* SPDX-License-Identifier: BSD-3-Clause */
#include "sender_table_make.h"
#include <covey/limits.h>
#include <errno.h>
#include <rte_common.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define HUGE_PAGE (2u << 20)

static int check(const struct covey_roster_entry *roster, size_t count, uint32_t *ret_size)
{
	uint32_t size = 0;

	if (count > COVEY_ROSTER_MAX)
		return -E2BIG;
	for (size_t i = 0; i < count; i++) {
		uint16_t family = roster[i].vtep.family;

		if (roster[i].sender_id < COVEY_SENDER_ID_MIN ||
		    roster[i].epoch_floor < COVEY_EPOCH_MIN ||
		    (family != AF_INET && family != AF_INET6))
			return -EINVAL;
		if (roster[i].sender_id >= size)
			size = roster[i].sender_id + 1u;
	}
	*ret_size = size;
	return 0;
}

static int add(struct sender_table *table, struct keyring *keyring,
	       const struct covey_roster_entry *entry, uint16_t epoch_floor)
{
	struct sender *sender = &table->senders[entry->sender_id];

	if (sender->key)
		return -EINVAL;
	memcpy(sender->address, entry->vtep.bytes, sizeof(sender->address));
	sender->family = entry->vtep.family;
	sender->epoch_floor = RTE_MAX(entry->epoch_floor, epoch_floor);
	return keyring_add(keyring, entry->sender_id, &sender->key);
}

/* Returns zeroed memory. A long table is in huge pages, if the system has them free. */
static struct sender_table *allocate(uint32_t size)
{
	struct sender_table *table;
	size_t bytes = sizeof(*table) + size * sizeof(table->senders[0]);
	size_t alignment = bytes < HUGE_PAGE / 2 ? RTE_CACHE_LINE_SIZE : HUGE_PAGE;

	bytes = RTE_ALIGN_CEIL(bytes, alignment);
	table = aligned_alloc(alignment, bytes);
	if (!table)
		return NULL;
	if (alignment == HUGE_PAGE)
		(void)madvise(table, bytes, MADV_HUGEPAGE);
	memset(table, 0, bytes);
	return table;
}

int sender_table_make(struct keyring *keyring, const struct covey_roster_entry *roster,
		      size_t count, const uint16_t *epoch_floors, struct sender_table **ret_table)
{
	struct sender_table *table;
	uint32_t size;
	int status = check(roster, count, &size);

	if (status != 0)
		return status;
	table = allocate(size);
	if (!table)
		return -ENOMEM;
	keyring_expect(keyring, count);
	table->size = size;
	for (size_t i = 0; i < count && status == 0; i++)
		status = add(table, keyring, &roster[i], epoch_floors[roster[i].sender_id]);
	if (status != 0) {
		sender_table_free(table);
		return status;
	}
	*ret_table = table;
	return 0;
}

void sender_table_free(struct sender_table *table)
{
	free(table);
}

void sender_table_raise_epoch_floors(const struct sender_table *table, uint16_t *epoch_floors)
{
	for (uint32_t id = 0; id < table->size; id++)
		if (table->senders[id].key && table->senders[id].epoch_floor > epoch_floors[id])
			epoch_floors[id] = table->senders[id].epoch_floor;
}

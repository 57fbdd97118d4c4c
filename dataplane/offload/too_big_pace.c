/* SPDX-License-Identifier: BSD-3-Clause */
#include "too_big_pace.h"

static struct too_big_vni *find_vni(struct too_big_pace *pace, const struct keyed_hash *secret,
				    uint32_t vni, uint64_t now_ms)
{
	uint32_t hash = keyed_hash(secret, (const uint8_t *)&vni, sizeof(vni));
	struct too_big_vni *set = pace->vnis[hash % TOO_BIG_SETS], *found = set;

	for (struct too_big_vni *place = set; place < set + TOO_BIG_WAYS; place++) {
		if (place->vni_plus_1 == vni + 1) {
			found = place;
			break;
		}
		if (place->asked_ms < found->asked_ms)
			found = place;
	}
	if (found->vni_plus_1 != vni + 1)
		*found = (struct too_big_vni){.vni_plus_1 = vni + 1};
	found->asked_ms = now_ms;
	return found;
}

bool too_big_pace_take(struct too_big_pace *pace, const struct keyed_hash *secret, uint32_t vni,
		       const uint8_t address[16], uint64_t now_ms)
{
	struct too_big_vni *of_vni = find_vni(pace, secret, vni, now_ms);
	unsigned sender = keyed_hash(secret, address, 16) % TOO_BIG_SENDERS;
	uint64_t *since = &of_vni->since_ms[sender];
	uint8_t *used = &of_vni->used[sender];
	uint64_t refills = (now_ms - *since) / TOO_BIG_REFILL_MS;

	*used = refills >= *used ? 0 : (uint8_t)(*used - refills);
	*since = *used ? *since + refills * TOO_BIG_REFILL_MS : now_ms;
	if (*used == TOO_BIG_BURST)
		return false;
	++*used;
	return true;
}

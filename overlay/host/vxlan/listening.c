/* SPDX-License-Identifier: BSD-3-Clause */

#include "listening.h"

#include <clock.h>
#include <net/if.h>
#include <stdlib.h>

#include "uplinks.h"
#include "vxlan_devices.h"

#define FRESH_MS 1000

/* By index. */
struct places {
	unsigned list[1 + COVEY_UPLINKS_MAX];
	size_t count;
};

static void find_places(const struct listening_place *place, struct places *ret_places)
{
	struct uplink uplinks[COVEY_UPLINKS_MAX];
	size_t count = place->uplinks ? uplinks_find(place->uplinks, uplinks) : 0;

	ret_places->list[0] = if_nametoindex(place->host_interface);
	for (size_t i = 0; i < count; i++)
		ret_places->list[1 + i] = uplinks[i].index;
	ret_places->count = 1 + count;
}

static bool is_among(const struct places *places, unsigned index)
{
	for (size_t i = 0; i < places->count; i++)
		if (index != 0 && places->list[i] == index)
			return true;
	return false;
}

/* True when it wants a multicast group's packets from there. */
static bool listens(const struct vxlan_device *device, const struct places *places, uint16_t port)
{
	return device->up && device->port == port && is_among(places, device->under) &&
	       covey_addr_is_multicast(&device->remote);
}

static int by_number(const void *a, const void *b)
{
	const uint32_t *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

static void take(struct listening *listening, const struct vxlan_devices *devices,
		 const struct places *places, uint16_t port)
{
	free(listening->vnis);
	listening->vnis = calloc(devices->count ? devices->count : 1, sizeof(*listening->vnis));
	if (!listening->vnis)
		return;
	for (size_t i = 0; i < devices->count && listening->count < LISTENING_MAX; i++) {
		const struct vxlan_device *device = &devices->list[i];

		if (listens(device, places, port))
			listening->vnis[listening->count++] = device->vni;
	}
	if (listening->count)
		qsort(listening->vnis, listening->count, sizeof(*listening->vnis), by_number);
}

static void refresh(struct listening *listening, const struct listening_place *place)
{
	struct vxlan_devices devices;
	uint64_t now = clock_ms();
	struct places places;

	if (listening->read_at && now - listening->read_at < FRESH_MS)
		return;
	listening->read_at = now;
	listening->count = 0;
	if (vxlan_devices_list(&devices, NULL))
		return;
	find_places(place, &places);
	take(listening, &devices, &places, place->vxlan_port);
	vxlan_devices_free(&devices);
}

bool listening_to(struct listening *listening, const struct listening_place *place,
		  const uint32_t *vnis, size_t count)
{
	refresh(listening, place);
	for (size_t i = 0; i < count; i++)
		if (listening->count == 0 || !bsearch(&vnis[i], listening->vnis, listening->count,
						      sizeof(vnis[i]), by_number))
			return false;
	return count > 0;
}

void listening_clear(struct listening *listening)
{
	free(listening->vnis);
	*listening = (struct listening){0};
}

/* SPDX-License-Identifier: BSD-3-Clause */

#include "listening.h"

#include <clock.h>
#include <net/if.h>
#include <stdlib.h>

#include "vxlan_devices.h"

#define FRESH_MS 1000

/* True when it wants a multicast group's packets from this interface. */
static bool listens(const struct vxlan_device *device, unsigned interface, uint16_t port)
{
	return device->up && device->under == interface && device->port == port &&
	       covey_addr_is_multicast(&device->remote);
}

static int by_number(const void *a, const void *b)
{
	const uint32_t *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

static void take(struct listening *listening, const struct vxlan_devices *devices,
		 unsigned interface, uint16_t port)
{
	free(listening->vnis);
	listening->vnis = calloc(devices->count ? devices->count : 1, sizeof(*listening->vnis));
	if (!listening->vnis)
		return;
	for (size_t i = 0; i < devices->count && listening->count < LISTENING_MAX; i++) {
		const struct vxlan_device *device = &devices->list[i];

		if (listens(device, interface, port))
			listening->vnis[listening->count++] = device->vni;
	}
	if (listening->count)
		qsort(listening->vnis, listening->count, sizeof(*listening->vnis), by_number);
}

static void refresh(struct listening *listening, const char *name, uint16_t port)
{
	unsigned interface = if_nametoindex(name);
	struct vxlan_devices devices;
	uint64_t now = clock_ms();

	if (listening->read_at && now - listening->read_at < FRESH_MS)
		return;
	listening->read_at = now;
	listening->count = 0;
	if (!interface || vxlan_devices_list(&devices, NULL))
		return;
	take(listening, &devices, interface, port);
	vxlan_devices_free(&devices);
}

bool listening_to(struct listening *listening, const char *interface, uint16_t vxlan_port,
		  const uint32_t *vnis, size_t count)
{
	refresh(listening, interface, vxlan_port);
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

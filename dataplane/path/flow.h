/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* The window in which a packet is sent (docs/protocol.md, section 2.3): its class comes from the
 * DSCP, its cast from the destination (unicast or multicast), and one of the worker's paths from
 * the flow. */

#include "engine.h"
#include "recognise.h"
#include <covey/wire.h>

/* A well-mixed number that is the same for all packets of a flow. It spreads flows over paths. Its
 * upper bits are mixed best. */
static __rte_always_inline uint64_t flow_hash(const uint8_t *destination, uint8_t address_len,
					      const struct vxlan *vxlan, bool multicast)
{
	uint64_t hash = vxlan->source_port;
	uint32_t group;

	if (multicast) {
		memcpy(&group, destination + address_len - sizeof(group), sizeof(group));
		hash |= (uint64_t)group << 32;
		hash ^= (uint64_t)vxlan->vni << 16;
		hash ^= hash >> 29;
	}
	return hash * UINT64_C(0x9e3779b97f4a7c15);
}

static __rte_always_inline uint16_t flow_window(const struct engine_worker *worker,
						const uint8_t *ip, const struct vxlan *vxlan,
						bool ipv6)
{
	const struct dataplane_config *config = &worker->engine->config;
	const uint8_t *destination = ip + (ipv6 ? 24 : 16);
	bool multicast = ipv6 ? *destination == 0xff : (*destination & 0xf0) == 0xe0;
	uint8_t traffic_class = ipv6 ? (uint8_t)(ip[0] << 4 | ip[1] >> 4) : ip[1];
	uint64_t hash = flow_hash(destination, ipv6 ? 16 : 4, vxlan, multicast) >> 32;

	return covey_window_id(config->class_by_dscp[traffic_class >> 2], multicast,
			       worker->path_base + (unsigned)(hash * config->paths >> 32));
}

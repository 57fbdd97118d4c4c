/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What this host can do for its groups' traffic, and until when. That depends on the SAs that the
 * host holds; a session only brings the next ones.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct host;
struct membership;

/* Does an interface have the VTEP address, as far as this host's kernel can be asked? */
bool health_has_vtep(const struct host *host);
/* Is there an uplink, where the kernel keeps its interfaces? */
bool health_has_uplink(const struct host *host);
/* Does the host want to be in this group? group may be NULL. A refusal of the GKM is a problem, but
 * not one of this host. */
bool health_wants(const struct membership *group);

/*
 * True when the host forwards, its VTEP address and an uplink are there, the guard is up and VXLAN
 * devices are served, as of the last look, it is in a group, and it has a key to send with in each
 * group that it wants to be in and is not refused.
 */
bool health_is_ready(const struct host *host);

/* Add to a group's JSON object whether the host sends and receives in it, and for how long. now:
 * ms. */
void health_show_group(json_t *object, const struct membership *group, uint64_t now);

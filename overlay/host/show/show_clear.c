/* SPDX-License-Identifier: BSD-3-Clause */

#include "show_clear.h"

#include <dataplane.h>
#include <stdlib.h>

/* As many as one worker's table has room for. */
#define HEARD_MAX 1024

static json_t *show_heard_one(const struct dataplane_heard *heard)
{
	char peer[COVEY_ADDR_STRLEN];

	covey_addr_format(&heard->peer, peer);
	return json_pack("{s:I, s:s, s:s, s:I, s:I, s:s?, s:I}", "vni", (json_int_t)heard->vni,
			 "peer", peer, "direction", heard->outbound ? "out" : "in", "packets",
			 (json_int_t)heard->packets, "would_drop", (json_int_t)heard->would_drop,
			 "reason",
			 heard->reason < COVEY_DROP_COUNT ? covey_drop_names[heard->reason] : NULL,
			 "ago_s", (json_int_t)heard->seen_ms / 1000);
}

static json_t *show_heard(const struct dataplane *dataplane)
{
	struct dataplane_heard *list = calloc(HEARD_MAX, sizeof(*list));
	json_t *array = json_array();
	size_t count;

	if (!list || !array) {
		free(list);
		json_decref(array);
		return NULL;
	}
	count = dataplane_read_heard(dataplane, list, HEARD_MAX);
	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, show_heard_one(&list[i]));
	free(list);
	return array;
}

static json_t *show_would_drop(const struct dataplane_counters *counters)
{
	json_t *object = json_object();

	for (size_t i = 0; i < COVEY_DROP_COUNT; i++)
		if (counters->would_drop[i] > 0)
			json_object_set_new(object, covey_drop_names[i],
					    json_integer((json_int_t)counters->would_drop[i]));
	return object;
}

json_t *show_clear(const struct dataplane *dataplane)
{
	struct dataplane_counters counters;

	dataplane_read_counters(dataplane, &counters);
	return json_pack("{s:I, s:I, s:I, s:o, s:o}", "out", (json_int_t)counters.clear_out, "in",
			 (json_int_t)counters.clear_in, "unheard", (json_int_t)counters.unheard,
			 "would_drop", show_would_drop(&counters), "heard", show_heard(dataplane));
}

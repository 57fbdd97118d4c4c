/* SPDX-License-Identifier: BSD-3-Clause */

#include "show_clear.h"

#include <covey/limits.h>
#include <dataplane.h>
#include <errno.h>
#include <stdlib.h>

#include "guard_heard.h"
#include "guard_watch.h"
#include "printable.h"

/* As many as one worker's table has room for. */
#define HEARD_MAX 1024
/* Both directions, and both versions of IP. */
#define GUARD_HEARD_MAX (4 * COVEY_GUARD_HEARD_MAX)

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

/* Where the kernel keeps its interfaces. What comes in so is what a group that enforces drops; what
 * leaves so would be encrypted. */
static json_t *show_guard_heard_one(const struct guard_heard *heard)
{
	char peer[COVEY_ADDR_STRLEN];
	json_int_t packets = heard->packets < INT64_MAX ? (json_int_t)heard->packets : INT64_MAX;

	covey_addr_format(&heard->address, peer);
	return json_pack("{s:I, s:s, s:s, s:I, s:I, s:s?, s:I}", "vni", (json_int_t)heard->vni,
			 "peer", peer, "direction", heard->out ? "out" : "in", "packets", packets,
			 "would_drop", heard->out ? 0 : packets, "reason",
			 heard->out ? NULL : "guard", "ago_s", (json_int_t)heard->ago_s);
}

/* False: the guard cannot be asked, and error says why. */
static bool add_guard_heard(const struct guard_watch *guard, json_t *array,
			    struct covey_error *error)
{
	struct guard_heard *list = calloc(GUARD_HEARD_MAX, sizeof(*list));
	struct guard_status guarded;
	size_t count = 0;
	int status;

	guard_watch_last(guard, &guarded);
	if (!list)
		status = covey_error_set(error, -ENOMEM, "out of memory");
	else if (guarded.off)
		status = covey_error_set(error, -ENOENT, "the guard is off");
	else
		status = guard_watch_read_heard(guard, list, GUARD_HEARD_MAX, &count, error);
	for (size_t i = 0; status == 0 && i < count && i < GUARD_HEARD_MAX; i++)
		json_array_append_new(array, show_guard_heard_one(&list[i]));
	free(list);
	return status == 0;
}

/* It has the words of other programs, and JSON takes no others than UTF-8. */
static json_t *show_error(struct covey_error *error)
{
	for (char *at = error->text; *at; at++)
		if (!printable_char(*at))
			*at = '?';
	return json_string(error->text);
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

json_t *show_clear(const struct dataplane *dataplane, const struct guard_watch *guard)
{
	struct dataplane_counters counters;
	json_t *heard = show_heard(dataplane);
	struct covey_error error;
	bool known = true;

	if (guard && heard)
		known = add_guard_heard(guard, heard, &error);
	dataplane_read_counters(dataplane, &counters);
	return json_pack("{s:I, s:I, s:I, s:o, s:o, s:b, s:o}", "out",
			 (json_int_t)counters.clear_out, "in", (json_int_t)counters.clear_in,
			 "unheard", (json_int_t)counters.unheard, "would_drop",
			 show_would_drop(&counters), "heard", heard, "by_guard", guard != NULL,
			 "heard_error", known ? json_null() : show_error(&error));
}

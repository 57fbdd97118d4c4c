/* SPDX-License-Identifier: BSD-3-Clause */

#include "guard_looks.h"

#include <clock.h>
#include <errno.h>
#include <inventory.h>
#include <log.h>
#include <stdlib.h>
#include <string.h>

#include "device_marks.h"
#include "guard_clear.h"
#include "guard_config.h"
#include "guard_deadlines.h"
#include "guard_watch.h"
#include "link_burst.h"
#include "vxlan_devices.h"

/* How often to see whether covey-host still runs, what the guard lets in, and, as long as that is
 * something, whether somebody has changed the table. */
#define LOOK_MS 1000u

struct guard_looks {
	struct guard_deadlines_config config;
	struct guard_local local;
	struct guard_vnis accepted;
	struct device_marks marks;
	struct vxlan_devices devices;
	const struct guard_watch *watch; /* NULL: none yet */
	struct link_burst *links;
	struct event *timer;
	struct covey_error said; /* what was logged last, and is still so; empty: nothing */
};

static bool is_same(const struct vxlan_devices *a, const struct vxlan_devices *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (a->list[i].index != b->list[i].index || a->list[i].vni != b->list[i].vni ||
		    strcmp(a->list[i].name, b->list[i].name) != 0)
			return false;
	return true;
}

/* What holds a port for covey-host delivers to nobody. */
static void leave_out_holders(struct vxlan_devices *devices)
{
	size_t count = 0;

	for (size_t i = 0; i < devices->count; i++)
		if (!devices->list[i].holder)
			devices->list[count++] = devices->list[i];
	devices->count = count;
}

static int keep(struct guard_looks *looks, struct covey_error *error)
{
	struct vxlan_devices devices;
	int status;

	if (guard_deadlines_host_runs(looks->config.socket)) {
		device_marks_forget(&looks->marks);
		return 0;
	}
	status = vxlan_devices_list_all(&devices, error);
	if (status)
		return status;
	leave_out_holders(&devices);
	if (!is_same(&devices, &looks->devices))
		device_marks_forget(&looks->marks);
	vxlan_devices_free(&looks->devices);
	looks->devices = devices;
	return device_marks_keep(&looks->marks, &looks->devices, clock_ms(), error);
}

static int take(struct guard_looks *looks, const struct guard_vnis *accepted,
		struct covey_error *error)
{
	struct guard_vnis other;

	if (guard_vnis_same(accepted, &looks->accepted))
		return 0;
	if (guard_vnis_copy(accepted, &other))
		return covey_error_set(error, -ENOMEM, "out of memory");
	free(looks->accepted.list);
	looks->accepted = other;
	device_marks_forget(&looks->marks);
	return 0;
}

int guard_looks_set(struct guard_looks *looks, const struct guard_vnis *accepted,
		    struct covey_error *error)
{
	int status = take(looks, accepted, error);

	return status ? status : keep(looks, error);
}

/* --- from now on ------------------------------------------------------------------------------ */

/* By what the guard lets in now. If it was switched off, nothing is held back. */
static int look(struct guard_looks *looks, struct covey_error *error)
{
	struct guard_status guard;

	if (!looks->watch)
		return keep(looks, error);
	guard_watch_last(looks->watch, &guard);
	if (guard.off) {
		device_marks_forget(&looks->marks);
		return 0;
	}
	return guard_looks_set(looks, &guard.clear->accepted, error);
}

static void on_moved(void *arg)
{
	struct guard_looks *looks = arg;
	struct covey_error error = {.text = ""};

	if (look(looks, &error) && strcmp(looks->said.text, error.text) != 0)
		log_error("guard: %s; trying again, and until then a packet of several datagrams "
			  "may bring in VXLAN in clear",
			  error.text);
	looks->said = error;
}

static void on_time(evutil_socket_t fd, short events, void *arg)
{
	const struct timeval rest = {.tv_sec = LOOK_MS / 1000};
	struct guard_looks *looks = arg;

	if (looks->accepted.count)
		device_marks_doubt(&looks->marks, NULL);
	on_moved(looks);
	event_add(looks->timer, &rest);
}

void guard_looks_follow(struct guard_looks *looks, const struct guard_watch *watch)
{
	looks->watch = watch;
	on_time(-1, 0, looks);
}

static void begin(struct guard_looks *looks, const struct guard_deadlines_config *config)
{
	looks->config = *config;
	looks->local = guard_config_of(config->inventory, config->self, false).local;
	device_marks_init(&looks->marks, &looks->local, &looks->accepted);
}

static void end(struct guard_looks *looks)
{
	device_marks_end(&looks->marks);
	vxlan_devices_free(&looks->devices);
	free(looks->accepted.list);
}

int guard_looks_once(const struct guard_deadlines_config *config, const struct guard_vnis *accepted,
		     struct covey_error *error)
{
	struct guard_looks looks = {.watch = NULL};
	int status;

	begin(&looks, config);
	status = guard_looks_set(&looks, accepted, error);
	end(&looks);
	return status;
}

int guard_looks_new(struct event_base *base, const struct guard_deadlines_config *config,
		    struct guard_looks **ret_looks, struct covey_error *error)
{
	struct guard_looks *looks = calloc(1, sizeof(*looks));
	int status;

	if (!looks)
		return covey_error_set(error, -ENOMEM, "out of memory");
	begin(looks, config);
	looks->timer = evtimer_new(base, on_time, looks);
	status = looks->timer ? link_burst_new(base, on_moved, NULL, looks, &looks->links, error)
			      : covey_error_set(error, -ENOMEM, "out of memory");
	if (status) {
		guard_looks_free(looks);
		return status;
	}
	*ret_looks = looks;
	return 0;
}

void guard_looks_free(struct guard_looks *looks)
{
	if (!looks)
		return;
	link_burst_free(looks->links);
	if (looks->timer)
		event_free(looks->timer);
	end(looks);
	free(looks);
}

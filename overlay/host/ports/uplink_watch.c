/* SPDX-License-Identifier: BSD-3-Clause */

#include "uplink_watch.h"

#include <errno.h>
#include <inventory.h>
#include <link.h>
#include <link_burst.h>
#include <route_watch.h>
#include <stdlib.h>
#include <uplinks.h>

/* Of an uplink at the last look. */
struct carrier_seen {
	unsigned index;
	uint32_t changes;
	bool running;
};

struct uplink_watch {
	const struct inventory *inventory;
	const struct inventory_host *host;
	uint16_t mtu;
	const struct uplink_watch_handlers *handlers;
	void *arg;
	struct link_burst *links;
	struct route_watch *routes;
	struct carrier_seen seen[COVEY_UPLINKS_MAX];
	size_t seen_count;
};

/* Those of the host that exist, as they are now. */
struct uplinks_now {
	struct uplink list[COVEY_UPLINKS_MAX];
	struct link_info links[COVEY_UPLINKS_MAX];
	size_t count;
};

static void find_now(const struct inventory *inventory, const struct inventory_host *host,
		     struct uplinks_now *ret_now)
{
	const struct uplinks_wanted wanted = uplinks_wanted_of(inventory, host);
	struct uplink uplinks[COVEY_UPLINKS_MAX];
	size_t count = uplinks_find(&wanted, uplinks);

	ret_now->count = 0;
	for (size_t i = 0; i < count; i++) {
		if (link_get_index(uplinks[i].index, &ret_now->links[ret_now->count], NULL) != 0)
			continue;
		ret_now->list[ret_now->count++] = uplinks[i];
	}
}

static struct uplinks_mtu mtu_of(const struct uplinks_now *now, const struct inventory_host *host)
{
	struct uplinks_mtu mtu = {0};

	for (size_t i = 0; i < now->count; i++) {
		uint16_t its = now->links[i].mtu;

		if (now->list[i].by_default)
			continue;
		if (mtu.smallest == 0 || its < mtu.smallest)
			mtu.smallest = its;
		if (its > mtu.largest)
			mtu.largest = its;
	}
	mtu.smallest = inventory_limit_mtu(host, mtu.smallest);
	return mtu;
}

struct uplinks_mtu uplinks_mtu(const struct inventory *inventory, const struct inventory_host *host)
{
	struct uplinks_now now;

	find_now(inventory, host, &now);
	return mtu_of(&now, host);
}

/* --- carriers -------------------------------------------------------------------------------- */

static bool has_come_up(const struct uplink_watch *watch, const struct link_info *link)
{
	if (!link->running)
		return false;
	for (size_t i = 0; i < watch->seen_count; i++)
		if (watch->seen[i].index == link->index)
			return !watch->seen[i].running ||
			       watch->seen[i].changes != link->carrier_changes;
	return true;
}

/* Events may be late, and two may come as one: a carrier may have gone and come back since the last
 * look. The kernel counts how often it does. True when one has come back. */
static bool see_carriers(struct uplink_watch *watch, const struct uplinks_now *now)
{
	bool up = false;

	for (size_t i = 0; i < now->count; i++)
		up |= has_come_up(watch, &now->links[i]);
	for (size_t i = 0; i < now->count; i++)
		watch->seen[i] = (struct carrier_seen){
			now->links[i].index, now->links[i].carrier_changes, now->links[i].running};
	watch->seen_count = now->count;
	return up;
}

/* --- looking --------------------------------------------------------------------------------- */

static void look_at_mtu(struct uplink_watch *watch, const struct uplinks_now *now)
{
	uint16_t mtu = mtu_of(now, watch->host).smallest;

	if (mtu == 0 || mtu == watch->mtu)
		return;
	watch->mtu = mtu;
	watch->handlers->changed(mtu, watch->arg);
}

static void look(struct uplink_watch *watch)
{
	struct uplinks_now now;

	find_now(watch->inventory, watch->host, &now);
	if (see_carriers(watch, &now))
		watch->handlers->up(watch->arg);
	look_at_mtu(watch, &now);
}

static void on_changed(void *arg)
{
	look(arg);
}

int uplink_watch_new(struct event_base *base, const struct inventory *inventory,
		     const struct inventory_host *host, uint16_t mtu,
		     const struct uplink_watch_handlers *handlers, void *arg,
		     struct uplink_watch **ret_watch, struct covey_error *error)
{
	struct uplink_watch *watch = calloc(1, sizeof(*watch));
	int status;

	if (!watch)
		return covey_error_set(error, -ENOMEM, "out of memory");
	*watch = (struct uplink_watch){
		.inventory = inventory, .host = host, .mtu = mtu, .handlers = handlers, .arg = arg};
	status = link_burst_new(base, on_changed, NULL, watch, &watch->links, error);
	if (status == 0 && host->uplink_count == 0)
		status = route_watch_new(base, on_changed, watch, &watch->routes, error);
	if (status) {
		uplink_watch_free(watch);
		return status;
	}
	look(watch); /* it may have changed since the ports were opened */
	*ret_watch = watch;
	return 0;
}

void uplink_watch_free(struct uplink_watch *watch)
{
	if (!watch)
		return;
	route_watch_free(watch->routes);
	link_burst_free(watch->links);
	free(watch);
}

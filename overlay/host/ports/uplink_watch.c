/* SPDX-License-Identifier: BSD-3-Clause */

#include "uplink_watch.h"

#include <errno.h>
#include <inventory.h>
#include <link.h>
#include <link_burst.h>
#include <route_watch.h>
#include <stdlib.h>
#include <uplinks.h>

struct uplink_watch {
	const struct inventory *inventory;
	const struct inventory_host *host;
	uint16_t mtu;
	void (*changed)(uint16_t mtu, void *arg);
	void *arg;
	struct link_burst *links;
	struct route_watch *routes;
};

struct uplinks_mtu uplinks_mtu(const struct inventory *inventory, const struct inventory_host *host)
{
	const struct uplinks_wanted wanted = uplinks_wanted_of(inventory, host);
	struct uplink uplinks[COVEY_UPLINKS_MAX];
	size_t count = uplinks_find(&wanted, uplinks);
	struct uplinks_mtu mtu = {0};

	for (size_t i = 0; i < count; i++) {
		struct link_info link;

		if (uplinks[i].by_default || link_get_index(uplinks[i].index, &link, NULL) != 0)
			continue;
		if (mtu.smallest == 0 || link.mtu < mtu.smallest)
			mtu.smallest = link.mtu;
		if (link.mtu > mtu.largest)
			mtu.largest = link.mtu;
	}
	mtu.smallest = inventory_limit_mtu(host, mtu.smallest);
	return mtu;
}

static void look(struct uplink_watch *watch)
{
	uint16_t mtu = uplinks_mtu(watch->inventory, watch->host).smallest;

	if (mtu == 0 || mtu == watch->mtu)
		return;
	watch->mtu = mtu;
	watch->changed(mtu, watch->arg);
}

static void on_changed(void *arg)
{
	look(arg);
}

int uplink_watch_new(struct event_base *base, const struct inventory *inventory,
		     const struct inventory_host *host, uint16_t mtu,
		     void (*changed)(uint16_t mtu, void *arg), void *arg,
		     struct uplink_watch **ret_watch, struct covey_error *error)
{
	struct uplink_watch *watch = calloc(1, sizeof(*watch));
	int status;

	if (!watch)
		return covey_error_set(error, -ENOMEM, "out of memory");
	*watch = (struct uplink_watch){
		.inventory = inventory, .host = host, .mtu = mtu, .changed = changed, .arg = arg};
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

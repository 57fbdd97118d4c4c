/* SPDX-License-Identifier: BSD-3-Clause */

#include "protection.h"

#include <errno.h>
#include <inventory.h>
#include <log.h>
#include <net/if.h>
#include <stdlib.h>

#include "foreign_vxlan.h"
#include "guard_config.h"
#include "guard_watch.h"
#include "vxlan_watch.h"

struct protection {
	struct event_base *base;
	const struct inventory *inventory;
	const struct inventory_host *self;
	struct guard_watch *guard;
	struct foreign_vxlan_watch *foreign;
	struct vxlan_watch *vxlans;
	const struct group_joins_handlers *joins; /* NULL: nobody */
	uint16_t mtu;                             /* with joins */
	uint16_t left_out; /* a foreign port for which the guard has no room; 0: none */
};

/* From here on the guard is read back, and put back if it was changed. */
static int raise_guard(struct protection *protection, const struct guard_clear *clear,
		       struct covey_error *error)
{
	const struct inventory_host *self = protection->self;
	struct guard_watch_config config = {
		.base = protection->base,
		.given = guard_interface_of(self),
		.guard = guard_config_of(protection->inventory, self,
					 self->fabric_port == FABRIC_PORT_AF_PACKET),
	};
	struct guard_status guard;
	int status;

	if (clear)
		config.guard.steer.clear = *clear;
	if (!self->fabric_interface && self->fabric_port != FABRIC_PORT_KERNEL)
		log_notice("the guard protects only against programs on this host: the kernel does "
			   "not drive the fabric port");
	status = guard_config_add_standing(protection->inventory, self, &config.guard, error);
	if (status == 0)
		status = guard_watch_new(&config, &protection->guard, error);
	if (status)
		return status;
	guard_watch_read(protection->guard, &guard);
	return guard_accept(self, guard.present, guard.weaker, error);
}

static void on_foreign(const struct foreign_vxlan_watch *watch, void *arg)
{
	struct protection *protection = arg;
	uint16_t ports[GUARD_FOREIGN_MAX];
	uint16_t left_out;
	size_t count = guard_foreign_ports(protection->inventory, protection->self,
					   foreign_vxlan_ports(watch), ports, &left_out);

	if (left_out && left_out != protection->left_out)
		log_warning("VXLAN and Geneve devices of this host use so many UDP ports that the "
			    "guard does not know port %u and perhaps others: what goes there is "
			    "not held back. Give the devices fewer ports, no more than %d",
			    left_out, GUARD_FOREIGN_MAX);
	protection->left_out = left_out;
	guard_watch_set_foreign(protection->guard, ports, count);
}

static int watch_foreign(struct protection *protection, struct covey_error *error)
{
	const struct inventory_host *self = protection->self;
	struct foreign_vxlan_config config = {
		.base = protection->base,
		.uplinks = uplinks_wanted_of(protection->inventory, self),
		.port = protection->inventory->vxlan_port,
		.drops = self->foreign_vxlan == FOREIGN_VXLAN_DROP,
		.passes = self->foreign_vxlan == FOREIGN_VXLAN_PASS,
		.changed = on_foreign,
		.arg = protection,
	};

	config.tunnel_count = inventory_tunnels(protection->inventory, config.tunnels);
	return foreign_vxlan_watch_new(&config, &protection->foreign, error);
}

static int deliver(const struct guard_ports *held, void *arg, struct covey_error *error)
{
	const struct protection *protection = arg;

	return guard_watch_set_ports_held(protection->guard, held, error);
}

/* Before the first packet is decrypted. */
static int watch_vxlans(struct protection *protection, struct covey_error *error)
{
	struct guard_status guard;
	struct vxlan_watch_config config = {
		.base = protection->base,
		.local = guard_config_of(protection->inventory, protection->self, false).local,
		.port = protection->inventory->vxlan_port,
		.family = protection->self->vtep.family,
		.free_vni = inventory_free_vni(protection->inventory),
		.joins = protection->joins,
		.mtu = protection->mtu,
		.deliver = deliver,
		.arg = protection,
	};

	config.tunnel_count = inventory_tunnels(protection->inventory, config.tunnels);
	guard_watch_last(protection->guard, &guard);
	config.accepted = guard.clear->accepted;
	if (protection->self->vxlan_elsewhere)
		log_warning("covey_vxlan_elsewhere is true: VXLAN needs no mark, it passes by %s "
			    "unless "
			    "a socket of this network namespace sends it",
			    protection->self->host_interface);
	return vxlan_watch_new(&config, &protection->vxlans, error);
}

int protection_raise(struct event_base *base, const struct inventory *inventory,
		     const struct inventory_host *self, const struct guard_clear *clear,
		     struct protection **ret_protection, struct covey_error *error)
{
	struct protection *protection = calloc(1, sizeof(*protection));
	int status;

	if (!protection)
		return covey_error_set(error, -ENOMEM, "out of memory");
	protection->base = base;
	protection->inventory = inventory;
	protection->self = self;
	status = raise_guard(protection, clear, error);
	if (status) {
		protection_free(protection);
		return status;
	}
	*ret_protection = protection;
	return 0;
}

int protection_set_af_packet(struct protection *protection, bool af_packet,
			     struct covey_error *error)
{
	return guard_watch_set_af_packet(protection->guard, af_packet, error);
}

/* The host interface has come since the guard was raised. So the guard is bound to it before the
 * first packet passes there. */
int protection_watch(struct protection *protection, struct covey_error *error)
{
	int status = guard_watch_bind(protection->guard, error);

	if (status == 0)
		status = watch_foreign(protection, error);
	return status ? status : watch_vxlans(protection, error);
}

uint64_t protection_take_source(struct protection *protection)
{
	return guard_watch_take_source(protection->guard);
}

void protection_unwatch(struct protection *protection)
{
	if (!protection)
		return;
	vxlan_watch_free(protection->vxlans);
	foreign_vxlan_watch_free(protection->foreign);
	protection->vxlans = NULL;
	protection->foreign = NULL;
}

void protection_free(struct protection *protection)
{
	if (!protection)
		return;
	protection_unwatch(protection);
	guard_watch_free(protection->guard);
	free(protection);
}

void protection_on_groups(struct protection *protection,
			  const struct group_joins_handlers *handlers, uint16_t mtu)
{
	protection->joins = handlers;
	protection->mtu = mtu;
}

void protection_set_mtu(struct protection *protection, uint16_t mtu)
{
	protection->mtu = mtu;
	if (protection->vxlans)
		vxlan_watch_set_mtu(protection->vxlans, mtu);
}

int protection_steer(struct protection *protection, const char *to, struct covey_error *error)
{
	unsigned index = to ? if_nametoindex(to) : 0;

	if (protection->self->fabric_port != FABRIC_PORT_KERNEL)
		return 0;
	if (to && index == 0)
		return covey_error_set(error, -ENODEV, "interface %s is gone", to);
	return guard_watch_set_steered(protection->guard, to ? to : "", index, error);
}

int protection_set_clear(struct protection *protection, const struct guard_clear *clear,
			 struct covey_error *error)
{
	struct guard_status guard;
	struct guard_vnis both;
	int status;

	guard_watch_last(protection->guard, &guard);
	if (!protection->vxlans || protection->self->fabric_port != FABRIC_PORT_KERNEL)
		return guard_watch_set_clear(protection->guard, clear, error);
	if (guard_clear_join(&clear->accepted, &guard.clear->accepted, &both))
		return covey_error_set(error, -ENOMEM, "out of memory");
	/* A VXLAN device takes in clear whatever the guard takes. */
	status = vxlan_watch_set_accepted(protection->vxlans, &both, error);
	if (status == 0)
		status = guard_watch_set_clear(protection->guard, clear, error);
	free(both.list);
	guard_watch_last(protection->guard, &guard);
	if (vxlan_watch_set_accepted(protection->vxlans, &guard.clear->accepted,
				     status ? NULL : error))
		status = status ? status : -ENOMEM;
	return status;
}

void protection_follow(struct protection *protection, bool changed)
{
	guard_watch_set_inventory(protection->guard, protection->inventory->vnis,
				  protection->inventory->vnis_count, changed);
}

int protection_read_heard(struct protection *protection, struct guard_heard *list, size_t max,
			  size_t *ret_count, struct covey_error *error)
{
	return guard_watch_read_heard(protection->guard, list, max, ret_count, error);
}

struct guard_watch *protection_guard(const struct protection *protection)
{
	return protection->guard;
}

struct foreign_vxlan_watch *protection_foreign(const struct protection *protection)
{
	return protection->foreign;
}

struct vxlan_watch *protection_vxlans(const struct protection *protection)
{
	return protection->vxlans;
}

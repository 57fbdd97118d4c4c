/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What keeps clear VXLAN from leaving or entering while covey-host runs: the guard, which is read
 * back and put back; a hook on each VXLAN device, which marks the device's packets, so that a local
 * user's are told apart; and a watch on VXLAN devices that use other ports.
 */

#include <covey/error.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "guard_clear.h"
#include "guard_heard.h"

struct foreign_vxlan_watch;
struct group_joins_handlers;
struct guard_watch;
struct inventory;
struct inventory_host;
struct protection;
struct vxlan_watch;

/* Install the guard, verify it and watch it. The inventory must outlive it. clear: the VNIs that
 * pass in clear from the beginning, copied; NULL: none. 0 or a negative errno; what could be
 * installed stays in the kernel in any case. */
int protection_raise(struct event_base *base, const struct inventory *inventory,
		     const struct inventory_host *self, const struct guard_clear *clear,
		     struct protection **ret_protection, struct covey_error *error);
/*
 * With covey_fabric_port: kernel or an AF_PACKET port, which VNIs pass in clear:
 * guard_watch_set_clear(). It copies the lists. In force when it returns 0. Otherwise those from
 * before are, or will be as soon as the kernel takes them. In another mode nothing happens, because
 * covey-host itself passes them.
 */
int protection_set_clear(struct protection *protection, const struct guard_clear *clear,
			 struct covey_error *error);
/* The inventory was read again; the list of VNIs that it had is not used any more when this
 * returns. changed: something in it is different. */
void protection_follow(struct protection *protection, bool changed);
/* Who was heard in clear within the last minute, by address, VNI and direction. Fills at most max
 * entries; *ret_count is how many there are, perhaps more than max. */
int protection_read_heard(struct protection *protection, struct guard_heard *list, size_t max,
			  size_t *ret_count, struct covey_error *error);
/* With covey_fabric_port: kernel, before protection_watch(): who is to hear of groups that VXLAN
 * devices join and leave, and the largest IP packet that they may send. handlers stay the
 * caller's. */
void protection_on_groups(struct protection *protection,
			  const struct group_joins_handlers *handlers, uint16_t mtu);
/* The same when the largest packet is another one now. */
void protection_set_mtu(struct protection *protection, uint16_t mtu);
/* Call this when the ports are open, to say of what kind the fabric port is. */
int protection_set_af_packet(struct protection *protection, bool af_packet,
			     struct covey_error *error);
/* Begin to follow VXLAN devices. Call this before the first packet is decrypted. */
int protection_watch(struct protection *protection, struct covey_error *error);
/* The secret source address that VXLAN has at the host interface (secret_source.h), since
 * protection_watch(); 0: none. It stays the same from now on. */
uint64_t protection_take_source(struct protection *protection);
/* Stop following them: from then on no decrypted packet is delivered. NULL-safe. */
void protection_unwatch(struct protection *protection);
/* Stop watching. The guard stays in the kernel: it is there for this case. NULL-safe. */
void protection_free(struct protection *protection);

/* With covey_fabric_port: kernel, begin to steer VXLAN to this interface, which now exists, or,
 * with NULL, stop: then it is dropped. Nothing happens in another mode. */
int protection_steer(struct protection *protection, const char *to, struct covey_error *error);

/* For the code that shows them. */
struct guard_watch *protection_guard(const struct protection *protection);
struct foreign_vxlan_watch *protection_foreign(const struct protection *protection);
struct vxlan_watch *protection_vxlans(const struct protection *protection);

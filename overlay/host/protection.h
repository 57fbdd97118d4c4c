/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What keeps VXLAN in clear from leaving or entering while covey-host runs: the guard, read back
 * and put back; a hook on each VXLAN device, whose mark tells its packets from a local user's; and
 * an eye on VXLAN devices of other ports.
 */

#include <covey/error.h>
#include <event2/event.h>
#include <stdbool.h>

struct foreign_vxlan_watch;
struct guard_watch;
struct inventory;
struct inventory_host;
struct protection;

/* Install the guard, verify it and watch it. The inventory outlives it. 0 or a negative errno; what
 * could be installed stays in the kernel in any case. */
int protection_raise(struct event_base *base, const struct inventory *inventory,
		     const struct inventory_host *self, struct protection **ret_protection,
		     struct covey_error *error);
/* Once the ports are open: what kind the fabric's is. */
int protection_set_af_packet(struct protection *protection, bool af_packet,
			     struct covey_error *error);
/* Follow VXLAN devices. Before the first packet is decrypted. */
int protection_watch(struct protection *protection, struct covey_error *error);
/* Follow them no more: nothing that is decrypted is delivered from then on. NULL-safe. */
void protection_unwatch(struct protection *protection);
/* Watches no more; the guard stays: that is what it is for. NULL-safe. */
void protection_free(struct protection *protection);

/* For those who show them. */
struct guard_watch *protection_guard(const struct protection *protection);
struct foreign_vxlan_watch *protection_foreign(const struct protection *protection);

/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What the modes of this host's groups mean for the guard: of which VNIs clear VXLAN may pass.
 */

#include <covey/error.h>
#include <covey/mode.h>
#include <covey/vnis.h>
#include <guard_clear.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct inventory;
struct inventory_host;
struct member_state;
struct membership;
struct mode_record;

/* The mode that a group has as long as the key manager has not said it: the one that it had when
 * covey-host ran last (records), else the inventory's. A deadline that has passed counts. */
struct mode_record mode_lists_first(const struct inventory *inventory, const char *group,
				    const struct mode_record *records, size_t count);

/* The lists are guard_clear_free()'s. Before there is a member: by the modes above, for all groups
 * of this host by the inventory. Of a group's VNIs there, those that records have, if they do. */
int mode_lists_of_first(const struct inventory *inventory, const struct inventory_host *self,
			const struct mode_record *records, size_t count,
			struct guard_clear *ret_clear, struct covey_error *error);

/*
 * While covey-host does not run: change what stands by the deadlines that have passed. Groups whose
 * deadline that was are in the mode after it, at once: without covey-host, transition on the way is
 * as clear as observe. Of their VNIs in the inventory, only those pass that records have, too. Then
 * VNIs that this inventory gives to none of the host's groups are closed
 * as well, as nobody can tell which group they are of. Nothing changes as long as no deadline has
 * passed, and after an error.
 */
int mode_lists_follow(const struct inventory *inventory, const struct inventory_host *self,
		      const struct mode_record *records, size_t count, struct guard_clear *clear,
		      struct covey_error *error);

/* Has the key manager given a VNI to this group that our inventory does not? That one does not pass
 * in clear, whatever the mode. */
bool mode_lists_disputed(const struct inventory *inventory, const struct membership *group,
			 uint32_t *ret_vni);

/* What the key manager gives to some group and our inventory does not give to that one. *ret_vnis
 * is sorted; its list is the caller's to free. -ENOMEM. */
int mode_lists_find_disputed(const struct inventory *inventory, const struct member_state *state,
			     struct guard_vnis *ret_vnis);

/* The VNIs that key manager and inventory both give to a group. If it has not been joined yet, the
 * inventory's, but, if there is a record of it, only what both gave it when covey-host ran last.
 * disputed: as above. *ret_vnis is the caller's to free. -ENOMEM. */
int mode_lists_agreed(const struct inventory *inventory, const struct membership *group,
		      const struct mode_record *record, const struct guard_vnis *disputed,
		      struct covey_vnis **ret_vnis, size_t *ret_count);

/* The record of a group; NULL: there is none. */
const struct mode_record *mode_lists_find_record(const struct mode_record *records, size_t count,
						 const char *group);

/* By the member's groups: those VNIs. */
int mode_lists_of_member(const struct inventory *inventory, const struct member_state *state,
			 const struct mode_record *records, size_t count,
			 struct guard_clear *ret_clear, struct covey_error *error);

/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What outlasts a reboot of the modes of this host's groups: those that are not observe, whatever
 * the inventory says now: it may say `mode: observe` again later. Without it, such a line would
 * open a host at each boot until the key manager is heard, also one that was evicted. A group that
 * is not in the inventory for a while is not forgotten.
 */

#include <covey/error.h>
#include <covey/mode.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct inventory;

/* By group, in the order of the inventory's. */
struct mode_memory {
	const char *path;
	size_t count;
	enum covey_mode *kept; /* what the key manager said last; 0: observe, or nothing */
	json_t *others;        /* the same of groups that the inventory does not have now */
	bool failed;           /* the file does not say what is kept */
	bool told;             /* that was logged */
};

/*
 * Read the file at path, which must stay readable, and make the modes of the inventory's groups as
 * strict as what is in it. No file: nothing was ever stricter. -EPERM or -EINVAL, with the reason
 * in error, when there is one that cannot be believed; -ENOENT when its folder is missing, and a
 * group would be open without it: then all groups of the inventory enforce, as somebody who cannot
 * know the mode does, and that is kept until the key manager says otherwise. -ENOMEM. *ret_memory
 * is mode_memory_free()'s in each case.
 */
int mode_memory_read(const char *path, struct inventory *inventory, struct mode_memory *ret_memory,
		     struct covey_error *error);
void mode_memory_free(struct mode_memory *memory);

/* The key manager has said the mode of a group, or that this host may not be in it. group: its
 * place in the inventory. Written with the next mode_memory_write(). */
void mode_memory_note(struct mode_memory *memory, size_t group, enum covey_mode mode);

/* If something is new: replace the file, so that it is there after a power cut. When that fails, a
 * negative errno, and it is tried again by the next call. */
int mode_memory_write(struct mode_memory *memory, const struct inventory *inventory,
		      struct covey_error *error);

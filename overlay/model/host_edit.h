/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Hosts added to an inventory's text, removed from it and renamed in it, with its comments and its
 * layout as they are.
 */

#include <covey/error.h>
#include <stddef.h>

#include "inventory.h"
#include "text_edit.h"

enum host_edit_action {
	HOST_EDIT_ADD,
	HOST_EDIT_REMOVE,
	HOST_EDIT_RENAME,
};

struct host_edit {
	enum host_edit_action action;
	const char *name;
	const char *new_name; /* of a rename */
	const char *vtep;     /* of a new host; NULL: none, so it is not of the fabric */
	/* The Ansible group to add it to. NULL: the one in which the last host of the fabric is. */
	const char *ansible_group;
	const char **groups; /* covey groups to whose members it is added by name */
	size_t group_count;
	/* Set by host_edit_text(): of the Ansible group, which lives as long as inventory or this.
	 */
	char in_group[256];
};

/*
 * Change text, a good inventory, which `inventory` was read from. The result is free()d by the
 * caller; whether it is a good inventory he must see. ret_edit: what was changed, for
 * text_edit_free(). Returns 0 or a negative errno, -EOPNOTSUPP when there is no safe way; the error
 * says where, and what to write there.
 */
int host_edit_text(struct host_edit *request, const struct inventory *inventory, const char *text,
		   size_t len, char **ret_text, size_t *ret_len, struct text_edit *ret_edit,
		   struct covey_error *error);

/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "reader.h"

/*
 * Fill in a covey group's members from its lists of hosts and Ansible groups. send and receive may
 * be NULL: all members may. what: "covey group tenants".
 */
void members_read(struct reader *reader, const char *what, const struct node *members,
		  const struct node *send, const struct node *receive,
		  struct inventory_group *group);

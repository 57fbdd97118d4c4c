/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "reader.h"

/*
 * Make the fabric's hosts: those whose resolved variables have a covey_vtep. Ansible's precedence:
 * group `all`, then the host's groups by depth, ansible_group_priority and name, then the host's
 * own variables; the later one wins. Call after order_groups().
 */
void resolve_hosts(struct reader *reader);

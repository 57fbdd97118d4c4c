/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "reader.h"

/* Read covey_groups into inventory.groups. Call after resolve_hosts(). */
void groups_read(struct reader *reader, const struct node *mapping);

/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * covey_encapsulations: which tunnels beside VXLAN are encrypted.
 */

#include "reader.h"

/* Read the list; mistakes are reported. */
void tunnels_read(struct reader *reader, const struct node *list);
/* Each tunnel that is encrypted has a port of its own. */
void tunnels_check(struct reader *reader, const struct node *list);

/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "reader.h"

/* covey_gkm: the address of the key manager, or a list of addresses of several. */
void gkms_read(struct reader *reader, const struct node *value);

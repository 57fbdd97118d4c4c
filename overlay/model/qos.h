/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "reader.h"

/* The class selector bits of every DSCP (RFC 2474 section 4.2.2.2). */
void qos_default(uint8_t class_by_dscp[64]);

/* covey_qos_map: {DSCP: class}; what it does not name keeps its default. */
void qos_read(struct reader *reader, const struct node *mapping);

/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "reader.h"

/* The second pass: mistakes that only show when all values are known. They are reported at the
 * places where the first pass has read the values. */
void checks_fabric(struct reader *reader);
void checks_hosts(struct reader *reader);

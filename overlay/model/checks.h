/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "reader.h"

/* The second pass: what only shows when all values are known. Reports at the places of the first.
 */
void checks_fabric(struct reader *reader);
void checks_hosts(struct reader *reader);

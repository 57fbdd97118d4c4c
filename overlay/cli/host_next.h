/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* What an operator does after `covey host` has changed the inventory. */

#include <jansson.h>

#include "host_edit.h"

/* Sentences. before, after: the inventory; text: as it is after. */
json_t *host_next(const struct host_edit *request, const struct inventory *before,
		  const struct inventory *after, const char *text);

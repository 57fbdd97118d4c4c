/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What a path carries that does not carry the largest probes of a check, in numbers. Each direction
 * is measured once.
 */

#include <stdbool.h>

#include "cli.h"
#include "inventory.h"
#include "sweep.h"
#include "wire_verdict.h"

/* More directions than these are not measured. */
#define WIRE_LIMITS_MAX 24

struct wire_limit {
	const char *from, *to; /* names of the inventory's */
	bool known;
	struct sweep found;
};

struct wire_limits {
	struct wire_limit list[WIRE_LIMITS_MAX];
	size_t count;
};

/* Measure the direction, up to tenants' packets of top bytes. NULL: it cannot be. */
const struct sweep *wire_limits_find(struct wire_limits *limits, const struct cli *cli,
				     const struct inventory *inventory, const char *group,
				     const char *from, const char *to, long top);
/* The verdict when the sender could send no tenant's packet of top bytes, but of up to sent, and
 * what passes could not be measured. */
void wire_limit_unknown(const char *from, long sent, long top, struct wire_verdict *verdict);
/* The verdict is that such a path is too small for tenants' packets of top bytes. */
void wire_limit_explain(const struct sweep *found, const char *from, long top,
			struct wire_verdict *verdict);

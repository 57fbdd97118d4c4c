/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Where the key managers of a fabric listen, of which one leads: in the order of the inventory,
 * each once.
 */

#include <stddef.h>
#include <stdio.h>

#include "addr.h"
#include "limits.h"

struct covey_gkms {
	struct covey_addr list[COVEY_GKMS_MAX];
	size_t count;
};

/* Where the address is in the list; the list's length: nowhere. */
static inline size_t covey_gkms_find(const struct covey_gkms *gkms,
				     const struct covey_addr *address)
{
	size_t i = 0;

	while (i < gkms->count && !covey_addr_equal(&gkms->list[i], address))
		i++;
	return i;
}

static inline bool covey_gkms_equal(const struct covey_gkms *a, const struct covey_gkms *b)
{
	for (size_t i = 0; i < a->count && i < b->count; i++)
		if (!covey_addr_equal(&a->list[i], &b->list[i]))
			return false;
	return a->count == b->count;
}

/* Write "192.0.2.1, 192.0.2.2" into buf and return buf. */
#define COVEY_GKMS_STRLEN (COVEY_GKMS_MAX * (COVEY_ADDR_STRLEN + 2))
static inline const char *covey_gkms_format(const struct covey_gkms *gkms,
					    char buf[COVEY_GKMS_STRLEN])
{
	char address[COVEY_ADDR_STRLEN];
	size_t len = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < gkms->count; i++)
		len += (size_t)snprintf(buf + len, COVEY_GKMS_STRLEN - len, "%s%s", i ? ", " : "",
					covey_addr_format(&gkms->list[i], address));
	return buf;
}

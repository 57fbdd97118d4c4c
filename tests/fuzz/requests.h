/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Lines on a local socket: those of an input, and then these in variants, so many at once as a
 * daemon lets in. One execution is one line.
 */

#include "variants.h"

struct requests {
	unsigned at_once;
	void (*ask)(const char *line, size_t len); /* line[len] is 0 */
	void (*end)(void);                         /* of those at once: each must have its answer */
};

/* Returns how many lines were asked. */
unsigned requests_try(const struct requests *requests, const uint8_t *data, size_t size);

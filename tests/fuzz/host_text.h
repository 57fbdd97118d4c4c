/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Inventories in many layouts: each byte of the input is a choice of how something is written, so
 * that nearly all of them are good ones, which random changes of a text hardly ever leave.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HOST_TEXT_SIZE  8192u
#define HOST_TEXT_HOSTS 4u

struct host_text {
	const uint8_t *choices;
	size_t count, at;
	char text[HOST_TEXT_SIZE];
	size_t len;
	const char *end; /* of a line */
	unsigned step;   /* how much further in what is below begins */
	unsigned hosts;
	bool is_v6;
};

void host_text_make(struct host_text *text, const uint8_t *choices, size_t count);

/* The next choice, less than limit. 0 when there are no more. */
unsigned host_text_choose(struct host_text *text, unsigned limit);

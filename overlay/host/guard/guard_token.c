/* SPDX-License-Identifier: BSD-3-Clause */

#include "guard_token.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "guard_text.h"

#define REFUSED "meta priority != "

/* Both halves are in the text, as of a traffic class: nft has words for some numbers, and leaves
 * halves that are 0 out. */
static bool is_plain(uint32_t token)
{
	return token >> 16 != 0 && (token & 0xffff) != 0 && token != UINT32_MAX;
}

uint32_t guard_token_draw(void)
{
	uint32_t token = 0;

	/* It fails only when a signal comes before the kernel has any randomness. */
	while (getrandom(&token, sizeof(token), 0) != sizeof(token) || !is_plain(token))
		;
	return token;
}

static const char *write_part(uint32_t token, const char *format, char *ret_text)
{
	ret_text[0] = '\0';
	if (token)
		snprintf(ret_text, GUARD_TOKEN_TEXT_SIZE, format, token >> 16, token & 0xffff);
	return ret_text;
}

const char *guard_token_give(uint32_t token, char ret_text[GUARD_TOKEN_TEXT_SIZE])
{
	return write_part(token, "meta priority set %x:%x ", ret_text);
}

const char *guard_token_take(uint32_t token, char ret_text[GUARD_TOKEN_TEXT_SIZE])
{
	return write_part(token, "meta priority %x:%x meta priority set none ", ret_text);
}

const char *guard_token_refuse(uint32_t token, char ret_text[GUARD_TOKEN_TEXT_SIZE])
{
	return write_part(token, REFUSED "%x:%x ", ret_text);
}

uint32_t guard_token_read(const char *rules)
{
	const char *at = strstr(rules, REFUSED);
	unsigned major, minor;

	if (!at || sscanf(at + strlen(REFUSED), "%4x:%4x", &major, &minor) != 2)
		return 0;
	return (uint32_t)major << 16 | minor;
}

uint64_t guard_token_refused(const char *rules)
{
	struct guard_reader reader = guard_read_text(rules);
	struct guard_line line;

	while (guard_read_line(&reader, &line)) {
		if (line.kind == GUARD_LINE_RULE && line.counts &&
		    strcmp(line.what, GUARD_TOKEN_REFUSED) == 0)
			return line.packets;
	}
	return 0;
}

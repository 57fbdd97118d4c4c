/* SPDX-License-Identifier: BSD-3-Clause */

#include "secret_source.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

/* By its place in the frame: "ether saddr" would ask for the type of the interface that the frame
 * came in by, and at an egress hook there is none. */
#define SOURCE "@ll,48,48 "
#define GIVEN  SOURCE "set 0x"

#define MULTICAST (UINT64_C(1) << 40)
#define LOCAL     (UINT64_C(2) << 40)

uint64_t secret_source_draw(void)
{
	uint64_t random;

	/* It fails only when a signal comes before the kernel has any randomness. */
	while (getrandom(&random, sizeof(random), 0) != sizeof(random))
		;
	return (random & ((UINT64_C(1) << 48) - 1) & ~MULTICAST) | LOCAL;
}

static const char *write_part(uint64_t source, const char *before, char *ret_text)
{
	ret_text[0] = '\0';
	if (source)
		snprintf(ret_text, SECRET_SOURCE_TEXT_SIZE, "%s%012" PRIx64 " ", before, source);
	return ret_text;
}

const char *secret_source_give(uint64_t source, char ret_text[SECRET_SOURCE_TEXT_SIZE])
{
	return write_part(source, GIVEN, ret_text);
}

const char *secret_source_have(uint64_t source, char ret_text[SECRET_SOURCE_TEXT_SIZE])
{
	return write_part(source, SOURCE "0x", ret_text);
}

uint64_t secret_source_read(const char *rules)
{
	const char *at = strstr(rules, GIVEN);
	uint64_t source;

	if (!at || sscanf(at + strlen(GIVEN), "%12" SCNx64, &source) != 1)
		return 0;
	return source;
}

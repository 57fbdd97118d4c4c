/* SPDX-License-Identifier: BSD-3-Clause */
#include "words.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

const char *words_time(uint64_t seconds, char *buf)
{
	static const struct {
		uint64_t large, small;
		char large_unit, small_unit;
	} scales[] = {{86400, 3600, 'd', 'h'}, {3600, 60, 'h', 'm'}, {60, 1, 'm', 's'}};

	for (size_t i = 0; i < sizeof(scales) / sizeof(scales[0]); i++) {
		uint64_t rest = seconds % scales[i].large / scales[i].small;

		if (seconds < scales[i].large)
			continue;
		if (rest)
			snprintf(buf, WORDS_TIME_SIZE, "%" PRIu64 "%c %" PRIu64 "%c",
				 seconds / scales[i].large, scales[i].large_unit, rest,
				 scales[i].small_unit);
		else
			snprintf(buf, WORDS_TIME_SIZE, "%" PRIu64 "%c", seconds / scales[i].large,
				 scales[i].large_unit);
		return buf;
	}
	snprintf(buf, WORDS_TIME_SIZE, "%" PRIu64 "s", seconds);
	return buf;
}

char *words_ranges(const uint32_t *numbers, size_t count)
{
	char *text = NULL;
	size_t len;
	FILE *stream = open_memstream(&text, &len);

	if (!stream)
		return NULL;
	for (size_t i = 0; i < count;) {
		size_t last = i;

		while (last + 1 < count && numbers[last + 1] == numbers[last] + 1)
			last++;
		fprintf(stream, "%s%" PRIu32, i ? ", " : "", numbers[i]);
		if (last > i)
			fprintf(stream, "%s%" PRIu32, last == i + 1 ? ", " : "-", numbers[last]);
		i = last + 1;
	}
	if (fclose(stream) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

void words_disarm(char *text)
{
	for (unsigned char *p = (unsigned char *)text; *p; p++) {
		if (*p < 0x20 || *p == 0x7f)
			*p = '?';
		/* U+0080 to U+009F in UTF-8: the second set of control characters (ISO 6429). */
		if (*p == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f)
			*p = p[1] = '?';
	}
}

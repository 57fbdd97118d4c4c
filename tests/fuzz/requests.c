/* SPDX-License-Identifier: BSD-3-Clause */
#include "requests.h"
#include "must.h"
#include <string.h>

#define VARIANTS 15u

/* Returns 1, or 0 when this line has no such variant. */
static unsigned ask(const struct requests *requests, const uint8_t *data, size_t size,
		    unsigned number)
{
	size_t len;
	uint8_t *bytes = variants_make(VARIANTS_OF_WORDS, data, size, number, &len);
	char *line;

	if (!bytes)
		return 0;
	line = strndup((const char *)bytes, len);
	must(line);
	for (char *end = strchr(line, '\n'); end; end = strchr(end, '\n'))
		*end = ' ';
	requests->ask(line, strlen(line));
	free(line);
	free(bytes);
	return 1;
}

static unsigned ask_all(const struct requests *requests, const uint8_t *data, size_t size,
			unsigned number)
{
	unsigned asked = 0;

	while (asked < requests->at_once && size) {
		const uint8_t *end = memchr(data, '\n', size);
		size_t len = end ? (size_t)(end - data) : size;

		asked += ask(requests, data, len, number);
		len += end != NULL;
		data += len;
		size -= len;
	}
	requests->end();
	return asked;
}

unsigned requests_try(const struct requests *requests, const uint8_t *data, size_t size)
{
	unsigned asked = 0;

	for (unsigned i = 0; i <= VARIANTS; i++)
		asked += ask_all(requests, data, size, i);
	return asked;
}

/* The start of one of the lines, which is drawn. */
static size_t find_line(const uint8_t *data, size_t size, unsigned skip)
{
	size_t start = 0;

	while (skip--) {
		const uint8_t *end = memchr(data + start, '\n', size - start);

		if (!end)
			break;
		start = (size_t)(end + 1 - data);
	}
	return start;
}

/* A line becomes one of its variants. In front of others there is no room for a longer one. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	size_t start = find_line(data, size, seed / 4 % 8), was = size - start, len;
	uint8_t *line = data + start;
	const uint8_t *end = was ? memchr(line, '\n', was) : NULL;

	if (was == 0 || seed % 4 == 0)
		return LLVMFuzzerMutate(data, size, max);
	was = end ? (size_t)(end - line) : was;
	len = variants_become(VARIANTS_OF_WORDS, line, was, end ? was : max - start, VARIANTS,
			      seed / 32);
	memmove(line + len, line + was, size - start - was);
	return size - was + len;
}

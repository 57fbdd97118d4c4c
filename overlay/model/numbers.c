/* SPDX-License-Identifier: BSD-3-Clause */
#include "numbers.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "values.h"

bool value_integer(struct reader *reader, const char *name, const struct node *node, uint64_t min,
		   uint64_t max, uint64_t *ret_value)
{
	enum scalar_kind kind = value_kind(reader, node);
	char expected[80];
	int64_t value;

	snprintf(expected, sizeof(expected), "a number from %" PRIu64 " to %" PRIu64, min, max);
	if (kind == SCALAR_TEXT && !node->plain && node->text[0] &&
	    strspn(node->text, "0123456789") == strlen(node->text)) {
		reader_report(reader, node, "%s must be a number, not text: remove the quotes",
			      name);
		return false;
	}
	if (kind == SCALAR_OCTAL) {
		reader_report(
			reader, node,
			"%s: YAML reads %s as an octal number: write it without the leading 0",
			name, node->text);
		return false;
	}
	if (kind != SCALAR_INTEGER)
		return value_mismatch(reader, name, node, expected);
	if (scalar_integer(node->text, &value) < 0 || value < 0 || (uint64_t)value < min ||
	    (uint64_t)value > max)
		return value_mismatch(reader, name, node, expected);
	*ret_value = (uint64_t)value;
	return true;
}

bool value_number(struct reader *reader, const struct field *field, const struct node *node,
		  uint64_t *ret_value)
{
	uint64_t value;

	if (!value_integer(reader, field->name, node, field->min, field->max, &value))
		return false;
	if (field->power_of_two && (value & (value - 1))) {
		uint64_t above = field->min;

		while (above < value)
			above *= 2;
		reader_report(reader, node,
			      "%s must be a power of two, not %" PRIu64 ": %" PRIu64 " or %" PRIu64,
			      field->name, value, above / 2, above);
		return false;
	}
	*ret_value = value;
	return true;
}

static unsigned unit_seconds(char unit)
{
	switch (unit) {
	case 's':
		return 1;
	case 'm':
		return 60;
	case 'h':
		return 3600;
	case 'd':
		return 86400;
	default:
		return 0;
	}
}

int duration_parse(const char *text, uint64_t *ret_seconds)
{
	uint64_t total = 0;

	if (!*text)
		return -EINVAL;
	while (*text) {
		char *end;
		uint64_t part;

		if (*text < '0' || *text > '9')
			return -EINVAL;
		errno = 0;
		part = strtoull(text, &end, 10);
		if (errno)
			return -ERANGE;
		if (!unit_seconds(*end))
			return -EINVAL;
		if (__builtin_mul_overflow(part, unit_seconds(*end), &part) ||
		    __builtin_add_overflow(total, part, &total))
			return -ERANGE;
		text = end + 1;
	}
	*ret_seconds = total;
	return 0;
}

static void format_seconds(uint64_t seconds, char *buf, size_t size)
{
	if (seconds && seconds % 86400 == 0)
		snprintf(buf, size, "%" PRIu64 "d", seconds / 86400);
	else if (seconds && seconds % 3600 == 0)
		snprintf(buf, size, "%" PRIu64 "h", seconds / 3600);
	else
		snprintf(buf, size, "%" PRIu64 "s", seconds);
}

bool value_duration(struct reader *reader, const struct field *field, const struct node *node,
		    uint64_t *ret_value)
{
	enum scalar_kind kind = value_kind(reader, node);
	char min[24], max[24], expected[96];
	uint64_t value = 0;
	int64_t number;
	int status = -EINVAL;

	if (kind == SCALAR_TEXT)
		status = duration_parse(node->text, &value);
	else if (kind == SCALAR_INTEGER && scalar_integer(node->text, &number) == 0 && number >= 0)
		status = 0, value = (uint64_t)number;
	if (status < 0 || value < field->min || value > field->max) {
		format_seconds(field->min, min, sizeof(min));
		format_seconds(field->max, max, sizeof(max));
		snprintf(expected, sizeof(expected),
			 "a duration from %s to %s, like 90s, 10m, 1h or 7d", min, max);
		return value_mismatch(reader, field->name, node, expected);
	}
	*ret_value = value;
	return true;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "gkm_scale_roster.h"

/* Field numbers of covey.proto, and protobuf's wire types. */
#define MESSAGE_ROSTER    8
#define ROSTER_GROUP      1
#define ROSTER_GENERATION 2
#define ROSTER_FULL       3
#define ROSTER_MORE       4
#define TYPE_VARINT       0
#define TYPE_BYTES        2

struct reader {
	const uint8_t *at;
	const uint8_t *end;
};

static bool read_varint(struct reader *reader, uint64_t *ret_value)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64 && reader->at < reader->end; shift += 7) {
		uint8_t byte = *reader->at++;

		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80)) {
			*ret_value = value;
			return true;
		}
	}
	return false;
}

/* value: of a varint; of bytes their length, and the reader is at them. */
static bool read_field(struct reader *reader, uint64_t *ret_tag, uint64_t *ret_value)
{
	if (!read_varint(reader, ret_tag) || !read_varint(reader, ret_value))
		return false;
	if ((*ret_tag & 7) == TYPE_BYTES)
		return *ret_value <= (uint64_t)(reader->end - reader->at);
	return (*ret_tag & 7) == TYPE_VARINT;
}

bool roster_head_read(const uint8_t *message, size_t len, struct roster_head *ret_head)
{
	struct reader reader = {.at = message, .end = message + len};
	struct roster_head head = {0};
	uint64_t tag, value;

	if (!read_field(&reader, &tag, &value) || tag != (MESSAGE_ROSTER << 3 | TYPE_BYTES))
		return false;
	while (reader.at < reader.end) {
		if (!read_field(&reader, &tag, &value))
			return false;
		if (tag == (ROSTER_GROUP << 3 | TYPE_BYTES)) {
			head.group = (const char *)reader.at;
			head.group_len = value;
		} else if (tag == (ROSTER_GENERATION << 3 | TYPE_VARINT))
			head.generation = value;
		else if (tag == (ROSTER_FULL << 3 | TYPE_VARINT))
			head.full = value;
		else if (tag == (ROSTER_MORE << 3 | TYPE_VARINT))
			head.more = value;
		if ((tag & 7) == TYPE_BYTES)
			reader.at += value;
	}
	*ret_head = head;
	return true;
}

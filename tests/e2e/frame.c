/* SPDX-License-Identifier: BSD-3-Clause */
#include "frame.h"

#include <string.h>

#include "wire.h"

#define MAGIC       UINT64_C(0x6e756d6265726564) /* "numbered" */
#define AT_STREAM   8
#define AT_SIZE     12
#define AT_NUMBER   16
#define AT_CHECKSUM 24

static uint64_t sum(uint64_t hash, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3); /* FNV-1a */
	return hash;
}

static uint64_t checksum(const uint8_t *bytes, size_t size)
{
	uint64_t hash = sum(UINT64_C(0xcbf29ce484222325), bytes, AT_CHECKSUM);

	return sum(hash, bytes + FRAME_HEADER, size - FRAME_HEADER);
}

void frame_write(uint8_t *bytes, size_t size, const struct frame *frame, const uint8_t *canary)
{
	wire_put64(bytes, MAGIC);
	wire_put32(bytes + AT_STREAM, frame->stream);
	wire_put32(bytes + AT_SIZE, (uint32_t)size);
	wire_put64(bytes + AT_NUMBER, frame->number);
	for (size_t i = FRAME_HEADER; i < size; i++)
		bytes[i] = canary[(i - FRAME_HEADER) % FRAME_CANARY];
	wire_put64(bytes + AT_CHECKSUM, checksum(bytes, size));
}

bool frame_read(const uint8_t *bytes, size_t size, struct frame *ret_frame)
{
	if (size < FRAME_MIN || wire_get64(bytes) != MAGIC || wire_get32(bytes + AT_SIZE) != size ||
	    wire_get64(bytes + AT_CHECKSUM) != checksum(bytes, size))
		return false;
	ret_frame->stream = wire_get32(bytes + AT_STREAM);
	ret_frame->number = wire_get64(bytes + AT_NUMBER);
	return true;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define FILE_HEADER 24

/* The ESN without the epoch. */
static uint64_t number_in_window(uint64_t esn)
{
	return esn & UINT64_C(0xffffffffffff);
}

static bool is_address(const uint8_t *wanted, const uint8_t *address, size_t len)
{
	static const uint8_t any[16];

	return memcmp(wanted, any, sizeof(any)) == 0 || memcmp(wanted, address, len) == 0;
}

static bool matches(const struct capture_filter *filter, const struct captured *captured)
{
	const struct wire_packet *packet = &captured->packet;
	const uint8_t *ip = captured->frame + packet->ip;
	size_t len = packet->ip_version == 6 ? 16 : 4, source = packet->ip_version == 6 ? 8 : 12;

	return packet->kind == WIRE_VPE && !packet->vpe_short &&
	       (filter->cast < 0 || filter->cast == packet->multicast) &&
	       number_in_window(packet->esn) >= filter->packets_min &&
	       is_address(filter->from, ip + source, len) &&
	       is_address(filter->to, ip + source + len, len);
}

/* True when there was one more frame. */
static bool read_frame(FILE *file, struct captured *captured)
{
	const struct wire_ports ports = WIRE_PORTS_DEFAULT;
	uint32_t header[4];

	if (fread(header, sizeof(header), 1, file) != 1 || header[2] > CAPTURE_FRAME_MAX ||
	    fread(captured->frame, header[2], 1, file) != 1)
		return false;
	wire_parse(captured->frame, header[2], &ports, &captured->packet);
	captured->len = captured->packet.end;
	return true;
}

int capture_find(const char *path, const struct capture_filter *filter,
		 struct captured *ret_captured)
{
	struct captured captured;
	FILE *file = fopen(path, "re");
	int status = -ENOENT;

	if (!file)
		return -errno;
	if (fseek(file, FILE_HEADER, SEEK_SET))
		status = -errno;
	while (read_frame(file, &captured)) {
		if (!matches(filter, &captured))
			continue;
		*ret_captured = captured;
		status = 0;
		if (filter->first)
			break;
	}
	fclose(file);
	return status;
}

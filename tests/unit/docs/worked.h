/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The worked packets of docs/protocol.md, section 9: what its text says of each.
 */

#include <stdbool.h>
#include <stdint.h>

struct worked {
	const char *name;
	unsigned ip_version;
	bool udp;
	bool sender_scope;
	unsigned key_len;
	uint32_t spi;
	uint16_t sender_id;
	uint16_t traffic_class;
	uint16_t cast;
	uint16_t path;
	uint16_t epoch;
	uint64_t counter;
};

static const struct worked worked[] = {
	{"udp-ipv4", 4, true, true, 32, 256, 1, 3, 1, 5, 1, 1},
	{"udp-ipv6", 6, true, true, 16, 0x12345678, 0x0203, 5, 0, 10, 7, 0x123456789abc},
	{"ip-ipv4", 4, false, true, 32, 0x101, 65535, 0, 0, 15, 65535, 42},
	{"ip-ipv6", 6, false, false, 32, 0x102, 2, 0, 1, 3, 2, 9},
};

#define WORKED_COUNT (sizeof(worked) / sizeof(worked[0]))

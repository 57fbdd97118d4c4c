/* SPDX-License-Identifier: BSD-3-Clause */

#include "guard_ports.h"

#include <stdio.h>

static void write(const struct guard_ports *ports, bool hex, char *ret_text)
{
	char *at = ret_text;

	at += sprintf(at, "%s", ports->count > 1 ? "{ " : "");
	for (size_t i = 0; i < ports->count; i++)
		at += sprintf(at, hex ? "%s0x%x" : "%s%u", i ? ", " : "", ports->list[i]);
	sprintf(at, "%s", ports->count > 1 ? " }" : "");
}

struct guard_ports guard_ports_of(const uint16_t *list, size_t count)
{
	struct guard_ports ports = {.count = 0};

	for (size_t i = 0; i < count && i < GUARD_PORTS_MAX; i++) {
		size_t at = ports.count++;

		for (; at > 0 && ports.list[at - 1] > list[i]; at--)
			ports.list[at] = ports.list[at - 1];
		ports.list[at] = list[i];
	}
	write(&ports, false, ports.text);
	write(&ports, true, ports.hex);
	return ports;
}

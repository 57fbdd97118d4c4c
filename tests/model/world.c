/* SPDX-License-Identifier: BSD-3-Clause */
#include "world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "gkm.h"
#include "host.h"

struct world *world_new(const struct setup *setup)
{
	struct world *world = calloc(1, sizeof(*world));

	world->setup = setup;
	world->now = BEGINNING_MS;
	world->left = setup->budget;
	world->gkm.next_spi = COVEY_SPI_MIN;
	for (unsigned i = 0; i < MEMBERS; i++)
		host_start(world, i);
	gkm_start(world);
	return world;
}

void world_violate(struct world *world, const char *format, ...)
{
	va_list args;

	if (world->violation[0])
		return;
	va_start(args, format);
	vsnprintf(world->violation, sizeof(world->violation), format, args);
	va_end(args);
}

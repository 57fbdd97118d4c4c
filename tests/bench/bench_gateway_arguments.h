/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The command lines of the programs and of the generator. Their texts are never freed: they belong
 * to a process that becomes another, or that needs them until its end.
 */

#include "bench_gateway_child.h"

#define ARGUMENTS_MAX 64

struct arguments {
	char *text[ARGUMENTS_MAX];
	unsigned count;
};

/* covey-bench gateway itself, with arguments for EAL. */
void covey_arguments(struct arguments *arguments, const struct gateway_place *place,
		     const struct bench_shape *shape, enum bench_direction direction);
/* path: of an ipsec-secgw. */
void secgw_arguments(struct arguments *arguments, const char *path,
		     const struct gateway_place *place, const struct bench_shape *shape);
/* EAL's alone, of a secondary process of one of the two. */
void generator_arguments(struct arguments *arguments, const struct gateway_place *place,
			 bool secgw);

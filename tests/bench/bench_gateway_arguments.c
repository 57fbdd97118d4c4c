/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench_gateway_arguments.h"
#include "bench_secgw_config.h"
#include <stdarg.h>
#include <stdio.h>

/* By which EAL's processes find one another. */
#define COVEY_NAME "vpe"
#define SECGW_NAME "secgw"
/* Programs use low numbers; a process has its own. */
#define GENERATOR_LCORE 9

static void add(struct arguments *arguments, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void add(struct arguments *arguments, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	if (arguments->count + 1 < ARGUMENTS_MAX &&
	    vasprintf(&arguments->text[arguments->count], format, values) >= 0)
		arguments->count++;
	va_end(values);
}

static void add_eal(struct arguments *arguments, const struct gateway_place *place,
		    const char *name)
{
	add(arguments, "--no-pci");
	add(arguments, "--no-telemetry");
	add(arguments, "--log-level=lib.*:error");
	add(arguments, "--file-prefix=%s", name);
	if (place->hugepages) {
		add(arguments, "--huge-dir=%s/huge", place->directory);
	} else {
		add(arguments, "--no-huge");
		add(arguments, "--no-shconf");
	}
}

/* What a program gets, its NIC's packets included. */
static unsigned megabytes(const struct gateway_place *place, bool secgw)
{
	return (secgw ? 384 : 128) + (place->room > 4096 ? 64 : 0);
}

void covey_arguments(struct arguments *arguments, const struct gateway_place *place,
		     const struct bench_shape *shape, enum bench_direction direction)
{
	add(arguments, "covey-bench");
	add(arguments, "gateway");
	add(arguments, "--seconds=3600");
	add(arguments, "--direction=%s", bench_direction_name(direction));
	add(arguments, "--cipher=%s", covey_cipher_name(shape->cipher));
	add(arguments, "--paths=%u", shape->paths);
	add(arguments, "--replay-window=%u", shape->replay_window);
	add(arguments, "--");
	add_eal(arguments, place, COVEY_NAME);
	add(arguments, "-m");
	add(arguments, "%u", megabytes(place, false));
	add(arguments, "--lcores=0@%d,1@%d", place->generator_cpu, place->program_cpu);
}

void secgw_arguments(struct arguments *arguments, const char *path,
		     const struct gateway_place *place, const struct bench_shape *shape)
{
	add(arguments, "%s", path);
	add_eal(arguments, place, SECGW_NAME);
	add(arguments, "-m");
	add(arguments, "%u", megabytes(place, true));
	add(arguments, "--lcores=0@%d", place->program_cpu);
	bench_secgw_arguments(shape, place->room > 4096, &arguments->text[arguments->count],
			      ARGUMENTS_MAX - arguments->count);
}

void generator_arguments(struct arguments *arguments, const struct gateway_place *place, bool secgw)
{
	add(arguments, "covey-bench");
	add(arguments, "--proc-type=secondary");
	add_eal(arguments, place, secgw ? SECGW_NAME : COVEY_NAME);
	add(arguments, "--lcores=%u@%d", GENERATOR_LCORE, place->generator_cpu);
}

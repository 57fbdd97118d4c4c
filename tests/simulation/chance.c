/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Random numbers and clocks. The linker leads what the programs call here (--wrap): each program
 * has numbers of its own, so what one draws does not depend on the others.
 */

#include <openssl/rand.h>
#include <string.h>
#include <time.h>

#include "gkm.h"
#include "simulation.h"

/* SplitMix64 (Steele, Lea, Flood 2014). */
uint64_t chance_draw(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

uint64_t chance_below(uint64_t *state, uint64_t bound)
{
	return bound ? chance_draw(state) % bound : 0;
}

bool chance_in_1000(uint64_t *state, unsigned times)
{
	return chance_below(state, 1000) < times;
}

static void fill(uint64_t *state, unsigned char *buf, int len)
{
	for (int i = 0; i < len; i += 8) {
		uint64_t word = chance_draw(state);

		memcpy(buf + i, &word, (size_t)(len - i < 8 ? len - i : 8));
	}
}

static uint64_t *source(void)
{
	return process_now ? &process_now->chance : &fleet_now->chance;
}

int __wrap_RAND_bytes(unsigned char *buf, int len);
int __wrap_RAND_priv_bytes(unsigned char *buf, int len);
uint32_t __wrap_arc4random_uniform(uint32_t bound);
int __wrap_clock_gettime(clockid_t id, struct timespec *ret_time);

int __wrap_RAND_bytes(unsigned char *buf, int len)
{
	fill(source(), buf, len);
	return 1;
}

/* Keys. */
int __wrap_RAND_priv_bytes(unsigned char *buf, int len)
{
	fill(breakage == BREAK_AMNESIA ? gkm_key_chance(fleet_now->gkm) : source(), buf, len);
	return 1;
}

uint32_t __wrap_arc4random_uniform(uint32_t bound)
{
	return (uint32_t)chance_below(source(), bound);
}

int __wrap_clock_gettime(clockid_t id, struct timespec *ret_time)
{
	uint64_t us = process_now ? process_clock_us(process_now) : fleet_now->now_us;

	*ret_time = (struct timespec){.tv_sec = (time_t)(us / SECOND_US),
				      .tv_nsec = (long)(us % SECOND_US * 1000)};
	return 0;
}

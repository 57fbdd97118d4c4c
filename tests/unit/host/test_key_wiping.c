/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The copy of a key that is made for the dataplane is wiped before its memory goes back, however
 * the installation ends. Linked with --wrap=free, to look at each block as it is freed.
 */

#include <errno.h>
#include <malloc.h>
#include <string.h>

#include "world.h"

void __real_free(void *memory);
void __wrap_free(void *memory);

static const struct dataplane *watched;
static unsigned keys_freed;  /* blocks that held a struct covey_sa */
static unsigned keys_leaked; /* of these, not wiped */

void __wrap_free(void *memory)
{
	if (memory && watched && memory == watched->install_sa) {
		const struct covey_sa *sa = memory;

		keys_freed++;
		for (size_t i = 0; i < sizeof(sa->tek); i++) {
			if (sa->tek[i] != 0) {
				keys_leaked++;
				break;
			}
		}
	}
	__real_free(memory);
}

static void look_at(const struct world *world)
{
	watched = world ? &world->dataplane : NULL;
	keys_freed = 0;
	keys_leaked = 0;
}

static void test_after_installing(void **state)
{
	struct world *world = world_with_active_sa();

	look_at(world);
	assert_int_equal(world_install(world, "g", 257, 86400), 0);
	/* There was a key, it arrived, and its copy is wiped. */
	assert_int_equal(world_sa(world, 257)->tek[0], 0xa0 + 257 % 32);
	assert_int_equal(keys_freed, 1);
	assert_int_equal(keys_leaked, 0);
	look_at(NULL);
	world_free(world);
}

static void test_after_a_failure(void **state)
{
	struct world *world = world_with_active_sa();

	look_at(world);
	world->dataplane.install_fails = -ENOMEM;
	assert_int_equal(world_install(world, "g", 257, 86400), -ENOMEM);
	assert_null(world_sa(world, 257));
	assert_int_equal(keys_freed, 1);
	assert_int_equal(keys_leaked, 0);
	look_at(NULL);
	world_free(world);
}

static void test_after_a_second_registration(void **state)
{
	struct world *world = world_with_active_sa();

	member_state_closed(world->state);
	assert_int_equal(world_open(world, 1), 0);
	assert_int_equal(world_joined(world, "g", 7, 2), 0);
	assert_int_equal(world_roster(world, "g", 1, true, false, 7, 0), 0);
	look_at(world);
	assert_int_equal(world_install(world, "g", 256, 86400), 0);
	assert_int_equal(keys_freed, 1);
	assert_int_equal(keys_leaked, 0);
	look_at(NULL);
	world_free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_after_installing),
		cmocka_unit_test(test_after_a_failure),
		cmocka_unit_test(test_after_a_second_registration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

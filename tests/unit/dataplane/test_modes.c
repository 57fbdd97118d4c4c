/* SPDX-License-Identifier: BSD-3-Clause */
/* The mode of a group, from the call to what workers see. */
#include "lab.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>

#define OTHER_GROUP 7u
#define OTHER_VNI   700u

static void open_lab(struct lab *lab, bool vxlan_only)
{
	struct dataplane_config config = lab_config(false, COVEY_ENCAPSULATION_UDP);

	config.vxlan_only = vxlan_only;
	lab_open(lab, &config);
}

static void add_other_group(struct lab *lab)
{
	const uint32_t vni = OTHER_VNI;

	assert_int_equal(dataplane_group_set(lab->dataplane, OTHER_GROUP, &vni, 1, NULL), 0);
}

static void set_mode(struct lab *lab, uint32_t group, enum covey_mode mode)
{
	assert_int_equal(dataplane_group_mode(lab->dataplane, group, mode), 0);
}

/* What workers see of group 0. */
static void expect(const struct lab *lab, bool clear_out, bool clear_in, bool fragments_out,
		   bool fragments_in)
{
	const struct sadb *sadb = engine_worker_sadb(lab->worker);

	assert_int_equal(sadb->groups[0].clear_out, clear_out);
	assert_int_equal(sadb->groups[0].clear_in, clear_in);
	assert_int_equal(sadb->fragments_out, fragments_out);
	assert_int_equal(sadb->fragments_in, fragments_in);
}

static void test_a_group_enforces_until_told(void **state)
{
	const uint32_t vni = LAB_VNI;
	struct lab lab;

	open_lab(&lab, false);
	expect(&lab, false, false, false, false);
	set_mode(&lab, 0, COVEY_MODE_OBSERVE);
	expect(&lab, true, true, true, true);
	set_mode(&lab, 0, COVEY_MODE_TRANSITION);
	expect(&lab, false, true, false, true);
	set_mode(&lab, 0, COVEY_MODE_ENFORCE);
	expect(&lab, false, false, false, false);
	set_mode(&lab, 0, COVEY_MODE_OBSERVE);
	assert_int_equal(dataplane_group_set(lab.dataplane, 0, &vni, 1, NULL), 0);
	expect(&lab, true, true, true, true);
	assert_int_equal(dataplane_group_set(lab.dataplane, 0, NULL, 0, NULL), 0);
	assert_int_equal(dataplane_group_set(lab.dataplane, 0, &vni, 1, NULL), 0);
	expect(&lab, false, false, false, false);
	lab_close(&lab);
}

/* The guard of an AF_PACKET port drops it until it is told. */
static void test_a_new_vni_does_not_leave_in_clear_before_the_mode_is_put(void **state)
{
	const uint32_t vnis[] = {LAB_VNI + 1, LAB_VNI};
	struct lab lab;

	open_lab(&lab, false);
	set_mode(&lab, 0, COVEY_MODE_OBSERVE);
	assert_int_equal(dataplane_group_set(lab.dataplane, 0, vnis, 2, NULL), 0);
	expect(&lab, false, true, false, true);
	set_mode(&lab, 0, COVEY_MODE_OBSERVE);
	expect(&lab, true, true, true, true);
	assert_int_equal(dataplane_group_set(lab.dataplane, 0, vnis + 1, 1, NULL), 0);
	expect(&lab, true, true, true, true);
	set_mode(&lab, 0, COVEY_MODE_ENFORCE);
	assert_int_equal(dataplane_group_set(lab.dataplane, 0, vnis, 2, NULL), 0);
	expect(&lab, false, false, false, false);
	lab_close(&lab);
}

/* Nobody knows the VNI of a fragment, so none passes then. */
static void test_a_strict_vni_is_so_until_told_otherwise(void **state)
{
	const uint32_t strict[] = {OTHER_VNI, COVEY_VNI_MAX};
	const struct sadb *sadb;
	struct lab lab;

	open_lab(&lab, false);
	add_other_group(&lab);
	set_mode(&lab, 0, COVEY_MODE_OBSERVE);
	set_mode(&lab, OTHER_GROUP, COVEY_MODE_OBSERVE);
	assert_int_equal(dataplane_set_strict(lab.dataplane, strict, 2), 0);
	expect(&lab, true, true, false, false);
	sadb = engine_worker_sadb(lab.worker);
	assert_true(sadb_accepts_clear(sadb, 0, LAB_VNI));
	assert_false(sadb_accepts_clear(sadb, OTHER_GROUP, OTHER_VNI));
	assert_false(sadb_accepts_clear(sadb, 0, COVEY_VNI_MAX));
	assert_int_equal(dataplane_set_strict(lab.dataplane, NULL, 0), 0);
	expect(&lab, true, true, true, true);
	assert_true(sadb_accepts_clear(engine_worker_sadb(lab.worker), OTHER_GROUP, OTHER_VNI));
	lab_close(&lab);
}

static void test_what_is_no_mode_or_no_group_changes_nothing(void **state)
{
	struct lab lab;

	open_lab(&lab, false);
	set_mode(&lab, 0, COVEY_MODE_OBSERVE);
	assert_int_equal(dataplane_group_mode(lab.dataplane, 0, 0), -EINVAL);
	assert_int_equal(dataplane_group_mode(lab.dataplane, 0, COVEY_MODE_ENFORCE + 1), -EINVAL);
	assert_int_equal(
		dataplane_group_mode(lab.dataplane, COVEY_GROUPS_PER_HOST_MAX, COVEY_MODE_ENFORCE),
		-EINVAL);
	assert_int_equal(dataplane_group_mode(lab.dataplane, OTHER_GROUP, COVEY_MODE_OBSERVE),
			 -ENOENT);
	expect(&lab, true, true, true, true);
	assert_false(engine_worker_sadb(lab.worker)->groups[OTHER_GROUP].clear_in);
	lab_close(&lab);
}

/* A fragment has no VNI: one group that enforces is enough to stop them all. */
static void test_fragments_pass_while_no_group_enforces(void **state)
{
	struct lab lab;

	open_lab(&lab, false);
	add_other_group(&lab);
	set_mode(&lab, 0, COVEY_MODE_OBSERVE);
	expect(&lab, true, true, false, false);
	set_mode(&lab, OTHER_GROUP, COVEY_MODE_TRANSITION);
	expect(&lab, true, true, true, true);
	set_mode(&lab, 0, COVEY_MODE_TRANSITION);
	expect(&lab, false, true, false, true);
	set_mode(&lab, OTHER_GROUP, COVEY_MODE_ENFORCE);
	expect(&lab, false, true, false, false);
	assert_int_equal(dataplane_group_set(lab.dataplane, OTHER_GROUP, NULL, 0, NULL), 0);
	expect(&lab, false, true, false, true);
	lab_close(&lab);
}

/* There the guard follows the mode: no packet that comes to us may leave by a socket in clear. */
static void test_where_the_kernel_keeps_the_card_nothing_changes(void **state)
{
	struct lab lab;

	open_lab(&lab, true);
	for (int mode = COVEY_MODE_OBSERVE; mode <= COVEY_MODE_ENFORCE; mode++) {
		set_mode(&lab, 0, (enum covey_mode)mode);
		expect(&lab, false, false, false, false);
	}
	lab_close(&lab);
}

/* --- publication ---------------------------------------------------------------------------- */

struct change {
	struct lab lab;
	atomic_bool done;
};

static void *observe(void *arg)
{
	struct change *change = arg;

	set_mode(&change->lab, 0, COVEY_MODE_OBSERVE);
	atomic_store(&change->done, true);
	return NULL;
}

/* A worker that still sends by the old mode may hold a packet that it has judged by it. */
static void test_it_is_in_force_when_no_worker_holds_the_old_one(void **state)
{
	struct change change = {.done = false};
	const struct sadb *before;
	pthread_t thread;

	open_lab(&change.lab, false);
	engine_worker_online(change.lab.worker);
	before = engine_worker_sadb(change.lab.worker);
	assert_int_equal(pthread_create(&thread, NULL, observe, &change), 0);
	while (engine_worker_sadb(change.lab.worker) == before)
		sched_yield();
	assert_false(before->groups[0].clear_out);
	assert_false(atomic_load(&change.done));
	engine_worker_offline(change.lab.worker);
	pthread_join(thread, NULL);
	expect(&change.lab, true, true, true, true);
	lab_close(&change.lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_group_enforces_until_told),
		cmocka_unit_test(test_a_new_vni_does_not_leave_in_clear_before_the_mode_is_put),
		cmocka_unit_test(test_a_strict_vni_is_so_until_told_otherwise),
		cmocka_unit_test(test_what_is_no_mode_or_no_group_changes_nothing),
		cmocka_unit_test(test_fragments_pass_while_no_group_enforces),
		cmocka_unit_test(test_where_the_kernel_keeps_the_card_nothing_changes),
		cmocka_unit_test(test_it_is_in_force_when_no_worker_holds_the_old_one),
	};

	return cmocka_run_group_tests(tests, lab_eal, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* The two tables that every packet is looked up in, as full as they can be. */
#include "sadb.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>

#define VNIS (COVEY_GROUPS_PER_HOST_MAX * COVEY_VNIS_PER_GROUP_MAX)

/* Odd SPIs are installed, even ones are not; random, so that some share a cell. */
static void test_spis(void **state)
{
	static struct sa_rx sas[SADB_SAS_MAX];
	struct sadb *sadb = malloc(sizeof(*sadb));

	assert_non_null(sadb);
	sadb_clear(sadb, NULL, NULL);
	for (unsigned i = 0; i < SADB_SAS_MAX; i++) {
		do
			sas[i].spi = (uint32_t)rand() << 1 | 1;
		while (sadb_find(sadb, sas[i].spi));
		sadb_add(sadb, &sas[i]);
	}
	for (unsigned i = 0; i < SADB_SAS_MAX; i++) {
		assert_ptr_equal(sadb_find(sadb, sas[i].spi), &sas[i]);
		assert_null(sadb_find(sadb, sas[i].spi ^ 1));
	}
	sadb_clear(sadb, NULL, NULL);
	assert_null(sadb_find(sadb, sas[0].spi));
	for (unsigned i = 0; i < COVEY_GROUPS_PER_HOST_MAX; i++) {
		assert_null(sadb->groups[i].tx);
		assert_int_equal(sadb->groups[i].reason, COVEY_DROP_OUT_NO_SA);
	}
	free(sadb);
}

/* Every 16th VNI, in the most groups that a host can be in. */
static void test_vnis(void **state)
{
	struct vni_table *vnis = vni_table_new(VNIS);

	assert_non_null(vnis);
	for (uint32_t i = 0; i < VNIS; i++)
		assert_int_equal(vni_table_add(vnis, i * 16 + 15, i % COVEY_GROUPS_PER_HOST_MAX),
				 0);
	for (uint32_t i = 0; i < VNIS; i++) {
		assert_int_equal(vni_table_find(vnis, i * 16 + 15), i % COVEY_GROUPS_PER_HOST_MAX);
		assert_int_equal(vni_table_find(vnis, i * 16), VNI_NO_GROUP);
	}
	/* The highest one, VNI 16777215, is among them. */
	assert_int_equal((VNIS - 1) * 16 + 15, COVEY_VNI_MAX);
	assert_int_equal(vni_table_add(vnis, 15, 0), 0);
	assert_int_equal(vni_table_add(vnis, 15, 1), -EEXIST);
	vni_table_free(vnis);
	vnis = vni_table_new(0);
	assert_non_null(vnis);
	assert_int_equal(vni_table_find(vnis, 0), VNI_NO_GROUP);
	/* An empty cell is no VNI. */
	assert_int_equal(vni_table_find(vnis, COVEY_VNI_MAX), VNI_NO_GROUP);
	assert_int_equal(vni_table_add(vnis, COVEY_VNI_MAX, 255), 0);
	assert_int_equal(vni_table_find(vnis, COVEY_VNI_MAX), 255);
	assert_int_equal(vni_table_add(vnis, COVEY_VNI_MAX, 254), -EEXIST);
	assert_int_equal(vni_table_find(vnis, COVEY_VNI_MAX - 1), VNI_NO_GROUP);
	vni_table_free(vnis);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spis),
		cmocka_unit_test(test_vnis),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

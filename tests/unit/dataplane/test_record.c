/* SPDX-License-Identifier: BSD-3-Clause */
/* What cannot be put in force leaves no key behind. Linked with --wrap=aligned_alloc, to fail. */
#include "dataplane_state.h"
#include "lab.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);

static unsigned fails_in; /* so many calls from now, 0: not */

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
	if (fails_in && --fails_in == 0)
		return NULL;
	return __real_aligned_alloc(alignment, size);
}

#define NEW_1 3
#define NEW_2 4

static struct lab lab;

static int open_lab(void **state)
{
	struct dataplane_config config = lab_config(false, COVEY_ENCAPSULATION_UDP);
	struct covey_roster_entry peer = lab_peer(false);
	struct covey_sa sa = lab_sa(LAB_SPI, 1);

	lab_open(&lab, &config);
	return dataplane_sa_install(lab.dataplane, &sa, &peer, 1, NULL);
}

static int close_lab(void **state)
{
	fails_in = 0;
	lab_close(&lab);
	return 0;
}

/* Keys lie by SenderID, beside the peer's. */
static bool is_expanded(uint16_t sender_id)
{
	static const struct cipher_key none;
	const struct sa_record *record = sa_record_find(lab.dataplane, LAB_SPI);
	const struct cipher_key *peers = sender_table_find(record->parts.senders, LAB_PEER)->key;

	return memcmp(peers + sender_id - LAB_PEER, &none, sizeof(none)) != 0;
}

static void assert_as_before(const struct covey_sa *sa)
{
	assert_false(is_expanded(NEW_1));
	assert_false(is_expanded(NEW_2));
	assert_true(is_expanded(LAB_PEER));
	assert_int_equal(is_expanded(sa->sender_id), sa->may_send);
}

static void fill(struct covey_roster_entry entries[3])
{
	entries[0] = entries[1] = entries[2] = lab_peer(false);
	entries[1].sender_id = NEW_1;
	entries[2].sender_id = NEW_2;
}

static int set_roster(const struct covey_sa *sa, const struct covey_roster_entry entries[3])
{
	return dataplane_roster_set(lab.dataplane, LAB_SPI, entries, 3, NULL);
}

static int install(const struct covey_sa *sa, const struct covey_roster_entry entries[3])
{
	return dataplane_sa_install(lab.dataplane, sa, entries, 3, NULL);
}

/* Each of the allocations fails in turn; at last none does. */
static void fail_everywhere(const struct covey_sa *sa,
			    int (*change)(const struct covey_sa *sa,
					  const struct covey_roster_entry entries[3]))
{
	struct covey_roster_entry entries[3];
	unsigned failed = 0;

	fill(entries);
	for (unsigned at = 1;; at++) {
		int status;

		fails_in = at;
		status = change(sa, entries);
		fails_in = 0;
		if (status == 0)
			break;
		assert_int_equal(status, -ENOMEM);
		assert_as_before(sa);
		failed++;
	}
	assert_int_equal(failed, 3);
	assert_true(is_expanded(NEW_1) && is_expanded(NEW_2));
}

static void test_rosters_without_memory(void **state)
{
	struct covey_sa sa = lab_sa(LAB_SPI, 1);

	fail_everywhere(&sa, set_roster);
}

static void test_reinstallations_without_memory(void **state)
{
	struct covey_sa sa = lab_sa(LAB_SPI, 2);

	fail_everywhere(&sa, install);
}

static void test_rosters_that_make_no_sense(void **state)
{
	struct covey_sa sa = lab_sa(LAB_SPI, 1);
	struct covey_roster_entry entries[3];

	fill(entries);
	entries[2].sender_id = LAB_PEER; /* twice */
	assert_int_equal(dataplane_roster_set(lab.dataplane, LAB_SPI, entries, 3, NULL), -EINVAL);
	assert_as_before(&sa);
}

/* Whoever may only receive from now on needs no key of its own. */
static void test_sender_no_more(void **state)
{
	struct covey_roster_entry peer = lab_peer(false);
	struct covey_sa sa = lab_sa(LAB_SPI, 2);

	sa.may_send = false;
	assert_int_equal(dataplane_sa_install(lab.dataplane, &sa, &peer, 1, NULL), 0);
	assert_as_before(&sa);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_lab, close_lab)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_rosters_without_memory),
		TEST(test_reinstallations_without_memory),
		TEST(test_rosters_that_make_no_sense),
		TEST(test_sender_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

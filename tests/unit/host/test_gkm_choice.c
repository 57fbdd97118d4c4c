/* SPDX-License-Identifier: BSD-3-Clause */

/* Which of several key managers a host tries next. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "gkm_choice.h"

static struct covey_addr address(uint8_t last)
{
	return (struct covey_addr){.bytes = {192, 0, 2, last}, .family = AF_INET};
}

static struct covey_gkms list(size_t count, const uint8_t *last)
{
	struct covey_gkms gkms = {.count = count};

	for (size_t i = 0; i < count; i++)
		gkms.list[i] = address(last[i]);
	return gkms;
}

static void begin(struct gkm_choice *choice, size_t count)
{
	const struct covey_gkms gkms = list(count, (const uint8_t[]){1, 2, 3, 4, 5, 6, 7, 8});

	memset(choice, 0, sizeof(*choice));
	gkm_choice_set(choice, &gkms);
}

static uint8_t at(const struct gkm_choice *choice)
{
	return gkm_choice_address(choice)->bytes[3];
}

static void one_is_tried_again_and_again(void **state)
{
	struct gkm_choice choice;

	begin(&choice, 1);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(at(&choice), 1);
		assert_true(gkm_choice_failed(&choice));
	}
}

static void all_are_tried_in_turn(void **state)
{
	struct gkm_choice choice;

	begin(&choice, 3);
	for (int round = 0; round < 3; round++) {
		assert_int_equal(at(&choice), 1);
		assert_false(gkm_choice_failed(&choice));
		assert_int_equal(at(&choice), 2);
		assert_false(gkm_choice_failed(&choice));
		assert_int_equal(at(&choice), 3);
		assert_true(gkm_choice_failed(&choice));
	}
}

static void who_led_last_is_first(void **state)
{
	struct gkm_choice choice;

	begin(&choice, 3);
	gkm_choice_failed(&choice);
	gkm_choice_leads(&choice);
	assert_int_equal(at(&choice), 2);
	/* A round has three of them, wherever it began. */
	assert_false(gkm_choice_failed(&choice));
	assert_false(gkm_choice_failed(&choice));
	assert_int_equal(at(&choice), 1);
	assert_true(gkm_choice_failed(&choice));
	assert_int_equal(at(&choice), 2);
}

static void who_is_named_is_next(void **state)
{
	const struct covey_addr third = address(3);
	struct gkm_choice choice;

	begin(&choice, 3);
	assert_false(gkm_choice_named(&choice, &third));
	assert_int_equal(at(&choice), 3);
}

/* A key manager that was taken over must not send hosts to any machine that it likes. */
static void only_those_of_the_list_are_tried(void **state)
{
	const struct covey_addr stranger = address(66), nobody = {0}, itself = address(1);
	struct gkm_choice choice;

	begin(&choice, 3);
	gkm_choice_named(&choice, &stranger);
	assert_int_equal(at(&choice), 2);
	gkm_choice_named(&choice, &nobody);
	assert_int_equal(at(&choice), 3);
	gkm_choice_failed(&choice);
	gkm_choice_named(&choice, &itself);
	assert_int_equal(at(&choice), 2);
}

/* Two that name each other: the wait grows as if nobody were there. */
static void who_name_each_other_make_rounds(void **state)
{
	const struct covey_addr first = address(1), second = address(2);
	struct gkm_choice choice;
	int rounds = 0;

	begin(&choice, 2);
	for (int i = 0; i < 10; i++)
		rounds += gkm_choice_named(&choice, i % 2 ? &first : &second);
	assert_int_equal(rounds, 5);
}

static void another_list_keeps_what_stays(void **state)
{
	struct covey_gkms gkms = list(3, (const uint8_t[]){9, 2, 1});
	struct gkm_choice choice;

	begin(&choice, 2);
	assert_true(gkm_choice_explain(&choice, "off"));
	gkm_choice_failed(&choice);
	assert_true(gkm_choice_set(&choice, &gkms));
	assert_int_equal(at(&choice), 2);
	assert_string_equal(choice.reasons[2], "off");
	assert_string_equal(choice.reasons[0], "");
	gkms = list(1, (const uint8_t[]){9});
	assert_false(gkm_choice_set(&choice, &gkms));
	assert_int_equal(at(&choice), 9);
}

static void each_reason_is_news_once(void **state)
{
	struct gkm_choice choice;

	begin(&choice, 2);
	assert_true(gkm_choice_explain(&choice, "off"));
	gkm_choice_failed(&choice);
	assert_true(gkm_choice_explain(&choice, "off"));
	gkm_choice_failed(&choice);
	assert_false(gkm_choice_explain(&choice, "off"));
	assert_true(gkm_choice_explain(&choice, "refused"));
	gkm_choice_failed(&choice);
	gkm_choice_leads(&choice);
	assert_string_equal(choice.reasons[1], "");
	assert_string_equal(choice.reasons[0], "refused");
	gkm_choice_failed(&choice);
	assert_true(gkm_choice_explain(&choice, "refused"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_is_tried_again_and_again),
		cmocka_unit_test(all_are_tried_in_turn),
		cmocka_unit_test(who_led_last_is_first),
		cmocka_unit_test(who_is_named_is_next),
		cmocka_unit_test(only_those_of_the_list_are_tried),
		cmocka_unit_test(who_name_each_other_make_rounds),
		cmocka_unit_test(another_list_keeps_what_stays),
		cmocka_unit_test(each_reason_is_news_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */

/* Of which VNIs clear VXLAN may pass, by the modes of this host's groups. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <diagnostics.h>
#include <inventory.h>
#include <mode_file.h>
#include <mode_lists.h>
#include <state.h>

#include "../faulty_memory.h"

#define NEVER UINT64_MAX

static const char text[] =
	"all:\n"
	"  vars:\n"
	"    covey_fabric: test.example\n"
	"    covey_gkm: 10.9.0.254\n"
	"    covey_groups:\n"
	"      a: {vnis: [100, 7, 300], members: [hv1, hv2], mode: observe}\n"
	"      b: {vnis: [200, 8], members: [hv1], mode: transition}\n"
	"      c: {vnis: [9], members: [hv1]}\n"
	"      d: {vnis: [400], members: [hv2], mode: observe}\n"
	"  hosts:\n"
	"    hv1: {covey_vtep: 10.9.0.1, covey_fabric_interface: d0, covey_fabric_port: kernel}\n"
	"    hv2: {covey_vtep: 10.9.0.2, covey_fabric_interface: d0, covey_fabric_port: kernel}\n";

struct scene {
	struct inventory *inventory;
	struct member_state state;
	struct guard_clear clear;
};

static int set_up(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));
	struct diagnostics diagnostics;

	diagnostics_init(&diagnostics);
	if (inventory_parse("test", text, strlen(text), &diagnostics, &scene->inventory)) {
		diagnostics_print(&diagnostics, stderr);
		return -1;
	}
	diagnostics_free(&diagnostics);
	*state = scene;
	return 0;
}

static int tear_down(void **state)
{
	struct scene *scene = *state;

	for (size_t i = 0; i < COVEY_GROUPS_PER_HOST_MAX; i++)
		if (scene->state.groups[i]) {
			free(scene->state.groups[i]->vnis);
			free(scene->state.groups[i]);
		}
	guard_clear_free(&scene->clear);
	inventory_free(scene->inventory);
	free(scene);
	return 0;
}

static void add_vni(struct membership *group, uint32_t vni)
{
	group->vnis = realloc(group->vnis, (group->vni_count + 1) * sizeof(*group->vnis));
	group->vnis[group->vni_count++] = vni;
}

/* A group without VNIs has not been joined yet. */
static struct membership *add_group(struct scene *scene, size_t place, const char *name,
				    enum covey_mode mode)
{
	struct membership *group = calloc(1, sizeof(*group));

	snprintf(group->name, sizeof(group->name), "%s", name);
	group->mode.mode = mode;
	group->mode.keyed = true;
	scene->state.groups[place] = group;
	return group;
}

static void append_list(char *text_of, const struct guard_vnis *vnis)
{
	for (size_t i = 0; i < vnis->count; i++)
		sprintf(text_of + strlen(text_of), "%s%u", i ? "," : "", vnis->list[i]);
}

/* "100,200 200": accepted and steered. */
static void expect(struct scene *scene, const char *wanted)
{
	char got[512] = "";

	append_list(got, &scene->clear.accepted);
	strcat(got, " ");
	append_list(got, &scene->clear.steered);
	assert_string_equal(got, wanted);
	assert_int_equal(guard_clear_check(&scene->clear, NULL), 0);
	guard_clear_free(&scene->clear);
}

static void expect_first(struct scene *scene, const struct mode_record *records, size_t count,
			 const char *wanted)
{
	struct covey_error error;

	assert_int_equal(mode_lists_of_first(scene->inventory,
					     inventory_find_host(scene->inventory, "hv1"), records,
					     count, &scene->clear, &error),
			 0);
	expect(scene, wanted);
}

static void expect_member(struct scene *scene, const char *wanted)
{
	struct covey_error error;

	assert_int_equal(mode_lists_of_member(scene->inventory, &scene->state, NULL, 0,
					      &scene->clear, &error),
			 0);
	expect(scene, wanted);
}

/* "7-8,300": what covey-host leaves of the group at this place. */
static void expect_agreed(struct scene *scene, size_t place, const struct mode_record *record,
			  const char *wanted)
{
	struct covey_vnis *vnis;
	struct guard_vnis disputed;
	char got[512] = "";
	size_t count;

	assert_int_equal(mode_lists_find_disputed(scene->inventory, &scene->state, &disputed), 0);
	assert_int_equal(mode_lists_agreed(scene->inventory, scene->state.groups[place], record,
					   &disputed, &vnis, &count),
			 0);
	for (size_t i = 0; i < count; i++) {
		sprintf(got + strlen(got), "%s%u", i ? "," : "", vnis[i].first);
		if (vnis[i].last > vnis[i].first)
			sprintf(got + strlen(got), "-%u", vnis[i].last);
	}
	assert_string_equal(got, wanted);
	free(vnis);
	free(disputed.list);
}

/* --- before there is a member, and so no SA: nothing is steered
 * ----------------------------------------------------------------- */

static void by_the_inventory(void **state)
{
	expect_first(*state, NULL, 0, "7,8,100,200,300 ");
}

static void by_the_last_run(void **state)
{
	static const struct mode_record records[] = {
		{"a", COVEY_MODE_TRANSITION, COVEY_MODE_ENFORCE, NEVER, 0, false, NULL, 0},
		{"b", COVEY_MODE_ENFORCE, COVEY_MODE_ENFORCE, NEVER, 0, false, NULL, 0},
		{"c", COVEY_MODE_OBSERVE, COVEY_MODE_ENFORCE, 60000, 0, false, NULL, 0},
		{"d", COVEY_MODE_OBSERVE, COVEY_MODE_ENFORCE, NEVER, 0, false, NULL,
		 0}, /* not of this host */
		{"e", COVEY_MODE_OBSERVE, COVEY_MODE_ENFORCE, NEVER, 0, false, NULL,
		 0}, /* nor of the inventory */
	};

	expect_first(*state, records, 5, "7,9,100,300 ");
	/* The others are in the inventory's mode. */
	expect_first(*state, records, 1, "7,8,100,200,300 ");
}

/* Of a group of which a record says so, only what key manager and inventory both gave it. */
static void what_was_agreed_in_the_last_run(void **state)
{
	static struct covey_vnis some[] = {{5, 7}, {299, 301}}, others[] = {{200, 200}};
	static const struct mode_record records[] = {
		{"a", COVEY_MODE_OBSERVE, COVEY_MODE_ENFORCE, NEVER, 0, true, some, 2},
		{"b", COVEY_MODE_OBSERVE, COVEY_MODE_ENFORCE, 60000, 0, true, NULL, 0},
		{"c", COVEY_MODE_ENFORCE, COVEY_MODE_OBSERVE, 0, 0, true, others, 1},
	};
	struct scene *scene = *state;
	struct covey_error error;

	expect_first(scene, records, 3, "7,300 ");
	add_group(scene, 0, "a", COVEY_MODE_OBSERVE);
	add_group(scene, 1, "b", COVEY_MODE_OBSERVE);
	assert_int_equal(mode_lists_of_member(scene->inventory, &scene->state, records, 3,
					      &scene->clear, &error),
			 0);
	expect(scene, "7,300 ");
	expect_agreed(scene, 0, &records[0], "7,300");
	expect_agreed(scene, 1, &records[1], "");
	/* Once they are joined, it does not count any more. */
	add_vni(scene->state.groups[0], 100);
	add_vni(scene->state.groups[1], 8);
	assert_int_equal(mode_lists_of_member(scene->inventory, &scene->state, records, 3,
					      &scene->clear, &error),
			 0);
	expect(scene, "8,100 ");
	expect_agreed(scene, 0, &records[0], "100");
}

static void what_is_agreed(void **state)
{
	struct scene *scene = *state;
	struct membership *a = add_group(scene, 0, "a", COVEY_MODE_ENFORCE);

	add_group(scene, 1, "b", COVEY_MODE_TRANSITION);
	expect_agreed(scene, 0, NULL, "7,100,300");
	add_vni(a, 300);
	add_vni(a, 7);
	expect_agreed(scene, 0, NULL, "7,300");
	expect_agreed(scene, 1, NULL, "8,200");
	/* Of the other group, by our inventory. */
	add_vni(a, 200);
	expect_agreed(scene, 0, NULL, "7,300");
	expect_agreed(scene, 1, NULL, "8");
	add_vni(add_group(scene, 2, "nobody's", COVEY_MODE_OBSERVE), 600);
	expect_agreed(scene, 2, NULL, "");
}

static void a_deadline_that_has_passed(void **state)
{
	static const struct mode_record records[] = {
		{"a", COVEY_MODE_OBSERVE, COVEY_MODE_ENFORCE, 0, 0, false, NULL, 0},
		{"b", COVEY_MODE_ENFORCE, COVEY_MODE_TRANSITION, 0, 0, false, NULL, 0},
		{"c", COVEY_MODE_TRANSITION, COVEY_MODE_OBSERVE, 0, 0, false, NULL, 0},
	};
	struct scene *scene = *state;
	struct mode_record first = mode_lists_first(scene->inventory, "a", records, 3);

	expect_first(scene, records, 3, "8,9,200 ");
	assert_string_equal(first.group, "a");
	assert_int_equal(first.mode, COVEY_MODE_ENFORCE);
	assert_int_equal(first.then, COVEY_MODE_ENFORCE);
	assert_true(first.left_ms == NEVER);
}

static void a_group_that_nobody_knows(void **state)
{
	struct scene *scene = *state;
	struct mode_record first = mode_lists_first(scene->inventory, "nobody's", NULL, 0);

	assert_string_equal(first.group, "nobody's");
	assert_int_equal(first.mode, COVEY_MODE_ENFORCE);
	assert_true(first.left_ms == NEVER);
}

/* --- the member's groups ---------------------------------------------------------------------- */

static void no_group(void **state)
{
	expect_member(*state, " ");
}

static void two_groups_in_different_modes(void **state)
{
	static const struct {
		enum covey_mode first, second;
		const char *wanted;
	} cases[] = {
		{COVEY_MODE_OBSERVE, COVEY_MODE_OBSERVE, "7,8,200,300 "},
		{COVEY_MODE_OBSERVE, COVEY_MODE_TRANSITION, "7,8,200,300 8,200"},
		{COVEY_MODE_OBSERVE, COVEY_MODE_ENFORCE, "7,300 "},
		{COVEY_MODE_TRANSITION, COVEY_MODE_TRANSITION, "7,8,200,300 7,8,200,300"},
		{COVEY_MODE_TRANSITION, COVEY_MODE_ENFORCE, "7,300 7,300"},
		{COVEY_MODE_ENFORCE, COVEY_MODE_ENFORCE, " "},
	};
	struct scene *scene = *state;
	struct membership *first = add_group(scene, 3, "a", COVEY_MODE_OBSERVE);
	struct membership *second = add_group(scene, 1, "b", COVEY_MODE_OBSERVE);

	add_vni(first, 300); /* as the key manager says them, in any order */
	add_vni(first, 7);
	add_vni(second, 200);
	add_vni(second, 8);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		first->mode.mode = cases[i].first;
		second->mode.mode = cases[i].second;
		expect_member(scene, cases[i].wanted);
	}
}

static void a_group_that_is_left(void **state)
{
	struct scene *scene = *state;
	struct membership *group = add_group(scene, 0, "a", COVEY_MODE_OBSERVE);

	group->state = MEMBERSHIP_LEAVING;
	expect_member(scene, " ");
	add_vni(group, 5); /* not wiped yet */
	expect_member(scene, " ");
}

/* After a refusal, or an eviction: it has no VNIs any more, and enforces. */
static void a_group_that_is_wiped(void **state)
{
	struct scene *scene = *state;
	struct membership *group = add_group(scene, 0, "a", COVEY_MODE_ENFORCE);

	group->state = MEMBERSHIP_REFUSED;
	expect_member(scene, " ");
}

static void a_group_that_is_not_joined_yet(void **state)
{
	struct scene *scene = *state;

	add_group(scene, 0, "a", COVEY_MODE_OBSERVE);
	add_group(scene, 255, "b", COVEY_MODE_TRANSITION);
	add_group(scene, 5, "nobody's", COVEY_MODE_OBSERVE);
	expect_member(scene, "7,8,100,200,300 8,200");
}

/* What is steered would be lost. */
static void no_sa_yet(void **state)
{
	struct scene *scene = *state;
	struct membership *group = add_group(scene, 255, "b", COVEY_MODE_TRANSITION);

	group->mode.keyed = false;
	expect_member(scene, "8,200 ");
	add_vni(group, 8);
	expect_member(scene, "8 ");
	member_mode_keyed(&group->mode);
	assert_int_equal(group->mode.try_at, 0);
	expect_member(scene, "8 8");
}

/* Only what key manager and inventory both say passes in clear. */
static void other_vnis_than_the_inventorys(void **state)
{
	struct scene *scene = *state;
	struct membership *a = add_group(scene, 0, "a", COVEY_MODE_OBSERVE), *b;
	uint32_t vni;

	assert_false(mode_lists_disputed(scene->inventory, a, &vni));
	add_vni(a, 100);
	assert_false(mode_lists_disputed(scene->inventory, a, &vni));
	add_vni(a, 500);
	assert_true(mode_lists_disputed(scene->inventory, a, &vni));
	assert_int_equal(vni, 500);
	expect_member(scene, "100 ");
	a->mode.mode = COVEY_MODE_TRANSITION;
	expect_member(scene, "100 100");
	/* One that the inventory gives to another group, whose key manager does not say it. */
	add_vni(a, 200);
	b = add_group(scene, 1, "b", COVEY_MODE_OBSERVE);
	add_vni(b, 8);
	expect_member(scene, "8,100 100");
	/* Not even if that group is not joined yet, and only the inventory says it. */
	b->vni_count = 0;
	expect_member(scene, "8,100 100");
	/* A group that the inventory does not have at all. */
	add_vni(add_group(scene, 2, "nobody's", COVEY_MODE_OBSERVE), 600);
	expect_member(scene, "8,100 100");
}

/* As long as key manager and inventory do not say the same, it stays closed. */
static void a_vni_of_two_groups(void **state)
{
	struct scene *scene = *state;
	struct membership *joined = add_group(scene, 0, "c", COVEY_MODE_ENFORCE);
	struct membership *not_yet = add_group(scene, 1, "a", COVEY_MODE_OBSERVE);

	add_vni(joined, 100);
	expect_member(scene, "7,300 ");
	not_yet->mode.mode = COVEY_MODE_TRANSITION;
	expect_member(scene, "7,300 7,300");
	joined->mode.mode = COVEY_MODE_OBSERVE;
	expect_member(scene, "7,300 7,300");
	joined->mode.mode = COVEY_MODE_TRANSITION;
	not_yet->mode.mode = COVEY_MODE_OBSERVE;
	expect_member(scene, "7,300 ");
	not_yet->mode.mode = COVEY_MODE_ENFORCE;
	expect_member(scene, " ");
}

/* --- deadlines without covey-host ------------------------------------------------------------- */

static struct guard_vnis list_of(const char *text_of)
{
	struct guard_vnis vnis = {.list = malloc((strlen(text_of) + 1) * sizeof(*vnis.list))};
	char *end;

	for (; *text_of; text_of = *end ? end + 1 : end)
		vnis.list[vnis.count++] = (uint32_t)strtoul(text_of, &end, 10);
	return vnis;
}

static int follow(struct scene *scene, const struct mode_record *records, size_t count)
{
	struct covey_error error;

	return mode_lists_follow(scene->inventory, inventory_find_host(scene->inventory, "hv1"),
				 records, count, &scene->clear, &error);
}

static void deadlines_without_covey_host(void **state)
{
	static struct covey_vnis all[] = {{0, 0xffffff}}, some[] = {{7, 8}, {100, 299}};
	static const struct {
		struct mode_record record;
		const char *wanted;
	} cases[] = {
		/* Not yet, never, not this host's, or nobody's. */
		{{"a", COVEY_MODE_OBSERVE, COVEY_MODE_ENFORCE, 1, 0, true, all, 1},
		 "7,8,100,200,300,999 8,200"},
		{{"a", COVEY_MODE_OBSERVE, COVEY_MODE_ENFORCE, NEVER, 0, true, all, 1},
		 "7,8,100,200,300,999 8,200"},
		{{"d", COVEY_MODE_OBSERVE, COVEY_MODE_ENFORCE, 0, 0, true, all, 1},
		 "7,8,100,200,300,999 8,200"},
		{{"x", COVEY_MODE_ENFORCE, COVEY_MODE_OBSERVE, 0, 0, true, all, 1},
		 "7,8,100,200,300,999 8,200"},
		/* Now. What is nobody's by our inventory is closed, too. */
		{{"a", COVEY_MODE_OBSERVE, COVEY_MODE_ENFORCE, 0, 0, true, all, 1}, "8,200 8,200"},
		{{"a", COVEY_MODE_OBSERVE, COVEY_MODE_TRANSITION, 0, 0, true, all, 1},
		 "7,8,100,200,300 7,8,100,200,300"},
		{{"b", COVEY_MODE_TRANSITION, COVEY_MODE_OBSERVE, 0, 0, true, all, 1},
		 "7,8,100,200,300 "},
		{{"b", COVEY_MODE_TRANSITION, COVEY_MODE_ENFORCE, 0, 0, true, all, 1},
		 "7,100,300 "},
		{{"c", COVEY_MODE_ENFORCE, COVEY_MODE_TRANSITION, 0, 0, true, all, 1},
		 "7,8,9,100,200,300 8,9,200"},
		/* Only what key manager and inventory both gave to the group opens. */
		{{"c", COVEY_MODE_ENFORCE, COVEY_MODE_OBSERVE, 0, 0, true, some, 2},
		 "7,8,100,200,300 8,200"},
		{{"c", COVEY_MODE_ENFORCE, COVEY_MODE_OBSERVE, 0, 0, true, NULL, 0},
		 "7,8,100,200,300 8,200"},
		{{"c", COVEY_MODE_ENFORCE, COVEY_MODE_OBSERVE, 0, 0, false, NULL, 0},
		 "7,8,100,200,300 8,200"},
		{{"a", COVEY_MODE_ENFORCE, COVEY_MODE_TRANSITION, 0, 0, true, some, 2},
		 "7,8,100,200 7,8,100,200"},
		{{"b", COVEY_MODE_OBSERVE, COVEY_MODE_ENFORCE, 0, 0, false, NULL, 0}, "7,100,300 "},
	};
	struct scene *scene = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		scene->clear =
			(struct guard_clear){list_of("7,8,100,200,300,999"), list_of("8,200")};
		assert_int_equal(follow(scene, &cases[i].record, 1), 0);
		expect(scene, cases[i].wanted);
	}
	/* Nothing stands, nothing is known. */
	assert_int_equal(follow(scene, NULL, 0), 0);
	expect(scene, " ");
}

static void no_memory_to_follow(void **state)
{
	static const struct mode_record record = {
		"a", COVEY_MODE_OBSERVE, COVEY_MODE_ENFORCE, 0, 0, false, NULL, 0};
	struct scene *scene = *state;
	unsigned at = 0;
	int status;

	scene->clear = (struct guard_clear){list_of("7,8,100,200,300"), list_of("8,200")};
	do {
		faulty_memory_begin(++at);
		status = follow(scene, &record, 1);
		if (faulty_memory_end() == (status == 0))
			fail_msg("allocation %u", at);
		assert_true(status == 0 || status == -ENOMEM);
		assert_int_equal(scene->clear.accepted.count, status ? 5 : 2);
	} while (status);
	expect(scene, "8,200 8,200");
	assert_true(at > 3);
}

/* --- no memory -------------------------------------------------------------------------------- */

static void no_memory(void **state)
{
	struct scene *scene = *state;
	unsigned at = 0;
	int status;

	add_group(scene, 0, "a", COVEY_MODE_OBSERVE);
	add_group(scene, 1, "b", COVEY_MODE_TRANSITION);
	add_group(scene, 2, "c", COVEY_MODE_ENFORCE);
	do {
		struct covey_error error = {.text = ""};

		faulty_memory_begin(++at);
		status = mode_lists_of_member(scene->inventory, &scene->state, NULL, 0,
					      &scene->clear, &error);
		if (faulty_memory_end() == (status == 0))
			fail_msg("allocation %u", at);
		if (status) {
			assert_int_equal(status, -ENOMEM);
			assert_string_equal(error.text, "out of memory");
			assert_int_equal(scene->clear.accepted.count, 0);
			assert_null(scene->clear.accepted.list);
		}
	} while (status);
	expect(scene, "7,8,100,200,300 8,200");
	assert_true(at > 3);
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		test(by_the_inventory),
		test(by_the_last_run),
		test(what_was_agreed_in_the_last_run),
		test(what_is_agreed),
		test(a_deadline_that_has_passed),
		test(a_group_that_nobody_knows),
		test(no_group),
		test(two_groups_in_different_modes),
		test(a_group_that_is_left),
		test(a_group_that_is_wiped),
		test(a_group_that_is_not_joined_yet),
		test(no_sa_yet),
		test(other_vnis_than_the_inventorys),
		test(a_vni_of_two_groups),
		test(deadlines_without_covey_host),
		test(no_memory_to_follow),
		test(no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

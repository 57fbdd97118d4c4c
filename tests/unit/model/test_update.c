/* SPDX-License-Identifier: BSD-3-Clause */

/* What a running program takes over from a changed inventory, and what it keeps. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "update.h"

static struct inventory *parse(const char *fabric, const char *groups, const char *hosts)
{
	struct diagnostics diagnostics;
	struct inventory *inventory = NULL;
	char text[4096];
	int len = snprintf(text, sizeof(text),
			   "all:\n  vars:\n    covey_fabric: f\n    covey_gkm: 192.0.2.1\n%s"
			   "    covey_groups:\n%s  hosts:\n%s",
			   fabric, groups, hosts);

	diagnostics_init(&diagnostics);
	if (inventory_parse("inventory", text, (size_t)len, &diagnostics, &inventory) < 0) {
		diagnostics_print(&diagnostics, stderr);
		fail();
	}
	diagnostics_free(&diagnostics);
	return inventory;
}

#define A "    a: {covey_vtep: 10.0.0.1}\n"
#define B "    b: {covey_vtep: 10.0.0.2}\n"
#define C "    c: {covey_vtep: 10.0.0.3}\n"
#define G "      g: {vnis: [1, 2], members: [a, b]}\n"

static struct inventory *begin(void)
{
	struct inventory *live = parse("", G, A B);

	assert_int_equal(inventory_make_room(live), 0);
	return live;
}

/* One text after the other, "; " behind each; those that were not taken over begin with "!". */
static const char *update(struct inventory *live, struct inventory *fresh,
			  const struct inventory_host *self)
{
	static char all[2048];
	struct inventory_changes changes;

	assert_int_equal(inventory_update(live, fresh, self, &changes), 0);
	all[0] = '\0';
	for (size_t i = 0; i < changes.count; i++) {
		char text[INVENTORY_CHANGE_SIZE];

		strcat(all, inventory_change_is_live(&changes.list[i]) ? "" : "!");
		strcat(all, inventory_change_text(live, &changes.list[i], text));
		strcat(all, "; ");
	}
	inventory_changes_free(&changes);
	inventory_free(fresh);
	return all;
}

static void the_same_changes_nothing(void **state)
{
	struct inventory *live = begin();

	assert_string_equal(update(live, parse("", G, A B), NULL), "");
	assert_string_equal(update(live, parse("", G, B A), &live->hosts[0]), "");
	inventory_free(live);
}

/* Whoever has an address or an index of a host, group or member may keep it. */
static void everything_stays_where_it_is(void **state)
{
	struct inventory *live = begin();
	const struct inventory_host *b = inventory_find_host(live, "b");
	const struct inventory_group *g = inventory_find_group(live, "g");

	assert_string_equal(
		update(live, parse("", "      g: {vnis: [1, 2], members: [b, c]}\n", C B), NULL),
		"host c is new; host a is removed; members of group g; ");
	assert_ptr_equal(inventory_find_host(live, "b"), b);
	assert_ptr_equal(inventory_find_group(live, "g"), g);
	assert_null(inventory_find_host(live, "a"));
	assert_int_equal(g->member_count, 3);
	assert_true(g->members[0].gone && !g->members[0].may_send);
	assert_ptr_equal(inventory_find_member(live, g, b), &g->members[1]);
	assert_ptr_equal(inventory_find_member(live, g, inventory_find_host(live, "c")),
			 &g->members[2]);
	assert_null(inventory_find_member(live, g, &live->hosts[0]));
	assert_string_equal(update(live, parse("", G, A B), NULL),
			    "host a is new; host c is removed; members of group g; ");
	assert_ptr_equal(inventory_find_member(live, g, inventory_find_host(live, "a")),
			 &g->members[0]);
	assert_true(g->members[2].gone);
	inventory_free(live);
}

static void groups_come_and_go(void **state)
{
	struct inventory *live = begin();
	const struct inventory_group *h;

	assert_string_equal(
		update(live, parse("", G "      h: {vnis: [3], members: [b]}\n", A B), NULL),
		"group h is new; ");
	h = inventory_find_group(live, "h");
	assert_int_equal(h->vnis[0], 3);
	assert_int_equal(live->vnis_count, 1);
	assert_string_equal(
		update(live, parse("", "      h: {vnis: [1, 3], members: [b]}\n", A B), NULL),
		"group g is removed; vnis of group h; ");
	assert_null(inventory_find_group(live, "g"));
	assert_ptr_equal(inventory_find_group(live, "h"), h);
	assert_true(inventory_has_vni(h, 1));
	assert_int_equal(live->groups[0].vni_count, 0);
	assert_string_equal(
		update(live,
		       parse("", "      g: {vnis: [9], members: [a], cipher: aes-128-gcm}\n", A B),
		       NULL),
		"group h is removed; group g is new; ");
	assert_int_equal(live->groups[0].cipher, COVEY_AES_128_GCM);
	inventory_free(live);
}

/* Of a group that is new, there is nothing; of others, what they were. */
/* A second key manager is known to all without a restart. */
static void key_managers_come_and_go(void **state)
{
	struct inventory *live = begin(), *fresh = parse("", G, A B);

	assert_true(covey_addr_parse("192.0.2.2", &fresh->gkms.list[fresh->gkms.count++]));
	assert_string_equal(update(live, fresh, &live->hosts[0]), "covey_gkm; ");
	assert_int_equal(live->gkms.count, 2);
	fresh = parse("", G, A B);
	assert_true(covey_addr_parse("192.0.2.2", &fresh->gkms.list[0]));
	assert_string_equal(update(live, fresh, NULL), "covey_gkm; ");
	assert_int_equal(live->gkms.count, 1);
	fresh = parse("", G, A B);
	assert_true(covey_addr_parse("192.0.2.2", &fresh->gkms.list[0]));
	assert_string_equal(update(live, fresh, NULL), "");
	inventory_free(live);
}

static void what_was_is_there(void **state)
{
	struct inventory *live = begin();
	struct inventory *fresh = parse(
		"", "      h: {vnis: [3], members: [b]}\n      g: {vnis: [2, 5], members: [b]}\n",
		A B);
	struct inventory_changes changes;
	const struct inventory_group *was;

	assert_int_equal(inventory_update(live, fresh, NULL, &changes), 0);
	assert_null(inventory_find_group(fresh, "h"));
	was = inventory_find_group(fresh, "g");
	assert_int_equal(was->vni_count, 2);
	assert_int_equal(was->vnis[1], 2);
	assert_int_equal(was->member_count, 2);
	inventory_changes_free(&changes);
	inventory_free(fresh);
	inventory_free(live);
}

static void what_is_kept_is_named(void **state)
{
	static const struct {
		const char *fabric, *groups, *hosts;
		bool self; /* host a */
		const char *changes;
	} rows[] = {
		{"    covey_gkm_port: 99\n", G, A B, false, "!covey_gkm_port; "},
		{"    covey_encapsulations: [geneve]\n", G, A B, false, "!covey_encapsulations; "},
		{"    covey_qos_map: {46: 7}\n", G, A B, true, "covey_qos_map; "},
		{"",
		 "      g: {vnis: [1, 2], members: [a, b], cipher: aes-128-gcm, key_scope: "
		 "group}\n",
		 A B, false, "!cipher of group g; !key_scope of group g; "},
		{"", "      g: {vnis: [1, 2], members: [a, b], rekey: {interval: 5m}}\n", A B,
		 false, "rekey of group g; "},
		{"", "      g: {vnis: [1, 2], members: [a, b], send: [a]}\n", A B, false,
		 "members of group g; "},
		{"", G, "    a: {covey_vtep: 10.0.0.1, covey_cores: '2'}\n" B, true,
		 "!covey_cores of host a; "},
		{"", G, "    a: {covey_vtep: 10.0.0.1, covey_cores: '2'}\n" B, false, ""},
		{"", G, "    a: {covey_vtep: 10.0.0.9}\n" B, true, "!covey_vtep of host a; "},
		{"", G, "    a: {covey_vtep: 10.0.0.9}\n" B, false, "covey_vtep of host a; "},
		{"", G, "    a: {covey_vtep: 10.0.0.1, covey_sender_id: 7}\n" B, false,
		 "!covey_sender_id of host a; "},
		{"", G, "    a: {covey_vtep: 10.0.0.1, covey_fabric_interface: [x, y]}\n" B, true,
		 "!covey_fabric_interface of host a; "},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct inventory *live = begin();
		const char *changes =
			update(live, parse(rows[i].fabric, rows[i].groups, rows[i].hosts),
			       rows[i].self ? &live->hosts[0] : NULL);

		if (strcmp(changes, rows[i].changes) != 0)
			fail_msg("row %zu: \"%s\"", i, changes);
		inventory_free(live);
	}
}

/* Who comes back comes with what it is to have now. */
static void a_host_comes_back_with_another_sender_id(void **state)
{
	static const char *const alone = "      g: {vnis: [1, 2], members: [b]}\n";
	static const char *const a = "    a: {covey_vtep: 10.0.0.1, covey_sender_id: 7}\n" B;
	struct inventory *live = begin();

	update(live, parse("", G, a), NULL);
	assert_int_equal(live->hosts[0].sender_id, 0);
	update(live, parse("", alone, B), NULL);
	update(live, parse("", G, a), NULL);
	assert_int_equal(live->hosts[0].sender_id, 7);
	inventory_free(live);
}

/* Nothing of it, whoever we are. */
static void the_other_family_is_refused(void **state)
{
	struct inventory *live = begin();
	struct inventory *fresh =
		parse("", "      g: {vnis: [3], members: [a, b]}\n",
		      "    a: {covey_vtep: '2001:db8::1'}\n    b: {covey_vtep: '2001:db8::2'}\n");
	struct inventory_changes changes;

	assert_int_equal(inventory_update(live, fresh, NULL, &changes), -EAFNOSUPPORT);
	assert_int_equal(inventory_update(live, fresh, &live->hosts[1], &changes), -EAFNOSUPPORT);
	assert_int_equal(live->hosts[0].vtep.family, AF_INET);
	assert_int_equal(live->groups[0].vnis[0], 1);
	inventory_free(fresh);
	inventory_free(live);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_changes_nothing),
		cmocka_unit_test(everything_stays_where_it_is),
		cmocka_unit_test(groups_come_and_go),
		cmocka_unit_test(key_managers_come_and_go),
		cmocka_unit_test(what_was_is_there),
		cmocka_unit_test(what_is_kept_is_named),
		cmocka_unit_test(a_host_comes_back_with_another_sender_id),
		cmocka_unit_test(the_other_family_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

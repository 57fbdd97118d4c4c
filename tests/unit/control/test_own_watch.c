/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Key, certificate and CA that change while a program runs: what is taken, what is not, and what is
 * said of it.
 */

#include <stdio.h>
#include <string.h>

#include "own_end.h"
#include "own_watch.h"
#include "pki.h"
#include "shell.h"
#include "tls_private.h"
#include "watching.h"

#define DAY 86400L

struct scene {
	struct watching seen;
	struct own_watch *watch;
	int ends, trusted; /* told of our own one, and of another CA */
	long long left;    /* of the last end that was told of our own one */
};

static void on_loaded(const struct own_chain *chain, bool changed, void *arg)
{
	watching_loaded(changed, arg);
}

static void on_ends(const struct own_certificate *certificate, long long seconds, void *arg)
{
	struct scene *scene = arg;
	bool own = certificate->role == OWN_OURS;

	scene->ends += own;
	scene->trusted += certificate->role == OWN_TRUSTED;
	scene->left = own ? seconds : scene->left;
}

static const char *serial(const struct scene *scene)
{
	return own_watch_chain(scene->watch)->list[0].serial;
}

static int setup(void **state)
{
	static struct scene scene;
	struct own_watch_config config = {
		.loaded = on_loaded, .failed = watching_failed, .ends = on_ends, .arg = &scene};

	scene = (struct scene){0};
	*state = &scene;
	watching_begin(&scene.seen, 400, "hv1", 60 * DAY);
	config.base = scene.seen.base;
	config.tls = scene.seen.tls;
	assert_int_equal(own_watch_new(&config, &scene.watch, &scene.seen.error), 0);
	assert_int_equal(scene.seen.failed, 0);
	return 0;
}

static int teardown(void **state)
{
	struct scene *scene = *state;

	own_watch_free(scene->watch);
	watching_end(&scene->seen);
	return 0;
}

/* --- tests --------------------------------------------------------------------------------- */

static void a_pair_that_is_renewed(void **state)
{
	struct scene *scene = *state;
	SSL_CTX *before = scene->seen.tls->context;
	struct tls_peer peer = {0};
	SSL *connection = tls_connection(scene->seen.tls, &peer);

	watching_issue(scene->seen.directory, "hv1", 60 * DAY);
	WAIT_FOR(&scene->seen, scene->seen.changed == 1);
	assert_int_equal(scene->seen.failed, 0);
	assert_ptr_not_equal(scene->seen.tls->context, before);
	assert_ptr_equal(SSL_get_SSL_CTX(connection), before);
	SSL_free(connection);
	/* Nothing happens before a connection when nothing is new. */
	scene->seen.loaded = 0;
	own_watch_check(scene->watch);
	assert_int_equal(scene->seen.loaded, 0);
	watching_issue(scene->seen.directory, "hv1", 60 * DAY);
	own_watch_check(scene->watch);
	assert_int_equal(scene->seen.loaded, 1);
	assert_int_equal(scene->seen.changed, 2);
}

/* As scp(1) does it: one file, and some time later the other one. */
static void one_half_after_the_other(void **state)
{
	struct scene *scene = *state;
	char old[CERTIFICATE_SERIAL_STRLEN];

	snprintf(old, sizeof(old), "%s", serial(scene));
	assert_true(
		shell("cd '%s' && mkdir new && cp -p hv1.key hv1.crt new", scene->seen.directory));
	watching_issue(scene->seen.directory, "hv2", 60 * DAY);
	assert_true(shell("cd '%s' && cp -p hv2.key x && mv x hv1.key", scene->seen.directory));
	WAIT_FOR(&scene->seen, scene->seen.failed == 1);
	assert_non_null(strstr(scene->seen.error.text, "does not belong to"));
	assert_non_null(strstr(own_watch_problem(scene->watch), "does not belong to"));
	assert_string_equal(serial(scene), old);
	/* It matches, but is another host's. */
	assert_true(shell("cd '%s' && cp -p hv2.crt x && mv x hv1.crt", scene->seen.directory));
	WAIT_FOR(&scene->seen, scene->seen.failed == 2);
	assert_non_null(strstr(scene->seen.error.text, "but we are spiffe://lab/host/hv1"));
	own_watch_reload(scene->watch);
	assert_int_equal(scene->seen.failed, 3);
	assert_string_equal(serial(scene), old);
	assert_int_equal(scene->seen.changed, 0);
	assert_true(shell("cd '%s' && cp -p new/hv1.* .", scene->seen.directory));
	WAIT_FOR(&scene->seen, !own_watch_problem(scene->watch));
	watching_issue(scene->seen.directory, "hv1", 60 * DAY);
	WAIT_FOR(&scene->seen, scene->seen.changed == 1);
}

/* Old and new in ca.crt, then certificates of the new one, then the new one alone. */
static void a_change_of_ca(void **state)
{
	struct scene *scene = *state;
	char other[PATH_MAX + 16];

	snprintf(other, sizeof(other), "%s/other", scene->seen.directory);
	assert_int_equal(pki_init(other, "lab", 400, NULL), 0);
	watching_issue(other, "hv1", 60 * DAY);
	assert_true(shell("cd '%s' && mkdir keep && cp -p hv1.* keep && cp -p other/hv1.* .",
			  scene->seen.directory));
	WAIT_FOR(&scene->seen, own_watch_problem(scene->watch) &&
				       strstr(own_watch_problem(scene->watch), "is issued by"));
	assert_true(shell("cd '%s' && cat ca.crt other/ca.crt > x && mv x ca.crt",
			  scene->seen.directory));
	WAIT_FOR(&scene->seen, scene->seen.changed == 1);
	assert_true(shell("cd '%s' && cp other/ca.crt ca.crt", scene->seen.directory));
	WAIT_FOR(&scene->seen, scene->seen.changed == 2);
	assert_null(own_watch_problem(scene->watch));
	assert_true(shell("cd '%s' && : > ca.crt", scene->seen.directory));
	WAIT_FOR(&scene->seen, own_watch_problem(scene->watch));
	assert_int_equal(scene->seen.changed, 2);
}

static void an_end_that_is_near(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(scene->ends, 0);
	watching_issue(scene->seen.directory, "hv1", 6 * DAY);
	WAIT_FOR(&scene->seen, scene->seen.changed == 1);
	assert_int_equal(scene->ends, 1);
	assert_in_range(scene->left, 5 * DAY, 6 * DAY);
	own_watch_reload(scene->watch);
	assert_int_equal(scene->ends, 1);
}

static bool has(const struct scene *scene, const enum own_role *roles, size_t count)
{
	const struct own_chain *chain = own_watch_chain(scene->watch);

	for (size_t i = 0; i < chain->count && i < count; i++)
		if (chain->list[i].role != roles[i])
			return false;
	return chain->count == count;
}

/* Those in ca.crt by which only others' certificates are. */
static void ends_of_other_cas(void **state)
{
	static const enum own_role alone[] = {OWN_OURS, OWN_ISSUER},
				   both[] = {OWN_OURS, OWN_ISSUER, OWN_TRUSTED};
	struct scene *scene = *state;
	char other[PATH_MAX + 16];

	assert_true(has(scene, alone, 2));
	snprintf(other, sizeof(other), "%s/other", scene->seen.directory);
	assert_int_equal(pki_init(other, "lab", 5, NULL), 0);
	assert_true(shell("cd '%s' && cp ca.crt keep && cat ca.crt other/ca.crt > x && mv x ca.crt",
			  scene->seen.directory));
	WAIT_FOR(&scene->seen, scene->seen.changed == 1);
	assert_true(has(scene, both, 3));
	assert_int_equal(scene->trusted, 1);
	assert_int_equal(scene->ends, 0);
	assert_true(shell("cd '%s' && mv keep ca.crt", scene->seen.directory));
	WAIT_FOR(&scene->seen, scene->seen.changed == 2);
	assert_true(has(scene, alone, 2));
}

/* More than are shown: those that end first are. */
static void many_other_cas(void **state)
{
	struct scene *scene = *state;
	const struct own_chain *chain;
	char other[PATH_MAX + 16];

	for (unsigned i = 0; i < OWN_TRUSTED_MAX + 2; i++) {
		snprintf(other, sizeof(other), "%s/other%u", scene->seen.directory, i);
		assert_int_equal(pki_init(other, "lab", 900 - i * 40, NULL), 0);
	}
	assert_true(shell("cd '%s' && cat ca.crt other*/ca.crt > x && mv x ca.crt",
			  scene->seen.directory));
	WAIT_FOR(&scene->seen, scene->seen.changed == 1);
	chain = own_watch_chain(scene->watch);
	assert_int_equal(chain->count, 2 + OWN_TRUSTED_MAX);
	for (size_t i = 2; i < chain->count; i++) {
		assert_int_equal(chain->list[i].role, OWN_TRUSTED);
		assert_true(chain->list[i].not_after < time(NULL) + 840 * DAY);
	}
}

/* In days. */
static void when_an_end_is_near(void **state)
{
	static const struct {
		double life, left;
		bool near;
	} rows[] = {
		{365, 31, false}, {365, 29.9, true}, {365, 0, true},   {365, -1, true},
		{30, 29, false},  {30, 15.1, false}, {30, 14.9, true}, {1, 0.6, false},
		{1, 0.4, true},   {61, 30.1, false}, {61, 29.9, true},
	};
	const time_t now = 1000 * DAY;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		time_t end = now + (time_t)(rows[i].left * DAY);

		if (own_end_is_near(end - (time_t)(rows[i].life * DAY), end, now) != rows[i].near)
			fail_msg("row %zu: %g days of %g", i, rows[i].left, rows[i].life);
	}
}

/* left in days and now in hours; told: is it said then? */
static void when_ends_are_told(void **state)
{
	static const struct {
		double left;
		int now;
		bool told;
	} rows[] = {
		{365, 0, false},  {30.1, 1, false}, {30, 2, true},      {29, 3, false},
		{7.1, 4, false},  {7, 5, true},     {6, 6, false},      {1, 7, true},
		{0.5, 19, false}, {0.01, 31, true}, {0, 32, true},      {-1, 55, false},
		{-1, 56, true},   {-9, 80, true},   {365, 81, false},   {6, 82, true},
		{29, 83, false},  {5, 84, true},    {-0.001, 85, true}, {28, 120, false},
	};
	struct own_end end = {0};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (own_end_is_due(&end, (long long)(rows[i].left * DAY), rows[i].now * 3600LL) !=
		    rows[i].told)
			fail_msg("row %zu: %g days", i, rows[i].left);
}

int main(void)
{
#define WATCH(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		WATCH(a_pair_that_is_renewed),
		WATCH(one_half_after_the_other),
		WATCH(a_change_of_ca),
		WATCH(an_end_that_is_near),
		WATCH(ends_of_other_cas),
		WATCH(many_other_cas),
		cmocka_unit_test(when_an_end_is_near),
		cmocka_unit_test(when_ends_are_told),
	};

	return cmocka_run_group_tests_name("control-own-watch", tests, NULL, NULL);
}

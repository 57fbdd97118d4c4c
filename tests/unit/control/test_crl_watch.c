/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Revocation lists that change while a program runs, in each way in which files do.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "crl.h"
#include "crl_watch.h"
#include "pki.h"
#include "shell.h"
#include "tls_private.h"
#include "watching.h"

#define DAY 86400L

/* So much later than it is, by the wall clock. */
static time_t later;

time_t __real_time(time_t *ret);
time_t __wrap_time(time_t *ret);

time_t __wrap_time(time_t *ret)
{
	time_t now = __real_time(NULL) + later;

	if (ret)
		*ret = now;
	return now;
}

struct scene {
	struct watching seen;
	char watched[PATH_MAX + 16];
	struct crl_watch *watch;
};

static size_t revoked(const struct scene *scene)
{
	struct crl_summary summary = {0};

	if (tls_crl(scene->seen.tls))
		crl_summarise(tls_crl(scene->seen.tls), &summary);
	return summary.revoked;
}

/* One more certificate on DIRECTORY/crl.pem. */
static void put_on_list(const struct scene *scene, const char *serial)
{
	struct pki_revoked answer;
	struct covey_error error;

	if (pki_revoke(scene->seen.directory, "lab", NULL, serial, 30, &answer, &error) < 0)
		fail_msg("%s", error.text);
}

static int watch(struct scene *scene, const char *name, bool demanded)
{
	struct crl_watch_config config = {.base = scene->seen.base,
					  .tls = scene->seen.tls,
					  .path = scene->watched,
					  .demanded = demanded,
					  .loaded = watching_loaded,
					  .failed = watching_failed,
					  .arg = scene};

	snprintf(scene->watched, sizeof(scene->watched), "%s/%s", scene->seen.directory, name);
	return crl_watch_new(&config, &scene->watch, &scene->seen.error);
}

static int setup(void **state)
{
	static struct scene scene;

	later = 0;
	scene = (struct scene){0};
	*state = &scene;
	watching_begin(&scene.seen, 30, "gkm", 3600);
	return 0;
}

static int teardown(void **state)
{
	struct scene *scene = *state;

	crl_watch_free(scene->watch);
	watching_end(&scene->seen);
	return 0;
}

/* --- tests --------------------------------------------------------------------------------- */

static void a_list_that_appears(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(watch(scene, "crl.pem", false), 0);
	assert_int_equal(revoked(scene), 0);
	put_on_list(scene, "11");
	WAIT_FOR(&scene->seen, revoked(scene) == 1);
	put_on_list(scene, "12");
	WAIT_FOR(&scene->seen, revoked(scene) == 2);
	assert_int_equal(scene->seen.changed, 2);
	assert_int_equal(scene->seen.failed, 0);
}

static void one_that_must_be_there(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(watch(scene, "crl.pem", true), -ENOENT);
	assert_null(scene->watch);
	assert_non_null(strstr(scene->seen.error.text, "crl.pem"));
}

/* Another file in the same directory is no reason to tell of a change. */
static void files_beside_it(void **state)
{
	struct scene *scene = *state;

	put_on_list(scene, "11");
	assert_int_equal(watch(scene, "crl.pem", true), 0);
	assert_true(shell("touch '%s/other'", scene->seen.directory));
	WAIT_FOR(&scene->seen, scene->seen.loaded > 0);
	assert_int_equal(scene->seen.changed, 0);
}

static void written_in_place(void **state)
{
	struct scene *scene = *state;

	put_on_list(scene, "11");
	assert_true(shell("cd '%s' && cp crl.pem used", scene->seen.directory));
	assert_int_equal(watch(scene, "used", true), 0);
	put_on_list(scene, "12");
	assert_true(shell("cd '%s' && cat crl.pem > used", scene->seen.directory));
	WAIT_FOR(&scene->seen, revoked(scene) == 2);
}

/* As configuration tools do it: the name is a link to a link to a directory that is replaced. */
static void through_links(void **state)
{
	struct scene *scene = *state;

	put_on_list(scene, "11");
	assert_true(shell("cd '%s' && mkdir one two && cp crl.pem one && ln -s one now && "
			  "ln -s now/crl.pem used",
			  scene->seen.directory));
	assert_int_equal(watch(scene, "used", true), 0);
	put_on_list(scene, "12");
	assert_true(shell("cd '%s' && cp crl.pem two && ln -s two next && mv -T next now",
			  scene->seen.directory));
	WAIT_FOR(&scene->seen, revoked(scene) == 2);
	/* And it is the new one that is watched. */
	put_on_list(scene, "13");
	assert_true(shell("cd '%s' && mv crl.pem two/", scene->seen.directory));
	WAIT_FOR(&scene->seen, revoked(scene) == 3);
}

static void in_a_directory(void **state)
{
	struct scene *scene = *state;

	put_on_list(scene, "11");
	assert_true(shell("cd '%s' && mkdir d && cp crl.pem d/a", scene->seen.directory));
	assert_int_equal(watch(scene, "d", true), 0);
	put_on_list(scene, "12");
	assert_true(shell("cd '%s' && cp crl.pem d/.b && mv d/.b d/b", scene->seen.directory));
	WAIT_FOR(&scene->seen, revoked(scene) == 2);
	assert_true(shell("rm -r '%s/d'", scene->seen.directory));
	WAIT_FOR(&scene->seen, scene->seen.failed > 0);
	assert_int_equal(revoked(scene), 2);
	put_on_list(scene, "13");
	assert_true(shell("cd '%s' && mkdir new && cp crl.pem new/a && mv new d",
			  scene->seen.directory));
	WAIT_FOR(&scene->seen, revoked(scene) == 3);
}

static void one_that_is_no_good(void **state)
{
	struct scene *scene = *state;

	put_on_list(scene, "11");
	assert_int_equal(watch(scene, "crl.pem", true), 0);
	assert_true(shell("cd '%s' && echo x > new && mv new crl.pem", scene->seen.directory));
	WAIT_FOR(&scene->seen, scene->seen.failed > 0);
	assert_non_null(strstr(scene->seen.error.text, "no revocation list"));
	assert_int_equal(revoked(scene), 1);
	assert_true(shell("rm '%s/crl.pem'", scene->seen.directory));
	scene->seen.failed = 0;
	WAIT_FOR(&scene->seen, scene->seen.failed > 0);
	assert_int_equal(revoked(scene), 1);
	scene->seen.failed = 0;
	crl_watch_reload(scene->watch);
	assert_int_equal(scene->seen.failed, 1);
}

/* A list for 30 days: in its second half it is said once, then 7 and 1 days before its end. */
static void an_end_that_is_near(void **state)
{
	static const struct {
		double day;
		bool warns;
	} rows[] = {
		{0, false},    {14, false}, {16, true},    {17, false},   {22.9, false},
		{23.1, true},  {28, false}, {29.1, true},  {29.9, false}, {30.1, false},
		{16.5, false}, {27, true},  {-100, false},
	};
	struct scene *scene = *state;

	put_on_list(scene, "11");
	assert_int_equal(watch(scene, "crl.pem", true), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		later = (time_t)(rows[i].day * DAY);
		if (crl_watch_warns(scene->watch) != rows[i].warns)
			fail_msg("row %zu: day %g", i, rows[i].day);
	}
	later = 16 * DAY;
	assert_false(crl_watch_warns(scene->watch));
	/* Another list that ends as soon. */
	later = 0;
	put_on_list(scene, "12");
	WAIT_FOR(&scene->seen, scene->seen.changed == 1);
	later = 29 * DAY;
	assert_true(crl_watch_warns(scene->watch));
}

/* None at all. */
static void no_list_has_no_end(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(watch(scene, "crl.pem", false), 0);
	assert_false(crl_watch_warns(scene->watch));
}

int main(void)
{
#define WATCH(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		WATCH(a_list_that_appears), WATCH(one_that_must_be_there),
		WATCH(files_beside_it),     WATCH(written_in_place),
		WATCH(through_links),       WATCH(in_a_directory),
		WATCH(one_that_is_no_good), WATCH(an_end_that_is_near),
		WATCH(no_list_has_no_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

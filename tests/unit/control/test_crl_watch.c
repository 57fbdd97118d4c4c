/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Revocation lists that change while a program runs, in each way in which files do.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <event2/event.h>
#include <limits.h>
#include <time.h>

#include "crl.h"
#include "crl_watch.h"
#include "pki.h"
#include "shell.h"
#include "tls_private.h"

#define PATIENCE_S 20

struct scene {
	char directory[PATH_MAX];
	char watched[PATH_MAX + 16];
	struct event_base *base;
	struct tls *tls;
	struct crl_watch *watch;
	int loaded;
	int changed;
	int failed;
	struct covey_error error;
};

static void on_loaded(bool changed, void *arg)
{
	struct scene *scene = arg;

	scene->loaded++;
	scene->changed += changed;
}

static void on_failed(const struct covey_error *error, void *arg)
{
	struct scene *scene = arg;

	scene->failed++;
	scene->error = *error;
}

static size_t revoked(const struct scene *scene)
{
	struct crl_summary summary = {0};

	if (tls_crl(scene->tls))
		crl_summarise(tls_crl(scene->tls), &summary);
	return summary.revoked;
}

static time_t now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

#define WAIT_FOR(scene, condition)                                                                 \
	do {                                                                                       \
		time_t until = now_s() + PATIENCE_S;                                               \
                                                                                                   \
		while (!(condition)) {                                                             \
			if (now_s() > until)                                                       \
				fail_msg("waited in vain for %s", #condition);                     \
			event_base_loopexit((scene)->base, &(struct timeval){.tv_usec = 20000});   \
			event_base_dispatch((scene)->base);                                        \
		}                                                                                  \
	} while (0)

/* One more certificate on DIRECTORY/crl.pem. */
static void put_on_list(const struct scene *scene, const char *serial)
{
	struct pki_revoked answer;
	struct covey_error error;

	if (pki_revoke(scene->directory, "lab", NULL, serial, 30, &answer, &error) < 0)
		fail_msg("%s", error.text);
}

static int watch(struct scene *scene, const char *name, bool demanded)
{
	struct crl_watch_config config = {.base = scene->base,
					  .tls = scene->tls,
					  .path = scene->watched,
					  .demanded = demanded,
					  .loaded = on_loaded,
					  .failed = on_failed,
					  .arg = scene};

	snprintf(scene->watched, sizeof(scene->watched), "%s/%s", scene->directory, name);
	return crl_watch_new(&config, &scene->watch, &scene->error);
}

static int setup(void **state)
{
	static struct scene scene;
	char paths[3][PATH_MAX + 16];
	struct covey_error error;

	scene = (struct scene){.base = event_base_new()};
	*state = &scene;
	directory_make(scene.directory);
	snprintf(paths[0], sizeof(paths[0]), "%s/ca.crt", scene.directory);
	snprintf(paths[1], sizeof(paths[1]), "%s/gkm.crt", scene.directory);
	snprintf(paths[2], sizeof(paths[2]), "%s/gkm.key", scene.directory);
	if (pki_init(scene.directory, "lab", 30, &error) < 0 ||
	    pki_issue(scene.directory, IDENTITY_GKM, "lab", "gkm", 0, -60, 3600, false, &error) <
		    0 ||
	    tls_new(TLS_GKM, "lab", paths[0], paths[1], paths[2], &scene.tls, &error) < 0)
		fail_msg("%s", error.text);
	return 0;
}

static int teardown(void **state)
{
	struct scene *scene = *state;

	crl_watch_free(scene->watch);
	tls_free(scene->tls);
	event_base_free(scene->base);
	directory_remove(scene->directory);
	return 0;
}

/* --- tests --------------------------------------------------------------------------------- */

static void a_list_that_appears(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(watch(scene, "crl.pem", false), 0);
	assert_int_equal(revoked(scene), 0);
	put_on_list(scene, "11");
	WAIT_FOR(scene, revoked(scene) == 1);
	put_on_list(scene, "12");
	WAIT_FOR(scene, revoked(scene) == 2);
	assert_int_equal(scene->changed, 2);
	assert_int_equal(scene->failed, 0);
}

static void one_that_must_be_there(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(watch(scene, "crl.pem", true), -ENOENT);
	assert_null(scene->watch);
	assert_non_null(strstr(scene->error.text, "crl.pem"));
}

/* Another file in the same directory is no reason to tell of a change. */
static void files_beside_it(void **state)
{
	struct scene *scene = *state;

	put_on_list(scene, "11");
	assert_int_equal(watch(scene, "crl.pem", true), 0);
	assert_true(shell("touch '%s/other'", scene->directory));
	WAIT_FOR(scene, scene->loaded > 0);
	assert_int_equal(scene->changed, 0);
}

static void written_in_place(void **state)
{
	struct scene *scene = *state;

	put_on_list(scene, "11");
	assert_true(shell("cd '%s' && cp crl.pem used", scene->directory));
	assert_int_equal(watch(scene, "used", true), 0);
	put_on_list(scene, "12");
	assert_true(shell("cd '%s' && cat crl.pem > used", scene->directory));
	WAIT_FOR(scene, revoked(scene) == 2);
}

/* As configuration tools do it: the name is a link to a link to a directory that is replaced. */
static void through_links(void **state)
{
	struct scene *scene = *state;

	put_on_list(scene, "11");
	assert_true(shell("cd '%s' && mkdir one two && cp crl.pem one && ln -s one now && "
			  "ln -s now/crl.pem used",
			  scene->directory));
	assert_int_equal(watch(scene, "used", true), 0);
	put_on_list(scene, "12");
	assert_true(shell("cd '%s' && cp crl.pem two && ln -s two next && mv -T next now",
			  scene->directory));
	WAIT_FOR(scene, revoked(scene) == 2);
	/* And it is the new one that is watched. */
	put_on_list(scene, "13");
	assert_true(shell("cd '%s' && mv crl.pem two/", scene->directory));
	WAIT_FOR(scene, revoked(scene) == 3);
}

static void in_a_directory(void **state)
{
	struct scene *scene = *state;

	put_on_list(scene, "11");
	assert_true(shell("cd '%s' && mkdir d && cp crl.pem d/a", scene->directory));
	assert_int_equal(watch(scene, "d", true), 0);
	put_on_list(scene, "12");
	assert_true(shell("cd '%s' && cp crl.pem d/.b && mv d/.b d/b", scene->directory));
	WAIT_FOR(scene, revoked(scene) == 2);
	assert_true(shell("rm -r '%s/d'", scene->directory));
	WAIT_FOR(scene, scene->failed > 0);
	assert_int_equal(revoked(scene), 2);
	put_on_list(scene, "13");
	assert_true(
		shell("cd '%s' && mkdir new && cp crl.pem new/a && mv new d", scene->directory));
	WAIT_FOR(scene, revoked(scene) == 3);
}

static void one_that_is_no_good(void **state)
{
	struct scene *scene = *state;

	put_on_list(scene, "11");
	assert_int_equal(watch(scene, "crl.pem", true), 0);
	assert_true(shell("cd '%s' && echo x > new && mv new crl.pem", scene->directory));
	WAIT_FOR(scene, scene->failed > 0);
	assert_non_null(strstr(scene->error.text, "no revocation list"));
	assert_int_equal(revoked(scene), 1);
	assert_true(shell("rm '%s/crl.pem'", scene->directory));
	scene->failed = 0;
	WAIT_FOR(scene, scene->failed > 0);
	assert_int_equal(revoked(scene), 1);
	scene->failed = 0;
	crl_watch_reload(scene->watch);
	assert_int_equal(scene->failed, 1);
}

int main(void)
{
#define WATCH(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		WATCH(a_list_that_appears), WATCH(one_that_must_be_there), WATCH(files_beside_it),
		WATCH(written_in_place),    WATCH(through_links),          WATCH(in_a_directory),
		WATCH(one_that_is_no_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "own_watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "clock.h"
#include "file_watch.h"
#include "own_end.h"
#include "tls_private.h"

#define FILE_COUNT 3
/* In seconds: how soon the end of a certificate is noticed, and when files that were not good are
 * tried again. */
#define LOOK_S 60

/* Tells whether a file was changed or replaced. All zero when there is no file. */
struct stamp {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec modified, changed;
};

struct own_watch {
	struct own_watch_config config;
	struct file_watch *files;
	struct event *timer;
	struct stamp stamps[FILE_COUNT]; /* of the files that were tried last */
	struct covey_error problem;      /* empty when they were good */
	struct own_end ends[OWN_CHAIN_MAX + OWN_TRUSTED_MAX];
};

/* --- stamps -------------------------------------------------------------------------------- */

static void read_stamp(const char *path, struct stamp *ret_stamp)
{
	struct stat st;

	memset(ret_stamp, 0,
	       sizeof(*ret_stamp)); /* clears padding, too: stamps are compared as bytes */
	if (stat(path, &st) < 0)
		return;
	ret_stamp->device = st.st_dev;
	ret_stamp->inode = st.st_ino;
	ret_stamp->size = st.st_size;
	ret_stamp->modified = st.st_mtim;
	ret_stamp->changed = st.st_ctim;
}

/* True when the files have changed since last time. Remembers the new stamps. */
static bool note_stamps(struct own_watch *watch)
{
	const struct tls *tls = watch->config.tls;
	const char *const paths[FILE_COUNT] = {tls->ca_file, tls->cert_file, tls->key_file};
	struct stamp stamps[FILE_COUNT];

	for (size_t i = 0; i < FILE_COUNT; i++)
		read_stamp(paths[i], &stamps[i]);
	if (memcmp(stamps, watch->stamps, sizeof(stamps)) == 0)
		return false;
	memcpy(watch->stamps, stamps, sizeof(stamps));
	return true;
}

/* --- reading ------------------------------------------------------------------------------- */

static void tell_ends(struct own_watch *watch)
{
	const struct own_chain *chain = tls_own_chain(watch->config.tls);
	const long long now = (long long)(clock_ms() / 1000);

	for (size_t i = 0; i < chain->count; i++) {
		long long left = (long long)chain->list[i].not_after - (long long)time(NULL);

		if (own_end_is_due(&watch->ends[i], left, now))
			watch->config.ends(&chain->list[i], left, watch->config.arg);
	}
}

static void tell_problem(struct own_watch *watch, const struct covey_error *error, bool again)
{
	if (!again && strcmp(watch->problem.text, error->text) == 0)
		return;
	watch->problem = *error;
	watch->config.failed(error, watch->config.arg);
}

/* Stamps are read first: what changes between that and reading the files is read twice, not missed.
 */
static void load(struct own_watch *watch, bool asked)
{
	struct covey_error error = {.text = ""};
	bool changed;

	note_stamps(watch);
	if (tls_reload(watch->config.tls, &changed, &error) < 0) {
		tell_problem(watch, &error, asked);
		return;
	}
	if (changed)
		memset(watch->ends, 0, sizeof(watch->ends));
	watch->problem.text[0] = '\0';
	watch->config.loaded(tls_own_chain(watch->config.tls), changed, watch->config.arg);
	tell_ends(watch);
}

void own_watch_check(struct own_watch *watch)
{
	if (watch && note_stamps(watch))
		load(watch, false);
}

void own_watch_reload(struct own_watch *watch)
{
	load(watch, true);
	tell_ends(watch);
}

/* --- events -------------------------------------------------------------------------------- */

static void on_changed(void *arg)
{
	struct own_watch *watch = arg;
	struct covey_error error;

	if (file_watch_look(watch->files, &error) < 0)
		tell_problem(watch, &error, false);
	own_watch_check(watch);
}

/* A certificate that was not valid yet may have become valid. */
static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct own_watch *watch = arg;

	if (watch->problem.text[0] != '\0')
		load(watch, false);
	else
		own_watch_check(watch);
	tell_ends(watch);
}

/* --- life ---------------------------------------------------------------------------------- */

static int make_events(struct own_watch *watch, struct covey_error *error)
{
	const struct tls *tls = watch->config.tls;
	const struct file_watch_config files = {
		.base = watch->config.base,
		.paths = {tls->ca_file, tls->cert_file, tls->key_file},
		.path_count = FILE_COUNT,
		.changed = on_changed,
		.arg = watch,
	};
	int status = file_watch_new(&files, &watch->files, error);

	if (status == 0)
		status = file_watch_look(watch->files, error);
	if (status < 0)
		return status;
	watch->timer = event_new(watch->config.base, -1, EV_PERSIST, on_timer, watch);
	if (!watch->timer || event_add(watch->timer, &(struct timeval){.tv_sec = LOOK_S}) < 0)
		return covey_error_set(error, -ENOMEM, "out of memory");
	return 0;
}

int own_watch_new(const struct own_watch_config *config, struct own_watch **ret_watch,
		  struct covey_error *error)
{
	struct own_watch *watch = calloc(1, sizeof(*watch));
	int status;

	if (!watch)
		return covey_error_set(error, -ENOMEM, "out of memory");
	watch->config = *config;
	status = make_events(watch, error);
	if (status < 0) {
		own_watch_free(watch);
		return status;
	}
	load(watch, true);
	*ret_watch = watch;
	return 0;
}

void own_watch_free(struct own_watch *watch)
{
	if (!watch)
		return;
	if (watch->timer)
		event_free(watch->timer);
	file_watch_free(watch->files);
	free(watch);
}

const struct own_chain *own_watch_chain(const struct own_watch *watch)
{
	return tls_own_chain(watch->config.tls);
}

const char *own_watch_problem(const struct own_watch *watch)
{
	return watch->problem.text[0] != '\0' ? watch->problem.text : NULL;
}

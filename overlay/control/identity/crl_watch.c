/* SPDX-License-Identifier: BSD-3-Clause */
#include "crl_watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "crl.h"
#include "file_watch.h"
#include "own_end.h"
#include "tls.h"

#define HOUR_S 3600

struct crl_watch {
	struct crl_watch_config config;
	char *path;
	struct file_watch *files;
	struct event *hourly;
	struct own_end end; /* which warnings of it were given */
};

/* --- reading ------------------------------------------------------------------------------- */

static bool may_be_absent(const struct crl_watch *watch)
{
	return !watch->config.demanded && !tls_crl(watch->config.tls) &&
	       access(watch->path, F_OK) < 0 && errno == ENOENT;
}

static int load(struct crl_watch *watch, bool *ret_changed, struct covey_error *error)
{
	*ret_changed = false;
	if (may_be_absent(watch))
		return 0;
	return tls_load_crl(watch->config.tls, watch->path, ret_changed, error);
}

/* Watches first: what changes between watching and reading is read twice, not missed. */
static void reload(struct crl_watch *watch)
{
	struct covey_error error;
	bool changed;

	if (file_watch_look(watch->files, &error) < 0)
		watch->config.failed(&error, watch->config.arg);
	if (load(watch, &changed, &error) < 0) {
		watch->config.failed(&error, watch->config.arg);
		return;
	}
	if (changed)
		memset(&watch->end, 0, sizeof(watch->end));
	watch->config.loaded(changed, watch->config.arg);
}

void crl_watch_reload(struct crl_watch *watch)
{
	reload(watch);
}

/* --- events -------------------------------------------------------------------------------- */

static void on_changed(void *arg)
{
	reload(arg);
}

static void on_hourly(evutil_socket_t fd, short what, void *arg)
{
	reload(arg);
}

static int make_events(struct crl_watch *watch, struct covey_error *error)
{
	const struct file_watch_config files = {.base = watch->config.base,
						.paths = {watch->path},
						.path_count = 1,
						.changed = on_changed,
						.arg = watch};
	int status = file_watch_new(&files, &watch->files, error);

	if (status < 0)
		return status;
	watch->hourly = event_new(watch->config.base, -1, EV_PERSIST, on_hourly, watch);
	if (!watch->hourly || event_add(watch->hourly, &(struct timeval){.tv_sec = HOUR_S}) < 0)
		return covey_error_set(error, -ENOMEM, "out of memory");
	return 0;
}

/* --- life ---------------------------------------------------------------------------------- */

int crl_watch_new(const struct crl_watch_config *config, struct crl_watch **ret_watch,
		  struct covey_error *error)
{
	struct crl_watch *watch = calloc(1, sizeof(*watch));
	bool changed;
	int status;

	if (!watch)
		return covey_error_set(error, -ENOMEM, "out of memory");
	watch->config = *config;
	watch->path = strdup(config->path);
	if (!watch->path) {
		status = covey_error_set(error, -ENOMEM, "out of memory");
		goto fail;
	}
	status = make_events(watch, error);
	if (status == 0)
		status = file_watch_look(watch->files, error);
	if (status == 0)
		status = load(watch, &changed, error);
	if (status < 0)
		goto fail;
	*ret_watch = watch;
	return 0;

fail:
	crl_watch_free(watch);
	return status;
}

void crl_watch_free(struct crl_watch *watch)
{
	if (!watch)
		return;
	if (watch->hourly)
		event_free(watch->hourly);
	file_watch_free(watch->files);
	free(watch->path);
	free(watch);
}

bool crl_watch_warns(struct crl_watch *watch)
{
	struct crl_summary summary;

	return crl_watch_summarise(watch, &summary) && crl_is_near(&summary) &&
	       own_end_is_due(&watch->end, (long long)summary.next_update - time(NULL),
			      (long long)(clock_ms() / 1000));
}

const char *crl_watch_path(const struct crl_watch *watch)
{
	return watch->path;
}

const struct crl *crl_watch_lists(const struct crl_watch *watch)
{
	return tls_crl(watch->config.tls);
}

bool crl_watch_summarise(const struct crl_watch *watch, struct crl_summary *ret_summary)
{
	const struct crl *crl = crl_watch_lists(watch);

	*ret_summary = (struct crl_summary){0};
	if (crl)
		crl_summarise(crl, ret_summary);
	return crl != NULL;
}

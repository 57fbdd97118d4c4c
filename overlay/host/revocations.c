/* SPDX-License-Identifier: BSD-3-Clause */
#include "revocations.h"

#include <crl_log.h>
#include <crl_watch.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "host.h"
#include "member.h"
#include "options.h"

struct revocations {
	const struct host *host;
	struct crl_watch *watch;
};

static void log_lists(const struct crl_watch *watch, bool changed)
{
	crl_log_loaded(watch, changed, LOG_LEVEL_WARNING, "; copy the newest one here");
}

static void on_loaded(bool changed, void *arg)
{
	const struct revocations *revocations = arg;

	log_lists(revocations->watch, changed);
	if (revocations->host->member)
		member_recheck(revocations->host->member);
}

static void on_failed(const struct covey_error *error, void *arg)
{
	const struct revocations *revocations = arg;

	crl_log_failed(revocations->watch, error);
}

int revocations_open(struct event_base *base, struct tls *tls, const struct options *options,
		     const struct host *host, struct revocations **ret_revocations,
		     struct covey_error *error)
{
	struct revocations *revocations = calloc(1, sizeof(*revocations));
	struct crl_watch_config config = {.base = base,
					  .tls = tls,
					  .path = options->daemon.crl,
					  .demanded = options->daemon.crl != NULL,
					  .loaded = on_loaded,
					  .failed = on_failed,
					  .arg = revocations};
	char *path = NULL;
	int status;

	if (!revocations ||
	    (!options->daemon.crl && asprintf(&path, "%s/crl.pem", options->daemon.pki) < 0)) {
		free(revocations);
		return covey_error_set(error, -ENOMEM, "out of memory");
	}
	if (!options->daemon.crl)
		config.path = path;
	revocations->host = host;
	status = crl_watch_new(&config, &revocations->watch, error);
	free(path);
	if (status) {
		free(revocations);
		return status;
	}
	log_lists(revocations->watch, true);
	*ret_revocations = revocations;
	return 0;
}

void revocations_close(struct revocations *revocations)
{
	if (!revocations)
		return;
	crl_watch_free(revocations->watch);
	free(revocations);
}

void revocations_reload(struct revocations *revocations)
{
	crl_watch_reload(revocations->watch);
}

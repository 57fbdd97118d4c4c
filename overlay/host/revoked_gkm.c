/* SPDX-License-Identifier: BSD-3-Clause */
#include "revoked_gkm.h"

#include <crl_log.h>
#include <crl_watch.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "host.h"
#include "member.h"
#include "options.h"

struct revoked_gkm {
	const struct host *host;
	struct crl_watch *watch;
};

static void log_lists(struct crl_watch *watch, bool changed)
{
	crl_log_loaded(watch, changed, LOG_LEVEL_WARNING, "; copy the newest one here");
}

static void on_loaded(bool changed, void *arg)
{
	const struct revoked_gkm *revoked = arg;

	log_lists(revoked->watch, changed);
	if (revoked->host->member)
		member_recheck(revoked->host->member);
}

static void on_failed(const struct covey_error *error, void *arg)
{
	const struct revoked_gkm *revoked = arg;

	crl_log_failed(revoked->watch, error);
}

int revoked_gkm_open(struct event_base *base, struct tls *tls, const struct options *options,
		     const struct host *host, struct revoked_gkm **ret_revoked,
		     struct covey_error *error)
{
	struct revoked_gkm *revoked = calloc(1, sizeof(*revoked));
	struct crl_watch_config config = {.base = base,
					  .tls = tls,
					  .path = options->daemon.crl,
					  .demanded = options->daemon.crl != NULL,
					  .loaded = on_loaded,
					  .failed = on_failed,
					  .arg = revoked};
	char *path = NULL;
	int status;

	if (!revoked ||
	    (!options->daemon.crl && asprintf(&path, "%s/crl.pem", options->daemon.pki) < 0)) {
		free(revoked);
		return covey_error_set(error, -ENOMEM, "out of memory");
	}
	if (!options->daemon.crl)
		config.path = path;
	revoked->host = host;
	status = crl_watch_new(&config, &revoked->watch, error);
	free(path);
	if (status) {
		free(revoked);
		return status;
	}
	log_lists(revoked->watch, true);
	*ret_revoked = revoked;
	return 0;
}

void revoked_gkm_close(struct revoked_gkm *revoked)
{
	if (!revoked)
		return;
	crl_watch_free(revoked->watch);
	free(revoked);
}

void revoked_gkm_reload(struct revoked_gkm *revoked)
{
	crl_watch_reload(revoked->watch);
}

const struct crl_watch *revoked_gkm_lists(const struct revoked_gkm *revoked)
{
	return revoked->watch;
}

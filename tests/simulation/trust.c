/* SPDX-License-Identifier: BSD-3-Clause */
#include "trust.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crl.h"
#include "crl_json.h"
#include "crl_log.h"
#include "crl_watch.h"
#include "gkm.h"
#include "host.h"
#include "own.h"
#include "simulation.h"

/* All lists are the same one: a host's certificates up to a number are revoked. */
struct crl {
	struct fleet *fleet;
};

struct tls {
	struct process *process;
	struct own_chain chain;
	struct crl crl;
};

struct crl_watch {
	struct crl_watch_config config;
};

/* --- certificates -------------------------------------------------------------------------- */

static void make_chain(const struct process *process, struct certificate_chain *ret_chain)
{
	const struct host *host = host_of(process);
	uint32_t numbers[2] = {host ? host->number : UINT32_MAX, host ? host->serial : 0};

	*ret_chain = (struct certificate_chain){.count = 1};
	memcpy(ret_chain->ids[0].digest, numbers, sizeof(numbers));
	snprintf(ret_chain->serial, sizeof(ret_chain->serial), "%X", numbers[1]);
}

bool crl_revokes_chain(const struct crl *crl, const struct certificate_chain *chain)
{
	uint32_t numbers[2];

	memcpy(numbers, chain->ids[0].digest, sizeof(numbers));
	return numbers[0] < crl->fleet->plan->hosts &&
	       numbers[1] <= crl->fleet->hosts[numbers[0]].revoked;
}

bool trust_is_revoked(const struct process *process)
{
	const struct host *host = host_of(process);

	return host->serial <= host->revoked;
}

void trust_revoke(struct process *process)
{
	struct host *host = host_of(process);

	host->revoked = host->serial;
}

void trust_renew(struct process *process)
{
	host_of(process)->serial++;
}

bool trust_peer(struct process *self, struct process *other, struct identity *ret_peer,
		struct certificate_chain *ret_chain)
{
	const struct host *host = host_of(other);
	char uri[COVEY_IDENTITY_MAX + 1];
	struct covey_error error;

	make_chain(other, ret_chain);
	if (identity_format(host ? IDENTITY_HOST : IDENTITY_GKM, self->fleet->inventory->fabric,
			    other->name, uri, &error) < 0 ||
	    identity_parse(uri, ret_peer, &error) < 0)
		abort();
	return !host || breakage == BREAK_REVOKED || !trust_is_revoked(other);
}

/* --- tls.h --------------------------------------------------------------------------------- */

struct tls *trust_new(struct process *process)
{
	struct tls *tls = calloc(1, sizeof(*tls));

	if (!tls)
		abort();
	tls->process = process;
	tls->crl.fleet = process->fleet;
	return tls;
}

void trust_free(struct tls *tls)
{
	free(tls);
}

struct process *trust_process(const struct tls *tls)
{
	return tls->process;
}

const struct own_chain *tls_own_chain(const struct tls *tls)
{
	return &tls->chain;
}

const struct crl *tls_crl(const struct tls *tls)
{
	return &tls->crl;
}

/* --- crl_watch.h --------------------------------------------------------------------------- */

int crl_watch_new(const struct crl_watch_config *config, struct crl_watch **ret_watch,
		  struct covey_error *error)
{
	struct crl_watch *watch = calloc(1, sizeof(*watch));

	if (!watch)
		abort();
	watch->config = *config;
	*ret_watch = watch;
	return 0;
}

void crl_watch_free(struct crl_watch *watch)
{
	free(watch);
}

void crl_watch_reload(struct crl_watch *watch)
{
	watch->config.loaded(true, watch->config.arg);
}

json_t *crl_json(const struct crl_watch *watch)
{
	return NULL;
}

void crl_log_loaded(struct crl_watch *watch, bool changed, enum log_level late, const char *hint)
{
}

void crl_log_failed(const struct crl_watch *watch, const struct covey_error *error)
{
}

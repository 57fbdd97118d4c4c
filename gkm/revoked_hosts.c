/* SPDX-License-Identifier: BSD-3-Clause */
#include "revoked_hosts.h"

#include <covey/limits.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "certificate_id.h"
#include "crl.h"
#include "crl_json.h"
#include "crl_log.h"
#include "crl_watch.h"
#include "evictions.h"
#include "log.h"
#include "manager.h"
#include "session.h"

/* The certificates with which a host was let in since we started. With any of them it may have got
 * keys. */
struct shown {
	struct certificate_chain *certificates;
	size_t count;
};

struct revoked_hosts {
	struct manager *manager;
	struct crl_watch *watch;
	struct shown *by_host;
};

/* --- consequences -------------------------------------------------------------------------- */

static void replace_keys(struct manager *manager, size_t host, struct realm *realm)
{
	long seat = seat_of(manager, host, realm);

	if (seat < 0 || manager->evicted[host] || realm->served.group->members[seat].evicted)
		return;
	if (realm->served.group->members[seat].session) {
		group_expose(realm->served.group, (size_t)seat);
	} else {
		/* It must register from the beginning. TLS keeps it out until its certificate is
		 * good. */
		group_evict(realm->served.group, (size_t)seat);
		group_readmit(realm->served.group, (size_t)seat);
	}
	realm_wake(realm);
}

static void replace_all_keys(struct manager *manager, size_t host)
{
	for (size_t i = 0; i < manager->realm_count; i++)
		replace_keys(manager, host, &manager->realms[i]);
}

static void cut_sessions(const struct manager *manager, const struct crl *crl)
{
	struct session *session = LIST_FIRST(&manager->sessions.list);

	while (session) {
		const struct certificate_chain *certificate = channel_certificate(session->channel);
		struct session *next = LIST_NEXT(session, entry);

		if (certificate && crl_revokes_chain(crl, certificate))
			session_end(session, COVEY__REFUSAL_CODE__REFUSAL_REVOKED,
				    "the certificate with serial number %s is revoked",
				    certificate->serial);
		session = next;
	}
}

/* Forget certificates that are revoked: nobody can use them to come in again. */
static bool drop_revoked(struct shown *shown, const struct crl *crl, const char *host)
{
	size_t kept = 0;

	for (size_t i = 0; i < shown->count; i++) {
		const struct certificate_chain *certificate = &shown->certificates[i];

		if (crl_revokes_chain(crl, certificate))
			log_warning("%s: its certificate with serial number %s is revoked: its "
				    "groups get new keys",
				    host, certificate->serial);
		else
			shown->certificates[kept++] = *certificate;
	}
	if (kept == shown->count)
		return false;
	shown->count = kept;
	return true;
}

/* Sessions come first: a host that still has a session after that has it with a good certificate.
 */
static void enforce(struct revoked_hosts *revoked)
{
	struct manager *manager = revoked->manager;
	const struct crl *crl = tls_crl(manager->tls);

	if (!crl)
		return;
	cut_sessions(manager, crl);
	for (size_t i = 0; i < manager->inventory->host_count; i++)
		if (drop_revoked(&revoked->by_host[i], crl, manager->inventory->hosts[i].name))
			replace_all_keys(manager, i);
}

/* --- the lists ----------------------------------------------------------------------------- */

static void log_lists(struct crl_watch *watch, bool changed)
{
	crl_log_loaded(watch, changed, LOG_LEVEL_ERROR,
		       ", but what was revoked since then is not known here; make a new one with "
		       "covey pki crl");
}

static void on_loaded(bool changed, void *arg)
{
	struct revoked_hosts *revoked = arg;

	log_lists(revoked->watch, changed);
	enforce(revoked);
}

static void on_failed(const struct covey_error *error, void *arg)
{
	const struct revoked_hosts *revoked = arg;

	crl_log_failed(revoked->watch, error);
}

/* --- which host showed which certificate --------------------------------------------------- */

static bool is_known(const struct shown *shown, const struct certificate_chain *certificate)
{
	for (size_t i = 0; i < shown->count; i++)
		if (shown->certificates[i].count == certificate->count &&
		    memcmp(shown->certificates[i].ids, certificate->ids,
			   certificate->count * sizeof(certificate->ids[0])) == 0)
			return true;
	return false;
}

/* The host comes in with this certificate, and may get keys. */
static int note_shown(size_t host, const struct certificate_chain *certificate, void *arg)
{
	struct revoked_hosts *revoked = arg;
	struct shown *shown = &revoked->by_host[host];
	struct certificate_chain *grown;

	if (is_known(shown, certificate))
		return 0;
	if (shown->count == COVEY_CERTIFICATES_PER_HOST_MAX) {
		/* The keys that it got with these certificates end, so the certificates can be
		 * forgotten. */
		shown->count = 0;
		replace_all_keys(revoked->manager, host);
	}
	grown = reallocarray(shown->certificates, shown->count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	shown->certificates = grown;
	shown->certificates[shown->count++] = *certificate;
	return 0;
}

/* --- from outside -------------------------------------------------------------------------- */

int revoked_hosts_open(struct manager *manager, const char *path, bool demanded,
		       struct revoked_hosts **ret_revoked, struct covey_error *error)
{
	struct revoked_hosts *revoked = calloc(1, sizeof(*revoked));
	struct crl_watch_config config = {.base = manager->base,
					  .tls = manager->tls,
					  .path = path,
					  .demanded = demanded,
					  .loaded = on_loaded,
					  .failed = on_failed,
					  .arg = revoked};
	int status;

	if (!revoked)
		return covey_error_set(error, -ENOMEM, "out of memory");
	revoked->manager = manager;
	revoked->by_host = calloc(manager->inventory->host_room + 1, sizeof(*revoked->by_host));
	status = revoked->by_host ? crl_watch_new(&config, &revoked->watch, error)
				  : covey_error_set(error, -ENOMEM, "out of memory");
	if (status < 0) {
		revoked_hosts_close(revoked);
		return status;
	}
	log_lists(revoked->watch, true);
	manager->sessions.handlers.shown = note_shown;
	manager->sessions.handlers.shown_arg = revoked;
	manager->revoked_hosts = revoked;
	*ret_revoked = revoked;
	return 0;
}

void revoked_hosts_close(struct revoked_hosts *revoked)
{
	if (!revoked)
		return;
	crl_watch_free(revoked->watch);
	for (size_t i = 0; revoked->by_host && i < revoked->manager->inventory->host_count; i++)
		free(revoked->by_host[i].certificates);
	free(revoked->by_host);
	free(revoked);
}

void revoked_hosts_reload(struct revoked_hosts *revoked)
{
	crl_watch_reload(revoked->watch);
}

json_t *revoked_hosts_show(const struct revoked_hosts *revoked)
{
	return crl_json(revoked->watch);
}

const struct crl_watch *revoked_hosts_lists(const struct revoked_hosts *revoked)
{
	return revoked->watch;
}

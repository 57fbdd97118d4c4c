/* SPDX-License-Identifier: BSD-3-Clause */
#include <covey/limits.h>
#include <errno.h>
#include <openssl/err.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "tls_private.h"
#include "tls_verify.h"

#define FINISH_SECONDS 2

/* OpenSSL writes to sockets without MSG_NOSIGNAL. If the program has its own handler, it stays. */
static void ignore_sigpipe(void)
{
	struct sigaction action;

	if (sigaction(SIGPIPE, NULL, &action) == 0 && action.sa_handler == SIG_DFL)
		signal(SIGPIPE, SIG_IGN);
}

static int load(const struct tls *tls, const char *fabric, struct own *ret_own,
		struct covey_error *error)
{
	const struct own_files files = {tls->ca_file, tls->cert_file, tls->key_file};

	return own_load(tls->role, fabric, &files, ret_own, error);
}

/* Existing connections keep the context with which they began. */
static void take(struct tls *tls, const struct own *own)
{
	SSL_CTX_free(tls->context);
	tls->context = own->context;
	tls->identity = own->identity;
	tls->chain = own->chain;
	tls_verify_peers(tls->context, tls);
}

int tls_new(enum tls_role role, const char *fabric, const char *ca_file, const char *cert_file,
	    const char *key_file, struct tls **ret_tls, struct covey_error *error)
{
	struct tls *tls = calloc(1, sizeof(*tls));
	struct own own;
	int status;

	ignore_sigpipe();
	if (!tls)
		return covey_error_set(error, -ENOMEM, "out of memory");
	tls->role = role;
	tls->deadlines.begin.tv_sec = COVEY_HANDSHAKE_SECONDS;
	tls->deadlines.silence.tv_sec = COVEY_SILENCE_SECONDS;
	tls->deadlines.finish.tv_sec = FINISH_SECONDS;
	tls->queued = queue_account_new();
	tls->queued_max = COVEY_SEND_QUEUES_BYTES_MAX;
	tls->ca_file = strdup(ca_file);
	tls->cert_file = strdup(cert_file);
	tls->key_file = strdup(key_file);
	if (!tls->queued || !tls->ca_file || !tls->cert_file || !tls->key_file) {
		status = covey_error_set(error, -ENOMEM, "out of memory");
		goto fail;
	}
	status = load(tls, fabric, &own, error);
	if (status < 0)
		goto fail;
	take(tls, &own);
	*ret_tls = tls;
	return 0;

fail:
	tls_free(tls);
	return status;
}

void tls_free(struct tls *tls)
{
	if (!tls)
		return;
	SSL_CTX_free(tls->context);
	free(tls->ca_file);
	free(tls->cert_file);
	free(tls->key_file);
	crl_free(tls->crl);
	queue_account_unref(tls->queued);
	ERR_clear_error();
	free(tls);
}

void tls_accept_gkms(struct tls *tls, bool accept)
{
	tls->accepts_gkms = accept;
}

const struct identity *tls_identity(const struct tls *tls)
{
	return &tls->identity;
}

int tls_reload(struct tls *tls, bool *ret_changed, struct covey_error *error)
{
	struct own own;
	int status = load(tls, tls->identity.fabric, &own, error);

	if (status < 0)
		return status;
	if (strcmp(own.identity.uri, tls->identity.uri) != 0) {
		status = covey_error_set(error, -EINVAL, "%.150s is for %.150s, but we are %.150s",
					 tls->cert_file, own.identity.uri, tls->identity.uri);
		SSL_CTX_free(own.context);
		return status;
	}
	*ret_changed = memcmp(own.chain.digest, tls->chain.digest, sizeof(own.chain.digest)) != 0;
	take(tls, &own);
	return 0;
}

const struct own_chain *tls_own_chain(const struct tls *tls)
{
	return &tls->chain;
}

int tls_load_crl(struct tls *tls, const char *path, bool *ret_changed, struct covey_error *error)
{
	X509_STORE *store = SSL_CTX_get_cert_store(tls->context);
	struct crl *crl;
	int status;

	status = crl_load(path, X509_STORE_get0_objects(store), &crl, error);
	if (status < 0)
		return status;
	status = crl_check_newer(tls->crl, crl, error);
	if (status < 0) {
		crl_free(crl);
		return status;
	}
	*ret_changed = !crl_equal(tls->crl, crl);
	crl_free(tls->crl);
	tls->crl = crl;
	return 0;
}

const struct crl *tls_crl(const struct tls *tls)
{
	return tls->crl;
}

SSL *tls_connection(const struct tls *tls, struct tls_peer *peer)
{
	SSL *ssl = SSL_new(tls->context);

	if (ssl)
		SSL_set_app_data(ssl, peer);
	return ssl;
}

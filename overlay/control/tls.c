/* SPDX-License-Identifier: BSD-3-Clause */
#include "tls.h"

#include <covey/limits.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "pki_file.h"
#include "tls_verify.h"

#define FINISH_SECONDS 2
#define SECURITY_LEVEL 2 /* 112 bits: RSA of 2048 bits, P-224 and stronger */

static int cannot_load(const char *what, const char *path, struct covey_error *error)
{
	const char *reason = ERR_reason_error_string(ERR_peek_error());

	ERR_clear_error();
	return covey_error_set(error, -EINVAL, "cannot load the %s from %s: %s", what, path,
			       reason ? reason : "no certificate of it is good");
}

/* OpenSSL's own readers wait for ever at a FIFO, and say nothing about a file that is missing. */
static int check_readable(const char *path, struct covey_error *error)
{
	X509 *certificate = NULL;
	int r = pki_read_certificate(path, &certificate, error);

	X509_free(certificate);
	return r;
}

static int check_dates(X509 *certificate, const char *path, struct covey_error *error)
{
	if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0)
		return covey_error_set(error, -EINVAL,
				       "our own certificate %s is not valid yet: is this machine's "
				       "clock right?",
				       path);
	if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0)
		return covey_error_set(error, -EKEYEXPIRED,
				       "our own certificate %s has expired: issue a new one with "
				       "covey pki issue --force",
				       path);
	return 0;
}

static int check_purpose(X509 *certificate, enum tls_role role, const char *path,
			 struct covey_error *error)
{
	bool member = role == TLS_MEMBER;
	int purpose = member ? X509_PURPOSE_SSL_CLIENT : X509_PURPOSE_SSL_SERVER;

	if (X509_check_purpose(certificate, purpose, 0) == 1)
		return 0;
	return covey_error_set(error, -EINVAL,
			       "our own certificate %s is not made for a TLS %s: its extended key "
			       "usage must allow %s",
			       path, member ? "client" : "server",
			       member ? "clientAuth" : "serverAuth");
}

/* Found out here, not by every peer that refuses us. */
static int check_own(struct tls *tls, X509 *certificate, const char *fabric, const char *path,
		     struct covey_error *error)
{
	enum identity_role wanted = tls->role == TLS_MEMBER ? IDENTITY_HOST : IDENTITY_GKM;
	struct covey_error why;
	int r;

	r = identity_from_certificate(certificate, &tls->identity, &why);
	if (r < 0)
		return covey_error_set(error, r, "%.200s: %.250s", path, why.text);
	if (tls->identity.role != wanted)
		return covey_error_set(error, -EINVAL, "%.150s is for %s, but %s is needed here",
				       path, tls->identity.uri,
				       wanted == IDENTITY_GKM ? "the key manager's certificate"
							      : "a host's certificate");
	if (strcmp(tls->identity.fabric, fabric) != 0)
		return covey_error_set(error, -EINVAL,
				       "%.150s is for %s, but the inventory's fabric is \"%s\"",
				       path, tls->identity.uri, fabric);
	r = check_dates(certificate, path, error);
	return r < 0 ? r : check_purpose(certificate, tls->role, path, error);
}

static int load_own(struct tls *tls, const char *fabric, const char *cert_file,
		    const char *key_file, struct covey_error *error)
{
	EVP_PKEY *key = NULL;
	int r;

	r = check_readable(cert_file, error);
	if (r < 0)
		return r;
	if (SSL_CTX_use_certificate_chain_file(tls->context, cert_file) != 1)
		return cannot_load("certificate", cert_file, error);
	r = check_own(tls, SSL_CTX_get0_certificate(tls->context), fabric, cert_file, error);
	if (r < 0)
		return r;
	r = pki_read_key(key_file, &key, error);
	if (r < 0)
		return r;
	if (SSL_CTX_use_PrivateKey(tls->context, key) != 1)
		r = covey_error_set(error, -EINVAL, "the key %s does not belong to %s", key_file,
				    cert_file);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return r;
}

/* Without it OpenSSL would ask on the terminal for the passphrase of a file that has one. */
static int no_passphrase(char *buf, int size, int writing, void *arg)
{
	return -1;
}

/* TLS 1.3 alone; every connection is a whole handshake, so that every one proves who it is. */
static int restrict_context(SSL_CTX *context)
{
	SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_default_passwd_cb(context, no_passphrase);
	SSL_CTX_set_security_level(context, SECURITY_LEVEL);
	SSL_CTX_set_max_cert_list(context, COVEY_CERTIFICATES_BYTES_MAX);
	SSL_CTX_set_mode(context, SSL_MODE_NO_AUTO_CHAIN | SSL_MODE_RELEASE_BUFFERS);
	return SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1 &&
	       SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1 &&
	       SSL_CTX_set_num_tickets(context, 0) == 1;
}

/* OpenSSL writes to sockets without MSG_NOSIGNAL; a handler of the program's own stays. */
static void ignore_sigpipe(void)
{
	struct sigaction action;

	if (sigaction(SIGPIPE, NULL, &action) == 0 && action.sa_handler == SIG_DFL)
		signal(SIGPIPE, SIG_IGN);
}

int tls_new(enum tls_role role, const char *fabric, const char *ca_file, const char *cert_file,
	    const char *key_file, struct tls **ret_tls, struct covey_error *error)
{
	struct tls *tls = calloc(1, sizeof(*tls));
	int r;

	ignore_sigpipe();
	if (!tls)
		return covey_error_set(error, -ENOMEM, "out of memory");
	tls->role = role;
	tls->deadlines.begin.tv_sec = COVEY_HANDSHAKE_SECONDS;
	tls->deadlines.silence.tv_sec = COVEY_SILENCE_SECONDS;
	tls->deadlines.finish.tv_sec = FINISH_SECONDS;
	tls->queued = queue_account_new();
	tls->queued_max = COVEY_SEND_QUEUES_BYTES_MAX;
	tls->context = SSL_CTX_new(role == TLS_MEMBER ? TLS_client_method() : TLS_server_method());
	if (!tls->queued || !tls->context || !restrict_context(tls->context)) {
		r = covey_error_set(error, -ENOMEM, "OpenSSL cannot set up TLS 1.3");
		goto fail;
	}
	r = check_readable(ca_file, error);
	if (r < 0)
		goto fail;
	if (SSL_CTX_load_verify_file(tls->context, ca_file) != 1) {
		r = cannot_load("CA", ca_file, error);
		goto fail;
	}
	tls_verify_peers(tls->context, tls);
	r = load_own(tls, fabric, cert_file, key_file, error);
	if (r < 0)
		goto fail;
	*ret_tls = tls;
	return 0;

fail:
	tls_free(tls);
	return r;
}

void tls_free(struct tls *tls)
{
	if (!tls)
		return;
	SSL_CTX_free(tls->context);
	crl_free(tls->crl);
	queue_account_unref(tls->queued);
	ERR_clear_error();
	free(tls);
}

const struct identity *tls_identity(const struct tls *tls)
{
	return &tls->identity;
}

int tls_load_crl(struct tls *tls, const char *path, bool *ret_changed, struct covey_error *error)
{
	X509_STORE *store = SSL_CTX_get_cert_store(tls->context);
	struct crl *crl;
	int r;

	r = crl_load(path, X509_STORE_get0_objects(store), &crl, error);
	if (r < 0)
		return r;
	r = crl_check_newer(tls->crl, crl, error);
	if (r < 0) {
		crl_free(crl);
		return r;
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

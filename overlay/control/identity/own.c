/* SPDX-License-Identifier: BSD-3-Clause */
#include <covey/limits.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "own.h"
#include "pki_file.h"

#define SECURITY_LEVEL 2 /* 112 bits: RSA of 2048 bits, P-224 and stronger */

static int cannot_load(const char *what, const char *path, struct covey_error *error)
{
	const char *reason = ERR_reason_error_string(ERR_peek_error());

	ERR_clear_error();
	return covey_error_set(error, -EINVAL, "cannot load the %s from %s: %s", what, path,
			       reason ? reason : "no certificate of it is good");
}

/* OpenSSL's own readers wait for ever if the path is a FIFO, and do not say that a file is missing.
 */
static int check_readable(const char *path, struct covey_error *error)
{
	X509 *certificate = NULL;
	int status = pki_read_certificate(path, &certificate, error);

	X509_free(certificate);
	return status;
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

/* We check our own certificate here. Otherwise only the peers would find out, when each of them
 * refuses us. */
static int check_own(X509 *certificate, enum tls_role role, const char *fabric, const char *path,
		     struct identity *identity, struct covey_error *error)
{
	enum identity_role wanted = role == TLS_MEMBER ? IDENTITY_HOST : IDENTITY_GKM;
	struct covey_error why;
	int status;

	if (X509_check_ca(certificate) == 1)
		return covey_error_set(error, -EINVAL,
				       "%.200s begins with a CA's certificate: our own must come "
				       "first, then its issuer's",
				       path);
	status = identity_from_certificate(certificate, identity, &why);
	if (status < 0)
		return covey_error_set(error, status, "%.200s: %.250s", path, why.text);
	if (identity->role != wanted)
		return covey_error_set(error, -EINVAL, "%.150s is for %s, but %s is needed here",
				       path, identity->uri,
				       wanted == IDENTITY_GKM ? "the key manager's certificate"
							      : "a host's certificate");
	if (strcmp(identity->fabric, fabric) != 0)
		return covey_error_set(error, -EINVAL,
				       "%.150s is for %s, but the inventory's fabric is \"%s\"",
				       path, identity->uri, fabric);
	status = check_dates(certificate, path, error);
	return status < 0 ? status : check_purpose(certificate, role, path, error);
}

static int load_certificate(SSL_CTX *context, enum tls_role role, const char *fabric,
			    const char *path, struct identity *identity, struct covey_error *error)
{
	int status = check_readable(path, error);

	if (status < 0)
		return status;
	if (SSL_CTX_use_certificate_chain_file(context, path) != 1)
		return cannot_load("certificate", path, error);
	return check_own(SSL_CTX_get0_certificate(context), role, fabric, path, identity, error);
}

static int load_key(SSL_CTX *context, const struct own_files *files, struct covey_error *error)
{
	EVP_PKEY *key = NULL;
	int status = pki_read_key(files->key, &key, error);

	if (status < 0)
		return status;
	if (SSL_CTX_use_PrivateKey(context, key) != 1)
		status = covey_error_set(error, -EINVAL, "the key %s does not belong to %s",
					 files->key, files->certificate);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return status;
}

static int load_ca(SSL_CTX *context, const char *path, struct covey_error *error)
{
	int status = check_readable(path, error);

	if (status == 0 && SSL_CTX_load_verify_file(context, path) != 1)
		status = cannot_load("CA", path, error);
	return status;
}

/* Without this function, OpenSSL would ask on the terminal for the passphrase of an encrypted file.
 */
static int no_passphrase(char *buf, int size, int writing, void *arg)
{
	return -1;
}

/* Only TLS 1.3. Every connection has a whole handshake, so that each peer proves who it is. */
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

int own_load(enum tls_role role, const char *fabric, const struct own_files *files,
	     struct own *ret_own, struct covey_error *error)
{
	/* A key manager is a server for members, and a client of other key managers. */
	struct own own = {
		.context = SSL_CTX_new(role == TLS_MEMBER ? TLS_client_method() : TLS_method())};
	int status = 0;

	if (!own.context || !restrict_context(own.context))
		status = covey_error_set(error, -ENOMEM, "OpenSSL cannot set up TLS 1.3");
	if (status == 0)
		status = load_ca(own.context, files->ca, error);
	if (status == 0)
		status = load_certificate(own.context, role, fabric, files->certificate,
					  &own.identity, error);
	if (status == 0)
		status = load_key(own.context, files, error);
	if (status == 0)
		status = own_chain_check(own.context, role, files, &own.chain, error);
	if (status < 0) {
		SSL_CTX_free(own.context);
		ERR_clear_error();
		return status;
	}
	*ret_own = own;
	return 0;
}

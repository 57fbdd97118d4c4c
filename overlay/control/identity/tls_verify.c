/* SPDX-License-Identifier: BSD-3-Clause */
#include "tls_verify.h"

#include <errno.h>
#include <openssl/x509v3.h>
#include <string.h>

#define CHAIN_DEPTH_MAX 4

static bool is_unknown_ca(int code)
{
	return code == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
	       code == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT ||
	       code == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN ||
	       code == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT;
}

/* Says which certificate of the chain is not good, and why. */
static void explain_chain(X509_STORE_CTX *store, struct covey_error *refusal)
{
	X509 *certificate = X509_STORE_CTX_get_current_cert(store);
	int code = X509_STORE_CTX_get_error(store);
	bool leaf = X509_STORE_CTX_get_error_depth(store) == 0;
	char subject[CERTIFICATE_NAME_STRLEN] = "", issuer[CERTIFICATE_NAME_STRLEN] = "";
	const char *whose = leaf ? "certificate of the peer" : "certificate of the peer's CA";

	if (certificate) {
		certificate_name(X509_get_subject_name(certificate), subject);
		certificate_name(X509_get_issuer_name(certificate), issuer);
	}
	if (code == X509_V_ERR_CERT_HAS_EXPIRED)
		covey_error_set(refusal, -EACCES, "%s has expired (%s)", whose, subject);
	else if (code == X509_V_ERR_CERT_NOT_YET_VALID)
		covey_error_set(refusal, -EACCES,
				"%s is not valid yet (%s): is this machine's clock right?", whose,
				subject);
	else if (is_unknown_ca(code))
		covey_error_set(
			refusal, -EACCES,
			"%s is of a CA that this side does not trust: %s (%s, issued by %s)", whose,
			X509_verify_cert_error_string(code), subject, issuer);
	else
		covey_error_set(refusal, -EACCES, "%s is not trusted: %s (%s, issued by %s)", whose,
				X509_verify_cert_error_string(code), subject, issuer);
}

/* Who connects to us is a host, or perhaps another key manager; whom we connect to is one. */
static enum identity_role wanted_role(const struct tls *tls, const SSL *ssl, X509 *certificate)
{
	struct identity identity;
	struct covey_error refusal;

	if (!SSL_is_server(ssl))
		return IDENTITY_GKM;
	if (tls->accepts_gkms && identity_from_certificate(certificate, &identity, &refusal) == 0)
		return identity.role;
	return IDENTITY_HOST;
}

static int check_identity(const struct tls *tls, enum identity_role wanted, X509 *certificate,
			  struct tls_peer *peer)
{
	struct identity identity;
	int status;

	status = identity_from_certificate(certificate, &identity, &peer->refusal);
	if (status < 0)
		return status;
	if (strcmp(identity.fabric, tls->identity.fabric) != 0)
		return covey_error_set(&peer->refusal, -EACCES,
				       "the peer is of another fabric: %s, not of \"%s\"",
				       identity.uri, tls->identity.fabric);
	if (identity.role != wanted)
		return covey_error_set(
			&peer->refusal, -EACCES, "the peer is %s, but must be %s", identity.uri,
			wanted == IDENTITY_GKM ? "the fabric's key manager" : "a host");
	peer->identity = identity;
	return 0;
}

/* There may be lists, but for other certificates. Such a list must not count as one that does not
 * revoke them. */
static bool is_spoken_of(const struct tls *tls, STACK_OF(X509) * chain, struct tls_peer *peer)
{
	char name[CERTIFICATE_NAME_STRLEN];

	for (int i = 0; i + 1 < sk_X509_num(chain); i++) {
		const X509 *certificate = sk_X509_value(chain, i);

		if (crl_speaks_of(tls->crl, certificate))
			continue;
		certificate_name(X509_get_subject_name(certificate), name);
		covey_error_set(&peer->refusal, -EACCES,
				"no revocation list here is for the certificate of %.150s (%s): it "
				"names another CRL distribution point than they do",
				peer->identity.uri, name);
		return false;
	}
	return true;
}

/* Returns what is wrong; X509_V_OK when nothing is. */
static int check_revoked(const struct tls *tls, STACK_OF(X509) * chain, struct tls_peer *peer)
{
	struct certificate_chain certificate;

	if (certificate_chain(chain, &certificate) < 0) {
		covey_error_set(&peer->refusal, -EACCES, "the peer's certificates are too many");
		return X509_V_ERR_CERT_CHAIN_TOO_LONG;
	}
	peer->certificate = certificate;
	if (!crl_revokes_chain(tls->crl, &certificate))
		return is_spoken_of(tls, chain, peer) ? X509_V_OK : X509_V_ERR_CERT_REJECTED;
	covey_error_set(&peer->refusal, -EACCES,
			"the certificate of %s, serial number %s, is revoked%s", peer->identity.uri,
			certificate.serial,
			crl_revokes(tls->crl, &certificate.ids[0]) ? "" : ", by its CA's being so");
	return X509_V_ERR_CERT_REVOKED;
}

/* This runs inside the handshake, so that a peer that is refused never completes it. */
static int verify(X509_STORE_CTX *store, void *arg)
{
	const struct tls *tls = arg;
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_peer *peer = SSL_get_app_data(ssl);
	X509 *certificate = X509_STORE_CTX_get0_cert(store);
	enum identity_role wanted = wanted_role(tls, ssl, certificate);
	int code;

	/* A key manager's certificate is a server's, also where it asks another one. */
	X509_VERIFY_PARAM_set_purpose(X509_STORE_CTX_get0_param(store),
				      wanted == IDENTITY_GKM ? X509_PURPOSE_SSL_SERVER
							     : X509_PURPOSE_SSL_CLIENT);
	if (X509_verify_cert(store) != 1) {
		explain_chain(store, &peer->refusal);
		return 0;
	}
	if (check_identity(tls, wanted, certificate, peer) < 0) {
		X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
		return 0;
	}
	code = check_revoked(tls, X509_STORE_CTX_get0_chain(store), peer);
	if (code != X509_V_OK) {
		X509_STORE_CTX_set_error(store, code);
		return 0;
	}
	peer->verified = true;
	return 1;
}

void tls_verify_demand(X509_VERIFY_PARAM *parameters, int purpose)
{
	X509_VERIFY_PARAM_set_purpose(parameters, purpose);
	/* ca.crt may contain only an intermediate CA. Then only what that one has issued is
	 * trusted. */
	X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_PARTIAL_CHAIN);
	X509_VERIFY_PARAM_set_depth(parameters, CHAIN_DEPTH_MAX);
}

void tls_verify_peers(SSL_CTX *context, struct tls *tls)
{
	bool member = tls->role == TLS_MEMBER;

	tls_verify_demand(SSL_CTX_get0_param(context),
			  member ? X509_PURPOSE_SSL_SERVER : X509_PURPOSE_SSL_CLIENT);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_cert_verify_callback(context, verify, tls);
}

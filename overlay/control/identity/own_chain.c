/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "own.h"
#include "tls_verify.h"

/* --- the order in the file ----------------------------------------------------------------- */

/* RFC 8446, section 4.4.2: each certificate is that of the issuer of the one before it. */
static int check_order(X509 *first, STACK_OF(X509) * others, const char *path,
		       struct covey_error *error)
{
	X509 *before = first;
	char name[CERTIFICATE_NAME_STRLEN], issued[CERTIFICATE_NAME_STRLEN];

	for (int i = 0; i < sk_X509_num(others); i++) {
		X509 *certificate = sk_X509_value(others, i);

		if (X509_check_issued(certificate, before) != X509_V_OK) {
			certificate_name(X509_get_subject_name(certificate), name);
			certificate_name(X509_get_subject_name(before), issued);
			return covey_error_set(error, -EINVAL,
					       "%.150s: certificate %d (%s) did not issue the one "
					       "before it (%s): the order is our own certificate, "
					       "its issuer, the issuer's issuer",
					       path, i + 2, name, issued);
		}
		before = certificate;
	}
	return 0;
}

/* --- the chain up to ca.crt ---------------------------------------------------------------- */

static bool is_unknown_issuer(int code)
{
	return code == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
	       code == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT ||
	       code == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE ||
	       code == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN ||
	       code == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT;
}

static int explain(X509_STORE_CTX *store, const struct own_files *files, struct covey_error *error)
{
	X509 *certificate = X509_STORE_CTX_get_current_cert(store);
	int code = X509_STORE_CTX_get_error(store);
	bool first = X509_STORE_CTX_get_error_depth(store) == 0;
	char name[CERTIFICATE_NAME_STRLEN] = "", issuer[CERTIFICATE_NAME_STRLEN] = "";
	const char *whose = first ? "our own certificate" : "the CA's certificate";

	ERR_clear_error();
	if (certificate) {
		certificate_name(X509_get_subject_name(certificate), name);
		certificate_name(X509_get_issuer_name(certificate), issuer);
	}
	if (code == X509_V_ERR_CERT_HAS_EXPIRED)
		return covey_error_set(error, -EKEYEXPIRED,
				       "%.150s: %s (%s) in the chain to %.100s has expired: put a "
				       "new one in its place",
				       files->certificate, whose, name, files->ca);
	if (is_unknown_issuer(code))
		return covey_error_set(error, -EINVAL,
				       "%.120s: %s (%s) is issued by %s, which is neither in that "
				       "file nor in %.120s",
				       files->certificate, whose, name, issuer, files->ca);
	return covey_error_set(error, -EINVAL,
			       "%.120s: %s (%s, issued by %s) in the chain to %.80s: %s",
			       files->certificate, whose, name, issuer, files->ca,
			       X509_verify_cert_error_string(code));
}

static time_t time_of(const ASN1_TIME *when)
{
	struct tm parts;

	return ASN1_TIME_to_tm(when, &parts) ? timegm(&parts) : 0;
}

const char *own_role_name(enum own_role role)
{
	static const char *const names[] = {"own", "issuer", "trusted"};

	return names[role];
}

static void describe(X509 *certificate, enum own_role role, struct own_certificate *ret)
{
	ret->role = role;
	certificate_name(X509_get_subject_name(certificate), ret->subject);
	certificate_serial(X509_get0_serialNumber(certificate), ret->serial);
	ret->not_before = time_of(X509_get0_notBefore(certificate));
	ret->not_after = time_of(X509_get0_notAfter(certificate));
}

static bool add_digest(EVP_MD_CTX *hash, const X509 *certificate)
{
	unsigned char digest[CERTIFICATE_ID_LEN];

	return X509_digest(certificate, EVP_sha256(), digest, NULL) &&
	       EVP_DigestUpdate(hash, digest, sizeof(digest));
}

/* Over what is sent, and what is trusted. */
static int digest(SSL_CTX *context, STACK_OF(X509) * sent, uint8_t *ret_digest)
{
	STACK_OF(X509_OBJECT) *trusted = X509_STORE_get0_objects(SSL_CTX_get_cert_store(context));
	EVP_MD_CTX *hash = EVP_MD_CTX_new();
	bool ok = hash && EVP_DigestInit_ex(hash, EVP_sha256(), NULL) &&
		  add_digest(hash, SSL_CTX_get0_certificate(context));

	for (int i = 0; ok && i < sk_X509_num(sent); i++)
		ok = add_digest(hash, sk_X509_value(sent, i));
	for (int i = 0; ok && i < sk_X509_OBJECT_num(trusted); i++) {
		const X509 *ca = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(trusted, i));

		ok = !ca || add_digest(hash, ca);
	}
	ok = ok && EVP_DigestFinal_ex(hash, ret_digest, NULL);
	EVP_MD_CTX_free(hash);
	return ok ? 0 : -ENOMEM;
}

static bool is_in(STACK_OF(X509) * list, const X509 *certificate)
{
	for (int i = 0; i < sk_X509_num(list); i++)
		if (X509_cmp(sk_X509_value(list, i), certificate) == 0)
			return true;
	return false;
}

/* In the place of the one of them that ends last, if there is no more room. */
static void add_other(struct own_chain *chain, size_t first, X509 *certificate)
{
	struct own_certificate other, *last = &chain->list[first];

	describe(certificate, OWN_TRUSTED, &other);
	if (chain->count - first < OWN_TRUSTED_MAX) {
		chain->list[chain->count++] = other;
		return;
	}
	for (size_t i = first; i < chain->count; i++)
		if (chain->list[i].not_after > last->not_after)
			last = &chain->list[i];
	if (other.not_after < last->not_after)
		*last = other;
}

/* Those in ca.crt that are not in the chain: peers may be judged by them. */
static void add_trusted(X509_STORE *store, STACK_OF(X509) * verified, struct own_chain *chain)
{
	STACK_OF(X509_OBJECT) *trusted = X509_STORE_get0_objects(store);
	const size_t first = chain->count;

	for (int i = 0; i < sk_X509_OBJECT_num(trusted); i++) {
		X509 *ca = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(trusted, i));

		if (ca && !is_in(verified, ca))
			add_other(chain, first, ca);
	}
}

static int verify(X509_STORE_CTX *store, SSL_CTX *context, enum tls_role role,
		  STACK_OF(X509) * others, const struct own_files *files, struct own_chain *chain,
		  struct covey_error *error)
{
	STACK_OF(X509) * verified;

	if (!X509_STORE_CTX_init(store, SSL_CTX_get_cert_store(context),
				 SSL_CTX_get0_certificate(context), others))
		return covey_error_set(error, -ENOMEM, "out of memory");
	tls_verify_demand(X509_STORE_CTX_get0_param(store),
			  role == TLS_MEMBER ? X509_PURPOSE_SSL_CLIENT : X509_PURPOSE_SSL_SERVER);
	X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(store),
					 SSL_CTX_get_security_level(context));
	if (X509_verify_cert(store) != 1)
		return explain(store, files, error);
	verified = X509_STORE_CTX_get0_chain(store);
	if (sk_X509_num(verified) > OWN_CHAIN_MAX)
		return covey_error_set(error, -E2BIG, "%.200s: the chain to %.200s is too long",
				       files->certificate, files->ca);
	for (int i = 0; i < sk_X509_num(verified); i++)
		describe(sk_X509_value(verified, i), i == 0 ? OWN_OURS : OWN_ISSUER,
			 &chain->list[chain->count++]);
	add_trusted(SSL_CTX_get_cert_store(context), verified, chain);
	return 0;
}

int own_chain_check(SSL_CTX *context, enum tls_role role, const struct own_files *files,
		    struct own_chain *ret_chain, struct covey_error *error)
{
	X509_STORE_CTX *store = X509_STORE_CTX_new();
	struct own_chain chain = {.count = 0};
	STACK_OF(X509) *others = NULL;
	int status;

	SSL_CTX_get0_chain_certs(context, &others);
	if (!store || digest(context, others, chain.digest) < 0)
		status = covey_error_set(error, -ENOMEM, "out of memory");
	else
		status = check_order(SSL_CTX_get0_certificate(context), others, files->certificate,
				     error);
	if (status == 0)
		status = verify(store, context, role, others, files, &chain, error);
	X509_STORE_CTX_free(store);
	ERR_clear_error();
	if (status == 0)
		*ret_chain = chain;
	return status;
}

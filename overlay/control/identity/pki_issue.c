/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <unistd.h>

#include "pki.h"
#include "pki_certificate.h"
#include "pki_file.h"
#include "pki_issued.h"
#include "pki_issuer.h"
#include "pki_pair.h"
#include "sender_id.h"

/* If a certificate were valid for longer than its CA, it would fail without a visible reason. */
static int limit_to_issuer(X509 *certificate, const X509 *issuer)
{
	const ASN1_TIME *end = X509_get0_notAfter(issuer);

	if (ASN1_TIME_compare(X509_get0_notAfter(certificate), end) <= 0)
		return 1;
	return X509_set1_notAfter(certificate, end);
}

/* Hosts only connect, and the GKM only accepts. So neither can act as the other. */
static int extend(X509 *certificate, const struct issuer *issuer, enum identity_role role,
		  const char *uri)
{
	char san[sizeof("URI:") + COVEY_IDENTITY_MAX];
	const struct certificate_extension extensions[] = {
		{NID_basic_constraints, "critical,CA:FALSE"},
		{NID_key_usage, "critical,digitalSignature"},
		{NID_ext_key_usage, role == IDENTITY_GKM ? "serverAuth" : "clientAuth"},
		{NID_subject_key_identifier, "hash"},
		{NID_authority_key_identifier, "keyid:always"},
		{NID_subject_alt_name, san},
		{0, NULL},
	};

	snprintf(san, sizeof(san), "URI:%s", uri);
	return certificate_extend(certificate, issuer->certificate, extensions);
}

struct request {
	enum identity_role role;
	const char *fabric;
	const char *name;
	uint16_t sender_id;
	long not_before_s;
	long not_after_s;
	char uri[COVEY_IDENTITY_MAX + 1];
};

static X509 *make_certificate(const struct issuer *issuer, const struct request *request,
			      EVP_PKEY *key)
{
	X509 *certificate = certificate_new(key, request->fabric, request->name,
					    request->not_before_s, request->not_after_s);

	if (!certificate)
		return NULL;
	if (X509_set_issuer_name(certificate, X509_get_subject_name(issuer->certificate)) &&
	    limit_to_issuer(certificate, issuer->certificate) &&
	    extend(certificate, issuer, request->role, request->uri) == 0 &&
	    (request->sender_id == 0 ||
	     sender_id_to_certificate(certificate, request->sender_id) == 0) &&
	    X509_sign(certificate, issuer->key, issuer_digest(issuer)))
		return certificate;
	X509_free(certificate);
	return NULL;
}

static int check_request(struct request *request, struct covey_error *error)
{
	bool gkm = request->role == IDENTITY_GKM;
	int status;

	status =
		identity_format(request->role, request->fabric, request->name, request->uri, error);
	if (status < 0)
		return status;
	if (!gkm && (strcmp(request->name, "gkm") == 0 || strcmp(request->name, "ca") == 0))
		return covey_error_set(error, -EINVAL,
				       "a host cannot be called \"%s\": %s.crt is the %s's file",
				       request->name, request->name,
				       strcmp(request->name, "ca") == 0 ? "CA" : "key manager");
	if (gkm && strcmp(request->name, "gkm") != 0)
		return covey_error_set(error, -EINVAL,
				       "the key manager's certificate is called gkm, not \"%.80s\"",
				       request->name);
	if (request->not_before_s >= request->not_after_s)
		return covey_error_set(error, -EINVAL,
				       "the certificate would end before it begins");
	return 0;
}

/* This check comes before a key is made, so that its answer does not take as long. */
static int check_absent(const char *directory, const char *name, const char *suffix,
			struct covey_error *error)
{
	char path[PKI_PATH_MAX];
	int status = pki_path(directory, name, suffix, path, error);

	if (status == 0 && access(path, F_OK) == 0)
		status = covey_error_set(error, -EEXIST,
					 "%s is there already and is kept: --force replaces it",
					 path);
	return status;
}

int pki_issue(const char *directory, enum identity_role role, const char *fabric, const char *name,
	      uint16_t sender_id, long not_before_s, long not_after_s, bool force,
	      struct covey_error *error)
{
	struct request request = {role, fabric, name, sender_id, not_before_s, not_after_s, ""};
	struct issuer issuer = {0};
	X509 *certificate = NULL;
	EVP_PKEY *key = NULL;
	int lock = -1;
	int status;

	status = check_request(&request, error);
	if (status == 0)
		lock = pki_lock(directory,
				NULL); /* if the directory is missing, the code below says so */
	if (lock >= 0)
		pki_pair_settle(directory, name);
	if (status == 0 && !force)
		status = check_absent(directory, name, "key", error);
	if (status == 0 && !force)
		status = check_absent(directory, name, "crt", error);
	if (status == 0)
		status = issuer_load(directory, &issuer, error);
	if (status < 0)
		goto out;
	key = certificate_key();
	if (key)
		certificate = make_certificate(&issuer, &request, key);
	if (!certificate)
		status = certificate_failed("cannot make the certificate", error);
	else
		status = issued_append(directory, name, certificate, error);
	if (status == 0)
		status = pki_write_pair(directory, name, key, certificate, force, error);

out:
	X509_free(certificate);
	EVP_PKEY_free(key);
	issuer_free(&issuer);
	if (lock >= 0)
		close(lock);
	return status;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <openssl/err.h>
#include <string.h>

#include "pki.h"
#include "pki_file.h"
#include "pki_issuer.h"
#include "sender_id.h"

static int check_identity(X509 *certificate, const char *path, const char *expected,
			  struct covey_error *error)
{
	struct identity identity;
	struct covey_error reason;

	if (identity_from_certificate(certificate, &identity, &reason) < 0)
		return covey_error_set(error, -EINVAL, "%.200s is no covey certificate: %.200s",
				       path, reason.text);
	if (strcmp(identity.uri, expected) != 0)
		return covey_error_set(
			error, -EINVAL,
			"%.200s is there and is %.128s's, not %.128s's: name another "
			"directory with --pki, one for each fabric",
			path, identity.uri, expected);
	return 0;
}

static int check_signature(X509 *certificate, const struct issuer *issuer, const char *path,
			   struct covey_error *error)
{
	if (X509_verify(certificate, issuer->key) != 1)
		return covey_error_set(error, -EINVAL,
				       "%.200s is there and is not by the CA beside it: --force "
				       "replaces it",
				       path);
	if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0)
		return covey_error_set(error, -EKEYEXPIRED,
				       "%.200s is there and has expired: --force replaces it",
				       path);
	return 0;
}

int pki_check(const char *directory, enum identity_role role, const char *fabric, const char *name,
	      struct covey_error *error)
{
	char uri[COVEY_IDENTITY_MAX + 1], path[PKI_PATH_MAX];
	struct issuer issuer = {0};
	X509 *certificate = NULL;
	int status;

	status = identity_format(role, fabric, name, uri, error);
	if (status == 0)
		status = pki_path(directory, name, "crt", path, error);
	if (status == 0)
		status = pki_read_certificate(path, &certificate, error);
	if (status == 0)
		status = check_identity(certificate, path, uri, error);
	if (status == 0)
		status = issuer_load(directory, &issuer, error);
	if (status == 0)
		status = check_signature(certificate, &issuer, path, error);
	X509_free(certificate);
	issuer_free(&issuer);
	ERR_clear_error();
	return status;
}

static time_t end_of(const X509 *certificate)
{
	struct tm parts;

	return ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts) ? timegm(&parts) : 0;
}

int pki_stand(const char *directory, enum identity_role role, const char *fabric, const char *name,
	      struct pki_standing *ret_standing, struct covey_error *error)
{
	char uri[COVEY_IDENTITY_MAX + 1], path[PKI_PATH_MAX];
	struct pki_standing standing;
	struct issuer issuer = {0};
	X509 *certificate = NULL;
	int status;

	status = identity_format(role, fabric, name, uri, error);
	if (status == 0)
		status = pki_path(directory, name, "crt", path, error);
	if (status == 0)
		status = issuer_load(directory, &issuer, error);
	if (status == 0)
		status = pki_read_certificate(path, &certificate, error);
	if (status == 0)
		status = check_identity(certificate, path, uri, error);
	if (status == 0)
		status = sender_id_from_certificate(certificate, &standing.sender_id, error);
	if (status == 0) {
		standing.ends = end_of(certificate);
		standing.of_this_ca = X509_verify(certificate, issuer.key) == 1;
		standing.ca_ends = end_of(issuer.certificate);
		*ret_standing = standing;
	}
	X509_free(certificate);
	issuer_free(&issuer);
	ERR_clear_error();
	return status;
}

int pki_days_left(const char *directory, long *ret_days, struct covey_error *error)
{
	struct issuer issuer = {0};
	int days, seconds;
	int status = issuer_load(directory, &issuer, error);

	if (status == 0 &&
	    !ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(issuer.certificate)))
		status = covey_error_set(error, -EINVAL, "the end of %s/ca.crt cannot be read",
					 directory);
	if (status == 0)
		*ret_days = days;
	issuer_free(&issuer);
	return status;
}

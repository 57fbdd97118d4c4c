/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pki.h"
#include "pki_certificate.h"
#include "pki_file.h"

#define DAYS_MAX     36500
#define DAY_SECONDS  86400L
#define CLOCK_SKEW_S 3600 /* a host whose clock is behind by this still accepts a new CA */

static const struct certificate_extension extensions[] = {
	{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
	{NID_key_usage, "critical,keyCertSign,cRLSign"},
	{NID_subject_key_identifier, "hash"},
	{NID_authority_key_identifier, "keyid:always"},
	{0, NULL},
};

static int make_directory(const char *directory, struct covey_error *error)
{
	if (mkdir(directory, 0700) == 0 || errno == EEXIST)
		return 0;
	return covey_error_set(error, -errno, "cannot make the directory %s (%s): %s", directory,
			       strerror(errno),
			       errno == ENOENT ? "make its parent directory first"
					       : "run as a user who may, or choose another one "
						 "with --pki");
}

/* An early check with a clear error. pki_write_pair() checks again. */
static int check_absent(const char *directory, const char *suffix, struct covey_error *error)
{
	char path[PKI_PATH_MAX];
	int status = pki_path(directory, "ca", suffix, path, error);

	if (status < 0)
		return status;
	if (access(path, F_OK) == 0)
		return covey_error_set(
			error, -EEXIST,
			"%s is there already and is kept: every certificate of the fabric depends "
			"on it. To begin again, move the old one away",
			path);
	return 0;
}

static int make_pair(const char *directory, const char *fabric, unsigned days,
		     struct covey_error *error)
{
	EVP_PKEY *key = certificate_key();
	X509 *certificate = NULL;
	int status;

	if (key)
		certificate = certificate_new(key, fabric, "covey CA", -CLOCK_SKEW_S,
					      (long)days * DAY_SECONDS);
	if (!certificate)
		goto failed;
	if (!X509_set_issuer_name(certificate, X509_get_subject_name(certificate)) ||
	    certificate_extend(certificate, certificate, extensions) < 0 ||
	    !X509_sign(certificate, key, EVP_sha256()))
		goto failed;
	status = pki_write_pair(directory, "ca", key, certificate, false, error);
	goto out;

failed:
	status = certificate_failed("cannot make the CA", error);
out:
	X509_free(certificate);
	EVP_PKEY_free(key);
	return status;
}

int pki_init(const char *directory, const char *fabric, unsigned days, struct covey_error *error)
{
	char uri[COVEY_IDENTITY_MAX + 1];
	int status;

	status = identity_format(IDENTITY_GKM, fabric, NULL, uri, error);
	if (status < 0)
		return status;
	if (days < 1 || days > DAYS_MAX)
		return covey_error_set(error, -EINVAL, "a CA is valid for 1 to %d days, not %u",
				       DAYS_MAX, days);
	status = make_directory(directory, error);
	if (status < 0)
		return status;
	status = check_absent(directory, "crt", error);
	if (status == 0)
		status = check_absent(directory, "key", error);
	return status < 0 ? status : make_pair(directory, fabric, days, error);
}

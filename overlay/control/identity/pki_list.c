/* SPDX-License-Identifier: BSD-3-Clause */
#include "pki_list.h"

#include <errno.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>
#include <unistd.h>

#include "certificate_id.h"
#include "pki_file.h"
#include "pki_issued.h"

struct listing {
	const char *directory;
	X509_CRL *crl; /* NULL: there is none */
	void (*each)(const struct pki_listed *listed, void *arg);
	void *arg;
};

/* --- the revocation list --------------------------------------------------------------------- */

static int read_crl(const char *directory, X509_CRL **ret_crl, struct covey_error *error)
{
	char path[PKI_PATH_MAX];
	int status = pki_path(directory, "crl", "pem", path, error);
	FILE *file;

	*ret_crl = NULL;
	if (status < 0 || access(path, F_OK) < 0)
		return status;
	file = fopen(path, "re");
	if (!file)
		return covey_error_set(error, -errno, "cannot read %s: %s", path, strerror(errno));
	*ret_crl = PEM_read_X509_CRL(file, NULL, NULL, NULL);
	fclose(file);
	ERR_clear_error();
	if (!*ret_crl)
		return covey_error_set(error, -EINVAL,
				       "%s holds no revocation list in PEM: make it again with "
				       "`covey pki crl`",
				       path);
	return 0;
}

static bool is_revoked(X509_CRL *crl, const char *serial)
{
	BIGNUM *number = NULL;
	ASN1_INTEGER *integer = NULL;
	X509_REVOKED *entry;
	bool revoked;

	if (crl && BN_hex2bn(&number, serial) > 0)
		integer = BN_to_ASN1_INTEGER(number, NULL);
	revoked = integer && X509_CRL_get0_by_serial(crl, &entry, integer) != 0;
	ASN1_INTEGER_free(integer);
	BN_free(number);
	return revoked;
}

/* --- certificates ---------------------------------------------------------------------------- */

static time_t end_of(const X509 *certificate)
{
	struct tm parts;

	return ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts) ? timegm(&parts) : 0;
}

/* The serial number of NAME.crt, in buf; empty when there is none that can be read. */
static time_t read_current(const char *directory, const char *name, char *buf)
{
	char path[PKI_PATH_MAX];
	X509 *certificate = NULL;
	time_t ends = 0;

	buf[0] = '\0';
	if (pki_path(directory, name, "crt", path, NULL) < 0 ||
	    pki_read_certificate(path, &certificate, NULL) < 0)
		return 0;
	certificate_serial(X509_get0_serialNumber(certificate), buf);
	ends = end_of(certificate);
	X509_free(certificate);
	return ends;
}

static int list_one(const char *serial, const char *name, const char *end, void *arg)
{
	const struct listing *listing = arg;
	char current[CERTIFICATE_SERIAL_STRLEN];
	struct tm parts = {0};

	read_current(listing->directory, name, current);
	strptime(end, "%Y-%m-%dT%H:%M:%SZ", &parts);
	listing->each(&(struct pki_listed){.name = name,
					   .serial = serial,
					   .ends = timegm(&parts),
					   .current = strcmp(serial, current) == 0,
					   .revoked = is_revoked(listing->crl, serial)},
		      listing->arg);
	return 0;
}

static int list_ca(const struct listing *listing, struct covey_error *error)
{
	char serial[CERTIFICATE_SERIAL_STRLEN];
	time_t ends = read_current(listing->directory, "ca", serial);

	if (serial[0] == '\0')
		return covey_error_set(error, -ENOENT,
				       "%s/ca.crt cannot be read: make a certificate authority "
				       "with `covey pki init`, or name its directory with --pki",
				       listing->directory);
	listing->each(
		&(struct pki_listed){.name = "ca", .serial = serial, .ends = ends, .current = true},
		listing->arg);
	return 0;
}

int pki_list(const char *directory, void (*each)(const struct pki_listed *listed, void *arg),
	     void *arg, struct covey_error *error)
{
	struct listing listing = {.directory = directory, .each = each, .arg = arg};
	int status = read_crl(directory, &listing.crl, error);

	if (status == 0)
		status = list_ca(&listing, error);
	if (status == 0)
		status = issued_list(directory, list_one, &listing, error);
	X509_CRL_free(listing.crl);
	return status;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "pki_certificate.h"

#include <errno.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#define SERIAL_BITS 128
#define DAY_SECONDS 86400L

EVP_PKEY *certificate_key(void)
{
	return EVP_EC_gen("P-256");
}

/* RFC 5280, section 4.1.2.2: unique, positive, at most 20 bytes. A random number is unique without
 * a list of earlier ones. */
static int set_serial(X509 *certificate)
{
	BIGNUM *serial = BN_new();
	int ok = serial && BN_rand(serial, SERIAL_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) &&
		 BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(certificate));

	BN_free(serial);
	return ok;
}

static int set_subject(X509 *certificate, const char *organisation, const char *name)
{
	X509_NAME *subject = X509_get_subject_name(certificate);

	return X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_ASC,
					  (const unsigned char *)organisation, -1, -1, 0) &&
	       X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name,
					  -1, -1, 0);
}

/* Days and seconds are set separately: in 32 bits, seconds would be enough for 68 years only. */
static int set_time(ASN1_TIME *time, long seconds)
{
	return X509_time_adj_ex(time, (int)(seconds / DAY_SECONDS), seconds % DAY_SECONDS, NULL) !=
	       NULL;
}

X509 *certificate_new(EVP_PKEY *key, const char *organisation, const char *name, long not_before_s,
		      long not_after_s)
{
	X509 *certificate = X509_new();

	if (certificate && X509_set_version(certificate, X509_VERSION_3) &&
	    set_serial(certificate) && set_subject(certificate, organisation, name) &&
	    set_time(X509_getm_notBefore(certificate), not_before_s) &&
	    set_time(X509_getm_notAfter(certificate), not_after_s) &&
	    X509_set_pubkey(certificate, key))
		return certificate;
	X509_free(certificate);
	return NULL;
}

int certificate_extend(X509 *certificate, X509 *issuer,
		       const struct certificate_extension *extensions)
{
	X509V3_CTX context;

	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	for (; extensions->nid; extensions++) {
		X509_EXTENSION *extension =
			X509V3_EXT_conf_nid(NULL, &context, extensions->nid, extensions->value);
		int ok = extension && X509_add_ext(certificate, extension, -1);

		X509_EXTENSION_free(extension);
		if (!ok)
			return -EIO;
	}
	return 0;
}

int certificate_failed(const char *what, struct covey_error *error)
{
	const char *reason = ERR_reason_error_string(ERR_peek_error());

	ERR_clear_error();
	return covey_error_set(error, -EIO, "%s: %s", what, reason ? reason : "out of memory");
}

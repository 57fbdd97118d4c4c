/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Revocation lists. The first byte says whether the rest is a file as it is, or a list in DER that
 * the CA signs first, so that what is changed is behind the signature's check.
 */

#include "crl.h"
#include "count.h"
#include "must.h"
#include <covey/limits.h>
#include <errno.h>
#include <openssl/pem.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define FILE_AS_IT_IS 'f'

static STACK_OF(X509_OBJECT) * cas;
static X509_STORE *store;
static EVP_PKEY *key;
static int file;
static char path[64];

/* Ed25519, for speed. */
static void make_ca(void)
{
	static const uint8_t secret[32] = {1};
	X509 *ca = X509_new();
	X509_NAME *name = X509_get_subject_name(ca);

	key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret, sizeof(secret));
	must(key && X509_set_version(ca, 2) && X509_set_pubkey(ca, key));
	must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)"f", -1, -1, 0));
	must(X509_set_issuer_name(ca, name) && ASN1_INTEGER_set(X509_get_serialNumber(ca), 1));
	must(X509_gmtime_adj(X509_getm_notBefore(ca), 0));
	must(X509_gmtime_adj(X509_getm_notAfter(ca), 86400));
	must(X509_sign(ca, key, NULL) > 0);
	store = X509_STORE_new();
	must(store && X509_STORE_add_cert(store, ca));
	cas = X509_STORE_get0_objects(store);
	X509_free(ca);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	make_ca();
	file = memfd_create("crl", MFD_CLOEXEC);
	must(file >= 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	return 0;
}

static void put(const uint8_t *data, size_t size)
{
	must(ftruncate(file, 0) == 0);
	must(pwrite(file, data, size, 0) == (ssize_t)size);
}

/* False: it is no list. */
static bool put_signed(const uint8_t *data, size_t size)
{
	const unsigned char *at = data;
	X509_CRL *list = d2i_X509_CRL(NULL, &at, (long)size);
	unsigned char *der = NULL;
	int len = -1;

	if (list && X509_CRL_sign(list, key, NULL) > 0)
		len = i2d_X509_CRL(list, &der);
	X509_CRL_free(list);
	if (len > 0)
		put(der, (size_t)len);
	OPENSSL_free(der);
	return len > 0;
}

static void check(const struct crl *crl)
{
	const struct certificate_id nobody = {.digest = {0}};
	struct crl_summary summary;
	struct covey_error error;
	char text[CRL_TIME_SIZE];

	crl_summarise(crl, &summary);
	must(summary.lists > 0 && summary.lists <= COVEY_CRL_LISTS_MAX);
	must(strlen(crl_time(summary.this_update, text)) < CRL_TIME_SIZE);
	must(strlen(crl_time(summary.next_update, text)) < CRL_TIME_SIZE);
	(void)crl_is_late(&summary);
	must(crl_equal(crl, crl) && crl_check_newer(crl, crl, &error) == 0);
	must(!crl_revokes(crl, &nobody));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct crl *crl = NULL;
	struct covey_error error;
	int status;

	if (size == 0)
		return -1;
	if (data[0] == FILE_AS_IT_IS)
		put(data + 1, size - 1);
	else if (!put_signed(data + 1, size - 1))
		return 0;
	status = crl_load(path, cas, &crl, &error);
	if (status == 0)
		check(crl);
	else
		must(!crl && strlen(error.text) < sizeof(error.text) &&
		     (status == -ENOENT || status == -E2BIG || status == -EACCES ||
		      status == -EINVAL));
	crl_free(crl);
	count(1);
	return 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Revocation lists. The first byte says whether the rest is a file as it is, or a list in DER whose
 * signature counts as the CA's, so that what is changed is behind the signature's check, which is
 * OpenSSL's. One execution is a file with lists.
 */

#include "crl.h"
#include "count.h"
#include "must.h"
#include "variants.h"
#include <covey/limits.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_AS_IT_IS 'f'
#define VARIANTS      31
#define PEM_BEGIN     "-----BEGIN"
#define PATH          "crl.pem"
#define FILE_FD       1000000 /* a descriptor that no file has */
#define PIECE         1000

static STACK_OF(X509_OBJECT) * cas;
static X509_STORE *store;
static bool is_signed; /* the list in the file */
static struct {
	const uint8_t *data;
	size_t size;
	size_t at; /* read so far */
} file;

/* With the name of the CA that made the seeds, whose lists are to be its. Ed25519, for speed. */
static void make_ca(void)
{
	static const uint8_t secret[32] = {1};
	X509 *ca = X509_new();
	EVP_PKEY *key;
	X509_NAME *name = X509_get_subject_name(ca);

	key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret, sizeof(secret));
	must(key && X509_set_version(ca, 2) && X509_set_pubkey(ca, key));
	must(X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, (const uint8_t *)"f", -1, -1, 0));
	must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)"covey CA", -1,
					-1, 0));
	must(X509_set_issuer_name(ca, name) && ASN1_INTEGER_set(X509_get_serialNumber(ca), 1));
	must(X509_gmtime_adj(X509_getm_notBefore(ca), 0));
	must(X509_gmtime_adj(X509_getm_notAfter(ca), 86400));
	must(X509_sign(ca, key, NULL) > 0);
	store = X509_STORE_new();
	must(store && X509_STORE_add_cert(store, ca));
	cas = X509_STORE_get0_objects(store);
	X509_free(ca);
	EVP_PKEY_free(key);
}

int __wrap_X509_CRL_verify(X509_CRL *list, EVP_PKEY *key);
int __real_X509_CRL_verify(X509_CRL *list, EVP_PKEY *key);

int __wrap_X509_CRL_verify(X509_CRL *list, EVP_PKEY *key)
{
	return is_signed ? 1 : __real_X509_CRL_verify(list, key);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	make_ca();
	return 0;
}

/* --- the file: there is but one, and asking the system for it would take most of the time --------
 */

DIR *__wrap_opendir(const char *name);
DIR *__real_opendir(const char *name);
int __wrap_open64(const char *name, int flags, ...);
int __real_open64(const char *name, int flags, ...);
int __wrap_fstat64(int fd, struct stat *ret_status);
int __real_fstat64(int fd, struct stat *ret_status);
ssize_t __wrap_read(int fd, void *to, size_t len);
ssize_t __real_read(int fd, void *to, size_t len);
int __wrap_close(int fd);
int __real_close(int fd);

DIR *__wrap_opendir(const char *name)
{
	if (strcmp(name, PATH) != 0)
		return __real_opendir(name);
	errno = ENOTDIR;
	return NULL;
}

int __wrap_open64(const char *name, int flags, ...)
{
	if (strcmp(name, PATH) != 0)
		return __real_open64(name, flags, 0644);
	must((flags & O_ACCMODE) == O_RDONLY);
	file.at = 0;
	return FILE_FD;
}

int __wrap_fstat64(int fd, struct stat *ret_status)
{
	if (fd != FILE_FD)
		return __real_fstat64(fd, ret_status);
	*ret_status = (struct stat){.st_mode = S_IFREG | 0644, .st_size = (off_t)file.size};
	return 0;
}

/* In pieces, as it may be. */
ssize_t __wrap_read(int fd, void *to, size_t len)
{
	size_t left = file.size - file.at, some = left < len ? left : len;

	if (fd != FILE_FD)
		return __real_read(fd, to, len);
	some = some > PIECE ? PIECE : some;
	memcpy(to, file.data + file.at, some);
	file.at += some;
	return (ssize_t)some;
}

int __wrap_close(int fd)
{
	return fd == FILE_FD ? 0 : __real_close(fd);
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

static unsigned try(const uint8_t *data, size_t size)
{
	struct crl *crl = NULL;
	struct covey_error error;
	int status;

	file.data = data;
	file.size = size;
	status = crl_load(PATH, cas, &crl, &error);
	if (status == 0)
		check(crl);
	else
		must(!crl && strlen(error.text) < sizeof(error.text) &&
		     (status == -E2BIG || status == -EACCES || status == -EINVAL));
	crl_free(crl);
	return 1;
}

static enum variants_of kind_of(const uint8_t *data, size_t size)
{
	return memmem(data, size, PEM_BEGIN, strlen(PEM_BEGIN)) ? VARIANTS_OF_LINES
								: VARIANTS_OF_DER;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned tried;

	if (size == 0)
		return -1;
	is_signed = data[0] != FILE_AS_IT_IS;
	tried = variants_try(kind_of(data + 1, size - 1), data + 1, size - 1, VARIANTS, try);
	ERR_clear_error();
	count(tried);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	if (size < 2 || seed % 4 == 0)
		return LLVMFuzzerMutate(data, size, max);
	return 1 + variants_become(kind_of(data + 1, size - 1), data + 1, size - 1, max - 1,
				   VARIANTS, seed / 4);
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include <covey/limits.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "certificate_id.h"
#include "crl_read.h"
#include "pki.h"
#include "pki_certificate.h"
#include "pki_file.h"
#include "pki_issued.h"
#include "pki_issuer.h"
#include "pki_pair.h"

#define DAYS_MAX 3650

/* The existing list, what is added to it, and who signs. */
struct revision {
	const char *directory;
	struct issuer issuer;
	X509_CRL *old; /* NULL when this is the first list */
	X509_CRL *list;
	size_t found; /* certificates that were asked for */
	size_t added; /* those of them that were not revoked before */
};

static int out_of_memory(struct covey_error *error)
{
	return covey_error_set(error, -ENOMEM, "out of memory");
}

/* --- serial numbers ------------------------------------------------------------------------ */

/* In the form in which openssl prints them: hexadecimal, perhaps with colons. */
static ASN1_INTEGER *parse_serial(const char *text)
{
	char digits[CERTIFICATE_SERIAL_STRLEN];
	ASN1_INTEGER *serial = NULL;
	BIGNUM *number = NULL;
	size_t len = 0;

	for (; *text; text++) {
		if (*text == ':')
			continue;
		if (len == sizeof(digits) - 1 || !strchr("0123456789abcdefABCDEF", *text))
			return NULL;
		digits[len++] = *text;
	}
	digits[len] = '\0';
	if (len > 0 && BN_hex2bn(&number, digits) == (int)len)
		serial = BN_to_ASN1_INTEGER(number, NULL);
	BN_free(number);
	return serial;
}

static bool is_listed(X509_CRL *list, const ASN1_INTEGER *serial)
{
	X509_REVOKED *entry;

	return X509_CRL_get0_by_serial(list, &entry, serial) != 0;
}

static int add(struct revision *revision, const ASN1_INTEGER *serial)
{
	ASN1_TIME *now = X509_gmtime_adj(NULL, 0);
	X509_REVOKED *entry = X509_REVOKED_new();

	revision->found++;
	if (!is_listed(revision->list, serial)) {
		if (!now || !entry ||
		    !X509_REVOKED_set_serialNumber(entry, (ASN1_INTEGER *)serial) ||
		    !X509_REVOKED_set_revocationDate(entry, now) ||
		    !X509_CRL_add0_revoked(revision->list, entry))
			goto fail;
		entry = NULL;
		revision->added++;
	}
	ASN1_TIME_free(now);
	X509_REVOKED_free(entry);
	return 0;

fail:
	ASN1_TIME_free(now);
	X509_REVOKED_free(entry);
	return -ENOMEM;
}

static int add_text(const char *text, void *arg)
{
	ASN1_INTEGER *serial = parse_serial(text);
	int status = serial ? add(arg, serial) : -EINVAL;

	ASN1_INTEGER_free(serial);
	return status;
}

static int add_given(struct revision *revision, const char *serial, struct covey_error *error)
{
	int status = add_text(serial, revision);

	if (status == -EINVAL)
		return covey_error_set(error, status,
				       "\"%.70s\" is no serial number: give it in hexadecimal, as "
				       "`openssl x509 -noout -serial -in HOST.crt` prints it",
				       serial);
	return status < 0 ? out_of_memory(error) : 0;
}

/* --- a name -------------------------------------------------------------------------------- */

/* A certificate may not be in the record, because it is older or comes from elsewhere. Then there
 * may still be its file. */
static int add_file(struct revision *revision, const char *name, struct covey_error *error)
{
	char path[PKI_PATH_MAX];
	X509 *certificate;
	int status = pki_path(revision->directory, name, "crt", path, error);

	if (status < 0)
		return status;
	if (access(path, F_OK) < 0 && errno == ENOENT)
		return 0;
	status = pki_read_certificate(path, &certificate, error);
	if (status < 0)
		return status;
	if (X509_NAME_cmp(X509_get_issuer_name(certificate),
			  X509_get_subject_name(revision->issuer.certificate)) != 0)
		status = covey_error_set(error, -EINVAL,
					 "%s is of another CA, and only that one can revoke it",
					 path);
	else if (add(revision, X509_get0_serialNumber(certificate)) < 0)
		status = out_of_memory(error);
	X509_free(certificate);
	return status;
}

static int add_name(struct revision *revision, const char *name, struct covey_error *error)
{
	int status;

	covey_error_set(error, 0, "%s/issued has a line of %.80s's that is damaged: give --serial",
			revision->directory, name);
	status = issued_each(revision->directory, name, add_text, revision, error);
	if (status == 0)
		status = add_file(revision, name, error);
	if (status == 0 && revision->found == 0)
		status = covey_error_set(error, -ENOENT,
					 "%s has no certificate of %.80s: give its serial number "
					 "with --serial",
					 revision->directory, name);
	return status;
}

/* --- the list ------------------------------------------------------------------------------ */

static int check_old(const struct revision *revision, STACK_OF(X509_CRL) * lists, const char *path,
		     struct covey_error *error)
{
	X509_CRL *old = sk_X509_CRL_value(lists, 0);

	if (sk_X509_CRL_num(lists) == 1 &&
	    X509_CRL_verify(old, X509_get0_pubkey(revision->issuer.certificate)) == 1)
		return 0;
	ERR_clear_error();
	return covey_error_set(error, -EINVAL,
			       "%s is not one list by the CA of this directory: move it away, or "
			       "put the right one there",
			       path);
}

static int read_old(struct revision *revision, struct covey_error *error)
{
	STACK_OF(X509_CRL) *lists = sk_X509_CRL_new_null();
	size_t budget = COVEY_CRL_BYTES_MAX;
	char path[PKI_PATH_MAX];
	int status = pki_path(revision->directory, "crl", "pem", path, error);

	if (!lists)
		return out_of_memory(error);
	if (status < 0 || (access(path, F_OK) < 0 && errno == ENOENT))
		goto out;
	status = crl_read_file(path, lists, &budget, error);
	if (status == 0)
		status = check_old(revision, lists, path, error);
	if (status == 0)
		revision->old = sk_X509_CRL_shift(lists);
out:
	sk_X509_CRL_pop_free(lists, X509_CRL_free);
	return status;
}

static int copy_entries(const struct revision *revision)
{
	STACK_OF(X509_REVOKED) *entries =
		revision->old ? X509_CRL_get_REVOKED(revision->old) : NULL;

	for (int i = 0; entries && i < sk_X509_REVOKED_num(entries); i++) {
		X509_REVOKED *copy = X509_REVOKED_dup(sk_X509_REVOKED_value(entries, i));

		if (!copy || !X509_CRL_add0_revoked(revision->list, copy)) {
			X509_REVOKED_free(copy);
			return 0;
		}
	}
	return 1;
}

/* One more than the number of the last list (RFC 5280, section 5.2.3): whoever has a newer list
 * accepts no older one. */
static int set_number(const struct revision *revision)
{
	ASN1_INTEGER *last =
		revision->old ? X509_CRL_get_ext_d2i(revision->old, NID_crl_number, NULL, NULL)
			      : NULL;
	BIGNUM *number = last ? ASN1_INTEGER_to_BN(last, NULL) : BN_new();
	ASN1_INTEGER *next = NULL;
	int ok = number && BN_add_word(number, 1) && (next = BN_to_ASN1_INTEGER(number, NULL)) &&
		 X509_CRL_add1_ext_i2d(revision->list, NID_crl_number, next, 0, X509V3_ADD_DEFAULT);

	ASN1_INTEGER_free(last);
	ASN1_INTEGER_free(next);
	BN_free(number);
	return ok;
}

static int set_authority(const struct revision *revision)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;
	int ok;

	X509V3_set_ctx(&context, revision->issuer.certificate, NULL, NULL, revision->list, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, NID_authority_key_identifier, "keyid");
	if (!extension) { /* a CA that was made elsewhere may have none */
		ERR_clear_error();
		return 1;
	}
	ok = X509_CRL_add_ext(revision->list, extension, -1);
	X509_EXTENSION_free(extension);
	return ok;
}

static int begin(struct revision *revision, unsigned days)
{
	X509 *ca = revision->issuer.certificate;
	ASN1_TIME *now = X509_time_adj_ex(NULL, 0, 0, NULL);
	ASN1_TIME *next = X509_time_adj_ex(NULL, (int)days, 0, NULL);
	int ok;

	revision->list = X509_CRL_new();
	ok = now && next && revision->list && X509_CRL_set_version(revision->list, 1) &&
	     X509_CRL_set_issuer_name(revision->list, X509_get_subject_name(ca)) &&
	     X509_CRL_set1_lastUpdate(revision->list, now) &&
	     X509_CRL_set1_nextUpdate(revision->list, next) && set_authority(revision) &&
	     set_number(revision) && copy_entries(revision);
	ASN1_TIME_free(now);
	ASN1_TIME_free(next);
	return ok;
}

static int finish(const struct revision *revision, struct covey_error *error)
{
	if (!X509_CRL_sort(revision->list) ||
	    !X509_CRL_sign(revision->list, revision->issuer.key, issuer_digest(&revision->issuer)))
		return certificate_failed("cannot sign the revocation list", error);
	return pki_write_crl(revision->directory, revision->list, error);
}

/* --- from outside -------------------------------------------------------------------------- */

static int check_request(const char *fabric, const char *name, unsigned days,
			 struct covey_error *error)
{
	bool gkm = name && strcmp(name, "gkm") == 0;
	char uri[COVEY_IDENTITY_MAX + 1];

	if (days < 1 || days > DAYS_MAX)
		return covey_error_set(error, -EINVAL,
				       "a revocation list is for 1 to %d days, not %u", DAYS_MAX,
				       days);
	if (name && strcmp(name, "ca") == 0)
		return covey_error_set(error, -EINVAL,
				       "a CA cannot revoke itself: make a new one in another "
				       "directory with covey pki init");
	return name ? identity_format(gkm ? IDENTITY_GKM : IDENTITY_HOST, fabric, name, uri, error)
		    : 0;
}

static int revise(struct revision *revision, const char *name, const char *serial, unsigned days,
		  struct covey_error *error)
{
	int status = issuer_load(revision->directory, &revision->issuer, error);

	if (status == 0)
		status = read_old(revision, error);
	if (status == 0 && !begin(revision, days))
		status = certificate_failed("cannot make the revocation list", error);
	if (status == 0 && name)
		status = add_name(revision, name, error);
	if (status == 0 && serial)
		status = add_given(revision, serial, error);
	return status < 0 ? status : finish(revision, error);
}

int pki_revoke(const char *directory, const char *fabric, const char *name, const char *serial,
	       unsigned days, struct pki_revoked *ret_revoked, struct covey_error *error)
{
	struct revision revision = {.directory = directory};
	STACK_OF(X509_REVOKED) * entries;
	int status = check_request(fabric, name, days, error);
	int fd;

	if (status < 0)
		return status;
	fd = pki_lock(directory,
		      error); /* two at the same time would each lose what the other adds */
	if (fd < 0)
		return fd;
	status = revise(&revision, name, serial, days, error);
	if (status == 0) {
		entries = X509_CRL_get_REVOKED(revision.list);
		*ret_revoked = (struct pki_revoked){
			.added = revision.added,
			.total = entries ? (size_t)sk_X509_REVOKED_num(entries) : 0};
	}
	close(fd);
	X509_CRL_free(revision.list);
	X509_CRL_free(revision.old);
	issuer_free(&revision.issuer);
	ERR_clear_error();
	return status;
}

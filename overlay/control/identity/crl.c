/* SPDX-License-Identifier: BSD-3-Clause */
#include "crl.h"

#include <covey/limits.h>
#include <errno.h>
#include <inttypes.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "crl_read.h"
#include "crl_scope.h"
#include "own_end.h"

/* One list. A CA may have several. */
struct issue {
	struct certificate_id ca; /* the CA's name and serial number */
	char name[96];
	X509_NAME *issuer;    /* that name again, for comparisons */
	GENERAL_NAMES *scope; /* its distribution point; NULL: it covers all of its CA's */
	uint8_t digest[CERTIFICATE_ID_LEN]; /* of the whole list */
	bool numbered;
	uint64_t number; /* RFC 5280, section 5.2.3; one that does not fit counts as the largest */
	time_t this_update;
	time_t next_update; /* 0: it has none */
};

struct crl {
	struct issue *issues;
	size_t issue_count;
	struct certificate_id *revoked; /* sorted */
	size_t revoked_count;
};

static int out_of_memory(struct covey_error *error)
{
	return covey_error_set(error, -ENOMEM, "out of memory");
}

/* --- one list ------------------------------------------------------------------------------ */

/* A CA's certificate may say what its key may be used for (RFC 5280, section 4.2.1.3). */
static bool may_sign(X509 *ca)
{
	return X509_get_key_usage(ca) & KU_CRL_SIGN;
}

static X509 *find_signer(X509_CRL *list, STACK_OF(X509_OBJECT) * cas)
{
	for (int i = 0; i < sk_X509_OBJECT_num(cas); i++) {
		X509 *ca = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(cas, i));

		if (ca && may_sign(ca) &&
		    X509_NAME_cmp(X509_get_subject_name(ca), X509_CRL_get_issuer(list)) == 0 &&
		    X509_CRL_verify(list, X509_get0_pubkey(ca)) == 1)
			return ca;
	}
	return NULL;
}

static time_t time_of(const ASN1_TIME *when)
{
	struct tm parts;

	return when && ASN1_TIME_to_tm(when, &parts) ? timegm(&parts) : 0;
}

static void read_number(X509_CRL *list, struct issue *issue)
{
	ASN1_INTEGER *number = X509_CRL_get_ext_d2i(list, NID_crl_number, NULL, NULL);

	if (number && !ASN1_INTEGER_get_uint64(&issue->number, number))
		issue->number = UINT64_MAX;
	issue->numbered = number != NULL;
	ASN1_INTEGER_free(number);
}

static int describe(X509_CRL *list, X509 *ca, struct issue *ret_issue)
{
	struct issue issue = {.this_update = time_of(X509_CRL_get0_lastUpdate(list)),
			      .next_update = time_of(X509_CRL_get0_nextUpdate(list))};
	int status =
		certificate_id(X509_get_subject_name(ca), X509_get0_serialNumber(ca), &issue.ca);

	if (status < 0)
		return status;
	if (!X509_CRL_digest(list, EVP_sha256(), issue.digest, NULL))
		return -ENOMEM;
	X509_NAME_oneline(X509_get_subject_name(ca), issue.name, sizeof(issue.name));
	read_number(list, &issue);
	issue.issuer = X509_NAME_dup(X509_get_subject_name(ca));
	if (!issue.issuer)
		return -ENOMEM;
	*ret_issue = issue;
	return 0;
}

static int add_revoked(struct crl *crl, X509_CRL *list, X509 *ca)
{
	STACK_OF(X509_REVOKED) *entries = X509_CRL_get_REVOKED(list);
	const X509_NAME *issuer = X509_get_subject_name(ca);
	int count = entries ? sk_X509_REVOKED_num(entries) : 0;
	struct certificate_id *grown;

	grown = reallocarray(crl->revoked, crl->revoked_count + (size_t)count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	crl->revoked = grown;
	for (int i = 0; i < count; i++) {
		const X509_REVOKED *entry = sk_X509_REVOKED_value(entries, i);
		int status = certificate_id(issuer, X509_REVOKED_get0_serialNumber(entry),
					    &crl->revoked[crl->revoked_count]);

		if (status < 0)
			return status;
		crl->revoked_count++;
	}
	return 0;
}

/* --- all of them --------------------------------------------------------------------------- */

static int add(struct crl *crl, X509_CRL *list, STACK_OF(X509_OBJECT) * cas, const char *path,
	       struct covey_error *error)
{
	struct issue *issue = &crl->issues[crl->issue_count];
	X509 *ca = find_signer(list, cas);
	GENERAL_NAMES *scope = NULL;
	const char *why = NULL;
	char issuer[96];

	ERR_clear_error();
	X509_NAME_oneline(X509_CRL_get_issuer(list), issuer, sizeof(issuer));
	if (!ca)
		return covey_error_set(error, -EACCES,
				       "%.200s: a revocation list of %s is not signed by a CA of "
				       "ca.crt that may sign one",
				       path, issuer);
	if (crl_scope_read(list, &scope, &why) < 0)
		return covey_error_set(error, -EINVAL,
				       "%.200s: the revocation list of %s %s: give the complete "
				       "list",
				       path, issuer, why);
	if (describe(list, ca, issue) < 0) {
		GENERAL_NAMES_free(scope);
		return out_of_memory(error);
	}
	issue->scope = scope;
	crl->issue_count++;
	return add_revoked(crl, list, ca) < 0 ? out_of_memory(error) : 0;
}

static int compare_ids(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct certificate_id));
}

static int build(STACK_OF(X509_CRL) * lists, STACK_OF(X509_OBJECT) * cas, const char *path,
		 struct crl **ret_crl, struct covey_error *error)
{
	struct crl *crl = calloc(1, sizeof(*crl));
	int status = 0;

	if (!crl)
		return out_of_memory(error);
	crl->issues = calloc((size_t)sk_X509_CRL_num(lists) + 1, sizeof(*crl->issues));
	if (!crl->issues)
		status = out_of_memory(error);
	for (int i = 0; status == 0 && i < sk_X509_CRL_num(lists); i++)
		status = add(crl, sk_X509_CRL_value(lists, i), cas, path, error);
	if (status < 0) {
		crl_free(crl);
		return status;
	}
	qsort(crl->revoked, crl->revoked_count, sizeof(*crl->revoked), compare_ids);
	*ret_crl = crl;
	return 0;
}

int crl_load(const char *path, STACK_OF(X509_OBJECT) * cas, struct crl **ret_crl,
	     struct covey_error *error)
{
	STACK_OF(X509_CRL) *lists = sk_X509_CRL_new_null();
	int status;

	if (!lists)
		return out_of_memory(error);
	status = crl_read(path, lists, error);
	if (status == 0)
		status = build(lists, cas, path, ret_crl, error);
	sk_X509_CRL_pop_free(lists, X509_CRL_free);
	return status;
}

void crl_free(struct crl *crl)
{
	if (!crl)
		return;
	for (size_t i = 0; i < crl->issue_count; i++) {
		X509_NAME_free(crl->issues[i].issuer);
		GENERAL_NAMES_free(crl->issues[i].scope);
	}
	free(crl->issues);
	free(crl->revoked);
	free(crl);
}

/* --- replacing ----------------------------------------------------------------------------- */

static bool is_older(const struct issue *a, const struct issue *b)
{
	if (a->numbered && b->numbered)
		return a->number < b->number;
	return a->this_update < b->this_update;
}

/* The newest list of this CA with this scope, or NULL. */
static const struct issue *newest_of(const struct crl *crl, const struct certificate_id *ca,
				     const GENERAL_NAMES *scope)
{
	const struct issue *newest = NULL;

	for (size_t i = 0; i < crl->issue_count; i++) {
		const struct issue *issue = &crl->issues[i];

		if (compare_ids(&issue->ca, ca) == 0 && crl_scope_equal(issue->scope, scope) &&
		    (!newest || is_older(newest, issue)))
			newest = issue;
	}
	return newest;
}

static bool is_same(const struct issue *a, const struct issue *b)
{
	return memcmp(a->digest, b->digest, sizeof(a->digest)) == 0;
}

static int check_issue(const struct issue *had, const struct issue *has, struct covey_error *error)
{
	const char *why = NULL;

	if (!has)
		why = "is not there any more";
	else if (is_older(has, had))
		why = "is older than the one in force";
	else if (has->numbered && had->numbered && has->number == had->number && !is_same(has, had))
		why = "has the number of the one in force, but says something else";
	if (!why)
		return 0;
	return covey_error_set(error, -ESTALE, "the revocation list of %s %s", had->name, why);
}

int crl_check_newer(const struct crl *current, const struct crl *next, struct covey_error *error)
{
	for (size_t i = 0; current && i < current->issue_count; i++) {
		const struct issue *had =
			newest_of(current, &current->issues[i].ca, current->issues[i].scope);
		const struct issue *has = newest_of(next, &had->ca, had->scope);
		int status;

		if (!has) /* a list of the whole covers what a list of a part covered */
			has = newest_of(next, &had->ca, NULL);
		status = check_issue(had, has, error);
		if (status < 0)
			return status;
	}
	return 0;
}

bool crl_equal(const struct crl *a, const struct crl *b)
{
	if (!a || !b)
		return a == b;
	if (a->issue_count != b->issue_count)
		return false;
	for (size_t i = 0; i < a->issue_count; i++)
		if (!is_same(&a->issues[i], &b->issues[i]))
			return false;
	return true;
}

/* --- asking -------------------------------------------------------------------------------- */

bool crl_revokes(const struct crl *crl, const struct certificate_id *id)
{
	return crl && crl->revoked_count &&
	       bsearch(id, crl->revoked, crl->revoked_count, sizeof(*crl->revoked), compare_ids);
}

bool crl_revokes_chain(const struct crl *crl, const struct certificate_chain *chain)
{
	for (size_t i = 0; i < chain->count; i++)
		if (crl_revokes(crl, &chain->ids[i]))
			return true;
	return false;
}

bool crl_speaks_of(const struct crl *crl, const X509 *certificate)
{
	bool listed = false;

	for (size_t i = 0; crl && i < crl->issue_count; i++) {
		const struct issue *issue = &crl->issues[i];

		if (X509_NAME_cmp(issue->issuer, X509_get_issuer_name(certificate)) != 0)
			continue;
		if (crl_scope_covers(issue->scope, certificate))
			return true;
		listed = true;
	}
	return !listed;
}

static size_t count_distinct(const struct crl *crl)
{
	size_t count = 0;

	for (size_t i = 0; i < crl->revoked_count; i++)
		count += i == 0 || compare_ids(&crl->revoked[i - 1], &crl->revoked[i]) != 0;
	return count;
}

void crl_summarise(const struct crl *crl, struct crl_summary *ret_summary)
{
	struct crl_summary summary = {.revoked = count_distinct(crl), .lists = crl->issue_count};

	for (size_t i = 0; i < crl->issue_count; i++) {
		const struct issue *issue = &crl->issues[i];

		if (issue->this_update > summary.this_update)
			summary.this_update = issue->this_update;
		if (newest_of(crl, &issue->ca, issue->scope) == issue && issue->next_update &&
		    (!summary.next_update || issue->next_update < summary.next_update)) {
			summary.next_update = issue->next_update;
			summary.next_made = issue->this_update;
		}
	}
	*ret_summary = summary;
}

const char *crl_time(time_t when, char *buf)
{
	struct tm parts;

	if (!gmtime_r(&when, &parts) ||
	    strftime(buf, CRL_TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
		buf[0] = '\0';
	return buf;
}

bool crl_is_late(const struct crl_summary *summary)
{
	return summary->next_update && summary->next_update < time(NULL);
}

bool crl_is_near(const struct crl_summary *summary)
{
	return summary->next_update && !crl_is_late(summary) &&
	       own_end_is_near(summary->next_made, summary->next_update, time(NULL));
}

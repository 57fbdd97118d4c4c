/* SPDX-License-Identifier: BSD-3-Clause */
#include "crl_scope.h"

#include <errno.h>
#include <openssl/err.h>

/* --- what is understood -------------------------------------------------------------------- */

/* Why the list must be refused: a delta, or a critical extension other than the one that we
 * understand. */
static const char *find_unknown(X509_CRL *list)
{
	int place = -1;

	if (X509_CRL_get_ext_by_NID(list, NID_delta_crl, -1) >= 0)
		return "is a delta, which says only what is new";
	while ((place = X509_CRL_get_ext_by_critical(list, 1, place)) >= 0) {
		const ASN1_OBJECT *object =
			X509_EXTENSION_get_object(X509_CRL_get_ext(list, place));

		if (OBJ_obj2nid(object) != NID_issuing_distribution_point)
			return "has a critical extension that is not understood";
	}
	return NULL;
}

/* In an indirect list, an entry names the CA whose certificate it is about (RFC 5280, section
 * 5.3.3). */
static const char *find_unknown_entry(X509_CRL *list)
{
	STACK_OF(X509_REVOKED) *entries = X509_CRL_get_REVOKED(list);

	for (int i = 0; entries && i < sk_X509_REVOKED_num(entries); i++) {
		const X509_REVOKED *entry = sk_X509_REVOKED_value(entries, i);

		if (X509_REVOKED_get_ext_by_NID(entry, NID_certificate_issuer, -1) >= 0)
			return "is indirect, with entries of other CAs";
		if (X509_REVOKED_get_ext_by_critical(entry, 1, -1) >= 0)
			return "has an entry with a critical extension that is not understood";
	}
	return NULL;
}

static const char *find_part(const ISSUING_DIST_POINT *point)
{
	if (point->indirectCRL > 0)
		return "is indirect: it speaks of other CAs' certificates as well";
	if (point->onlysomereasons)
		return "is partial: it lists some reasons of revocation alone (onlySomeReasons)";
	if (point->onlyCA > 0)
		return "is partial: it lists CAs alone, no hosts (onlyContainsCACerts)";
	if (point->onlyattr > 0)
		return "is partial: it lists no hosts (onlyContainsAttributeCerts)";
	if (point->distpoint && point->distpoint->type != 0)
		return "names its distribution point relative to its CA, which is not understood";
	if (point->distpoint && sk_GENERAL_NAME_num(point->distpoint->name.fullname) < 1)
		return "has an empty distribution point";
	return NULL;
}

static int refuse(ISSUING_DIST_POINT *point, const char *why, const char **ret_why)
{
	ISSUING_DIST_POINT_free(point);
	ERR_clear_error();
	*ret_why = why;
	return -EINVAL;
}

int crl_scope_read(X509_CRL *list, GENERAL_NAMES **ret_names, const char **ret_why)
{
	int critical = -1; /* -1: there is none; -2: there are several; else there is one */
	ISSUING_DIST_POINT *point =
		X509_CRL_get_ext_d2i(list, NID_issuing_distribution_point, &critical, NULL);
	GENERAL_NAMES *names = NULL;
	const char *why = find_unknown(list);

	if (!why)
		why = find_unknown_entry(list);
	if (!why && !point && critical != -1)
		why = "has an issuing distribution point that cannot be read";
	if (!why && point)
		why = find_part(point);
	if (why)
		return refuse(point, why, ret_why);
	if (point && point->distpoint) {
		names = point->distpoint->name.fullname;
		point->distpoint->name.fullname = NULL;
	}
	ISSUING_DIST_POINT_free(point);
	ERR_clear_error();
	*ret_names = names;
	return 0;
}

/* --- comparing ----------------------------------------------------------------------------- */

static bool has_one_of(const GENERAL_NAMES *names, const GENERAL_NAMES *others)
{
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
		for (int j = 0; j < sk_GENERAL_NAME_num(others); j++)
			if (GENERAL_NAME_cmp(sk_GENERAL_NAME_value(names, i),
					     sk_GENERAL_NAME_value(others, j)) == 0)
				return true;
	return false;
}

bool crl_scope_equal(const GENERAL_NAMES *a, const GENERAL_NAMES *b)
{
	return a && b ? has_one_of(a, b) : a == b;
}

/* A point whose list another authority makes (cRLIssuer) is not a point of ours. */
static bool point_is(const DIST_POINT *point, const GENERAL_NAMES *names)
{
	return !point->CRLissuer && point->distpoint && point->distpoint->type == 0 &&
	       has_one_of(point->distpoint->name.fullname, names);
}

/* A certificate that names no point is covered by every list of its CA (section 6.3.3, at the
 * end). */
bool crl_scope_covers(const GENERAL_NAMES *names, const X509 *certificate)
{
	int critical = -1;
	CRL_DIST_POINTS *points;
	bool covers = false;

	if (!names)
		return true;
	points = X509_get_ext_d2i(certificate, NID_crl_distribution_points, &critical, NULL);
	ERR_clear_error();
	if (!points)
		return critical == -1; /* otherwise it has points that cannot be read */
	for (int i = 0; i < sk_DIST_POINT_num(points); i++)
		covers |= point_is(sk_DIST_POINT_value(points, i), names);
	CRL_DIST_POINTS_free(points);
	return covers;
}

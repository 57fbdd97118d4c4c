/* SPDX-License-Identifier: BSD-3-Clause */
#include "identity.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "sender_id.h"

#define SCHEME   "spiffe://"
#define HOST_DIR "host/"
#define GKM_PATH "gkm"

/* SPIFFE ID specification, section 2.1: a trust domain is lower case. */
static bool valid_fabric(const char *text, size_t len)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789.-_";

	return len >= 1 && len <= COVEY_NAME_MAX && strspn(text, allowed) >= len;
}

/* SPIFFE ID specification, section 2.2: a path segment is neither empty nor relative. */
static bool valid_host(const char *text, size_t len)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789.-_";

	if (len < 1 || len > COVEY_NAME_MAX || strspn(text, allowed) < len)
		return false;
	return strcmp(text, ".") != 0 && strcmp(text, "..") != 0;
}

int identity_format(enum identity_role role, const char *fabric, const char *host, char *buf,
		    struct covey_error *error)
{
	if (!valid_fabric(fabric, strlen(fabric)))
		return covey_error_set(
			error, -EINVAL,
			"\"%.80s\" cannot be a fabric's name: use 1 to %d lower-case "
			"letters, digits, '.', '-' and '_'",
			fabric, COVEY_NAME_MAX);
	if (role == IDENTITY_GKM) {
		snprintf(buf, COVEY_IDENTITY_MAX + 1, SCHEME "%s/" GKM_PATH, fabric);
		return 0;
	}
	if (!host || !valid_host(host, strlen(host)))
		return covey_error_set(error, -EINVAL,
				       "\"%.80s\" cannot be a host's name in a certificate: use 1 "
				       "to %d letters, digits, '.', '-' and '_'",
				       host ? host : "", COVEY_NAME_MAX);
	snprintf(buf, COVEY_IDENTITY_MAX + 1, SCHEME "%s/" HOST_DIR "%s", fabric, host);
	return 0;
}

/* Read the part after the fabric: "gkm" or "host/NAME". */
static int parse_path(const char *path, struct identity *identity)
{
	const char *host = path + strlen(HOST_DIR);

	if (strcmp(path, GKM_PATH) == 0) {
		identity->role = IDENTITY_GKM;
		return 0;
	}
	if (strncmp(path, HOST_DIR, strlen(HOST_DIR)) != 0 || !valid_host(host, strlen(host)))
		return -EINVAL;
	identity->role = IDENTITY_HOST;
	memcpy(identity->host, host, strlen(host));
	return 0;
}

int identity_parse(const char *uri, struct identity *ret_identity, struct covey_error *error)
{
	struct identity identity = {0};
	size_t len = strlen(uri);
	const char *fabric, *slash;

	if (len > COVEY_IDENTITY_MAX)
		return covey_error_set(error, -EINVAL, "the SPIFFE ID has %zu bytes, more than %d",
				       len, COVEY_IDENTITY_MAX);
	if (strncmp(uri, SCHEME, strlen(SCHEME)) != 0)
		goto refuse;
	fabric = uri + strlen(SCHEME);
	slash = strchr(fabric, '/');
	if (!slash || !valid_fabric(fabric, (size_t)(slash - fabric)))
		goto refuse;
	if (parse_path(slash + 1, &identity) < 0)
		goto refuse;
	memcpy(identity.fabric, fabric, (size_t)(slash - fabric));
	memcpy(identity.uri, uri, len);
	*ret_identity = identity;
	return 0;

refuse:
	return covey_error_set(error, -EINVAL,
			       "\"%.200s\" is not an identity of this kind: "
			       "spiffe://FABRIC/host/NAME or spiffe://FABRIC/gkm",
			       uri);
}

/* The only URI among the names. There may be other kinds of names (DNS, IP), too. */
static int only_uri(const GENERAL_NAMES *names, const ASN1_IA5STRING **ret_uri)
{
	const ASN1_IA5STRING *uri = NULL;

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		if (name->type != GEN_URI)
			continue;
		if (uri)
			return -EINVAL;
		uri = name->d.uniformResourceIdentifier;
	}
	if (!uri)
		return -EINVAL;
	*ret_uri = uri;
	return 0;
}

static int parse_names(const GENERAL_NAMES *names, struct identity *identity,
		       struct covey_error *error)
{
	const ASN1_IA5STRING *uri;
	char text[COVEY_IDENTITY_MAX + 1];
	size_t len;

	if (only_uri(names, &uri) < 0)
		return covey_error_set(error, -EINVAL,
				       "the certificate must have exactly one URI as its subject "
				       "alternative name");
	len = (size_t)ASN1_STRING_length(uri);
	/* If there is a zero byte inside, only the part before it would be compared. */
	if (len > COVEY_IDENTITY_MAX || memchr(ASN1_STRING_get0_data(uri), 0, len))
		return covey_error_set(error, -EINVAL,
				       "the URI in the certificate is longer than %d bytes or "
				       "contains a zero byte",
				       COVEY_IDENTITY_MAX);
	memcpy(text, ASN1_STRING_get0_data(uri), len);
	text[len] = '\0';
	return identity_parse(text, identity, error);
}

int identity_from_certificate(X509 *certificate, struct identity *ret_identity,
			      struct covey_error *error)
{
	struct identity identity;
	GENERAL_NAMES *names;
	int status;

	/* NULL also when the certificate has the extension twice. */
	names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	if (!names) {
		ERR_clear_error();
		return covey_error_set(error, -EINVAL,
				       "the certificate has no readable subject alternative name");
	}
	status = parse_names(names, &identity, error);
	GENERAL_NAMES_free(names);
	if (status < 0)
		return status;
	status = sender_id_from_certificate(certificate, &identity.sender_id, error);
	if (status < 0)
		return status;
	*ret_identity = identity;
	return 0;
}

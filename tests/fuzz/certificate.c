/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Who a certificate speaks for: the first byte says whether the rest is a SPIFFE ID, a certificate
 * in DER, which may be any (that its chain is verified is OpenSSL's), or what its extensions hold,
 * as records: 'a' an alternative name, 's' a SenderID, each in DER. The last are put into a
 * certificate that was read once: behind its own DER hardly a change would get to them.
 */

#include "certificate_id.h"
#include "count.h"
#include "identity.h"
#include "must.h"
#include "record.h"
#include "sender_id.h"
#include <errno.h>
#include <openssl/x509v3.h>
#include <string.h>

static X509 *blank; /* without extensions */

/* What is taken is what its own parts make. */
static void check(const struct identity *identity)
{
	char uri[COVEY_IDENTITY_MAX + 1];
	struct covey_error error;

	must(identity->role == IDENTITY_GKM || identity->role == IDENTITY_HOST);
	must(identity->fabric[0] && (identity->role == IDENTITY_GKM || identity->host[0]));
	must(identity_format(identity->role, identity->fabric, identity->host, uri, &error) == 0);
	must(strcmp(uri, identity->uri) == 0);
	for (const char *at = uri; *at; at++)
		must(*at > ' ' && *at < 0x7f);
}

static void try_text(const uint8_t *data, size_t size)
{
	struct identity identity;
	struct covey_error error;
	char *text = strndup((const char *)data, size);
	int status = identity_parse(text, &identity, &error);

	must(status == 0 || status == -EINVAL);
	if (status == 0) {
		must(strcmp(text, identity.uri) == 0 && identity.sender_id == 0);
		check(&identity);
	}
	free(text);
}

static void try_id(X509 *certificate)
{
	char serial[CERTIFICATE_SERIAL_STRLEN];
	struct certificate_chain chain;
	STACK_OF(X509) *verified = sk_X509_new_null();

	for (unsigned i = 0; i < 2; i++)
		must(sk_X509_push(verified, certificate) > 0);
	must(certificate_chain(verified, &chain) == 0 && chain.count <= CERTIFICATE_CHAIN_MAX);
	must(strlen(certificate_serial(X509_get0_serialNumber(certificate), serial)) <
	     CERTIFICATE_SERIAL_STRLEN);
	sk_X509_free(verified);
}

static void try_identity(X509 *certificate)
{
	struct identity identity;
	struct covey_error error;
	int status = identity_from_certificate(certificate, &identity, &error);

	must(status == 0 || status == -EINVAL);
	if (status == 0)
		check(&identity);
}

/* False: it is none. */
static bool try_certificate(const uint8_t *data, size_t size)
{
	const unsigned char *at = data;
	X509 *certificate = d2i_X509(NULL, &at, (long)size);

	if (!certificate)
		return false;
	try_identity(certificate);
	try_id(certificate);
	X509_free(certificate);
	return true;
}

static void add_extension(const struct record *record)
{
	ASN1_OBJECT *kind = record->kind == 's' ? OBJ_txt2obj(SENDER_ID_OID, 1)
						: OBJ_nid2obj(NID_subject_alt_name);
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	X509_EXTENSION *extension = NULL;

	must(kind && value && ASN1_OCTET_STRING_set(value, record->bytes, (int)record->len));
	must(X509_EXTENSION_create_by_OBJ(&extension, kind, record->kind & 0x80, value));
	must(X509_add_ext(blank, extension, -1));
	X509_EXTENSION_free(extension);
	ASN1_OCTET_STRING_free(value);
	ASN1_OBJECT_free(kind);
}

static void try_extensions(const uint8_t *data, size_t size)
{
	struct record record;

	for (unsigned i = 0; i < 4 && record_next(&data, &size, &record); i++)
		add_extension(&record);
	try_identity(blank);
	while (X509_get_ext_count(blank))
		X509_EXTENSION_free(X509_delete_ext(blank, 0));
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	blank = X509_new();
	must(blank);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return -1;
	if (data[0] == 't')
		try_text(data + 1, size - 1);
	else if (data[0] == 'e')
		try_extensions(data + 1, size - 1);
	else if (!try_certificate(data + 1, size - 1))
		return 0;
	count(1);
	return 0;
}

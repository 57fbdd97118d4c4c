/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Who a certificate speaks for: the first byte says whether the rest is a SPIFFE ID, a certificate
 * in DER, which may be any (that its chain is verified is OpenSSL's), or what its extensions hold,
 * as records: 'a' an alternative name, 's' a SenderID, each in DER. The last are put into a
 * certificate that was read once: behind its own DER hardly a change would get to them. One
 * execution is a SPIFFE ID, a certificate that OpenSSL can read, or a set of extensions.
 */

#include "certificate_id.h"
#include "count.h"
#include "identity.h"
#include "must.h"
#include "record.h"
#include "sender_id.h"
#include "variants.h"
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#define VARIANTS       63
#define EXTENSIONS_MAX 4

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

static unsigned try_text(const uint8_t *data, size_t size)
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
	return 1;
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

static unsigned try_certificate(const uint8_t *data, size_t size)
{
	const unsigned char *at = data;
	X509 *certificate = d2i_X509(NULL, &at, (long)size);

	if (certificate) {
		try_identity(certificate);
		try_id(certificate);
	}
	X509_free(certificate);
	return certificate != NULL;
}

static void add_extension(uint8_t kind, const uint8_t *bytes, size_t len)
{
	ASN1_OBJECT *object =
		kind == 's' ? OBJ_txt2obj(SENDER_ID_OID, 1) : OBJ_nid2obj(NID_subject_alt_name);
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	X509_EXTENSION *extension = NULL;

	must(object && value && ASN1_OCTET_STRING_set(value, bytes, (int)len));
	must(X509_EXTENSION_create_by_OBJ(&extension, object, kind & 0x80, value));
	must(X509_add_ext(blank, extension, -1));
	X509_EXTENSION_free(extension);
	ASN1_OCTET_STRING_free(value);
	ASN1_OBJECT_free(object);
}

/* Returns whether this variant has another extension than the input. */
static bool add_extensions(const uint8_t *data, size_t size, unsigned number)
{
	struct record record;
	bool differs = false;

	for (unsigned i = 0; i < EXTENSIONS_MAX && record_next(&data, &size, &record); i++) {
		size_t len;
		uint8_t *bytes =
			variants_make(VARIANTS_OF_DER, record.bytes, record.len, number, &len);

		if (bytes)
			add_extension(record.kind, bytes, len);
		else
			add_extension(record.kind, record.bytes, record.len);
		differs |= bytes != NULL;
		free(bytes);
	}
	return differs;
}

static unsigned try_extensions(const uint8_t *data, size_t size)
{
	unsigned tried = 0;

	for (unsigned i = 0; i <= VARIANTS; i++) {
		if (add_extensions(data, size, i)) {
			try_identity(blank);
			tried++;
		}
		while (X509_get_ext_count(blank))
			X509_EXTENSION_free(X509_delete_ext(blank, 0));
	}
	return tried;
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
	unsigned tried = 0;

	if (size == 0)
		return -1;
	if (data[0] == 't')
		tried = variants_try(VARIANTS_OF_BYTES, data + 1, size - 1, VARIANTS, try_text);
	else if (data[0] == 'e')
		tried = try_extensions(data + 1, size - 1);
	else if (try_certificate(data + 1, size - 1))
		tried = variants_try(VARIANTS_OF_DER, data + 1, size - 1, VARIANTS,
				     try_certificate);
	ERR_clear_error();
	count(tried);
	return tried ? 0 : -1; /* keep no file that is no certificate */
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	enum variants_of kind = size && data[0] == 't' ? VARIANTS_OF_BYTES : VARIANTS_OF_DER;

	if (size < 2 || data[0] == 'e' || seed % 4 == 0)
		return LLVMFuzzerMutate(data, size, max);
	return 1 + variants_become(kind, data + 1, size - 1, max - 1, VARIANTS, seed / 4);
}

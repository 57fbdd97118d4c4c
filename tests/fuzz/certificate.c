/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Who a certificate speaks for: the first byte says whether the rest is a SPIFFE ID or a
 * certificate in DER, which may be any: that its chain is verified is OpenSSL's.
 */

#include "certificate_id.h"
#include "count.h"
#include "identity.h"
#include "must.h"
#include <errno.h>
#include <string.h>

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

static void try_certificate(const uint8_t *data, size_t size)
{
	struct identity identity;
	struct covey_error error;
	const unsigned char *at = data;
	X509 *certificate = d2i_X509(NULL, &at, (long)size);
	int status;

	if (!certificate)
		return;
	status = identity_from_certificate(certificate, &identity, &error);
	must(status == 0 || status == -EINVAL);
	if (status == 0)
		check(&identity);
	try_id(certificate);
	X509_free(certificate);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return -1;
	if (data[0] == 't')
		try_text(data + 1, size - 1);
	else
		try_certificate(data + 1, size - 1);
	count(1);
	return 0;
}

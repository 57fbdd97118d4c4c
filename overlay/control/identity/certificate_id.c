/* SPDX-License-Identifier: BSD-3-Clause */
#include "certificate_id.h"

#include <errno.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <stdio.h>

int certificate_id(const X509_NAME *issuer, const ASN1_INTEGER *serial,
		   struct certificate_id *ret_id)
{
	EVP_MD_CTX *hash = EVP_MD_CTX_new();
	unsigned char *name = NULL, *number = NULL;
	int name_len = i2d_X509_NAME(issuer, &name);
	int number_len = i2d_ASN1_INTEGER(serial, &number);
	int status = -ENOMEM;

	/* Both are DER, which contains its own length. So it is clear where one ends and the other
	 * begins. */
	if (hash && name_len > 0 && number_len > 0 && EVP_DigestInit_ex(hash, EVP_sha256(), NULL) &&
	    EVP_DigestUpdate(hash, name, (size_t)name_len) &&
	    EVP_DigestUpdate(hash, number, (size_t)number_len) &&
	    EVP_DigestFinal_ex(hash, ret_id->digest, NULL))
		status = 0;
	OPENSSL_free(name);
	OPENSSL_free(number);
	EVP_MD_CTX_free(hash);
	return status;
}

int certificate_chain(STACK_OF(X509) * verified, struct certificate_chain *ret_chain)
{
	int all = sk_X509_num(verified);
	int count = all > 1 ? all - 1 : all; /* an anchor is trusted by itself */
	struct certificate_chain chain = {0};

	if (count < 1 || count > CERTIFICATE_CHAIN_MAX)
		return -E2BIG;
	for (int i = 0; i < count; i++) {
		const X509 *certificate = sk_X509_value(verified, i);
		const X509_NAME *issuer =
			i + 1 < all ? X509_get_subject_name(sk_X509_value(verified, i + 1))
				    : X509_get_issuer_name(certificate);
		int status =
			certificate_id(issuer, X509_get0_serialNumber(certificate), &chain.ids[i]);

		if (status < 0)
			return status;
	}
	chain.count = (size_t)count;
	certificate_serial(X509_get0_serialNumber(sk_X509_value(verified, 0)), chain.serial);
	*ret_chain = chain;
	return 0;
}

const char *certificate_serial(const ASN1_INTEGER *serial, char *buf)
{
	BIGNUM *number = ASN1_INTEGER_to_BN(serial, NULL);
	char *text = number ? BN_bn2hex(number) : NULL;

	snprintf(buf, CERTIFICATE_SERIAL_STRLEN, "%s", text ? text : "?");
	OPENSSL_free(text);
	BN_free(number);
	return buf;
}

const char *certificate_name(const X509_NAME *name, char *buf)
{
	BIO *bio = BIO_new(BIO_s_mem());
	int len = 0;

	if (bio && X509_NAME_print_ex(bio, name, 0, XN_FLAG_ONELINE) >= 0)
		len = BIO_read(bio, buf, CERTIFICATE_NAME_STRLEN - 1);
	buf[len > 0 ? len : 0] = '\0';
	BIO_free(bio);
	return buf;
}

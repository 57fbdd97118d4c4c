/* SPDX-License-Identifier: BSD-3-Clause */
#include "sender_id.h"

#include <errno.h>
#include <openssl/err.h>
#include <string.h>

#include "identity.h"

/* The decoder accepts BER, too. So we encode the result again: only if that gives the same bytes,
 * it was DER. */
static int parse_der(const ASN1_OCTET_STRING *value, long *ret_number)
{
	const unsigned char *data = ASN1_STRING_get0_data(value);
	const unsigned char *p = data;
	long len = ASN1_STRING_length(value);
	unsigned char *again = NULL;
	ASN1_INTEGER *integer;
	int64_t number;
	int status = -EINVAL;

	integer = d2i_ASN1_INTEGER(NULL, &p, len);
	if (!integer || i2d_ASN1_INTEGER(integer, &again) != len ||
	    memcmp(again, data, (size_t)len) != 0)
		goto out;
	if (!ASN1_INTEGER_get_int64(&number, integer))
		goto out;
	if (number < COVEY_SENDER_ID_MIN || number > COVEY_SENDER_ID_MAX)
		goto out;
	*ret_number = (long)number;
	status = 0;

out:
	OPENSSL_free(again);
	ASN1_INTEGER_free(integer);
	ERR_clear_error();
	return status;
}

int sender_id_from_certificate(X509 *certificate, uint16_t *ret_sender_id,
			       struct covey_error *error)
{
	ASN1_OBJECT *oid = OBJ_txt2obj(SENDER_ID_OID, 1);
	int first, second;
	long number;

	if (!oid)
		return covey_error_set(error, -ENOMEM, "out of memory");
	first = X509_get_ext_by_OBJ(certificate, oid, -1);
	second = first < 0 ? -1 : X509_get_ext_by_OBJ(certificate, oid, first);
	ASN1_OBJECT_free(oid);
	if (first < 0) {
		*ret_sender_id = 0;
		return 0;
	}
	if (second >= 0)
		return covey_error_set(error, -EINVAL,
				       "the certificate has more than one SenderID extension");
	if (parse_der(X509_EXTENSION_get_data(X509_get_ext(certificate, first)), &number) < 0)
		return covey_error_set(error, -EINVAL,
				       "the certificate's SenderID extension (%s) is not a DER "
				       "INTEGER of %u to %u",
				       SENDER_ID_OID, COVEY_SENDER_ID_MIN, COVEY_SENDER_ID_MAX);
	*ret_sender_id = (uint16_t)number;
	return 0;
}

int sender_id_to_certificate(X509 *certificate, uint16_t sender_id)
{
	ASN1_OBJECT *oid = OBJ_txt2obj(SENDER_ID_OID, 1);
	ASN1_INTEGER *integer = ASN1_INTEGER_new();
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	X509_EXTENSION *extension = NULL;
	unsigned char *der = NULL;
	int len, status = -ENOMEM;

	if (!oid || !integer || !value || !ASN1_INTEGER_set(integer, sender_id))
		goto out;
	len = i2d_ASN1_INTEGER(integer, &der);
	if (len < 0 || !ASN1_OCTET_STRING_set(value, der, len))
		goto out;
	extension = X509_EXTENSION_create_by_OBJ(NULL, oid, 0, value);
	if (extension && X509_add_ext(certificate, extension, -1))
		status = 0;

out:
	X509_EXTENSION_free(extension);
	OPENSSL_free(der);
	ASN1_OCTET_STRING_free(value);
	ASN1_INTEGER_free(integer);
	ASN1_OBJECT_free(oid);
	return status;
}

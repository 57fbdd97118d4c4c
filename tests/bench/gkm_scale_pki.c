/* SPDX-License-Identifier: BSD-3-Clause */
#include "gkm_scale_pki.h"

#include <errno.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

#include "identity.h"
#include "pki.h"
#include "pki_certificate.h"
#include "pki_file.h"

#define DAY_S 86400L

const char *scale_host_name(size_t host, char buf[SCALE_NAME_LEN])
{
	snprintf(buf, SCALE_NAME_LEN, "h%zu", host + 1);
	return buf;
}

const char *scale_group_name(size_t group, char buf[SCALE_NAME_LEN])
{
	snprintf(buf, SCALE_NAME_LEN, "g%zu", group + 1);
	return buf;
}

bool scale_group_number(const char *name, size_t len, size_t *ret_group)
{
	size_t number = 0;

	if (len < 2 || len >= SCALE_NAME_LEN || name[0] != 'g')
		return false;
	for (size_t i = 1; i < len; i++) {
		if (name[i] < '0' || name[i] > '9')
			return false;
		number = number * 10 + (size_t)(name[i] - '0');
	}
	*ret_group = number - 1;
	return number > 0;
}

static int load_issuer(const char *directory, X509 **ret_ca, EVP_PKEY **ret_key,
		       struct covey_error *error)
{
	char path[PKI_PATH_MAX];
	int status = pki_path(directory, "ca", "crt", path, error);

	if (status == 0)
		status = pki_read_certificate(path, ret_ca, error);
	if (status == 0)
		status = pki_path(directory, "ca", "key", path, error);
	if (status == 0)
		status = pki_read_key(path, ret_key, error);
	return status;
}

static X509 *make(const struct scale_pki *pki, EVP_PKEY *issuer, size_t host)
{
	char name[SCALE_NAME_LEN], uri[COVEY_IDENTITY_MAX + 1];
	char san[sizeof("URI:") + COVEY_IDENTITY_MAX];
	const struct certificate_extension extensions[] = {
		{NID_key_usage, "critical,digitalSignature"},
		{NID_ext_key_usage, "clientAuth"},
		{NID_authority_key_identifier, "keyid:always"},
		{NID_subject_alt_name, san},
		{0, NULL},
	};
	X509 *certificate;

	scale_host_name(host, name);
	if (identity_format(IDENTITY_HOST, SCALE_FABRIC, name, uri, NULL) < 0)
		return NULL;
	snprintf(san, sizeof(san), "URI:%s", uri);
	certificate = certificate_new(pki->key, SCALE_FABRIC, name, -60, DAY_S);
	if (certificate && X509_set_issuer_name(certificate, X509_get_subject_name(pki->ca)) == 1 &&
	    certificate_extend(certificate, pki->ca, extensions) == 0 &&
	    X509_sign(certificate, issuer, EVP_sha256()) > 0)
		return certificate;
	X509_free(certificate);
	return NULL;
}

int scale_pki_new(struct scale_pki *pki, const char *directory, size_t hosts,
		  struct covey_error *error)
{
	EVP_PKEY *issuer = NULL;
	int status;

	*pki = (struct scale_pki){.key = certificate_key(),
				  .certificates = calloc(hosts, sizeof(*pki->certificates))};
	status = pki_init(directory, SCALE_FABRIC, 10, error);
	if (status == 0)
		status = pki_issue(directory, IDENTITY_GKM, SCALE_FABRIC, "gkm", 0, -60, DAY_S,
				   false, error);
	if (status == 0)
		status = load_issuer(directory, &pki->ca, &issuer, error);
	while (status == 0 && pki->count < hosts) {
		X509 *certificate =
			pki->key && pki->certificates ? make(pki, issuer, pki->count) : NULL;

		if (certificate)
			pki->certificates[pki->count++] = certificate;
		else
			status = certificate_failed("cannot make a host's certificate", error);
	}
	EVP_PKEY_free(issuer);
	if (status < 0)
		scale_pki_free(pki);
	return status;
}

void scale_pki_free(struct scale_pki *pki)
{
	for (size_t i = 0; i < pki->count; i++)
		X509_free(pki->certificates[i]);
	free(pki->certificates);
	X509_free(pki->ca);
	EVP_PKEY_free(pki->key);
	*pki = (struct scale_pki){0};
}

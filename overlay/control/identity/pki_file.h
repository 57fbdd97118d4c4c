/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Certificates and keys in files. Keys are only in buffers that are wiped.
 */

#include <covey/error.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>

#define PKI_PATH_MAX 4096

/* Write "DIRECTORY/STEM.SUFFIX" into buf (PKI_PATH_MAX bytes). Returns 0 or -ENAMETOOLONG. */
int pki_path(const char *directory, const char *stem, const char *suffix, char *buf,
	     struct covey_error *error);

/*
 * Read a private key in PEM. Refuses a key that others than its owner can read, a key whose owner
 * is neither us nor root, and an encrypted key. Returns 0 or a negative errno.
 */
int pki_read_key(const char *path, EVP_PKEY **ret_key, struct covey_error *error);

/* Read the first certificate of a PEM file. */
int pki_read_certificate(const char *path, X509 **ret_certificate, struct covey_error *error);

/*
 * Write STEM.key (PKCS#8, 0600) and STEM.crt (0644). Both files are complete on disk before either
 * gets its name, so that a crash leaves no incomplete file. They are replaced together
 * (pki_pair.h). Returns 0, -EEXIST when one of them exists and replace is false, or another
 * negative errno.
 */
int pki_write_pair(const char *directory, const char *stem, EVP_PKEY *key, X509 *certificate,
		   bool replace, struct covey_error *error);

/* Write crl.pem (0644) in PEM. An existing one is replaced in one step. */
int pki_write_crl(const char *directory, X509_CRL *list, struct covey_error *error);

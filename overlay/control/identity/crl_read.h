/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Reads revocation lists from files.
 */

#include <covey/error.h>
#include <openssl/x509.h>
#include <stddef.h>

/*
 * Add all lists of the file, in PEM or DER, to lists. budget: how many bytes may still be read; it
 * is reduced by what is read. Nothing is verified.
 */
int crl_read_file(const char *path, STACK_OF(X509_CRL) * lists, size_t *budget,
		  struct covey_error *error);

/* The same for a file, or for each file of a directory. -ENOENT when there is no list. */
int crl_read(const char *path, STACK_OF(X509_CRL) * lists, struct covey_error *error);

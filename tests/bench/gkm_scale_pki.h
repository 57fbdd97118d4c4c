/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Certificates for many hosts, quickly: one CA as `covey pki` makes it, and one key for all hosts.
 * The key manager tells hosts apart by their certificates, and does the same work for each.
 */

#include <covey/error.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>

#define SCALE_FABRIC "scale"

struct scale_pki {
	EVP_PKEY *key;
	X509 *ca;
	X509 **certificates; /* by host: scale_host_name() */
	size_t count;
};

/* The CA and the key manager's certificate go into the directory, the hosts' are in memory. */
int scale_pki_new(struct scale_pki *pki, const char *directory, size_t hosts,
		  struct covey_error *error);
void scale_pki_free(struct scale_pki *pki);

/* "h1" and so on, into buf. Returns buf. */
#define SCALE_NAME_LEN 16
const char *scale_host_name(size_t host, char buf[SCALE_NAME_LEN]);
/* The same for groups, "g1" and so on, and back. False when there is no such group. */
const char *scale_group_name(size_t group, char buf[SCALE_NAME_LEN]);
bool scale_group_number(const char *name, size_t len, size_t *ret_group);

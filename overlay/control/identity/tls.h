/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What every TLS handshake of a program goes by: its own certificate, the CAs that it trusts, and
 * what they have revoked.
 */

#include <covey/error.h>
#include <stdbool.h>

struct crl;
struct identity;
struct own_chain;
struct tls;

enum tls_role {
	TLS_MEMBER, /* client: accepts only a peer whose identity is the fabric's GKM */
	TLS_GKM,    /* server: accepts only hosts of the fabric */
};

/*
 * Load certificate, key and CA (PEM paths) for one role in the fabric. Refuses a key that others
 * can read, a certificate that does not match its key, one that is not valid now, one whose own
 * identity or key usage does not fit the role, and one whose chain does not lead to ca_file.
 * Ignores SIGPIPE for the process unless it is handled, as OpenSSL's writes may raise it. Must
 * outlive its channels. 0 or a negative errno.
 */
int tls_new(enum tls_role role, const char *fabric, const char *ca_file, const char *cert_file,
	    const char *key_file, struct tls **ret_tls, struct covey_error *error);
void tls_free(struct tls *tls);

/* Our own identity, from the certificate. */
const struct identity *tls_identity(const struct tls *tls);

/*
 * Load key, certificate and CA again, for connections from now on; those that there are stay. When
 * this fails, as for a key without its certificate or another identity, what was loaded before
 * stays in force. changed: they are others than before.
 */
int tls_reload(struct tls *tls, bool *ret_changed, struct covey_error *error);
/* Our own certificate and its CAs'. Valid until the next tls_reload(). */
const struct own_chain *tls_own_chain(const struct tls *tls);

/*
 * Read revocation lists (crl.h) of the CAs that tls trusts: from now on, no handshake with a
 * certificate on them succeeds. When this fails, what was loaded before stays in force.
 */
int tls_load_crl(struct tls *tls, const char *path, bool *ret_changed, struct covey_error *error);
/* NULL: none was loaded. Valid until the next tls_load_crl(). */
const struct crl *tls_crl(const struct tls *tls);

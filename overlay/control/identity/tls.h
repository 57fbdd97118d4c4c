/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What a program needs for all its TLS handshakes: its own certificate, the CAs that it trusts, and
 * what these have revoked.
 */

#include <covey/error.h>
#include <stdbool.h>

struct crl;
struct identity;
struct own_chain;
struct tls;

enum tls_role {
	TLS_MEMBER, /* client: accepts only the fabric's GKM as peer */
	TLS_GKM,    /* server: accepts only hosts of the fabric, unless tls_accept_gkms() says more.
		     * As a client, it accepts only the fabric's GKM. */
};

/*
 * Load certificate, key and CA (paths of PEM files) for one role in the fabric. Refuses a key that
 * others can read, and a certificate that does not match its key, is not valid now, has an identity
 * or key usage that does not fit the role, or whose chain does not lead to ca_file. Ignores SIGPIPE
 * in the whole process unless the process handles it, because OpenSSL's writes can raise it. The
 * result must outlive its channels. Returns 0 or a negative errno.
 */
int tls_new(enum tls_role role, const char *fabric, const char *ca_file, const char *cert_file,
	    const char *key_file, struct tls **ret_tls, struct covey_error *error);
void tls_free(struct tls *tls);

/*
 * For TLS_GKM: whether another key manager of the fabric may connect, too. It shows the fabric's
 * certificate of key managers, whose purpose is that of a server.
 */
void tls_accept_gkms(struct tls *tls, bool accept);

/* Our own identity, as in the certificate. */
const struct identity *tls_identity(const struct tls *tls);

/*
 * Load key, certificate and CA again, for connections from now on. Existing connections stay. When
 * this fails, as for a key that does not match its certificate, or for another identity, what was
 * loaded before stays in force. *ret_changed: they are others than before.
 */
int tls_reload(struct tls *tls, bool *ret_changed, struct covey_error *error);
/* Our own certificate and those of its CAs. Valid until the next tls_reload(). */
const struct own_chain *tls_own_chain(const struct tls *tls);

/*
 * Read revocation lists (crl.h) of the CAs that tls trusts. From now on, no handshake succeeds with
 * a certificate that is on them. When this fails, what was loaded before stays in force.
 */
int tls_load_crl(struct tls *tls, const char *path, bool *ret_changed, struct covey_error *error);
/* NULL when none was loaded. Valid until the next tls_load_crl(). */
const struct crl *tls_crl(const struct tls *tls);

/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The inside of struct tls, for channels and tests. All other code uses tls.h.
 */

#include <covey/error.h>
#include <openssl/ssl.h>
#include <sys/time.h>

#include "certificate_id.h"
#include "crl.h"
#include "own.h"
#include "queue_account.h"
#include "tls.h"

/* How long a channel waits. Tests make this shorter before they open a channel. */
struct channel_deadlines {
	struct timeval begin;   /* for connect, handshake and first message, together */
	struct timeval silence; /* from one whole message to the next */
	struct timeval finish;  /* for the peer to take what is queued */
};

struct tls {
	SSL_CTX *context; /* the one in force; each loading makes a new one */
	enum tls_role role;
	bool accepts_gkms; /* tls_accept_gkms() */
	struct identity identity;
	struct own_chain chain;
	char *ca_file, *cert_file, *key_file;
	struct channel_deadlines deadlines;
	struct crl *crl;              /* NULL: nothing is revoked */
	struct queue_account *queued; /* bytes that its channels have not sent yet */
	size_t queued_max;            /* tests make it smaller */
};

/* The result of verifying a peer. A channel's SSL has a pointer to its own one as application data.
 */
struct tls_peer {
	bool verified;
	struct identity identity;
	struct certificate_chain certificate;
	struct covey_error
		refusal; /* why it was refused; empty when the peer showed no certificate */
};

/* The SSL of a new connection. The verdict on the peer is written to *peer, which must live as long
 * as the SSL. */
SSL *tls_connection(const struct tls *tls, struct tls_peer *peer);

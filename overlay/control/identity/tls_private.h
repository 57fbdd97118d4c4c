/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The inside of struct tls, for channels and tests. Everybody else uses tls.h.
 */

#include <covey/error.h>
#include <openssl/ssl.h>
#include <sys/time.h>

#include "certificate_id.h"
#include "crl.h"
#include "own.h"
#include "queue_account.h"
#include "tls.h"

/* How long a channel waits; tests shorten it before they open one. */
struct channel_deadlines {
	struct timeval begin;   /* connect, handshake and first message, together */
	struct timeval silence; /* from one whole message to the next */
	struct timeval finish;  /* for the peer to take what was queued */
};

struct tls {
	SSL_CTX *context; /* of what is in force; another one with each that is loaded */
	enum tls_role role;
	struct identity identity;
	struct own_chain chain;
	char *ca_file, *cert_file, *key_file;
	struct channel_deadlines deadlines;
	struct crl *crl;              /* NULL: nothing is revoked */
	struct queue_account *queued; /* what its channels have not sent yet */
	size_t queued_max;            /* tests lower it */
};

/* What came of verifying a peer. A channel's SSL points at its own as application data. */
struct tls_peer {
	bool verified;
	struct identity identity;
	struct certificate_chain certificate;
	struct covey_error refusal; /* why not; empty when the peer showed no certificate */
};

/* A new connection's SSL; the verdict on the peer goes to *peer, which must live as long. */
SSL *tls_connection(const struct tls *tls, struct tls_peer *peer);

/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Certificates, in place of TLS: who a peer is, with which certificate, and which are revoked. A
 * host's certificate is its number and how many it has had before.
 */

#include "certificate_id.h"
#include "identity.h"
#include "tls.h"

struct process;

struct tls *trust_new(struct process *process);
void trust_free(struct tls *tls);
struct process *trust_process(const struct tls *tls);

/* Who is at the other end? False when its certificate is revoked. */
bool trust_peer(struct process *self, struct process *other, struct identity *ret_peer,
		struct certificate_chain *ret_chain);

/* The host's present certificate is revoked, as whoever reads the lists from now on knows. */
void trust_revoke(struct process *host);
/* It gets another one. */
void trust_renew(struct process *host);
bool trust_is_revoked(const struct process *host);

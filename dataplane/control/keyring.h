/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The keys of one SA: the TEK and, expanded, the keys of its senders (key scope "sender") or the
 * one that all share (key scope "group"). All of it in secret memory (key_memory.h). A sender's key
 * depends on TEK, SPI and SenderID alone, so it is expanded once and serves every later roster.
 */

#include "kdf.h"
#include <cipher.h>
#include <covey/sa.h>

struct keyring;

/* Copies what it needs of sa. ciphers and kdf outlive it. -EINVAL (cipher or scope), -ENOMEM. */
int keyring_new(const struct ciphers *ciphers, struct kdf *kdf, const struct covey_sa *sa,
		struct keyring **ret_keyring);
/* Wipes. NULL-safe. */
void keyring_free(struct keyring *keyring);

/* True when sa has the same cipher, scope, SPI and TEK. */
bool keyring_matches(const struct keyring *keyring, const struct covey_sa *sa);

/* Up to this many keys will be added. If they are many, memory for them comes in huge pages, if the
 * system has them free. */
void keyring_expect(struct keyring *keyring, size_t senders);
/* The key of a sender, derived and expanded if it was not. -ENOMEM, -EIO. */
int keyring_add(struct keyring *keyring, uint16_t sender_id, const struct cipher_key **ret_key);
/* Wipe a sender's key, which no worker uses any more. The group's key stays. */
void keyring_drop(struct keyring *keyring, uint16_t sender_id);

/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The keys of one SA: the TEK and the expanded keys. These are the keys of its senders (key scope
 * "sender"), or one key for all (key scope "group"). All of them are in secret memory
 * (key_memory.h). A sender's key depends on TEK, SPI and SenderID alone. So it is expanded once,
 * and later rosters use it again.
 */

#include "kdf.h"
#include <cipher.h>
#include <covey/sa.h>

struct keyring;

/* Copies what it needs of sa. ciphers and kdf must outlive it. -EINVAL (cipher or scope), -ENOMEM.
 */
int keyring_new(const struct ciphers *ciphers, struct kdf *kdf, const struct covey_sa *sa,
		struct keyring **ret_keyring);
/* Wipes. NULL-safe. */
void keyring_free(struct keyring *keyring);

/* True when sa has the same cipher, scope, SPI and TEK as the keyring. */
bool keyring_matches(const struct keyring *keyring, const struct covey_sa *sa);

/* Announce that up to this number of keys will be added. If that is many, their memory comes in
 * huge pages, as far as the system has them free. */
void keyring_expect(struct keyring *keyring, size_t senders);
/* The key of a sender. It is derived and expanded when it is needed first. -ENOMEM, -EIO. */
int keyring_add(struct keyring *keyring, uint16_t sender_id, const struct cipher_key **ret_key);
/* Wipe a sender's key that no worker uses any more. A key that all senders share stays. */
void keyring_drop(struct keyring *keyring, uint16_t sender_id);

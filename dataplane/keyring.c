/* SPDX-License-Identifier: BSD-3-Clause */
#include "keyring.h"
#include "key_memory.h"
#include <covey/limits.h>
#include <errno.h>
#include <string.h>

/* Senders per chunk of memory: SenderIDs are dense, so a small group takes one chunk. */
#define CHUNK_KEYS 32u
#define CHUNKS     ((COVEY_SENDER_ID_MAX + 1) / CHUNK_KEYS)

struct chunk {
	struct cipher_key keys[CHUNK_KEYS];
	bool expanded[CHUNK_KEYS];
};

struct keyring {
	const struct ciphers *ciphers;
	struct kdf *kdf;
	enum covey_cipher cipher;
	enum covey_key_scope scope;
	uint32_t spi;
	uint8_t tek[COVEY_TEK_BYTES_MAX];
	struct chunk *chunks[CHUNKS];
};

int keyring_new(const struct ciphers *ciphers, struct kdf *kdf, const struct covey_sa *sa,
		struct keyring **ret_keyring)
{
	struct keyring *keyring;
	size_t key_len = covey_cipher_key_len(sa->cipher);

	if (key_len == 0 ||
	    (sa->key_scope != COVEY_KEY_SCOPE_SENDER && sa->key_scope != COVEY_KEY_SCOPE_GROUP))
		return -EINVAL;
	keyring = key_memory_alloc(sizeof(*keyring));
	if (!keyring)
		return -ENOMEM;
	keyring->ciphers = ciphers;
	keyring->kdf = kdf;
	keyring->cipher = sa->cipher;
	keyring->scope = sa->key_scope;
	keyring->spi = sa->spi;
	memcpy(keyring->tek, sa->tek, key_len);
	*ret_keyring = keyring;
	return 0;
}

void keyring_free(struct keyring *keyring)
{
	if (!keyring)
		return;
	for (unsigned i = 0; i < CHUNKS; i++)
		key_memory_free(keyring->chunks[i], sizeof(*keyring->chunks[i]));
	key_memory_free(keyring, sizeof(*keyring));
}

bool keyring_matches(const struct keyring *keyring, const struct covey_sa *sa)
{
	return sa->cipher == keyring->cipher && sa->key_scope == keyring->scope &&
	       sa->spi == keyring->spi &&
	       constant_time_equal(sa->tek, keyring->tek, covey_cipher_key_len(keyring->cipher));
}

static int expand(struct keyring *keyring, uint16_t sender_id, struct cipher_key *key)
{
	uint8_t raw[COVEY_TEK_BYTES_MAX];
	size_t len = covey_cipher_key_len(keyring->cipher);
	int error;

	if (keyring->scope == COVEY_KEY_SCOPE_GROUP)
		return cipher_expand(keyring->ciphers, keyring->cipher, keyring->tek, key);
	error = kdf_sender_key(keyring->kdf, keyring->tek, len, keyring->spi, sender_id, raw);
	if (error == 0)
		error = cipher_expand(keyring->ciphers, keyring->cipher, raw, key);
	explicit_bzero(raw, sizeof(raw));
	return error;
}

int keyring_add(struct keyring *keyring, uint16_t sender_id, const struct cipher_key **ret_key)
{
	uint16_t index = keyring->scope == COVEY_KEY_SCOPE_GROUP ? 0 : sender_id;
	struct chunk **chunk = &keyring->chunks[index / CHUNK_KEYS];
	unsigned at = index % CHUNK_KEYS;
	int error;

	if (!*chunk)
		*chunk = key_memory_alloc(sizeof(**chunk));
	if (!*chunk)
		return -ENOMEM;
	if (!(*chunk)->expanded[at]) {
		error = expand(keyring, sender_id, &(*chunk)->keys[at]);
		if (error != 0)
			return error;
		(*chunk)->expanded[at] = true;
	}
	*ret_key = &(*chunk)->keys[at];
	return 0;
}

void keyring_drop(struct keyring *keyring, uint16_t sender_id)
{
	struct chunk *chunk = keyring->chunks[sender_id / CHUNK_KEYS];
	unsigned at = sender_id % CHUNK_KEYS;

	if (keyring->scope == COVEY_KEY_SCOPE_GROUP || !chunk)
		return;
	explicit_bzero(&chunk->keys[at], sizeof(chunk->keys[at]));
	chunk->expanded[at] = false;
}

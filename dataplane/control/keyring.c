/* SPDX-License-Identifier: BSD-3-Clause */
#include "keyring.h"
#include "key_memory.h"
#include <covey/limits.h>
#include <errno.h>
#include <string.h>

/*
 * Space for one key of each SenderID, in their order. Only memory that holds keys is locked: in
 * units of 64 KiB when an SA has few senders, in whole huge pages when it has many.
 *
 * The SPI says at which place the order begins. If a sender's keys in many groups had the same
 * place in each, they would compete for a few sets of the caches and of the table of translated
 * pages.
 */
#define KEYS         (COVEY_SENDER_ID_MAX + 1u)
#define REGION       (KEYS * sizeof(struct cipher_key))
#define UNIT         (64u << 10)
#define UNITS        (REGION / UNIT)
#define HUGE_UNITS   (KEY_MEMORY_HUGE / UNIT) /* units in a huge page */
#define SENDERS_MANY 2048u
/* The order begins with one of so many places: 1 MiB. */
#define STARTS 1024u

_Static_assert(REGION % KEY_MEMORY_HUGE == 0, "whole huge pages");

struct keyring {
	const struct ciphers *ciphers;
	struct kdf *kdf;
	enum covey_cipher cipher;
	enum covey_key_scope scope;
	uint32_t spi;
	uint8_t tek[COVEY_TEK_BYTES_MAX];
	struct cipher_key *keys; /* REGION bytes */
	unsigned step;           /* how many units are locked together */
	bool locked[UNITS];
	uint64_t expanded[KEYS / 64]; /* bit by place */
};

/* Lock the memory around offset, before a key is there. */
static void lock_at(struct keyring *keyring, size_t offset)
{
	unsigned unit = (unsigned)(offset / UNIT);

	if (keyring->locked[unit])
		return;
	unit -= unit % keyring->step;
	key_memory_lock((uint8_t *)keyring->keys + (size_t)unit * UNIT,
			(size_t)keyring->step * UNIT);
	memset(&keyring->locked[unit], true, keyring->step * sizeof(keyring->locked[0]));
}

static void lock_key(struct keyring *keyring, uint16_t index)
{
	lock_at(keyring, index * sizeof(struct cipher_key));
	lock_at(keyring, (index + 1) * sizeof(struct cipher_key) - 1);
}

/* The key's place. */
static uint16_t index_of(const struct keyring *keyring, uint16_t sender_id)
{
	uint32_t index = keyring->scope == COVEY_KEY_SCOPE_GROUP ? 0 : sender_id;

	return (uint16_t)((index + keyring->spi % STARTS) % KEYS);
}

static uint64_t bit_of(uint16_t index)
{
	return UINT64_C(1) << index % 64;
}

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
	keyring->keys = key_memory_reserve(REGION);
	if (!keyring->keys) {
		key_memory_free(keyring, sizeof(*keyring));
		return -ENOMEM;
	}
	keyring->step = 1;
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
	for (size_t unit = 0; unit < UNITS; unit++)
		if (keyring->locked[unit])
			explicit_bzero((uint8_t *)keyring->keys + unit * UNIT, UNIT);
	key_memory_release(keyring->keys, REGION);
	key_memory_free(keyring, sizeof(*keyring));
}

bool keyring_matches(const struct keyring *keyring, const struct covey_sa *sa)
{
	return sa->cipher == keyring->cipher && sa->key_scope == keyring->scope &&
	       sa->spi == keyring->spi &&
	       constant_time_equal(sa->tek, keyring->tek, covey_cipher_key_len(keyring->cipher));
}

void keyring_expect(struct keyring *keyring, size_t senders)
{
	if (senders < SENDERS_MANY || keyring->step > 1 || keyring->scope == COVEY_KEY_SCOPE_GROUP)
		return;
	key_memory_prefer_huge(keyring->keys, REGION);
	keyring->step = HUGE_UNITS;
}

static int expand(struct keyring *keyring, uint16_t sender_id, struct cipher_key *key)
{
	uint8_t raw[COVEY_TEK_BYTES_MAX];
	size_t len = covey_cipher_key_len(keyring->cipher);
	int status;

	if (keyring->scope == COVEY_KEY_SCOPE_GROUP)
		return cipher_expand(keyring->ciphers, keyring->cipher, keyring->tek, key);
	status = kdf_sender_key(keyring->kdf, keyring->tek, len, keyring->spi, sender_id, raw);
	if (status == 0)
		status = cipher_expand(keyring->ciphers, keyring->cipher, raw, key);
	explicit_bzero(raw, sizeof(raw));
	return status;
}

int keyring_add(struct keyring *keyring, uint16_t sender_id, const struct cipher_key **ret_key)
{
	uint16_t index = index_of(keyring, sender_id);
	int status;

	if (!(keyring->expanded[index / 64] & bit_of(index))) {
		lock_key(keyring, index);
		status = expand(keyring, sender_id, &keyring->keys[index]);
		if (status != 0) {
			explicit_bzero(&keyring->keys[index], sizeof(keyring->keys[0]));
			return status;
		}
		keyring->expanded[index / 64] |= bit_of(index);
	}
	*ret_key = &keyring->keys[index];
	return 0;
}

void keyring_drop(struct keyring *keyring, uint16_t sender_id)
{
	uint16_t index = index_of(keyring, sender_id);

	if (keyring->scope == COVEY_KEY_SCOPE_GROUP ||
	    !(keyring->expanded[index / 64] & bit_of(index)))
		return;
	explicit_bzero(&keyring->keys[index], sizeof(keyring->keys[0]));
	keyring->expanded[index / 64] &= ~bit_of(index);
}

/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * AES-GCM of several packets of one key at a time: what cipher.h does, with the same bytes and
 * tags, for a burst. The cipher library takes one packet at a time, and a small packet leaves most
 * of the processor idle (cipher_many_avx512.c says why).
 *
 * Texts are sorted by their length into forms, because packets that go side by side must be about
 * as long. What has no partner, or is longer than CIPHER_MANY_LONGEST, the library does.
 *
 * Expanded keys are the library's: its round keys, and its powers of the hash key. ciphers_new()
 * compares this code with the library before it uses it, so a library that expands keys in another
 * way does no harm.
 */

#include "cipher.h"

#include <covey/wire.h>
#include <stdbool.h>
#include <stdint.h>

/* Texts of a call, at most. */
#define CIPHER_MANY_TEXTS 64u

/* Bytes of a text. More would be no faster than the library, and the library keeps 48 powers of the
 * hash key: for 47 blocks of text, and one of lengths. */
#define CIPHER_MANY_LONGEST 704u

/* Where the powers end in an expanded key; the first power is the last one there. Up to 48 bytes
 * more are read. */
#define CIPHER_MANY_POWERS_END 1008u

_Static_assert(CIPHER_MANY_POWERS_END + 48 <= CIPHER_KEY_BYTES, "what is read is in the key");

/* Forms of texts, by length. */
enum cipher_many_form {
	CIPHER_MANY_64,   /* up to 64 bytes */
	CIPHER_MANY_96,   /* 65 to 96 */
	CIPHER_MANY_128,  /* 97 to 128 */
	CIPHER_MANY_ODD,  /* above, in an odd number of parts of 64 bytes */
	CIPHER_MANY_EVEN, /* above, in an even number */
	CIPHER_MANY_FORMS
};

/*
 * The functions of one cipher for one instruction set. They take count texts of one form, a
 * multiple of 4 above 0; in the last two forms, all have the same number of parts of 64 bytes.
 * open() returns a bit for each text with the right tag, the lowest for the first text. It changes
 * the other texts, too: cipher_open_many() wipes them.
 */
struct cipher_many {
	struct {
		void (*seal)(const struct cipher_key *key, const struct cipher_text *const *texts,
			     unsigned count);
		uint64_t (*open)(const struct cipher_key *key,
				 const struct cipher_text *const *texts, unsigned count);
	} forms[CIPHER_MANY_FORMS];
};

extern const struct cipher_many cipher_many_avx512_128;
extern const struct cipher_many cipher_many_avx512_256;

/* What this CPU and its operating system say. */
struct cipher_cpu {
	uint32_t leaf_1_ecx;
	uint32_t leaf_7_ebx;
	uint32_t leaf_7_ecx;
	uint64_t xcr0; /* registers that the operating system keeps; 0 when it cannot be asked */
};

struct cipher_cpu cipher_many_cpu(void);
/* The fastest functions for the CPU; NULL when there are none. */
const struct cipher_many *cipher_many_choose(const struct cipher_cpu *cpu,
					     enum covey_cipher cipher);

/*
 * Does cipher->many do the same as the library? Tries each form with a fixed key, both ways, and
 * with tags that are wrong. Also the layout of expanded keys is known to be right then.
 */
bool cipher_many_check(const struct cipher *cipher, struct cipher_context *context);

/*
 * Encrypt texts in place and write their tags into the VPE headers before them, as cipher_seal()
 * does for each. The IV is read from there. count: 0 to CIPHER_MANY_TEXTS. Texts of any length, in
 * any order; they must not overlap.
 */
void cipher_seal_many(const struct cipher *cipher, const struct cipher_key *key,
		      struct cipher_context *context, const struct cipher_text *const *texts,
		      unsigned count);
/*
 * Decrypt texts in place, as cipher_open() does for each. Returns a bit for each text whose tag is
 * the one in its header, the lowest for the first one. The other texts are overwritten with zeros.
 */
uint64_t cipher_open_many(const struct cipher *cipher, const struct cipher_key *key,
			  struct cipher_context *context, const struct cipher_text *const *texts,
			  unsigned count);

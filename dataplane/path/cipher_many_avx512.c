/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * AES-GCM of four packets at a time, by AVX-512 with VAES and VPCLMULQDQ (Zen 4, Ice Lake, and
 * later). Read cipher_many.h first.
 *
 * One packet is a chain: each of its 10 or 14 rounds waits for the one before, and the tag waits
 * for the text. A processor can work on at least four rounds at a time, but one small packet has no
 * more than one or two to give. So the rounds of four packets are side by side here, and GHASH of a
 * text is between the rounds of another one: when sealing, of the four packets before, and when
 * opening, of the same ones, as their ciphertext is there from the beginning.
 *
 * A vector is four blocks of 16 bytes:
 *
 *   round key   the same in all four blocks
 *   first       the first counter blocks (IV, 1) of four packets, which encrypt their tags
 *   text        counter blocks of one packet, from 2 on
 *   powers      GHASH multiplies each block of a text by a power of the hash key of its own. So all
 *               products of a packet are added up first, and reduced once; of four packets in one
 *               vector.
 *
 * In counter blocks of one key, only the last byte differs within a packet. It goes through the
 * first round alone, so what it adds to that round is the same for all packets (struct deltas), and
 * the first round is only done once for each packet.
 *
 * Branches and addresses depend on lengths and counts alone, which are no secrets. Everything is in
 * registers, which are cleared in the end (wipe_registers()). A test looks for vectors on the stack
 * in what the compiler makes of this.
 */

#include "gcm_avx512.h"

/* --- up to two vectors --------------------------------------------------------------------- */

/* What the counters 1, and 2 and following, add to the first round. */
struct deltas {
	vector first, text[2];
};

INLINE struct deltas deltas_of(const struct cipher_key *key)
{
	const vector none = _mm512_aesenc_epi128(round_key(key, 0), round_key(key, 1));
	const vector k = round_key(key, 0);

#define DELTA(counter)                                                                             \
	_mm512_xor_si512(none,                                                                     \
			 _mm512_aesenc_epi128(_mm512_xor_si512(counter, k), round_key(key, 1)))
	return (struct deltas){DELTA(counter_one()), {DELTA(counters(2)), DELTA(counters(6))}};
#undef DELTA
}

/* Four texts on their way through the rounds. */
struct four {
	vector text[2 * LANES];
	__m256i half[LANES];
	vector first;
};

INLINE void begin(struct four *four, const struct cipher_key *key,
		  const struct cipher_text *const *texts, const struct deltas *deltas,
		  const unsigned width, const bool half)
{
	vector once = _mm512_aesenc_epi128(_mm512_xor_si512(ivs_of(texts), round_key(key, 0)),
					   round_key(key, 1));
	const vector of[LANES] = {
		_mm512_shuffle_i64x2(once, once, 0x00), _mm512_shuffle_i64x2(once, once, 0xaa),
		_mm512_shuffle_i64x2(once, once, 0x55), _mm512_shuffle_i64x2(once, once, 0xff)};

	four->first = _mm512_xor_si512(once, deltas->first);
	for (unsigned p = 0; p < LANES; p++) {
		for (unsigned w = 0; w < width; w++)
			four->text[p * width + w] = _mm512_xor_si512(of[p], deltas->text[w]);
		if (half)
			four->half[p] =
				_mm512_castsi512_si256(_mm512_xor_si512(of[p], deltas->text[1]));
	}
}

INLINE void go(struct four *four, const struct cipher_key *key, const unsigned round,
	       const unsigned width, const bool half)
{
	const vector k = round_key(key, round);

	for (unsigned i = 0; i < LANES * width; i++)
		four->text[i] = _mm512_aesenc_epi128(four->text[i], k);
	for (unsigned p = 0; half && p < LANES; p++)
		four->half[p] = _mm256_aesenc_epi128(four->half[p], _mm512_castsi512_si256(k));
	four->first = _mm512_aesenc_epi128(four->first, k);
}

INLINE void end(struct four *four, const struct cipher_key *key,
		const struct cipher_text *const *texts, const unsigned rounds, const unsigned width,
		const bool half)
{
	const vector k = round_key(key, rounds);

	four->first = _mm512_aesenclast_epi128(four->first, k);
	for (unsigned p = 0; p < LANES; p++) {
		for (unsigned w = 0; w < width; w++)
			change(texts[p], VECTOR * w, w == 0 && (width > 1 || half),
			       _mm512_aesenclast_epi128(four->text[p * width + w], k));
		if (half)
			change_half(
				texts[p], VECTOR,
				_mm256_aesenclast_epi128(four->half[p], _mm512_castsi512_si256(k)));
	}
}

/* Encrypt or decrypt the texts, and meanwhile hash those of "hashed", unless it is NULL. */
INLINE vector change_four(const struct cipher_key *key, const unsigned rounds,
			  const struct cipher_text *const *texts,
			  const struct cipher_text *const *hashed, const struct deltas *deltas,
			  const unsigned width, const bool half, vector *ret_hash)
{
	struct product a, b, ab, cd;
	struct four four;

	begin(&four, key, texts, deltas, width, half);
#define GO(round) go(&four, key, round, width, half)
	GO(2);
	if (hashed)
		a = hash(key, hashed[0], width, half);
	GO(3);
	GO(4);
	if (hashed) {
		b = hash(key, hashed[1], width, half);
		ab = two(&a, &b);
	}
	GO(5);
	GO(6);
	if (hashed)
		a = hash(key, hashed[2], width, half);
	GO(7);
	GO(8);
	if (hashed) {
		b = hash(key, hashed[3], width, half);
		cd = two(&a, &b);
		a = all_four(&ab, &cd);
	}
	GO(9);
	if (rounds > 10) {
		GO(10);
		GO(11);
	}
	if (hashed)
		*ret_hash = hash_end(key, hashed, a);
	if (rounds > 10) {
		GO(12);
		GO(13);
	}
#undef GO
	end(&four, key, texts, rounds, width, half);
	return four.first;
}

INLINE vector hash_four(const struct cipher_key *key, const struct cipher_text *const *texts,
			const unsigned width, const bool half)
{
	struct product a = hash(key, texts[0], width, half), b = hash(key, texts[1], width, half);
	struct product c = hash(key, texts[2], width, half), d = hash(key, texts[3], width, half);
	struct product ab = two(&a, &b), cd = two(&c, &d);

	return hash_end(key, texts, all_four(&ab, &cd));
}

INLINE void seal_short(const struct cipher_key *key, const unsigned rounds,
		       const struct cipher_text *const *texts, unsigned count, const unsigned width,
		       const bool half)
{
	const struct deltas deltas = deltas_of(key);
	vector first, next, tag;

	first = change_four(key, rounds, texts, NULL, &deltas, width, half, NULL);
	for (unsigned i = LANES; i < count; i += LANES) {
		next = change_four(key, rounds, texts + i, texts + i - LANES, &deltas, width, half,
				   &tag);
		put_tags(texts + i - LANES, _mm512_xor_si512(tag, first));
		first = next;
	}
	texts += count - LANES;
	put_tags(texts, _mm512_xor_si512(hash_four(key, texts, width, half), first));
}

INLINE uint64_t open_short(const struct cipher_key *key, const unsigned rounds,
			   const struct cipher_text *const *texts, unsigned count,
			   const unsigned width, const bool half)
{
	const struct deltas deltas = deltas_of(key);
	uint64_t good = 0;

	for (unsigned i = 0; i < count; i += LANES) {
		vector tag, first = change_four(key, rounds, texts + i, texts + i, &deltas, width,
						half, &tag);

		good |= (uint64_t)compare_tags(texts + i, _mm512_xor_si512(tag, first)) << i;
	}
	return good;
}

/* --- longer -------------------------------------------------------------------------------- */

/* Such texts have several chunks of two vectors. The last one may have a single vector, and that
 * may be not full. */
#define CHUNK (2u * VECTOR)

/* What is hashed beside the rounds of a chunk: width vectors from this offset on; 0: nothing. */
struct hashed {
	uint32_t offset;
	unsigned width;
	bool full;
};

INLINE void hash_more(const struct cipher_key *key, const struct cipher_text *text,
		      const struct hashed hashed, struct product *sum)
{
	const uint8_t *powers = powers_of(key, text) + hashed.offset;

	for (unsigned w = 0; w < hashed.width; w++) {
		const bool full = hashed.full || w + 1 < hashed.width;
		vector block = load(text, hashed.offset + VECTOR * w, full);

		multiply_add(sum, _mm512_shuffle_epi8(block, reverse_bytes()),
			     _mm512_loadu_si512(powers + (size_t)VECTOR * w));
	}
}

/* One chunk of four texts, of width vectors, through all rounds. first: NULL but for the first
 * chunk.
 */
INLINE void change_chunk(const struct cipher_key *key, const unsigned rounds,
			 const struct cipher_text *const *texts, const uint32_t offset,
			 const unsigned width, const bool full, const struct hashed hashed,
			 vector *first, struct product *sums)
{
	const vector step =
		_mm512_broadcast_i32x4(_mm_set_epi32((int)(offset / 16 << 24), 0, 0, 0));
	vector text[2 * LANES], k = round_key(key, 0);

	for (unsigned w = 0; w < width; w++) {
		vector counter = _mm512_add_epi32(counters(2 + 4 * w), step);

		for (unsigned p = 0; p < LANES; p++)
			text[p * width + w] =
				XOR3(_mm512_broadcast_i32x4(iv_of(texts[p])), counter, k);
	}
	if (first)
		*first = XOR3(ivs_of(texts), counter_one(), k);
#pragma GCC unroll 16
	for (unsigned round = 1; round < rounds; round++) {
		k = round_key(key, round);
		for (unsigned i = 0; i < LANES * width; i++)
			text[i] = _mm512_aesenc_epi128(text[i], k);
		if (first)
			*first = _mm512_aesenc_epi128(*first, k);
		if (hashed.width > 0 && round % 2 == 0 && round <= 2 * LANES)
			hash_more(key, texts[round / 2 - 1], hashed, &sums[round / 2 - 1]);
	}
	k = round_key(key, rounds);
	if (first)
		*first = _mm512_aesenclast_epi128(*first, k);
	for (unsigned p = 0; p < LANES; p++)
		for (unsigned w = 0; w < width; w++)
			change(texts[p], offset + VECTOR * w, full || w + 1 < width,
			       _mm512_aesenclast_epi128(text[p * width + w], k));
}

INLINE vector hash_long_end(const struct cipher_key *key, const struct cipher_text *const *texts,
			    const struct product *sums)
{
	struct product ab = two(&sums[0], &sums[1]), cd = two(&sums[2], &sums[3]);

	return hash_end(key, texts, all_four(&ab, &cd));
}

/* Four texts of so many chunks, at least two; last: vectors of the last one. */
INLINE void seal_four(const struct cipher_key *key, const unsigned rounds,
		      const struct cipher_text *const *texts, const uint32_t chunks,
		      const unsigned last)
{
	struct product sums[LANES] = {0};
	const uint32_t end = (chunks - 1) * CHUNK;
	vector first;

	change_chunk(key, rounds, texts, 0, 2, true, (struct hashed){0}, &first, sums);
	for (uint32_t offset = CHUNK; offset < end; offset += CHUNK)
		change_chunk(key, rounds, texts, offset, 2, true,
			     (struct hashed){offset - CHUNK, 2, true}, NULL, sums);
	change_chunk(key, rounds, texts, end, last, false, (struct hashed){end - CHUNK, 2, true},
		     NULL, sums);
	for (unsigned p = 0; p < LANES; p++)
		hash_more(key, texts[p], (struct hashed){end, last, false}, &sums[p]);
	put_tags(texts, _mm512_xor_si512(hash_long_end(key, texts, sums), first));
}

INLINE unsigned open_four(const struct cipher_key *key, const unsigned rounds,
			  const struct cipher_text *const *texts, const uint32_t chunks,
			  const unsigned last)
{
	struct product sums[LANES] = {0};
	const uint32_t end = (chunks - 1) * CHUNK;
	vector first;

	change_chunk(key, rounds, texts, 0, 2, true, (struct hashed){0, 2, true}, &first, sums);
	for (uint32_t offset = CHUNK; offset < end; offset += CHUNK)
		change_chunk(key, rounds, texts, offset, 2, true, (struct hashed){offset, 2, true},
			     NULL, sums);
	change_chunk(key, rounds, texts, end, last, false, (struct hashed){end, last, false}, NULL,
		     sums);
	return compare_tags(texts, _mm512_xor_si512(hash_long_end(key, texts, sums), first));
}

INLINE void wipe_registers(void)
{
	__asm__ volatile("vzeroall\n"
			 "vpxorq %%zmm16, %%zmm16, %%zmm16\n"
			 "vpxorq %%zmm17, %%zmm17, %%zmm17\n"
			 "vpxorq %%zmm18, %%zmm18, %%zmm18\n"
			 "vpxorq %%zmm19, %%zmm19, %%zmm19\n"
			 "vpxorq %%zmm20, %%zmm20, %%zmm20\n"
			 "vpxorq %%zmm21, %%zmm21, %%zmm21\n"
			 "vpxorq %%zmm22, %%zmm22, %%zmm22\n"
			 "vpxorq %%zmm23, %%zmm23, %%zmm23\n"
			 "vpxorq %%zmm24, %%zmm24, %%zmm24\n"
			 "vpxorq %%zmm25, %%zmm25, %%zmm25\n"
			 "vpxorq %%zmm26, %%zmm26, %%zmm26\n"
			 "vpxorq %%zmm27, %%zmm27, %%zmm27\n"
			 "vpxorq %%zmm28, %%zmm28, %%zmm28\n"
			 "vpxorq %%zmm29, %%zmm29, %%zmm29\n"
			 "vpxorq %%zmm30, %%zmm30, %%zmm30\n"
			 "vpxorq %%zmm31, %%zmm31, %%zmm31\n" ::
				 : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
				   "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",
				   "xmm15", "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21",
				   "xmm22", "xmm23", "xmm24", "xmm25", "xmm26", "xmm27", "xmm28",
				   "xmm29", "xmm30", "xmm31");
}

/* --- the functions ------------------------------------------------------------------------- */

#define SHORT(bits, name, width, half)                                                             \
	static void seal_##bits##_##name(const struct cipher_key *key,                             \
					 const struct cipher_text *const *texts, unsigned count)   \
	{                                                                                          \
		seal_short(key, (bits) / 32 + 6, texts, count, width, half);                       \
		wipe_registers();                                                                  \
	}                                                                                          \
                                                                                                   \
	static uint64_t open_##bits##_##name(const struct cipher_key *key,                         \
					     const struct cipher_text *const *texts,               \
					     unsigned count)                                       \
	{                                                                                          \
		uint64_t good = open_short(key, (bits) / 32 + 6, texts, count, width, half);       \
                                                                                                   \
		wipe_registers();                                                                  \
		return good;                                                                       \
	}

#define LONG(bits, name, last)                                                                     \
	static void seal_##bits##_##name(const struct cipher_key *key,                             \
					 const struct cipher_text *const *texts, unsigned count)   \
	{                                                                                          \
		const uint32_t chunks = (texts[0]->len + CHUNK - 1) / CHUNK;                       \
                                                                                                   \
		for (unsigned i = 0; i < count; i += LANES)                                        \
			seal_four(key, (bits) / 32 + 6, texts + i, chunks, last);                  \
		wipe_registers();                                                                  \
	}                                                                                          \
                                                                                                   \
	static uint64_t open_##bits##_##name(const struct cipher_key *key,                         \
					     const struct cipher_text *const *texts,               \
					     unsigned count)                                       \
	{                                                                                          \
		const uint32_t chunks = (texts[0]->len + CHUNK - 1) / CHUNK;                       \
		uint64_t good = 0;                                                                 \
                                                                                                   \
		for (unsigned i = 0; i < count; i += LANES)                                        \
			good |= (uint64_t)open_four(key, (bits) / 32 + 6, texts + i, chunks, last) \
				<< i;                                                              \
		wipe_registers();                                                                  \
		return good;                                                                       \
	}

#define FORMS(bits)                                                                                \
	SHORT(bits, 64, 1, false)                                                                  \
	SHORT(bits, 96, 1, true)                                                                   \
	SHORT(bits, 128, 2, false)                                                                 \
	LONG(bits, odd, 1)                                                                         \
	LONG(bits, even, 2)                                                                        \
                                                                                                   \
	const struct cipher_many cipher_many_avx512_##bits = {{                                    \
		[CIPHER_MANY_64] = {seal_##bits##_64, open_##bits##_64},                           \
		[CIPHER_MANY_96] = {seal_##bits##_96, open_##bits##_96},                           \
		[CIPHER_MANY_128] = {seal_##bits##_128, open_##bits##_128},                        \
		[CIPHER_MANY_ODD] = {seal_##bits##_odd, open_##bits##_odd},                        \
		[CIPHER_MANY_EVEN] = {seal_##bits##_even, open_##bits##_even},                     \
	}};

FORMS(128)
FORMS(256)

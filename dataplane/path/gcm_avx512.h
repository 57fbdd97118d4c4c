/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * AES-GCM's parts with AVX-512: counter blocks, texts in vectors, and GHASH of four texts. For
 * cipher_many_avx512.c alone, where more is said.
 */

#include "cipher_many.h"

#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))
#define LANES  4 /* packets at a time */
#define VECTOR 64

typedef __m512i vector;

#define XOR3(a, b, c) _mm512_ternarylogic_epi64(a, b, c, 0x96)

/* Four packets are in vectors in this order, because it costs least to add up their products so. */
static const unsigned lane_of[LANES] = {0, 2, 1, 3};

/* --- blocks -------------------------------------------------------------------------------- */

INLINE vector reverse_bytes(void)
{
	return _mm512_broadcast_i32x4(_mm_set_epi64x(0x0001020304050607, 0x08090a0b0c0d0e0f));
}

INLINE vector round_key(const struct cipher_key *key, unsigned round)
{
	return _mm512_broadcast_i32x4(
		_mm_load_si128((const __m128i *)(key->bytes + (size_t)16 * round)));
}

/* A counter is at most CIPHER_MANY_LONGEST / 16 + 1, so it is the last byte of its block alone. */
INLINE vector counters(unsigned first)
{
	return _mm512_set_epi32((int)((first + 3) << 24), 0, 0, 0, (int)((first + 2) << 24), 0, 0,
				0, (int)((first + 1) << 24), 0, 0, 0, (int)(first << 24), 0, 0, 0);
}

INLINE vector counter_one(void)
{
	return _mm512_broadcast_i32x4(_mm_set_epi32(1 << 24, 0, 0, 0));
}

INLINE __m128i iv_of(const struct cipher_text *text)
{
	return _mm_maskz_loadu_epi8(0xfff, text->bytes - sizeof(struct covey_vpe_header) +
						   COVEY_VPE_IV_OFFSET);
}

INLINE uint8_t *icv_of(const struct cipher_text *text)
{
	return text->bytes - sizeof(struct covey_vpe_header) + COVEY_VPE_ICV_OFFSET;
}

INLINE vector ivs_of(const struct cipher_text *const *texts)
{
	vector low =
		_mm512_inserti64x2(_mm512_castsi128_si512(iv_of(texts[0])), iv_of(texts[2]), 1);
	vector high =
		_mm512_inserti64x2(_mm512_castsi128_si512(iv_of(texts[1])), iv_of(texts[3]), 1);

	return _mm512_inserti64x4(low, _mm512_castsi512_si256(high), 1);
}

/* Of a text, the bytes that are in the vector at this offset. */
INLINE __mmask64 bytes_at(uint32_t len, uint32_t offset)
{
	return _bzhi_u64(~UINT64_C(0), len > offset ? RTE_MIN(len - offset, 64u) : 0);
}

/* full: the text is known to have them all. */
INLINE vector load(const struct cipher_text *text, uint32_t offset, bool full)
{
	return full ? _mm512_loadu_si512(text->bytes + offset)
		    : _mm512_maskz_loadu_epi8(bytes_at(text->len, offset), text->bytes + offset);
}

/* Encrypt or decrypt. */
INLINE void change(const struct cipher_text *text, uint32_t offset, bool full, vector stream)
{
	vector out = _mm512_xor_si512(stream, load(text, offset, full));

	if (full)
		_mm512_storeu_si512(text->bytes + offset, out);
	else
		_mm512_mask_storeu_epi8(text->bytes + offset, bytes_at(text->len, offset), out);
}

INLINE void change_half(const struct cipher_text *text, uint32_t offset, __m256i stream)
{
	const __mmask32 mask = (__mmask32)bytes_at(text->len, offset);
	__m256i in = _mm256_maskz_loadu_epi8(mask, text->bytes + offset);

	_mm256_mask_storeu_epi8(text->bytes + offset, mask, _mm256_xor_si256(stream, in));
}

/* --- GHASH --------------------------------------------------------------------------------- */

/* Not reduced. Of one packet in four blocks that are to be added up, or of four packets. */
struct product {
	vector low, middle, high;
};

INLINE struct product multiply(vector a, vector b)
{
	return (struct product){
		.low = _mm512_clmulepi64_epi128(a, b, 0x00),
		.middle = _mm512_xor_si512(_mm512_clmulepi64_epi128(a, b, 0x01),
					   _mm512_clmulepi64_epi128(a, b, 0x10)),
		.high = _mm512_clmulepi64_epi128(a, b, 0x11),
	};
}

INLINE void multiply_add(struct product *sum, vector a, vector b)
{
	sum->low = _mm512_xor_si512(sum->low, _mm512_clmulepi64_epi128(a, b, 0x00));
	sum->middle = XOR3(sum->middle, _mm512_clmulepi64_epi128(a, b, 0x01),
			   _mm512_clmulepi64_epi128(a, b, 0x10));
	sum->high = _mm512_xor_si512(sum->high, _mm512_clmulepi64_epi128(a, b, 0x11));
}

INLINE vector add_two(vector a, vector b)
{
	return _mm512_xor_si512(_mm512_mask_blend_epi64(0xf0, a, b),
				_mm512_shuffle_i64x2(a, b, 0x4e));
}

/* Of a and b, the four blocks added up are half in blocks 0 and 1 of the result, and half in blocks
 * 2 and 3. */
INLINE struct product two(const struct product *a, const struct product *b)
{
	return (struct product){add_two(a->low, b->low), add_two(a->middle, b->middle),
				add_two(a->high, b->high)};
}

INLINE vector add_four(vector ab, vector cd)
{
	vector other = _mm512_mask_blend_epi64(0x33, ab, cd);

	return _mm512_xor_si512(_mm512_mask_blend_epi64(0xcc, ab, cd),
				_mm512_shuffle_i64x2(other, other, 0xb1));
}

/* From two results of two(), the sums of four packets, in the order of lane_of. */
INLINE struct product all_four(const struct product *ab, const struct product *cd)
{
	return (struct product){add_four(ab->low, cd->low), add_four(ab->middle, cd->middle),
				add_four(ab->high, cd->high)};
}

/* Modulo x^128 + x^127 + x^126 + x^121 + 1, GCM's polynomial with its bits reversed. */
INLINE vector reduce(const struct product *product)
{
	const vector polynomial =
		_mm512_broadcast_i32x4(_mm_set_epi64x((int64_t)0xc200000000000000, 1));
	vector folded = XOR3(product->middle, _mm512_shuffle_epi32(product->low, 0x4e),
			     _mm512_clmulepi64_epi128(polynomial, product->low, 0x01));

	return XOR3(product->high, _mm512_shuffle_epi32(folded, 0x4e),
		    _mm512_clmulepi64_epi128(polynomial, folded, 0x01));
}

/* The power for the first block of a text. Its last block has the second power, as the block of
 * lengths follows it. */
INLINE const uint8_t *powers_of(const struct cipher_key *key, const struct cipher_text *text)
{
	return key->bytes + CIPHER_MANY_POWERS_END - 16 - (size_t)16 * ((text->len + 15) / 16);
}

/* What a text of width whole vectors (the last one perhaps not full) and perhaps half a vector adds
 * up to. Powers that are read behind the first one are multiplied by blocks of zeros. */
INLINE struct product hash(const struct cipher_key *key, const struct cipher_text *text,
			   const unsigned width, const bool half)
{
	const uint8_t *powers = powers_of(key, text);
	struct product sum;
	vector block;

	block = _mm512_shuffle_epi8(load(text, 0, width > 1 || half), reverse_bytes());
	sum = multiply(block, _mm512_loadu_si512(powers));
	if (width > 1) {
		block = _mm512_shuffle_epi8(load(text, VECTOR, false), reverse_bytes());
		multiply_add(&sum, block, _mm512_loadu_si512(powers + VECTOR));
	}
	if (half) {
		const __mmask32 mask = (__mmask32)bytes_at(text->len, VECTOR);
		vector power = _mm512_zextsi256_si512(
			_mm256_loadu_si256((const __m256i *)(powers + VECTOR)));

		block = _mm512_zextsi256_si512(
			_mm256_shuffle_epi8(_mm256_maskz_loadu_epi8(mask, text->bytes + VECTOR),
					    _mm512_castsi512_si256(reverse_bytes())));
		multiply_add(&sum, block, power);
	}
	return sum;
}

/* The tags before they are encrypted, in the order of lane_of. */
INLINE vector hash_end(const struct cipher_key *key, const struct cipher_text *const *texts,
		       struct product sum)
{
	const vector lengths =
		_mm512_set_epi64(0, (int64_t)texts[3]->len * 8, 0, (int64_t)texts[1]->len * 8, 0,
				 (int64_t)texts[2]->len * 8, 0, (int64_t)texts[0]->len * 8);
	const vector power = _mm512_broadcast_i32x4(
		_mm_loadu_si128((const __m128i *)(key->bytes + CIPHER_MANY_POWERS_END - 16)));

	sum.low = _mm512_xor_si512(sum.low, _mm512_clmulepi64_epi128(lengths, power, 0x00));
	sum.middle = _mm512_xor_si512(sum.middle, _mm512_clmulepi64_epi128(lengths, power, 0x10));
	return _mm512_shuffle_epi8(reduce(&sum), reverse_bytes());
}

INLINE __m128i lane(vector blocks, unsigned packet)
{
	switch (lane_of[packet]) {
	case 0:
		return _mm512_castsi512_si128(blocks);
	case 1:
		return _mm512_extracti64x2_epi64(blocks, 1);
	case 2:
		return _mm512_extracti64x2_epi64(blocks, 2);
	default:
		return _mm512_extracti64x2_epi64(blocks, 3);
	}
}

INLINE void put_tags(const struct cipher_text *const *texts, vector tag)
{
	for (unsigned p = 0; p < LANES; p++)
		_mm_storeu_si128((__m128i *)icv_of(texts[p]), lane(tag, p));
}

/* A bit for each packet whose tag is the right one. All bytes of all tags are compared. */
INLINE unsigned compare_tags(const struct cipher_text *const *texts, vector tag)
{
	unsigned same = 0;

	for (unsigned p = 0; p < LANES; p++) {
		__m128i icv = _mm_loadu_si128((const __m128i *)icv_of(texts[p]));

		same |= (unsigned)(_mm_cmpeq_epi64_mask(_mm_xor_si128(icv, lane(tag, p)),
							_mm_setzero_si128()) == 3)
			<< p;
	}
	return same;
}

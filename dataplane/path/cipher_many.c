/* SPDX-License-Identifier: BSD-3-Clause */
#include "cipher_many.h"

#include <cpuid.h>
#include <string.h>

#define LANES     4u
#define PART      64u
#define LISTS     (CIPHER_MANY_LONGEST / PART + 1)
#define PAD_UP_TO 128u /* above, a text without partners costs less alone than with idle ones */

/* --- which CPU ----------------------------------------------------------------------------- */

/* Bits of CPUID and XCR0 (Intel SDM, volume 2, CPUID; volume 1, 13.3). */
#define OSXSAVE (1u << 27)
#define NEEDED_EBX                                                                                 \
	(1u << 8 | 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31) /* BMI2, AVX-512 F DQ BW VL */
#define NEEDED_ECX (1u << 9 | 1u << 10)                       /* VAES, VPCLMULQDQ */
#define XCR0_ZMM   0xe6u /* SSE, AVX, and all three parts of AVX-512 */

struct cipher_cpu cipher_many_cpu(void)
{
	struct cipher_cpu cpu = {0};
	uint32_t a, b, c, d, low, high;

	if (__get_cpuid(1, &a, &b, &c, &d))
		cpu.leaf_1_ecx = c;
	if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) {
		cpu.leaf_7_ebx = b;
		cpu.leaf_7_ecx = c;
	}
	if (cpu.leaf_1_ecx & OSXSAVE) {
		__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
		cpu.xcr0 = (uint64_t)high << 32 | low;
	}
	return cpu;
}

const struct cipher_many *cipher_many_choose(const struct cipher_cpu *cpu, enum covey_cipher cipher)
{
	if ((cpu->leaf_1_ecx & OSXSAVE) == 0 || (cpu->xcr0 & XCR0_ZMM) != XCR0_ZMM ||
	    (cpu->leaf_7_ebx & NEEDED_EBX) != NEEDED_EBX ||
	    (cpu->leaf_7_ecx & NEEDED_ECX) != NEEDED_ECX)
		return NULL;
	switch (cipher) {
	case COVEY_AES_256_GCM:
		return &cipher_many_avx512_256;
	case COVEY_AES_128_GCM:
		return &cipher_many_avx512_128;
	}
	return NULL;
}

/* --- sorting ------------------------------------------------------------------------------- */

/* Texts by length. All of a list have one form. */
struct lists {
	uint32_t used; /* bits of those with texts */
	uint8_t counts[LISTS];
	uint8_t places[LISTS][CIPHER_MANY_TEXTS]; /* in the call's texts */
};

/* 0 to 64 bytes, 65 to 96, 97 to 128, and then by parts. */
static inline unsigned list_of(uint32_t len)
{
	unsigned parts = (len + PART - 1) / PART;

	return parts - (parts > 0 && len <= 96);
}

static inline enum cipher_many_form form_of(unsigned list)
{
	if (list <= 2)
		return (enum cipher_many_form)list;
	return list % 2 == 1 ? CIPHER_MANY_ODD : CIPHER_MANY_EVEN;
}

static inline uint8_t *header_of(const struct cipher_text *text)
{
	return text->bytes - sizeof(struct covey_vpe_header);
}

static void seal_alone(const struct cipher *cipher, const struct cipher_key *key,
		       struct cipher_context *context, const struct cipher_text *text)
{
	uint8_t *header = header_of(text);

	cipher_seal(cipher, key, context, header + COVEY_VPE_IV_OFFSET, text->bytes, text->len,
		    header + COVEY_VPE_ICV_OFFSET);
}

static bool open_alone(const struct cipher *cipher, const struct cipher_key *key,
		       struct cipher_context *context, const struct cipher_text *text)
{
	uint8_t *header = header_of(text);

	return cipher_open(cipher, key, context, header + COVEY_VPE_IV_OFFSET, text->bytes,
			   text->len, header + COVEY_VPE_ICV_OFFSET);
}

/* Returns a bit for each text that is in no list. */
static uint64_t sort(struct lists *lists, const struct cipher_text *const *texts, unsigned count)
{
	uint64_t alone = 0;

	lists->used = 0;
	for (unsigned i = 0; i < count; i++) {
		unsigned list = list_of(texts[i]->len);

		if (unlikely(texts[i]->len > CIPHER_MANY_LONGEST)) {
			alone |= UINT64_C(1) << i;
			continue;
		}
		if ((lists->used & 1u << list) == 0)
			lists->counts[list] = 0;
		lists->used |= 1u << list;
		lists->places[list][lists->counts[list]++] = (uint8_t)i;
	}
	return alone;
}

/* Of a list, how many texts go side by side with others; with idle ones, if that pays. */
static inline unsigned together(unsigned list, unsigned count)
{
	unsigned rest = count % LANES;

	if (rest > 1 && list <= PAD_UP_TO / PART)
		return count;
	return count - rest;
}

/*
 * Gather the texts of a list, and idle ones up to a multiple of LANES. Idle texts are the context's
 * own memory, with IVs that no packet has: their SenderID is 0.
 */
static unsigned gather(const struct lists *lists, unsigned list, unsigned count,
		       const struct cipher_text *const *texts, struct cipher_text idle[LANES - 1],
		       struct cipher_context *context,
		       const struct cipher_text *ret_texts[CIPHER_MANY_TEXTS + LANES])
{
	unsigned filled = count;

	for (unsigned i = 0; i < count; i++)
		ret_texts[i] = texts[lists->places[list][i]];
	while (filled % LANES != 0) {
		struct cipher_text *text = &idle[filled - count];

		text->bytes = context->idle[filled - count] + sizeof(struct covey_vpe_header);
		text->len = ret_texts[0]->len;
		ret_texts[filled++] = text;
	}
	return filled;
}

/* --- both ways ----------------------------------------------------------------------------- */

/* The longer forms may put what does not fit into registers on the stack below their caller's. */
static __rte_noinline void wipe_stack(void)
{
	uint8_t bytes[2048];

	explicit_bzero(bytes, sizeof(bytes));
}

static void seal_list(const struct cipher *cipher, const struct cipher_key *key,
		      struct cipher_context *context, const struct cipher_text *const *texts,
		      const struct lists *lists, unsigned list)
{
	const struct cipher_text *gathered[CIPHER_MANY_TEXTS + LANES];
	struct cipher_text idle[LANES - 1];
	unsigned count = together(list, lists->counts[list]), filled;

	for (unsigned i = count; i < lists->counts[list]; i++)
		seal_alone(cipher, key, context, texts[lists->places[list][i]]);
	if (count == 0)
		return;
	filled = gather(lists, list, count, texts, idle, context, gathered);
	cipher->many->forms[form_of(list)].seal(key, gathered, filled);
}

/* Most bursts have packets of one length. The form of all texts, if they are of one list and fill
 * all places; otherwise CIPHER_MANY_FORMS. */
static inline enum cipher_many_form common_form(const struct cipher_text *const *texts,
						unsigned count)
{
	unsigned list, others = 0;

	if (count == 0 || count % LANES != 0)
		return CIPHER_MANY_FORMS;
	list = list_of(texts[0]->len);
	for (unsigned i = 1; i < count; i++)
		others |= list_of(texts[i]->len) ^ list;
	return others == 0 && list < LISTS ? form_of(list) : CIPHER_MANY_FORMS;
}

void cipher_seal_many(const struct cipher *cipher, const struct cipher_key *key,
		      struct cipher_context *context, const struct cipher_text *const *texts,
		      unsigned count)
{
	enum cipher_many_form form = common_form(texts, count);
	struct lists lists;
	uint64_t alone;
	bool is_long;

	if (likely(form != CIPHER_MANY_FORMS)) {
		cipher->many->forms[form].seal(key, texts, count);
		if (form > CIPHER_MANY_128)
			wipe_stack();
		return;
	}
	alone = sort(&lists, texts, count);
	is_long = lists.used >> (PAD_UP_TO / PART + 1) != 0;
	for (; lists.used != 0; lists.used &= lists.used - 1)
		seal_list(cipher, key, context, texts, &lists, (unsigned)__builtin_ctz(lists.used));
	for (; alone != 0; alone &= alone - 1)
		seal_alone(cipher, key, context, texts[__builtin_ctzll(alone)]);
	if (is_long)
		wipe_stack();
}

static void wipe_texts(const struct cipher_text *const *texts, uint64_t which)
{
	for (; which != 0; which &= which - 1) {
		const struct cipher_text *text = texts[__builtin_ctzll(which)];

		explicit_bzero(text->bytes, text->len);
	}
}

static uint64_t open_list(const struct cipher *cipher, const struct cipher_key *key,
			  struct cipher_context *context, const struct cipher_text *const *texts,
			  const struct lists *lists, unsigned list)
{
	const struct cipher_text *gathered[CIPHER_MANY_TEXTS + LANES];
	struct cipher_text idle[LANES - 1];
	unsigned count = together(list, lists->counts[list]), filled;
	uint64_t good = 0, opened;

	for (unsigned i = count; i < lists->counts[list]; i++) {
		uint8_t place = lists->places[list][i];

		good |= (uint64_t)open_alone(cipher, key, context, texts[place]) << place;
	}
	if (count == 0)
		return good;
	filled = gather(lists, list, count, texts, idle, context, gathered);
	opened = cipher->many->forms[form_of(list)].open(key, gathered, filled);
	for (unsigned i = 0; i < count; i++) {
		if (likely(opened >> i & 1))
			good |= UINT64_C(1) << lists->places[list][i];
		else
			explicit_bzero(gathered[i]->bytes, gathered[i]->len);
	}
	return good;
}

uint64_t cipher_open_many(const struct cipher *cipher, const struct cipher_key *key,
			  struct cipher_context *context, const struct cipher_text *const *texts,
			  unsigned count)
{
	enum cipher_many_form form = common_form(texts, count);
	uint64_t alone, good = 0;
	struct lists lists;
	bool is_long;

	if (likely(form != CIPHER_MANY_FORMS)) {
		good = cipher->many->forms[form].open(key, texts, count);
		wipe_texts(texts, ~good & UINT64_MAX >> (CIPHER_MANY_TEXTS - count));
		if (form > CIPHER_MANY_128)
			wipe_stack();
		return good;
	}
	alone = sort(&lists, texts, count);
	is_long = lists.used >> (PAD_UP_TO / PART + 1) != 0;
	for (; lists.used != 0; lists.used &= lists.used - 1)
		good |= open_list(cipher, key, context, texts, &lists,
				  (unsigned)__builtin_ctz(lists.used));
	for (; alone != 0; alone &= alone - 1) {
		unsigned place = (unsigned)__builtin_ctzll(alone);

		good |= (uint64_t)open_alone(cipher, key, context, texts[place]) << place;
	}
	if (is_long)
		wipe_stack();
	return good;
}

/* --- the same as the library? -------------------------------------------------------------- */

#define CHECKED 8u /* texts of one length at a time */

/* A VPE header and its text. */
struct sample {
	uint8_t bytes[sizeof(struct covey_vpe_header) + CIPHER_MANY_LONGEST];
};

static void fill(struct sample samples[CHECKED], uint32_t seed)
{
	uint8_t *bytes = samples[0].bytes;

	for (size_t i = 0; i < CHECKED * sizeof(samples[0]); i++) {
		seed = seed * 1664525 + 1013904223;
		bytes[i] = (uint8_t)(seed >> 24);
	}
}

/* Texts from this length on, a byte longer each, within one form. */
static bool check_length(const struct cipher *cipher, const struct cipher_key *key,
			 struct cipher_context *context, uint32_t len)
{
	struct sample ours[CHECKED], theirs[CHECKED];
	struct cipher_text texts[CHECKED];
	const struct cipher_text *all[CHECKED];
	uint64_t wrong = UINT64_C(1) << len % CHECKED;

	fill(ours, len);
	memcpy(theirs, ours, sizeof(theirs));
	for (unsigned i = 0; i < CHECKED; i++) {
		uint32_t longer = len + i * 3 % 16;

		texts[i].bytes = ours[i].bytes + sizeof(struct covey_vpe_header);
		texts[i].len = list_of(longer) == list_of(len) ? longer : len;
		all[i] = &texts[i];
		seal_alone(cipher, key, context,
			   &(struct cipher_text){theirs[i].bytes + sizeof(struct covey_vpe_header),
						 texts[i].len});
	}
	cipher_seal_many(cipher, key, context, all, CHECKED);
	if (memcmp(ours, theirs, sizeof(ours)) != 0)
		return false;
	ours[len % CHECKED].bytes[COVEY_VPE_ICV_OFFSET + len % COVEY_ICV_LEN] ^= 1;
	if (cipher_open_many(cipher, key, context, all, CHECKED) != (UINT64_C(0xff) & ~wrong))
		return false;
	fill(theirs, len);
	for (unsigned i = 0; i < CHECKED; i++)
		if (i != len % CHECKED &&
		    memcmp(texts[i].bytes, theirs[i].bytes + sizeof(struct covey_vpe_header),
			   texts[i].len) != 0)
			return false;
	return true;
}

bool cipher_many_check(const struct cipher *cipher, struct cipher_context *context)
{
	static const uint8_t key[32] = "not secret: it is for a check.";
	struct cipher_key expanded;
	bool same = true;

	cipher->expand(key, (struct gcm_key_data *)&expanded);
	for (uint32_t len = 0; same && len <= CIPHER_MANY_LONGEST; len += 16)
		same = check_length(cipher, &expanded, context, len);
	return same;
}

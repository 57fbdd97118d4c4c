/* SPDX-License-Identifier: BSD-3-Clause */
#include "cipher_many.h"
#include "hex.h"
#include "reference.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#define HEADER  sizeof(struct covey_vpe_header)
#define LONGEST 2048u
#define ROOM    (HEADER + LONGEST)

static const enum covey_cipher ciphers_tried[] = {COVEY_AES_256_GCM, COVEY_AES_128_GCM};

static struct ciphers *ciphers;
static struct cipher_context context;
static uint64_t random_state = 0x9e3779b97f4a7c15;

/* Texts of a call: ours, and what the reference makes of the same bytes. */
static uint8_t ours[CIPHER_MANY_TEXTS][ROOM + 64], theirs[CIPHER_MANY_TEXTS][ROOM + 64];
static struct cipher_text texts[CIPHER_MANY_TEXTS];
static const struct cipher_text *all[CIPHER_MANY_TEXTS];

static uint32_t random_below(uint32_t end)
{
	random_state = random_state * 6364136223846793005 + 1442695040888963407;
	return (uint32_t)((random_state >> 33) % end);
}

static void randomize(uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)random_below(256);
}

static const struct cipher *functions_of(enum covey_cipher cipher)
{
	return &ciphers_get(ciphers, cipher)[0];
}

static int setup(void **state)
{
	int status = hex_have_vectors(state);

	for (unsigned i = 0; i < CIPHER_MANY_TEXTS; i++)
		all[i] = &texts[i];
	return status == 0 ? ciphers_new(1, true, &ciphers) : status;
}

static int teardown(void **state)
{
	ciphers_free(ciphers);
	return 0;
}

/* What this machine cannot run is not tested on it, and the test says so. */
static bool is_here(void)
{
	if (ciphers_many(ciphers) == CIPHER_MANY_AVX512)
		return true;
	assert_int_equal(ciphers_many(ciphers), CIPHER_MANY_NO_CPU);
	print_message("note: this CPU has no AVX-512 with VAES: only the choice is tested\n");
	return false;
}

/* --- a call and the reference --------------------------------------------------------------- */

/* Place text i at this offset, with this length and random bytes. Around it is a pattern. */
static void place(unsigned i, uint32_t len, unsigned offset)
{
	memset(ours[i], 0xa5, sizeof(ours[i]));
	randomize(ours[i] + offset, HEADER + len);
	texts[i] = (struct cipher_text){ours[i] + offset + HEADER, len};
}

static uint8_t *their_header(unsigned i)
{
	return theirs[i] + (texts[i].bytes - HEADER - ours[i]);
}

/* Seal the texts, and compare all bytes with those of OpenSSL. */
static void seal_as_reference(enum covey_cipher cipher, const uint8_t *key,
			      const struct cipher_key *expanded, unsigned count)
{
	cipher_seal_many(functions_of(cipher), expanded, &context, all, count);
	for (unsigned i = 0; i < count; i++) {
		uint8_t *header = their_header(i), plain[LONGEST];

		memcpy(plain, header + HEADER, texts[i].len);
		reference_gcm(cipher, key, header + COVEY_VPE_IV_OFFSET, plain, texts[i].len,
			      header + HEADER, header + COVEY_VPE_ICV_OFFSET);
		assert_memory_equal(ours[i], theirs[i], sizeof(ours[i]));
	}
}

/* Open what was sealed; the texts in wrong have a bit of their tag changed. plain: as it was. */
static void open_again(enum covey_cipher cipher, const struct cipher_key *expanded, unsigned count,
		       uint64_t wrong, uint8_t plain[][ROOM + 64])
{
	const uint64_t every = count == 64 ? UINT64_MAX : (UINT64_C(1) << count) - 1;

	for (unsigned i = 0; i < count; i++)
		if (wrong >> i & 1)
			(texts[i].bytes - HEADER + COVEY_VPE_ICV_OFFSET)[random_below(16)] ^=
				(uint8_t)(1 << random_below(8));
	assert_int_equal(cipher_open_many(functions_of(cipher), expanded, &context, all, count),
			 every & ~wrong);
	for (unsigned i = 0; i < count; i++) {
		size_t at = (size_t)(texts[i].bytes - ours[i]);

		for (uint32_t byte = 0; byte < texts[i].len; byte++)
			assert_int_equal(texts[i].bytes[byte],
					 wrong >> i & 1 ? 0 : plain[i][at + byte]);
		assert_memory_equal(ours[i] + at + texts[i].len, theirs[i] + at + texts[i].len,
				    sizeof(ours[i]) - at - texts[i].len);
	}
}

static uint8_t before[CIPHER_MANY_TEXTS][ROOM + 64];

static void both_ways(enum covey_cipher cipher, unsigned count, uint64_t wrong)
{
	struct cipher_key expanded;
	uint8_t key[32];

	randomize(key, sizeof(key));
	assert_int_equal(cipher_expand(ciphers, cipher, key, &expanded), 0);
	memcpy(before, ours, count * sizeof(ours[0]));
	memcpy(theirs, ours, count * sizeof(ours[0]));
	seal_as_reference(cipher, key, &expanded, count);
	open_again(cipher, &expanded, count, wrong, before);
}

/* Each length from 0 on, at each place in a cache line, a group of neighbours at a time. */
static void test_every_length_and_place(void **state)
{
	if (!is_here())
		return;
	for (uint32_t len = 0; len <= LONGEST; len++) {
		unsigned count = len <= 128 ? 64 : len <= CIPHER_MANY_LONGEST ? 8 : 4;

		for (unsigned i = 0; i < count; i++)
			place(i, len, count == 64 ? i : (len * 7 + i * 9) % 64);
		both_ways(ciphers_tried[len % 2], count, UINT64_C(1) << len % count);
		if (len > 128)
			continue;
		both_ways(ciphers_tried[(len + 1) % 2], 64, UINT64_C(1) << (len + 1) % 64);
	}
}

/* Every number of texts, and in each of their places a wrong tag. */
static void test_every_lane(void **state)
{
	static const uint32_t lens[] = {0, 1, 64, 92, 96, 97, 128, 129, 192, 256, 700, 704, 705};

	if (!is_here())
		return;
	for (unsigned l = 0; l < RTE_DIM(lens); l++)
		for (unsigned count = 1; count <= 9; count++)
			for (unsigned wrong = 0; wrong < count; wrong++) {
				for (unsigned i = 0; i < count; i++)
					place(i, lens[l], i);
				both_ways(ciphers_tried[l % 2], count, UINT64_C(1) << wrong);
			}
	for (unsigned i = 0; i < 12; i++)
		place(i, 92, i);
	both_ways(COVEY_AES_256_GCM, 12, 0xfff);
	cipher_seal_many(functions_of(COVEY_AES_256_GCM), NULL, &context, all, 0);
	assert_int_equal(cipher_open_many(functions_of(COVEY_AES_256_GCM), NULL, &context, all, 0),
			 0);
}

/* Empty, full, short and long ones in one call, in any order, and any of them wrong. */
static void test_mixed(void **state)
{
	const unsigned rounds = getenv("COVEY_TEST_LONG")      ? 4000000
				: getenv("COVEY_TEST_SHALLOW") ? 300
							       : 6000;
	unsigned long tried = 0;

	if (!is_here())
		return;
	for (unsigned round = 0; round < rounds; round++) {
		unsigned count = 1 + random_below(CIPHER_MANY_TEXTS);
		uint32_t most = round % 3 == 0 ? 129 : round % 3 == 1 ? 720 : LONGEST + 1;

		for (unsigned i = 0; i < count; i++)
			place(i, random_below(most), random_below(64));
		both_ways(ciphers_tried[round % 2], count,
			  round % 5 == 0 ? ((uint64_t)random_below(UINT32_MAX) << 32 |
					    random_below(UINT32_MAX)) &
						   (UINT64_MAX >> (64 - count))
					 : 0);
		tried += count;
		if (round % 100000 == 99999)
			print_message("%lu packets\n", tried);
	}
	if (!getenv("COVEY_TEST_LONG"))
		print_message("note: shallow: %lu packets in mixed calls against OpenSSL\n", tried);
}

/* --- published vectors ---------------------------------------------------------------------- */

static void test_published(void **state)
{
	char key[80], iv[40], plain[1100], sealed[1100], tag[40], verdict[16];
	FILE *file = hex_vectors("gcm");
	unsigned valid = 0, forged = 0;

	while (is_here() && fscanf(file, "%79s %39s %1099s %1099s %39s %15s", key, iv, plain,
				   sealed, tag, verdict) == 6) {
		bool good = strcmp(verdict, "valid") == 0;
		struct cipher_key expanded;
		uint8_t bytes[32], expected[512];
		enum covey_cipher cipher =
			hex_read(key, bytes) == 32 ? COVEY_AES_256_GCM : COVEY_AES_128_GCM;
		size_t len;

		assert_int_equal(cipher_expand(ciphers, cipher, bytes, &expanded), 0);
		for (unsigned i = 0; i < 4; i++) {
			texts[i].bytes = ours[i] + HEADER;
			texts[i].len = (uint32_t)hex_read(sealed, texts[i].bytes);
			hex_read(iv, ours[i] + COVEY_VPE_IV_OFFSET);
			hex_read(tag, ours[i] + COVEY_VPE_ICV_OFFSET);
		}
		assert_int_equal(
			cipher_open_many(functions_of(cipher), &expanded, &context, all, 4),
			good ? 0xf : 0);
		len = hex_read(plain, expected);
		for (unsigned i = 0; good && i < 4; i++)
			assert_memory_equal(texts[i].bytes, expected, len);
		if (good) {
			cipher_seal_many(functions_of(cipher), &expanded, &context, all, 4);
			hex_read(sealed, expected);
			for (unsigned i = 0; i < 4; i++)
				assert_memory_equal(texts[i].bytes, expected, len);
			hex_read(tag, expected);
			for (unsigned i = 0; i < 4; i++)
				assert_memory_equal(ours[i] + COVEY_VPE_ICV_OFFSET, expected, 16);
		}
		*(good ? &valid : &forged) += 1;
	}
	hex_close(file);
	assert_true(!is_here() || (valid > 200 && forged > 50));
}

/* --- memory --------------------------------------------------------------------------------- */

/* A text that ends where memory ends, and one whose header begins where memory begins. */
static void test_edges_of_memory(void **state)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *memory, *start, *end, key[32] = {1};
	struct cipher_key expanded;

	if (!is_here())
		return;
	memory = mmap(NULL, 4 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(memory, MAP_FAILED);
	assert_int_equal(mprotect(memory, page, PROT_NONE), 0);
	assert_int_equal(mprotect(memory + 3 * page, page, PROT_NONE), 0);
	start = memory + page;
	end = memory + 3 * page;
	assert_int_equal(cipher_expand(ciphers, COVEY_AES_256_GCM, key, &expanded), 0);
	for (uint32_t len = 0; len <= CIPHER_MANY_LONGEST; len++) {
		struct cipher_text at_edges[4];
		const struct cipher_text *pointers[4];

		for (unsigned i = 0; i < 4; i++) {
			bool first = i % 2 == 0;
			uint8_t *edge = first ? start + HEADER : end - len;

			/* Two of each: the others a little inside. */
			if (i >= 2)
				edge += first ? 900 : -900;
			at_edges[i] = (struct cipher_text){edge, len};
			pointers[i] = &at_edges[i];
		}
		cipher_seal_many(functions_of(COVEY_AES_256_GCM), &expanded, &context, pointers, 4);
		assert_int_equal(cipher_open_many(functions_of(COVEY_AES_256_GCM), &expanded,
						  &context, pointers, 4),
				 0xf);
	}
	munmap(memory, 4 * page);
}

#define STACK_BYTES (256u << 10)

static ucontext_t test_side, cipher_side;
static struct cipher_key secret_key;
static unsigned secret_count;

static void on_own_stack(void)
{
	cipher_seal_many(functions_of(COVEY_AES_256_GCM), &secret_key, &context, all, secret_count);
	cipher_open_many(functions_of(COVEY_AES_256_GCM), &secret_key, &context, all, secret_count);
}

static void expect_absent(const uint8_t *stack, const uint8_t *secret, const char *what)
{
	if (memmem(stack, STACK_BYTES, secret, 16))
		fail_msg("%s is on the stack after the call", what);
}

/* Neither round keys, powers of the hash key, nor keystream stay behind on the stack. */
static void test_stack_is_clean(void **state)
{
	uint8_t *stack = malloc(STACK_BYTES), key[32];

	/* The sanitizer keeps variables in frames of its own, and knows no other stack. */
#ifdef __SANITIZE_ADDRESS__
	free(stack);
	print_message("note: shallow: the stack is not searched under AddressSanitizer\n");
	return;
#endif
	if (!is_here() || !stack) {
		free(stack);
		return;
	}
	randomize(key, sizeof(key));
	assert_int_equal(cipher_expand(ciphers, COVEY_AES_256_GCM, key, &secret_key), 0);
	for (uint32_t len = 60; len <= CIPHER_MANY_LONGEST; len += 36) {
		secret_count = len % 72 == 0 ? 8 : 7;
		for (unsigned i = 0; i < secret_count; i++)
			place(i, len, 0);
		memcpy(before, ours, sizeof(before));
		memset(stack, 0, STACK_BYTES);
		getcontext(&cipher_side);
		cipher_side.uc_stack.ss_sp = stack;
		cipher_side.uc_stack.ss_size = STACK_BYTES;
		cipher_side.uc_link = &test_side;
		makecontext(&cipher_side, on_own_stack, 0);
		assert_int_equal(swapcontext(&test_side, &cipher_side), 0);
		for (unsigned block = 0; block + 16 <= CIPHER_MANY_POWERS_END; block += 16)
			expect_absent(stack, secret_key.bytes + block, "a part of the key");
		cipher_seal_many(functions_of(COVEY_AES_256_GCM), &secret_key, &context, all,
				 secret_count);
		for (unsigned i = 0; i < secret_count; i++)
			for (uint32_t at = 0; at + 16 <= len; at += 16) {
				uint8_t stream[16];

				for (unsigned byte = 0; byte < 16; byte++)
					stream[byte] = ours[i][HEADER + at + byte] ^
						       before[i][HEADER + at + byte];
				expect_absent(stack, stream, "keystream");
			}
	}
	free(stack);
}

/* --- the choice ----------------------------------------------------------------------------- */

static const struct cipher_cpu able = {
	.leaf_1_ecx = 1u << 27,
	.leaf_7_ebx = 1u << 8 | 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31,
	.leaf_7_ecx = 1u << 9 | 1u << 10,
	.xcr0 = 0xe7,
};

/* Each bit counts. Most of all: a CPU that has the instructions, with an operating system that does
 * not keep their registers. */
static void test_choice(void **state)
{
	assert_ptr_equal(cipher_many_choose(&able, COVEY_AES_256_GCM), &cipher_many_avx512_256);
	assert_ptr_equal(cipher_many_choose(&able, COVEY_AES_128_GCM), &cipher_many_avx512_128);
	assert_null(cipher_many_choose(&able, (enum covey_cipher)99));
	for (unsigned bit = 0; bit < 32; bit++) {
		struct cipher_cpu cpu = able;

		cpu.leaf_7_ebx &= ~(1u << bit);
		if (cpu.leaf_7_ebx != able.leaf_7_ebx)
			assert_null(cipher_many_choose(&cpu, COVEY_AES_256_GCM));
		cpu = able;
		cpu.leaf_7_ecx &= ~(1u << bit);
		if (cpu.leaf_7_ecx != able.leaf_7_ecx)
			assert_null(cipher_many_choose(&cpu, COVEY_AES_256_GCM));
		cpu = able;
		cpu.xcr0 &= ~(UINT64_C(1) << bit);
		if (bit >= 1 && cpu.xcr0 != able.xcr0)
			assert_null(cipher_many_choose(&cpu, COVEY_AES_256_GCM));
	}
	assert_null(cipher_many_choose(&(struct cipher_cpu){.leaf_7_ebx = able.leaf_7_ebx,
							    .leaf_7_ecx = able.leaf_7_ecx,
							    .xcr0 = able.xcr0},
				       COVEY_AES_256_GCM));
}

static void test_off(void **state)
{
	struct ciphers *library;

	assert_int_equal(ciphers_new(1, false, &library), 0);
	assert_int_equal(ciphers_many(library), CIPHER_MANY_OFF);
	assert_null(ciphers_get(library, COVEY_AES_256_GCM)->many);
	ciphers_free(library);
}

static void wrong_seal(const struct cipher_key *key, const struct cipher_text *const *many,
		       unsigned count)
{
	const struct cipher *cipher = functions_of(COVEY_AES_256_GCM);

	cipher->many->forms[CIPHER_MANY_96].seal(key, many, count);
	many[count - 1]->bytes[many[count - 1]->len - 1] ^= 1;
}

static uint64_t believing_open(const struct cipher_key *key, const struct cipher_text *const *many,
			       unsigned count)
{
	functions_of(COVEY_AES_256_GCM)->many->forms[CIPHER_MANY_ODD].open(key, many, count);
	return UINT64_MAX;
}

/* Code that makes one byte of one form wrong, or takes wrong tags, is found before it is used. */
static void test_check_finds(void **state)
{
	struct cipher cipher;
	struct cipher_many many;

	if (!is_here())
		return;
	cipher = *functions_of(COVEY_AES_256_GCM);
	assert_true(cipher_many_check(&cipher, &context));
	many = *cipher.many;
	many.forms[CIPHER_MANY_96].seal = wrong_seal;
	cipher.many = &many;
	assert_false(cipher_many_check(&cipher, &context));
	many = *functions_of(COVEY_AES_256_GCM)->many;
	many.forms[CIPHER_MANY_ODD].open = believing_open;
	assert_false(cipher_many_check(&cipher, &context));
	/* The functions of the other cipher. */
	cipher.many = functions_of(COVEY_AES_128_GCM)->many;
	assert_false(cipher_many_check(&cipher, &context));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_length_and_place),
		cmocka_unit_test(test_every_lane),
		cmocka_unit_test(test_mixed),
		cmocka_unit_test(test_published),
		cmocka_unit_test(test_edges_of_memory),
		cmocka_unit_test(test_stack_is_clean),
		cmocka_unit_test(test_choice),
		cmocka_unit_test(test_off),
		cmocka_unit_test(test_check_finds),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "cipher.h"
#include "cipher_many.h"
#include "library_copy.h"
#include <errno.h>
#include <intel-ipsec-mb.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(struct cipher_key) >= sizeof(struct gcm_key_data), "key fits");
_Static_assert(_Alignof(struct cipher_key) >= _Alignof(struct gcm_key_data), "key is aligned");
_Static_assert(sizeof(struct cipher_context) >= sizeof(struct gcm_context_data), "context fits");

/*
 * Of the library's manager, the direct API uses only the table of functions. The functions keep
 * their state in key and context, except for one variable, "imb_errno", which each call sets to 0.
 */
struct ciphers {
	IMB_MGR *manager;
	int shared;      /* why workers share functions, a negative errno; 0: they do not */
	unsigned copies; /* of the library: one for each worker but the first */
	struct library_copy **copy;
	struct cipher *aes_128_gcm; /* by worker */
	struct cipher *aes_256_gcm;
	enum cipher_many_state many;
};

/* A function of the manager's table, or, at this distance, the same function in a copy of the
 * library. */
#define FUNCTION(name, distance) ((typeof(name))((intptr_t)(name) + (distance)))

/* The functions of the manager's table for keys of this number of bits. */
#define FUNCTIONS(manager, bits, distance)                                                         \
	{                                                                                          \
		.encrypt = FUNCTION((manager)->gcm##bits##_enc, distance),                         \
		.decrypt = FUNCTION((manager)->gcm##bits##_dec, distance),                         \
		.begin = FUNCTION((manager)->gcm##bits##_init, distance),                          \
		.encrypt_more = FUNCTION((manager)->gcm##bits##_enc_update, distance),             \
		.decrypt_more = FUNCTION((manager)->gcm##bits##_dec_update, distance),             \
		.encrypt_end = FUNCTION((manager)->gcm##bits##_enc_finalize, distance),            \
		.decrypt_end = FUNCTION((manager)->gcm##bits##_dec_finalize, distance),            \
		.expand = FUNCTION((manager)->gcm##bits##_pre, distance),                          \
		.round_keys_len = 16 * ((bits) / 32 + 7),                                          \
	}

/* With VAES, a key holds 48 powers of the hash key, from high to low, and short texts read the last
 * ones. Without VAES, it holds 8 powers from low to high, and for some CPUs holds them in two
 * forms; then all of them are prefetched. */
static void tell_powers(const struct ciphers *ciphers, struct cipher *cipher)
{
	const struct gcm_key_data *key = NULL;
	size_t start = offsetof(struct gcm_key_data, ghash_keys);
	size_t len = sizeof(key->ghash_keys.sse_avx);

	cipher->powers_min = (uint16_t)(len / 16);
	if (ciphers->manager->used_arch == IMB_ARCH_AVX512 &&
	    ciphers->manager->features & IMB_FEATURE_VAES) {
		len = sizeof(key->ghash_keys.vaes_avx512);
		cipher->powers_min = 1;
	}
	cipher->powers_max = (uint16_t)(len / 16);
	cipher->powers_end = (uint16_t)(start + len);
}

/* Make copies of the library, one for each worker but the first. */
static int copy_library(struct ciphers *ciphers, unsigned workers)
{
	ciphers->copy = calloc(workers, sizeof(ciphers->copy[0]));
	if (!ciphers->copy)
		return -ENOMEM;
	while (ciphers->copies + 1 < workers) {
		int status = library_copy_new((const void *)ciphers->manager->gcm256_enc,
					      &ciphers->copy[ciphers->copies]);

		if (status != 0)
			return status;
		ciphers->copies++;
	}
	return 0;
}

static int fill_tables(struct ciphers *ciphers, unsigned workers)
{
	ciphers->aes_128_gcm = calloc(workers, sizeof(ciphers->aes_128_gcm[0]));
	ciphers->aes_256_gcm = calloc(workers, sizeof(ciphers->aes_256_gcm[0]));
	if (!ciphers->aes_128_gcm || !ciphers->aes_256_gcm)
		return -ENOMEM;
	for (unsigned i = 0; i < workers; i++) {
		intptr_t distance = i > 0 && i <= ciphers->copies
					    ? library_copy_distance(ciphers->copy[i - 1])
					    : 0;

		ciphers->aes_128_gcm[i] = (struct cipher)FUNCTIONS(ciphers->manager, 128, distance);
		ciphers->aes_256_gcm[i] = (struct cipher)FUNCTIONS(ciphers->manager, 256, distance);
		tell_powers(ciphers, &ciphers->aes_128_gcm[i]);
		tell_powers(ciphers, &ciphers->aes_256_gcm[i]);
	}
	return 0;
}

/* Several packets at a time, if this CPU can and the results are the library's. */
static enum cipher_many_state choose_many(const struct ciphers *ciphers, unsigned workers)
{
	const struct cipher_cpu cpu = cipher_many_cpu();
	struct cipher try_128 = ciphers->aes_128_gcm[0], try_256 = ciphers->aes_256_gcm[0];
	struct cipher_context *context;
	bool same;

	try_128.many = cipher_many_choose(&cpu, COVEY_AES_128_GCM);
	try_256.many = cipher_many_choose(&cpu, COVEY_AES_256_GCM);
	if (!try_128.many || !try_256.many || try_256.powers_end != CIPHER_MANY_POWERS_END)
		return CIPHER_MANY_NO_CPU;
	context = aligned_alloc(_Alignof(struct cipher_context), sizeof(*context));
	if (!context)
		return CIPHER_MANY_DIFFERS;
	memset(context, 0, sizeof(*context));
	same = cipher_many_check(&try_128, context) && cipher_many_check(&try_256, context);
	free(context);
	if (!same)
		return CIPHER_MANY_DIFFERS;
	for (unsigned i = 0; i < workers; i++) {
		ciphers->aes_128_gcm[i].many = try_128.many;
		ciphers->aes_256_gcm[i].many = try_256.many;
	}
	return CIPHER_MANY_AVX512;
}

int ciphers_new(unsigned workers, bool many, struct ciphers **ret_ciphers)
{
	struct ciphers *ciphers = calloc(1, sizeof(*ciphers));
	int status = -ENOMEM;

	if (!ciphers)
		return -ENOMEM;
	ciphers->manager = alloc_mb_mgr(0);
	if (!ciphers->manager)
		goto fail;
	init_mb_mgr_auto(ciphers->manager, NULL);
	status = -ENOTSUP;
	if (imb_get_errno(ciphers->manager) != 0)
		goto fail;
	ciphers->shared = copy_library(ciphers, workers);
	status = fill_tables(ciphers, workers);
	if (status != 0)
		goto fail;
	ciphers->many = many ? choose_many(ciphers, workers) : CIPHER_MANY_OFF;
	*ret_ciphers = ciphers;
	return 0;
fail:
	ciphers_free(ciphers);
	return status;
}

void ciphers_free(struct ciphers *ciphers)
{
	if (!ciphers)
		return;
	for (unsigned i = 0; i < ciphers->copies; i++)
		library_copy_free(ciphers->copy[i]);
	free(ciphers->copy);
	free(ciphers->aes_128_gcm);
	free(ciphers->aes_256_gcm);
	if (ciphers->manager)
		free_mb_mgr(ciphers->manager);
	free(ciphers);
}

int ciphers_shared(const struct ciphers *ciphers)
{
	return ciphers->shared;
}

enum cipher_many_state ciphers_many(const struct ciphers *ciphers)
{
	return ciphers->many;
}

const struct cipher *ciphers_get(const struct ciphers *ciphers, enum covey_cipher cipher)
{
	switch (cipher) {
	case COVEY_AES_256_GCM:
		return ciphers->aes_256_gcm;
	case COVEY_AES_128_GCM:
		return ciphers->aes_128_gcm;
	}
	return NULL;
}

int cipher_expand(const struct ciphers *ciphers, enum covey_cipher cipher, const uint8_t *key,
		  struct cipher_key *ret_key)
{
	const struct cipher *functions = ciphers_get(ciphers, cipher);

	if (!functions)
		return -EINVAL;
	functions->expand(key, (struct gcm_key_data *)ret_key);
	return imb_get_errno(NULL) == 0 ? 0 : -EINVAL;
}

/* --- over segments ------------------------------------------------------------------------- */

/* Some bytes of a packet, beginning at offset in the segment. */
struct stretch {
	struct rte_mbuf *segment;
	uint32_t offset;
	uint32_t len;
};

/* Take the part of the stretch that lies in its first segment. Returns the part's length; 0 at the
 * end of the stretch. */
static uint32_t take(struct stretch *stretch, uint8_t **ret_data)
{
	uint32_t here;

	if (stretch->len == 0)
		return 0;
	while (stretch->offset >= stretch->segment->data_len) {
		stretch->offset -= stretch->segment->data_len;
		stretch->segment = stretch->segment->next;
	}
	here = RTE_MIN(stretch->len, stretch->segment->data_len - stretch->offset);
	*ret_data = rte_pktmbuf_mtod_offset(stretch->segment, uint8_t *, stretch->offset);
	stretch->offset += here;
	stretch->len -= here;
	return here;
}

static void transform(const struct cipher *cipher, aes_gcm_enc_dec_update_t more,
		      const struct gcm_key_data *key, struct gcm_context_data *context,
		      const uint8_t *iv, struct stretch stretch)
{
	uint8_t *data = NULL;
	uint32_t here;

	cipher->begin(key, context, iv, NULL, 0);
	while ((here = take(&stretch, &data)) > 0)
		more(key, context, data, data, here);
}

static void wipe(struct stretch stretch)
{
	uint8_t *data = NULL;
	uint32_t here;

	while ((here = take(&stretch, &data)) > 0)
		explicit_bzero(data, here);
}

void cipher_seal_chain(const struct cipher *cipher, const struct cipher_key *key,
		       struct cipher_context *context, const uint8_t iv[COVEY_IV_LEN],
		       struct rte_mbuf *packet, uint32_t offset, uint32_t len,
		       uint8_t icv[COVEY_ICV_LEN])
{
	const struct gcm_key_data *gcm_key = (const struct gcm_key_data *)key;
	struct gcm_context_data *gcm_context = (struct gcm_context_data *)context;

	transform(cipher, cipher->encrypt_more, gcm_key, gcm_context, iv,
		  (struct stretch){packet, offset, len});
	cipher->encrypt_end(gcm_key, gcm_context, icv, COVEY_ICV_LEN);
}

bool cipher_open_chain(const struct cipher *cipher, const struct cipher_key *key,
		       struct cipher_context *context, const uint8_t iv[COVEY_IV_LEN],
		       struct rte_mbuf *packet, uint32_t offset, uint32_t len,
		       const uint8_t icv[COVEY_ICV_LEN])
{
	const struct gcm_key_data *gcm_key = (const struct gcm_key_data *)key;
	struct gcm_context_data *gcm_context = (struct gcm_context_data *)context;
	uint8_t computed[COVEY_ICV_LEN];

	transform(cipher, cipher->decrypt_more, gcm_key, gcm_context, iv,
		  (struct stretch){packet, offset, len});
	cipher->decrypt_end(gcm_key, gcm_context, computed, COVEY_ICV_LEN);
	if (cipher_same_tag(computed, icv))
		return true;
	wipe((struct stretch){packet, offset, len});
	return false;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench_gcm.h"
#include <errno.h>
#include <stdio.h>

static void choose(struct bench_gcm *gcm, const IMB_MGR *manager, enum covey_cipher cipher)
{
	bool long_key = cipher == COVEY_AES_256_GCM;

	gcm->encrypt = long_key ? manager->gcm256_enc : manager->gcm128_enc;
	gcm->decrypt = long_key ? manager->gcm256_dec : manager->gcm128_dec;
	gcm->expand = long_key ? manager->gcm256_pre : manager->gcm128_pre;
	gcm->init = long_key ? manager->gcm256_init : manager->gcm128_init;
	gcm->encrypt_update = long_key ? manager->gcm256_enc_update : manager->gcm128_enc_update;
	gcm->decrypt_update = long_key ? manager->gcm256_dec_update : manager->gcm128_dec_update;
	gcm->encrypt_finalize =
		long_key ? manager->gcm256_enc_finalize : manager->gcm128_enc_finalize;
	gcm->decrypt_finalize =
		long_key ? manager->gcm256_dec_finalize : manager->gcm128_dec_finalize;
}

int bench_gcm_init(struct bench_gcm *gcm, enum covey_cipher cipher, const uint8_t *key)
{
	IMB_MGR *manager = alloc_mb_mgr(0);
	int status = 0;

	gcm->copy = NULL;
	if (!manager)
		return -ENOMEM;
	init_mb_mgr_auto(manager, NULL);
	if (imb_get_errno(manager) != 0) {
		status = -ENOTSUP;
	} else {
		choose(gcm, manager, cipher);
		bench_gcm_rekey(gcm, key);
	}
	/* The direct API keeps nothing in the manager: only its functions are wanted. */
	free_mb_mgr(manager);
	return status;
}

const char *bench_gcm_library(char *buf, size_t size)
{
	static const char *const names[IMB_ARCH_NUM] = {
		[IMB_ARCH_NONE] = "nothing", [IMB_ARCH_NOAESNI] = "no AES-NI",
		[IMB_ARCH_SSE] = "SSE",      [IMB_ARCH_AVX] = "AVX",
		[IMB_ARCH_AVX2] = "AVX2",    [IMB_ARCH_AVX512] = "AVX-512",
	};
	IMB_MGR *manager = alloc_mb_mgr(0);
	unsigned arch = IMB_ARCH_NONE;
	bool vaes = false;

	if (manager) {
		init_mb_mgr_auto(manager, NULL);
		arch = manager->used_arch < IMB_ARCH_NUM ? manager->used_arch : IMB_ARCH_NONE;
		vaes = arch == IMB_ARCH_AVX512 && manager->features & IMB_FEATURE_VAES;
		free_mb_mgr(manager);
	}
	snprintf(buf, size, "ipsec-mb %s with %s%s", imb_get_version_str(), names[arch],
		 vaes ? " and VAES" : "");
	return buf;
}

/* Segment by segment. */
static void chained(const struct bench_gcm *gcm, bool encrypt, struct gcm_context_data *context,
		    struct rte_mbuf *packet, uint32_t offset, uint32_t len)
{
	for (; len > 0; packet = packet->next) {
		uint32_t here;
		uint8_t *data;

		if (offset >= packet->data_len) {
			offset -= packet->data_len;
			continue;
		}
		here = RTE_MIN(len, packet->data_len - offset);
		data = rte_pktmbuf_mtod_offset(packet, uint8_t *, offset);
		(encrypt ? gcm->encrypt_update : gcm->decrypt_update)(&gcm->key, context, data,
								      data, here);
		len -= here;
		offset = 0;
	}
}

void bench_gcm_packet(const struct bench_gcm *gcm, bool encrypt, struct gcm_context_data *context,
		      struct rte_mbuf *packet, uint32_t offset, uint32_t len, const uint8_t iv[12],
		      const uint8_t *aad, size_t aad_len, uint8_t ret_tag[BENCH_TAG_LEN])
{
	uint8_t *data = rte_pktmbuf_mtod_offset(packet, uint8_t *, offset);

	if (likely(offset + len <= packet->data_len)) {
		(encrypt ? gcm->encrypt : gcm->decrypt)(&gcm->key, context, data, data, len, iv,
							aad, aad_len, ret_tag, BENCH_TAG_LEN);
		return;
	}
	gcm->init(&gcm->key, context, iv, aad, aad_len);
	chained(gcm, encrypt, context, packet, offset, len);
	(encrypt ? gcm->encrypt_finalize : gcm->decrypt_finalize)(&gcm->key, context, ret_tag,
								  BENCH_TAG_LEN);
}

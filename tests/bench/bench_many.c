/* SPDX-License-Identifier: BSD-3-Clause */

/* Nothing but covey's cipher for several packets: one call a burst. */

#include "bench_buffers.h"
#include "bench_dataplane.h"
#include <cipher_many.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct many {
	struct ciphers *ciphers;
	const struct cipher *cipher; /* by core */
	struct cipher_key key;
	struct cipher_context contexts[BENCH_CORES_MAX];
};

static void many_close(void *state)
{
	struct many *many = state;

	ciphers_free(many->ciphers);
	free(many);
}

static int many_open(const struct bench_shape *shape, void **ret_state, struct covey_error *error)
{
	struct many *many = aligned_alloc(64, RTE_ALIGN_CEIL(sizeof(*many), 64));
	int status;

	if (!many)
		return covey_error_set(error, -ENOMEM, "cipher-many: out of memory");
	memset(many, 0, sizeof(*many));
	status = ciphers_new(shape->cores, true, &many->ciphers);
	if (status == 0)
		status = cipher_expand(many->ciphers, shape->cipher, bench_key, &many->key);
	if (status < 0) {
		many_close(many);
		return covey_error_set(error, status, "cipher-many: %s", strerror(-status));
	}
	many->cipher = ciphers_get(many->ciphers, shape->cipher);
	*ret_state = many;
	return 0;
}

/* The library, for what is in several segments, and for a CPU on which there is no other code. The
 * VPE header is where the Ethernet header ends, so IV and tag are written over it. */
static bool change_alone(const struct many *many, unsigned core, bool encrypt,
			 struct cipher_context *context, struct rte_mbuf *packet)
{
	const uint32_t len = packet->pkt_len - BENCH_ETHERNET_LEN;
	uint8_t *header = rte_pktmbuf_mtod(packet, uint8_t *) + BENCH_ETHERNET_LEN -
			  sizeof(struct covey_vpe_header);
	uint8_t *iv = header + COVEY_VPE_IV_OFFSET, *icv = header + COVEY_VPE_ICV_OFFSET;

	if (!encrypt)
		return cipher_open_chain(&many->cipher[core], &many->key, context, iv, packet,
					 BENCH_ETHERNET_LEN, len, icv);
	cipher_seal_chain(&many->cipher[core], &many->key, context, iv, packet, BENCH_ETHERNET_LEN,
			  len, icv);
	return true;
}

static uint16_t change(struct many *many, unsigned core, bool encrypt, struct rte_mbuf **packets,
		       uint16_t count)
{
	const struct cipher_text *gathered[CIPHER_MANY_TEXTS];
	struct cipher_context *context = &many->contexts[core];
	struct cipher_text texts[CIPHER_MANY_TEXTS];
	unsigned together = 0, good = 0;

	for (uint16_t i = 0; i < count; i++) {
		if (!many->cipher->many || packets[i]->nb_segs > 1) {
			good += change_alone(many, core, encrypt, context, packets[i]);
			continue;
		}
		texts[i].bytes = rte_pktmbuf_mtod(packets[i], uint8_t *) + BENCH_ETHERNET_LEN;
		texts[i].len = packets[i]->pkt_len - BENCH_ETHERNET_LEN;
		gathered[together++] = &texts[i];
	}
	if (encrypt && together > 0)
		cipher_seal_many(&many->cipher[core], &many->key, context, gathered, together);
	else if (together > 0)
		together = (unsigned)__builtin_popcountll(cipher_open_many(
			&many->cipher[core], &many->key, context, gathered, together));
	return (uint16_t)(good + together);
}

static uint16_t many_encrypt(void *state, unsigned core, struct rte_mbuf **packets, uint16_t count)
{
	return change(state, core, true, packets, count);
}

static uint16_t many_decrypt(void *state, unsigned core, struct rte_mbuf **packets, uint16_t count)
{
	return change(state, core, false, packets, count);
}

const struct bench_dataplane bench_many = {
	.name = "cipher-many",
	.text = "nothing but covey's cipher for several packets: one call a burst",
	.open = many_open,
	.close = many_close,
	.encrypt = many_encrypt,
	.decrypt = many_decrypt,
};

/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * ESP in tunnel mode (RFC 4303) with AES-GCM (RFC 4106) and extended sequence numbers, between two
 * fixed gateways: what esp-simple and esp-parallel share. They differ in where sequence numbers
 * come from and in who may touch the window.
 *
 * Both work in stages over a burst, like covey: headers first, then the cipher, so that nothing is
 * read right after it was written.
 */

#include "bench_buffers.h"
#include "bench_dataplane.h"
#include "bench_esp_window.h"
#include "bench_gcm.h"
#include <rte_ip.h>

struct esp_header {
	rte_be32_t spi;
	rte_be32_t number; /* the low half of the sequence number */
	uint64_t iv;
} __attribute__((packed));

/* Bytes between Ethernet and the inner packet. */
#define ESP_HEADERS_LEN (sizeof(struct rte_ipv4_hdr) + sizeof(struct esp_header))

/* Immutable; one direction. */
struct esp_sa {
	struct bench_gcm gcm;
	rte_be32_t spi;
	uint32_t salt;
	struct rte_ipv4_hdr outer; /* all but the length and its share of the checksum */
	uint32_t checksum;         /* of outer, before the carries */
};

/* A packet between the stages. */
struct esp_job {
	uint64_t number;
	uint32_t len; /* of the ciphertext */
	uint8_t iv[12];
	uint8_t aad[12];
	uint8_t *tag; /* outbound */
	bool good;
};

int esp_sa_init(struct esp_sa *sa, const struct bench_shape *shape, struct covey_error *error);

/*
 * Encrypt a burst under the numbers from first on. Returns how many went through, at the front;
 * a packet without room for its headers or trailer is freed.
 */
uint16_t esp_encrypt(const struct esp_sa *sa, struct gcm_context_data *context,
		     struct rte_mbuf **packets, uint16_t count, uint64_t first);

/* Before the window: look at headers, guess numbers, refuse what is not new, decrypt, verify.
 * Sets job->good of each packet. */
void esp_authenticate(const struct esp_sa *sa, const struct esp_window *window,
		      struct gcm_context_data *context, struct rte_mbuf **packets, uint16_t count,
		      struct esp_job *jobs);
/* Remember the good ones; those that turn out to be known are good no more. One thread. */
void esp_remember(struct esp_window *window, uint16_t count, struct esp_job *jobs);
/* Check and take off trailers and headers; free what is not good. Returns how many are left. */
uint16_t esp_strip(struct rte_mbuf **packets, uint16_t count, const struct esp_job *jobs);

/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * How each sender's own key is made (docs/protocol.md, section 3.1; key scope "sender"):
 *
 *  key = HKDF-SHA256(salt = empty, IKM = TEK, info, L)                        (RFC 5869)
 *  info = "covey vpe sender key v1" || SPI || SenderID
 *
 * The label is its 23 ASCII bytes without a final zero. The SPI has 4 bytes and the SenderID 2,
 * both big-endian: 29 bytes in all. TEK and key are as long as the cipher's key: L is 32 or 16.
 * Only kdf.c uses OpenSSL.
 */

#include <stddef.h>
#include <stdint.h>

#define KDF_LABEL "covey vpe sender key v1"

struct kdf;

/* -ENOMEM, or -ENOTSUP when OpenSSL has no HKDF. */
int kdf_new(struct kdf **ret_kdf);
void kdf_free(struct kdf *kdf);

/* HKDF-SHA256 with an empty salt: extract and expand. -EIO when OpenSSL fails. */
int kdf_hkdf(struct kdf *kdf, const uint8_t *secret, size_t secret_len, const uint8_t *info,
	     size_t info_len, uint8_t *ret_key, size_t key_len);

/* Derive the key of one sender. TEK and key both have key_len bytes (16 or 32). -EIO. */
int kdf_sender_key(struct kdf *kdf, const uint8_t *tek, size_t key_len, uint32_t spi,
		   uint16_t sender_id, uint8_t *ret_key);

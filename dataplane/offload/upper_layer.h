/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdint.h>

/*
 * The protocol of a whole packet's upper layer: what follows IPv4's options, or all extension
 * headers (RFC 8200 section 4, RFC 7045 section 4; AH follows IPv4, too). ip: of either version,
 * with len bytes behind. Nothing behind len is read. *ret_at: where the upper layer begins.
 *
 * -EINVAL: a header is cut short, there are more than COVEY_IP_EXTENSIONS_MAX, or it is a later
 * fragment, which begins in the middle of the upper layer.
 */
int upper_layer_find(const uint8_t *ip, uint32_t len, uint32_t *ret_at);

/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Why a connection has ended, as text for a person.
 */

#include <event2/bufferevent.h>
#include <stddef.h>

#include "tls_private.h"

/*
 * Write into buf what a BEV_EVENT_ERROR or BEV_EVENT_EOF means. handshake: it was not finished yet.
 * number: errno at that moment. Removes all OpenSSL errors from the bufferevent's list.
 */
void channel_reason(struct bufferevent *bufferevent, short events, bool handshake, int number,
		    const struct tls_peer *peer, char *buf, size_t size);

/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Why a connection ended, for a person.
 */

#include <event2/bufferevent.h>
#include <stddef.h>

#include "tls_private.h"

/*
 * Explain a BEV_EVENT_ERROR or BEV_EVENT_EOF into buf. handshake: it was not over yet. number is
 * errno of the moment. Empties the bufferevent's list of OpenSSL errors.
 */
void channel_reason(struct bufferevent *bufferevent, short events, bool handshake, int number,
		    const struct tls_peer *peer, char *buf, size_t size);

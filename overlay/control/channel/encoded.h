/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A message as it goes over the wire, to be sent to many: encoded once and held in memory once, for
 * as long as one channel has it queued or somebody keeps it. For one thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "message.h"
#include "queue_account.h"

struct encoded;

/*
 * Errors as message_encode(). The memory is secret memory, wiped with the last reference: the
 * message may hold a key. The caller has the first reference.
 */
int encoded_new(const Covey__Message *message, size_t max, struct encoded **ret_encoded);
struct encoded *encoded_ref(struct encoded *encoded);
/* NULL-safe. */
void encoded_unref(struct encoded *encoded);

/* Count it from now on until it is freed. Counted before, it is not counted again. */
void encoded_count(struct encoded *encoded, struct queue_account *account);

/* It holds a key: nobody may copy it. */
bool encoded_is_secret(const struct encoded *encoded);
/* Frame header and message. */
const uint8_t *encoded_data(const struct encoded *encoded);
size_t encoded_len(const struct encoded *encoded);

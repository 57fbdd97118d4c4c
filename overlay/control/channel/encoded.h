/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A message in the form in which it is sent, for several receivers. It is encoded once and is in
 * memory once, as long as a channel has it queued or somebody keeps it. Only for one thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "message.h"
#include "queue_account.h"

struct encoded;

/*
 * Errors are those of message_encode(). The message may hold a key, so it is in secret memory,
 * which is wiped with the last reference. The caller has the first reference.
 */
int encoded_new(const Covey__Message *message, size_t max, struct encoded **ret_encoded);
struct encoded *encoded_ref(struct encoded *encoded);
/* NULL-safe. */
void encoded_unref(struct encoded *encoded);

/* Count it from now on until it is freed. If it is counted already, it is not counted again. */
void encoded_count(struct encoded *encoded, struct queue_account *account);

/* Does it hold a key? Then nobody may copy it. */
bool encoded_is_secret(const struct encoded *encoded);
/* Frame header and message. */
const uint8_t *encoded_data(const struct encoded *encoded);
size_t encoded_len(const struct encoded *encoded);

/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * How many bytes wait in all send queues together. What waits in several queues is in memory only
 * once, and counts once.
 */

#include <stddef.h>

struct queue_account;

struct queue_account *queue_account_new(void);
struct queue_account *queue_account_ref(struct queue_account *account);
void queue_account_unref(struct queue_account *account);
size_t queue_account_bytes(const struct queue_account *account);
void queue_account_add(struct queue_account *account, size_t bytes);
void queue_account_subtract(struct queue_account *account, size_t bytes);

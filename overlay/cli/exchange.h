/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* One question to a daemon and its answer, over an open socket: a line of JSON each way. */

#include <jansson.h>

/* How long both may take; covey-host itself waits 10 s for the GKM. */
#define EXCHANGE_MS 15000

/*
 * waiting: printed on standard error if the answer does not come at once; NULL: nothing is.
 * *ret_object is NULL when the answer is not JSON. -ETIMEDOUT or another negative errno.
 */
int exchange(int fd, const json_t *request, const char *waiting, json_t **ret_object);

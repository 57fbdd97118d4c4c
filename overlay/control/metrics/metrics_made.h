/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A page that was made, as long as somebody is being sent it. However many ask, it is made seldom,
 * and all of them are sent the same bytes.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct evhttp_request;
struct made_page;

/* Processor time of this thread. The making of a page is measured with it: neither a suspended
 * machine nor one that is busy with other programs makes a page last for longer. */
uint64_t made_page_spent_us(void);

/* began_us: made_page_spent_us() when its making began. text: from malloc(), and given away, also
 * on failure; NULL is a failure. Returns NULL then. */
struct made_page *made_page_new(char *text, size_t len, uint64_t began_us);
/* NULL-safe. */
void made_page_unref(struct made_page *page);

/* It is good for COVEY_METRICS_FRESH_MS, and for as long as it takes that making pages of its
 * kind takes at most a COVEY_METRICS_SHARE-th of a processor. */
bool made_page_is_fresh(const struct made_page *page);
/* Answer with it. False when there is no memory; then nothing was sent. */
bool made_page_send(struct made_page *page, struct evhttp_request *request);

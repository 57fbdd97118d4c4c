/* SPDX-License-Identifier: BSD-3-Clause */
#include "metrics_made.h"

#include <clock.h>
#include <covey/limits.h>
#include <event2/buffer.h>
#include <event2/http.h>
#include <stdlib.h>

#include "metrics_reply.h"

struct made_page {
	unsigned users;
	uint64_t until_ms; /* it is fresh */
	char *text;
	size_t len;
};

uint64_t made_page_spent_us(void)
{
	struct timespec spent;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
	return (uint64_t)spent.tv_sec * 1000000 + (uint64_t)spent.tv_nsec / 1000;
}

struct made_page *made_page_new(char *text, size_t len, uint64_t began_us)
{
	struct made_page *page = text ? calloc(1, sizeof(*page)) : NULL;
	uint64_t fresh_ms = (made_page_spent_us() - began_us) * COVEY_METRICS_SHARE / 1000;

	if (!page) {
		free(text);
		return NULL;
	}
	if (fresh_ms < COVEY_METRICS_FRESH_MS)
		fresh_ms = COVEY_METRICS_FRESH_MS;
	*page = (struct made_page){
		.users = 1, .until_ms = clock_ms() + fresh_ms, .text = text, .len = len};
	return page;
}

void made_page_unref(struct made_page *page)
{
	if (!page || --page->users > 0)
		return;
	free(page->text);
	free(page);
}

bool made_page_is_fresh(const struct made_page *page)
{
	return clock_ms() < page->until_ms;
}

static void sent(const void *text, size_t len, void *arg)
{
	made_page_unref(arg);
}

bool made_page_send(struct made_page *page, struct evhttp_request *request)
{
	struct evbuffer *body = evbuffer_new();

	if (!body)
		return false;
	if (evbuffer_add_reference(body, page->text, page->len, sent, page) < 0) {
		evbuffer_free(body);
		return false;
	}
	page->users++;
	metrics_reply(request, HTTP_OK, "OK", body);
	evbuffer_free(body);
	return true;
}

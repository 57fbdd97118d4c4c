/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Answers. Who asked by HEAD gets no body, which libevent would send.
 */

struct evbuffer;
struct evhttp_request;

/* body: emptied; NULL for none. */
void metrics_reply(struct evhttp_request *request, int code, const char *name,
		   struct evbuffer *body);
/* A line of text for people. */
void metrics_refuse(struct evhttp_request *request, int code, const char *name, const char *text);
void metrics_refuse_for_memory(struct evhttp_request *request);

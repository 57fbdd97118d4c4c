/* SPDX-License-Identifier: BSD-3-Clause */
#include "metrics_reply.h"

#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <stdio.h>

void metrics_reply(struct evhttp_request *request, int code, const char *name,
		   struct evbuffer *body)
{
	char len[32];

	if (body && evhttp_request_get_command(request) == EVHTTP_REQ_HEAD) {
		snprintf(len, sizeof(len), "%zu", evbuffer_get_length(body));
		evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Length",
				  len);
		evbuffer_drain(body, evbuffer_get_length(body));
	}
	evhttp_send_reply(request, code, name, body);
}

void metrics_refuse(struct evhttp_request *request, int code, const char *name, const char *text)
{
	struct evbuffer *body = evbuffer_new();

	evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type",
			  "text/plain; charset=utf-8");
	if (body)
		evbuffer_add_printf(body, "%s\n", text);
	metrics_reply(request, code, name, body);
	if (body)
		evbuffer_free(body);
}

void metrics_refuse_for_memory(struct evhttp_request *request)
{
	metrics_refuse(request, HTTP_SERVUNAVAIL, "Service Unavailable",
		       "There is no memory for the page.");
}

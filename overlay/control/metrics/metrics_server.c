/* SPDX-License-Identifier: BSD-3-Clause */
#include "metrics_server.h"

#include <clock.h>
#include <covey/limits.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <local_socket.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "metrics_clients.h"

#define BACKLOG  128
#define RETRY_MS 5000
#define UNIX     "unix:"

/* A page that was made, as long as somebody is being sent it. */
struct made_page {
	unsigned users;
	uint64_t at_ms;
	char *text;
	size_t len;
};

struct metrics_server {
	struct metrics_config config;
	char *place;
	struct event *retry;
	struct evhttp *http; /* NULL: not listening yet */
	struct metrics_clients *clients;
	struct made_page *pages[2]; /* by format; NULL: none was made */
	struct covey_error why;     /* it does not listen, as told */
};

/* --- pages ----------------------------------------------------------------------------------- */

static void page_unref(struct made_page *page)
{
	if (!page || --page->users > 0)
		return;
	free(page->text);
	free(page);
}

static struct made_page *make_page(const struct metrics_server *server, enum metrics_format format)
{
	struct made_page *made = calloc(1, sizeof(*made));
	struct metrics_page page;

	if (!made)
		return NULL;
	metrics_page_init(&page, format);
	server->config.fill(&page, server->config.arg);
	if (!metrics_page_end(&page)) {
		free(page.text);
		free(made);
		return NULL;
	}
	*made = (struct made_page){
		.users = 1, .at_ms = clock_ms(), .text = page.text, .len = page.len};
	return made;
}

/* However many ask, a page is made at most once in COVEY_METRICS_FRESH_MS. */
static struct made_page *fresh_page(struct metrics_server *server, enum metrics_format format)
{
	struct made_page **page = &server->pages[format];

	if (*page && clock_ms() - (*page)->at_ms < COVEY_METRICS_FRESH_MS)
		return *page;
	page_unref(*page);
	*page = make_page(server, format);
	return *page;
}

static void sent(const void *text, size_t len, void *arg)
{
	page_unref(arg);
}

/* --- requests -------------------------------------------------------------------------------- */

static void add_header(struct evhttp_request *request, const char *name, const char *value)
{
	evhttp_add_header(evhttp_request_get_output_headers(request), name, value);
}

static void take(struct metrics_server *server, struct evhttp_request *request)
{
	struct evhttp_connection *connection = evhttp_request_get_connection(request);

	metrics_clients_asked(server->clients, evhttp_connection_get_bufferevent(connection));
	add_header(request, "Connection", "close");
}

static void refuse(struct evhttp_request *request, int code, const char *name, const char *text)
{
	struct evbuffer *body = evbuffer_new();

	add_header(request, "Content-Type", "text/plain; charset=utf-8");
	if (body)
		evbuffer_add_printf(body, "%s\n", text);
	evhttp_send_reply(request, code, name, body);
	if (body)
		evbuffer_free(body);
}

static void on_other(struct evhttp_request *request, void *arg)
{
	take(arg, request);
	refuse(request, HTTP_NOTFOUND, "Not Found", "The metrics are at /metrics.");
}

static enum metrics_format format_for(struct evhttp_request *request)
{
	const char *accepts =
		evhttp_find_header(evhttp_request_get_input_headers(request), "Accept");

	return accepts && strstr(accepts, "application/openmetrics-text") ? METRICS_OPEN
									  : METRICS_TEXT;
}

static void on_metrics(struct evhttp_request *request, void *arg)
{
	static const char *const types[] = {
		[METRICS_OPEN] = "application/openmetrics-text; version=1.0.0; charset=utf-8",
		[METRICS_TEXT] = "text/plain; version=0.0.4; charset=utf-8",
	};
	struct metrics_server *server = arg;
	enum metrics_format format = format_for(request);
	struct made_page *page = fresh_page(server, format);
	struct evbuffer *body = evbuffer_new();

	take(server, request);
	if (!page || !body || evbuffer_add_reference(body, page->text, page->len, sent, page) < 0) {
		refuse(request, HTTP_SERVUNAVAIL, "Service Unavailable",
		       "There is no memory for the page.");
	} else {
		page->users++;
		add_header(request, "Content-Type", types[format]);
		evhttp_send_reply(request, HTTP_OK, "OK", body);
	}
	if (body)
		evbuffer_free(body);
}

/* --- listening ------------------------------------------------------------------------------- */

static void on_accept_error(struct evconnlistener *listener, void *arg)
{
	const struct metrics_server *server = arg;

	metrics_clients_rest(server->clients);
}

static struct evconnlistener *listen_unix(const struct metrics_server *server,
					  struct covey_error *error)
{
	struct evconnlistener *listener;
	int fd = local_socket_open(server->place + strlen(UNIX), error);

	if (fd < 0)
		return NULL;
	listener = evconnlistener_new(server->config.base, NULL, NULL,
				      LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (!listener) {
		evutil_closesocket(fd);
		covey_error_set(error, -ENOMEM, "out of memory");
	}
	return listener;
}

static struct evconnlistener *listen_tcp(const struct metrics_server *server,
					 struct covey_error *error)
{
	struct sockaddr_storage address;
	int len = sizeof(address);
	struct evconnlistener *listener = NULL;

	errno = EINVAL;
	if (evutil_parse_sockaddr_port(server->place, (struct sockaddr *)&address, &len) == 0)
		listener = evconnlistener_new_bind(server->config.base, NULL, NULL,
						   LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC |
							   LEV_OPT_REUSEABLE,
						   BACKLOG, (const struct sockaddr *)&address, len);
	if (!listener)
		covey_error_set(error, -errno,
				"cannot listen on %s: %s: free it, or name another place in the "
				"inventory",
				server->place, strerror(errno));
	return listener;
}

static bool is_unix(const char *place)
{
	return strncmp(place, UNIX, strlen(UNIX)) == 0;
}

static void stop(struct metrics_server *server)
{
	if (server->http)
		evhttp_free(server->http);
	metrics_clients_free(server->clients);
	server->http = NULL;
	server->clients = NULL;
}

/* The listener belongs to us, also on failure. */
static bool serve(struct metrics_server *server, struct evconnlistener *listener)
{
	struct evhttp *http = evhttp_new(server->config.base);

	server->clients =
		metrics_clients_new(server->config.base, listener, server->config.patience_ms);
	server->http = http;
	if (!http || !server->clients || !evhttp_bind_listener(http, listener)) {
		evconnlistener_free(listener);
		stop(server);
		return false;
	}
	evconnlistener_set_error_cb(listener, on_accept_error);
	evhttp_set_bevcb(http, metrics_clients_add, server->clients);
	evhttp_set_timeout(http, COVEY_METRICS_SECONDS);
	evhttp_set_max_headers_size(http, COVEY_METRICS_REQUEST_MAX);
	evhttp_set_max_body_size(http, 0);
	evhttp_set_allowed_methods(http, EVHTTP_REQ_GET);
	evhttp_set_gencb(http, on_other, server);
	return evhttp_set_cb(http, "/metrics", on_metrics, server) == 0;
}

static void begin(struct metrics_server *server)
{
	struct covey_error error = {.text = ""};
	struct evconnlistener *listener =
		is_unix(server->place) ? listen_unix(server, &error) : listen_tcp(server, &error);
	const struct timeval wait = clock_timeval(RETRY_MS);

	if (listener && !serve(server, listener))
		covey_error_set(&error, -ENOMEM, "out of memory");
	if (server->http) {
		server->config.told(server->place, NULL, server->config.arg);
		return;
	}
	if (strcmp(server->why.text, error.text) != 0)
		server->config.told(server->place, error.text, server->config.arg);
	server->why = error;
	evtimer_add(server->retry, &wait);
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	begin(arg);
}

/* --- life ------------------------------------------------------------------------------------ */

int metrics_open(const struct metrics_config *config, struct metrics_server **ret_server,
		 struct covey_error *error)
{
	struct metrics_server *server;

	if (strcmp(config->place, "off") == 0) {
		*ret_server = NULL;
		return 0;
	}
	server = calloc(1, sizeof(*server));
	if (!server)
		return covey_error_set(error, -ENOMEM, "out of memory");
	server->config = *config;
	if (server->config.patience_ms == 0)
		server->config.patience_ms = COVEY_METRICS_SECONDS * 1000;
	server->place = strdup(config->place);
	server->retry = evtimer_new(config->base, on_retry, server);
	if (!server->place || !server->retry) {
		metrics_close(server);
		return covey_error_set(error, -ENOMEM, "out of memory");
	}
	begin(server);
	*ret_server = server;
	return 0;
}

void metrics_close(struct metrics_server *server)
{
	if (!server)
		return;
	if (server->http && is_unix(server->place))
		unlink(server->place + strlen(UNIX));
	stop(server);
	if (server->retry)
		event_free(server->retry);
	for (size_t i = 0; i < 2; i++)
		page_unref(server->pages[i]);
	free(server->place);
	free(server);
}

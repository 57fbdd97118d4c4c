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

#include "metrics_browser.h"
#include "metrics_clients.h"
#include "metrics_made.h"
#include "metrics_reply.h"

#define BACKLOG   128
#define RETRY_MS  5000
#define UNIX      "unix:"
#define FORBIDDEN 403

/* What a request for a file needs. */
struct file_request {
	struct metrics_server *server;
	const struct metrics_file *file;
};

struct metrics_server {
	struct metrics_config config;
	char *place;
	struct event *retry;
	struct evhttp *http; /* NULL: not listening yet */
	struct metrics_clients *clients;
	struct made_page *pages[2]; /* by format; NULL: none was made */
	struct made_page *status;
	struct file_request *files; /* one for each of the config's */
	struct covey_error why;     /* it does not listen, as told */
};

/* --- pages ----------------------------------------------------------------------------------- */

static struct made_page *make_metrics(const struct metrics_server *server,
				      enum metrics_format format)
{
	uint64_t began_us = made_page_spent_us();
	struct metrics_page page;

	metrics_page_init(&page, format);
	server->config.fill(&page, server->config.arg);
	if (!metrics_page_end(&page)) {
		free(page.text);
		return NULL;
	}
	return made_page_new(page.text, page.len, began_us);
}

static struct made_page *make_status(const struct metrics_server *server)
{
	uint64_t began_us = made_page_spent_us();
	char *text = server->config.status(server->config.arg);

	return made_page_new(text, text ? strlen(text) : 0, began_us);
}

/* In *page, which is what was made last, or NULL. */
static bool is_fresh(struct made_page **page)
{
	if (*page && made_page_is_fresh(*page))
		return true;
	made_page_unref(*page);
	*page = NULL;
	return false;
}

/* --- requests -------------------------------------------------------------------------------- */

static void add_header(struct evhttp_request *request, const char *name, const char *value)
{
	evhttp_add_header(evhttp_request_get_output_headers(request), name, value);
}

static void take(const struct metrics_server *server, struct evhttp_request *request)
{
	struct evhttp_connection *connection = evhttp_request_get_connection(request);

	metrics_clients_asked(server->clients, evhttp_connection_get_bufferevent(connection));
	add_header(request, "Connection", "close");
}

/* page: NULL when it could not be made. */
static void answer(struct evhttp_request *request, struct made_page *page)
{
	if (page && made_page_send(page, request))
		return;
	evhttp_remove_header(evhttp_request_get_output_headers(request), "Content-Type");
	metrics_refuse_for_memory(request);
}

static void on_other(struct evhttp_request *request, void *arg)
{
	const struct metrics_server *server = arg;

	take(server, request);
	metrics_refuse(request, HTTP_NOTFOUND, "Not Found",
		       server->files ? "The status page is at /, and the metrics are at /metrics."
				     : "The metrics are at /metrics.");
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

	take(server, request);
	if (!is_fresh(&server->pages[format]))
		server->pages[format] = make_metrics(server, format);
	add_header(request, "Content-Type", types[format]);
	answer(request, server->pages[format]);
}

/* True when the client may have it. Otherwise it was told why not. */
static bool admit(const struct metrics_server *server, struct evhttp_request *request)
{
	const char *refusal = metrics_browser_refusal(request);

	take(server, request);
	metrics_browser_headers(request);
	if (refusal)
		metrics_refuse(request, FORBIDDEN, "Forbidden", refusal);
	return !refusal;
}

static void on_status(struct evhttp_request *request, void *arg)
{
	struct metrics_server *server = arg;

	if (!admit(server, request))
		return;
	if (!is_fresh(&server->status))
		server->status = make_status(server);
	add_header(request, "Content-Type", "application/json");
	answer(request, server->status);
}

static void on_file(struct evhttp_request *request, void *arg)
{
	const struct file_request *wanted = arg;
	struct evbuffer *body;

	if (!admit(wanted->server, request))
		return;
	body = evbuffer_new();
	if (!body ||
	    evbuffer_add_reference(body, wanted->file->text, wanted->file->len, NULL, NULL) < 0) {
		metrics_refuse_for_memory(request);
	} else {
		add_header(request, "Content-Type", wanted->file->type);
		metrics_reply(request, HTTP_OK, "OK", body);
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

static bool offer(struct metrics_server *server)
{
	int status = evhttp_set_cb(server->http, "/metrics", on_metrics, server);

	if (server->config.status)
		status |= evhttp_set_cb(server->http, "/status.json", on_status, server);
	for (size_t i = 0; i < server->config.file_count; i++)
		status |= evhttp_set_cb(server->http, server->config.files[i].path, on_file,
					&server->files[i]);
	return status == 0;
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
	evhttp_set_allowed_methods(http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
	evhttp_set_gencb(http, on_other, server);
	if (!offer(server)) {
		stop(server);
		return false;
	}
	return true;
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

static bool list_files(struct metrics_server *server)
{
	if (server->config.file_count == 0)
		return true;
	server->files = calloc(server->config.file_count, sizeof(*server->files));
	for (size_t i = 0; server->files && i < server->config.file_count; i++)
		server->files[i] = (struct file_request){server, &server->config.files[i]};
	return server->files != NULL;
}

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
	if (!server->place || !server->retry || !list_files(server)) {
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
		made_page_unref(server->pages[i]);
	made_page_unref(server->status);
	free(server->files);
	free(server->place);
	free(server);
}

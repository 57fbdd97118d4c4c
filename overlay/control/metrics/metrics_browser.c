/* SPDX-License-Identifier: BSD-3-Clause */
#include "metrics_browser.h"

#include <arpa/inet.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

/* --- who asks -------------------------------------------------------------------------------- */

static bool is_loopback4(struct in_addr address)
{
	return ntohl(address.s_addr) >> 24 == IN_LOOPBACKNET;
}

static bool is_loopback6(const struct in6_addr *address)
{
	struct in_addr inner;

	memcpy(&inner, &address->s6_addr[12], sizeof(inner));
	return IN6_IS_ADDR_LOOPBACK(address) ||
	       (IN6_IS_ADDR_V4MAPPED(address) && is_loopback4(inner));
}

static bool is_loopback(const struct sockaddr_storage *address)
{
	if (address->ss_family == AF_INET)
		return is_loopback4(((const struct sockaddr_in *)address)->sin_addr);
	return address->ss_family == AF_INET6 &&
	       is_loopback6(&((const struct sockaddr_in6 *)address)->sin6_addr);
}

/* "127.0.0.1", "[::1]" or "localhost", and perhaps a port. */
static bool names_loopback(const char *host)
{
	const char *end = host[0] == '[' ? strchr(host, ']') : strchr(host, ':');
	size_t len = end ? (size_t)(end - host) : strlen(host);
	char name[INET6_ADDRSTRLEN];
	struct in6_addr address6;
	struct in_addr address;

	if (host[0] == '[' && (!end || (end[1] != '\0' && end[1] != ':')))
		return false;
	if (host[0] == '[') {
		host++;
		len--;
	}
	if (len >= sizeof(name))
		return false;
	snprintf(name, sizeof(name), "%.*s", (int)len, host);
	if (inet_pton(AF_INET6, name, &address6) == 1)
		return is_loopback6(&address6);
	if (inet_pton(AF_INET, name, &address) == 1)
		return is_loopback4(address);
	return strcasecmp(name, "localhost") == 0;
}

const char *metrics_browser_refusal(struct evhttp_request *request)
{
	struct bufferevent *stream =
		evhttp_connection_get_bufferevent(evhttp_request_get_connection(request));
	struct sockaddr_storage own = {0}, peer = {0};
	socklen_t own_len = sizeof(own), peer_len = sizeof(peer);
	const char *host = evhttp_find_header(evhttp_request_get_input_headers(request), "Host");

	if (getsockname(bufferevent_getfd(stream), (struct sockaddr *)&own, &own_len) < 0 ||
	    getpeername(bufferevent_getfd(stream), (struct sockaddr *)&peer, &peer_len) < 0)
		return "The connection is gone.";
	if (own.ss_family == AF_UNIX)
		return NULL;
	if (!is_loopback(&own) || !is_loopback(&peer))
		return "This is for users of this machine alone, so it is on loopback or a Unix "
		       "socket. From elsewhere, come by ssh (ssh -L 9799:127.0.0.1:9799 MACHINE).";
	if (!host || !names_loopback(host))
		return "Ask for it by the address 127.0.0.1 or [::1], or as localhost. By another "
		       "name it is not answered.";
	return NULL;
}

/* --- what it is told ------------------------------------------------------------------------- */

void metrics_browser_headers(struct evhttp_request *request)
{
	static const struct {
		const char *name, *value;
	} headers[] = {
		{"Content-Security-Policy",
		 "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
		 "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
		{"X-Content-Type-Options", "nosniff"},
		{"X-Frame-Options", "DENY"},
		{"Cross-Origin-Opener-Policy", "same-origin"},
		{"Cross-Origin-Resource-Policy", "same-origin"},
		{"Referrer-Policy", "no-referrer"},
		{"Cache-Control", "no-store"},
	};

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		evhttp_add_header(evhttp_request_get_output_headers(request), headers[i].name,
				  headers[i].value);
}

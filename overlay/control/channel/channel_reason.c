/* SPDX-License-Identifier: BSD-3-Clause */
#include "channel_reason.h"

#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <string.h>

/* RFC 8446, section 6: the alerts with which a peer tells what is wrong on our side. */
static const struct {
	int alert;
	const char *text;
} alerts[] = {
	{SSL3_AD_BAD_CERTIFICATE, "the peer refuses our certificate; its log says why"},
	{SSL3_AD_UNSUPPORTED_CERTIFICATE, "the peer cannot use our certificate for this purpose"},
	{SSL3_AD_CERTIFICATE_REVOKED, "the peer says that our certificate is revoked"},
	{SSL3_AD_CERTIFICATE_EXPIRED, "the peer says that our certificate has expired"},
	{SSL3_AD_CERTIFICATE_UNKNOWN, "the peer refuses our certificate; its log says why"},
	{TLS1_AD_UNKNOWN_CA, "the peer does not know the CA of our certificate"},
	{TLS1_AD_ACCESS_DENIED, "the peer denies us access"},
	{TLS1_AD_PROTOCOL_VERSION, "the peer does not speak our version of TLS"},
	{TLS13_AD_CERTIFICATE_REQUIRED, "the peer wants a certificate of us"},
};

static const char *error_text(unsigned long code)
{
	const char *text;

	if (ERR_GET_LIB(code) == ERR_LIB_SSL)
		for (size_t i = 0; i < sizeof(alerts) / sizeof(alerts[0]); i++)
			if (ERR_GET_REASON(code) == SSL_AD_REASON_OFFSET + alerts[i].alert)
				return alerts[i].text;
	text = ERR_reason_error_string(code);
	return text ? text : "unknown TLS error";
}

/*
 * libevent keeps the first few errors and returns the last one first. The first error is the cause.
 * An entry before it is only the result of SSL_get_error(), and has no library.
 */
static unsigned long first_error(struct bufferevent *bufferevent)
{
	unsigned long code, first = 0;

	while ((code = bufferevent_get_openssl_error(bufferevent)))
		if (ERR_GET_LIB(code))
			first = code;
	return first;
}

static bool is_eof(unsigned long code)
{
	return ERR_GET_LIB(code) == ERR_LIB_SSL &&
	       ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
}

void channel_reason(struct bufferevent *bufferevent, short events, bool handshake, int number,
		    const struct tls_peer *peer, char *buf, size_t size)
{
	unsigned long code = first_error(bufferevent);
	const char *stage = handshake ? "handshake failed: " : "";

	if (peer->refusal.text[0])
		snprintf(buf, size, "%s%s", stage, peer->refusal.text);
	else if ((events & BEV_EVENT_EOF) || is_eof(code) || (code == 0 && number == 0))
		snprintf(buf, size, "peer closed%s",
			 handshake                ? " during the handshake"
			 : events & BEV_EVENT_EOF ? ""
						  : " without a goodbye: was it killed?");
	else if (code)
		snprintf(buf, size, "%s%s", stage, error_text(code));
	else
		snprintf(buf, size, "%s%s", stage, strerror(number));
}

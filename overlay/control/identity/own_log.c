/* SPDX-License-Identifier: BSD-3-Clause */
#include "own_log.h"

#include "crl.h"
#include "log.h"
#include "own_end.h"

void own_log_loaded(const struct own_chain *chain, bool changed, void *arg)
{
	const struct own_certificate *own = &chain->list[0];
	char text[CRL_TIME_SIZE];

	if (changed)
		log_notice("new key, certificate and CAs are loaded: serial number %s, until %s; "
			   "sessions that begin from now on use them",
			   own->serial, crl_time(own->not_after, text));
}

void own_log_failed(const struct covey_error *error, void *arg)
{
	log_error("%s; key, certificate and CAs stay as they were loaded before", error->text);
}

void own_log_ends(const struct own_certificate *certificate, bool own, long long seconds, void *arg)
{
	const char *whose = own ? "our own certificate" : "the certificate of our CA";
	char text[CRL_TIME_SIZE];
	long long days = (seconds + OWN_END_DAY_S - 1) / OWN_END_DAY_S;

	crl_time(certificate->not_after, text);
	if (seconds <= 0)
		log_error("%s (%s, serial number %s) has expired at %s: sessions stay, but none "
			  "begins any more; put a new one in its place",
			  whose, certificate->subject, certificate->serial, text);
	else
		log_warning(
			"%s (%s, serial number %s) ends at %s, within %lld day%s: put a new one "
			"in its place before that",
			whose, certificate->subject, certificate->serial, text, days,
			days == 1 ? "" : "s");
}

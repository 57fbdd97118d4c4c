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

static const char *whose(enum own_role role)
{
	static const char *const words[] = {"our own certificate", "the certificate of our CA",
					    "the certificate of another CA in ca.crt"};

	return words[role];
}

static const char *expired_words(enum own_role role)
{
	return role == OWN_TRUSTED ? "no session begins by it any more; take it out of ca.crt"
				   : "sessions stay, but none begins any more; put a new one in "
				     "its place";
}

void own_log_ends(const struct own_certificate *certificate, long long seconds, void *arg)
{
	enum own_role role = certificate->role;
	char text[CRL_TIME_SIZE];
	long long days = (seconds + OWN_END_DAY_S - 1) / OWN_END_DAY_S;

	crl_time(certificate->not_after, text);
	if (seconds <= 0)
		log_error("%s (%s, serial number %s) has expired at %s: %s", whose(role),
			  certificate->subject, certificate->serial, text, expired_words(role));
	else
		log_warning("%s (%s, serial number %s) ends at %s, within %lld day%s: put a new "
			    "one in its place before that%s",
			    whose(role), certificate->subject, certificate->serial, text, days,
			    days == 1 ? "" : "s",
			    role == OWN_TRUSTED ? ", or take it out if no certificate is by it "
						  "any more"
						: "");
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "crl_log.h"

#include <stdio.h>

#include "crl.h"
#include "crl_watch.h"
#include "own_end.h"

/* "3 days" */
static const char *left(const struct crl_summary *summary, char buf[32])
{
	long long seconds = (long long)summary->next_update - time(NULL);
	long long days = (seconds + OWN_END_DAY_S - 1) / OWN_END_DAY_S;

	snprintf(buf, 32, "%lld day%s", days, days == 1 ? "" : "s");
	return buf;
}

void crl_log_loaded(struct crl_watch *watch, bool changed, enum log_level late, const char *hint)
{
	const char *path = crl_watch_path(watch);
	struct crl_summary summary;
	char text[CRL_TIME_SIZE], time_left[32];

	if (!crl_watch_summarise(watch, &summary))
		return;
	if (changed)
		log_notice("%s: revoked certificates: %zu, as of %s", path, summary.revoked,
			   crl_time(summary.this_update, text));
	if (crl_is_late(&summary))
		log_line(late, "%s should have been replaced by %s: it stays in force%s", path,
			 crl_time(summary.next_update, text), hint);
	else if (crl_watch_warns(watch))
		log_warning("%s should be replaced by %s, in %s: make a new one with covey pki crl "
			    "and put it here",
			    path, crl_time(summary.next_update, text), left(&summary, time_left));
}

void crl_log_failed(const struct crl_watch *watch, const struct covey_error *error)
{
	log_error("%s; %s", error->text,
		  crl_watch_lists(watch) ? "the revocations read before stay in force"
					 : "no certificate is revoked yet");
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "crl_log.h"

#include "crl.h"
#include "crl_watch.h"

void crl_log_loaded(const struct crl_watch *watch, bool changed, enum log_level late,
		    const char *hint)
{
	const struct crl *crl = crl_watch_lists(watch);
	const char *path = crl_watch_path(watch);
	struct crl_summary summary;
	char text[CRL_TIME_SIZE];

	if (!crl)
		return;
	crl_summarise(crl, &summary);
	if (changed)
		log_notice("%s: revoked certificates: %zu, as of %s", path, summary.revoked,
			   crl_time(summary.this_update, text));
	if (crl_is_late(&summary))
		log_line(late, "%s should have been replaced by %s: it stays in force%s", path,
			 crl_time(summary.next_update, text), hint);
}

void crl_log_failed(const struct crl_watch *watch, const struct covey_error *error)
{
	log_error("%s; %s", error->text,
		  crl_watch_lists(watch) ? "the revocations read before stay in force"
					 : "no certificate is revoked yet");
}

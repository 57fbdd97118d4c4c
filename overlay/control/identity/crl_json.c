/* SPDX-License-Identifier: BSD-3-Clause */
#include "crl_json.h"

#include "crl.h"
#include "crl_watch.h"

json_t *crl_json(const struct crl_watch *watch)
{
	struct crl_summary summary;
	char made[CRL_TIME_SIZE] = "", next[CRL_TIME_SIZE] = "";

	crl_watch_summarise(watch, &summary);
	if (summary.this_update)
		crl_time(summary.this_update, made);
	if (summary.next_update)
		crl_time(summary.next_update, next);
	return json_pack("{s:s, s:I, s:I, s:s?, s:s?, s:b, s:b}", "path", crl_watch_path(watch),
			 "lists", (json_int_t)summary.lists, "revoked", (json_int_t)summary.revoked,
			 "this_update", made[0] ? made : NULL, "next_update", next[0] ? next : NULL,
			 "near", crl_is_near(&summary), "late", crl_is_late(&summary));
}

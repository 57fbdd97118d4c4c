/* SPDX-License-Identifier: BSD-3-Clause */
#include "own_json.h"

#include "crl.h"
#include "own_end.h"
#include "own_watch.h"

static json_t *one(const struct own_certificate *certificate)
{
	char begin[CRL_TIME_SIZE], end[CRL_TIME_SIZE];

	return json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:I, s:b}", "role", own_role_name(certificate->role),
		"subject", certificate->subject, "serial", certificate->serial, "not_before",
		crl_time(certificate->not_before, begin), "not_after",
		crl_time(certificate->not_after, end), "ends_s",
		(json_int_t)certificate->not_after - (json_int_t)time(NULL), "near",
		own_end_is_near(certificate->not_before, certificate->not_after, time(NULL)));
}

json_t *own_json(const struct own_watch *watch)
{
	const struct own_chain *chain = watch ? own_watch_chain(watch) : NULL;
	json_t *array = json_array();

	for (size_t i = 0; chain && i < chain->count; i++)
		json_array_append_new(array, one(&chain->list[i]));
	return array;
}

json_t *own_json_problem(const struct own_watch *watch)
{
	const char *problem = watch ? own_watch_problem(watch) : NULL;

	return problem ? json_string(problem) : json_null();
}

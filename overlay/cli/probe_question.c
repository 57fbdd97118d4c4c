/* SPDX-License-Identifier: BSD-3-Clause */

#include "probe_question.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "client.h"
#include "json_text.h"

/* The next pause is twice as long. The longest that a host may be busy with another run is 5 s, and
 * that of all these is longer. */
#define TRIES        6
#define RETRY_MS     300
#define RETRY_MS_MAX 2400

void probe_question_wait(long ms)
{
	const struct timespec wait = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	nanosleep(&wait, NULL);
}

/* A host that did not take part was busy, or too many asked at once. */
static bool is_to_be_tried_again(const json_t *answer)
{
	const json_t *report;
	size_t i;

	if (strstr(field_text(answer, "error"), "try again"))
		return true;
	json_array_foreach(json_object_get(answer, "reports"), i, report)
		if (strstr(field_text(report, "reason"), "try again"))
			return true;
	return false;
}

int probe_question(const struct cli *cli, json_t *request, json_t **ret_answer,
		   struct covey_error *error)
{
	struct client_daemon daemon = client_host(cli);
	json_t *answer = NULL;
	int status = -ENOMEM;
	long pause_ms = RETRY_MS;

	for (int i = 0; i < TRIES; i++) {
		if (i > 0) {
			probe_question_wait(pause_ms);
			pause_ms = pause_ms < RETRY_MS_MAX / 2 ? 2 * pause_ms : RETRY_MS_MAX;
		}
		json_decref(answer);
		answer = NULL;
		status = client_ask(&daemon, json_incref(request), &answer, error);
		if (status < 0 || !is_to_be_tried_again(answer))
			break;
	}
	json_decref(request);
	if (status < 0)
		return status;
	client_disarm(answer);
	*ret_answer = answer;
	return 0;
}

json_t *probe_question_command(const struct cli *cli, const char *command, json_t *request)
{
	struct covey_error error;
	json_t *answer = NULL;
	const char *problem = NULL;

	if (probe_question(cli, request, &answer, &error) < 0)
		problem = error.text;
	else if (!field_true(answer, "ok"))
		problem = field_text(answer, "error");
	if (!problem)
		return answer;
	fprintf(stderr, "covey %s: %s\n", command, problem);
	json_decref(answer);
	return NULL;
}

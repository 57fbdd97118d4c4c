/* SPDX-License-Identifier: BSD-3-Clause */
#include "late_answers.h"

#include <stdlib.h>

#include "clock.h"
#include "local_json.h"

#define LOOK_MS     20u    /* between two checks */
#define PATIENCE_MS 400u   /* by then, all members of a healthy fabric have switched */
#define WRITTEN_MS  10000u /* a store that takes longer is not waited for */

struct late_answer {
	struct local_client *client; /* NULL: free */
	struct late_question question;
	struct event *timer;
	uint64_t until_ms;
	uint64_t written_by_ms;
};

struct late_answers {
	struct late_answer list[LOCAL_CLIENTS_MAX];
};

static uint64_t patience_of(const struct late_question *question)
{
	return question->patience_ms ? question->patience_ms : PATIENCE_MS;
}

static void look(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval soon = {.tv_usec = LOOK_MS * 1000};
	struct late_answer *answer = arg;
	const struct late_question *question = &answer->question;
	uint64_t now_ms = clock_ms();

	if (question->is_being_written && now_ms < answer->written_by_ms &&
	    question->is_being_written(question))
		answer->until_ms = now_ms + patience_of(question);
	if (!question->is_over(question) && now_ms < answer->until_ms) {
		event_add(answer->timer, &soon);
		return;
	}
	local_answer_json(answer->client, question->answer(question));
	answer->client = NULL;
}

void late_answers_add(struct late_answers *answers, struct local_client *client,
		      const struct late_question *question)
{
	for (size_t i = 0; i < LOCAL_CLIENTS_MAX; i++) {
		struct late_answer *answer = &answers->list[i];

		if (answer->client)
			continue;
		answer->client = client;
		answer->question = *question;
		answer->until_ms = clock_ms() + patience_of(question);
		answer->written_by_ms = clock_ms() + WRITTEN_MS;
		look(-1, 0, answer);
		return;
	}
	local_answer_error(client, "too many clients at once, try again");
}

struct late_answers *late_answers_new(struct event_base *base)
{
	struct late_answers *answers = calloc(1, sizeof(*answers));
	bool good = answers != NULL;

	for (size_t i = 0; good && i < LOCAL_CLIENTS_MAX; i++) {
		answers->list[i].timer = evtimer_new(base, look, &answers->list[i]);
		good = answers->list[i].timer != NULL;
	}
	if (good)
		return answers;
	late_answers_free(answers);
	return NULL;
}

void late_answers_free(struct late_answers *answers)
{
	if (!answers)
		return;
	for (size_t i = 0; i < LOCAL_CLIENTS_MAX; i++)
		if (answers->list[i].timer)
			event_free(answers->list[i].timer);
	free(answers);
}

/* SPDX-License-Identifier: BSD-3-Clause */

#include "probe_ask.h"

#include <clock.h>
#include <errno.h>
#include <inventory.h>
#include <local_json.h>
#include <stdlib.h>
#include <string.h>

#include "member.h"
#include "probe_frame.h"
#include "probe_json.h"

/* Longer than the key manager takes (protocol.md, section 7.4). */
#define WAIT_MS 7000

struct question {
	struct local_client *client; /* NULL: free */
	struct event *timer;
	uint64_t id;
	size_t missing; /* reports that have not come */
	json_t *answer;
};

struct probe_ask {
	const struct inventory *inventory;
	const struct inventory_host *self;
	const uint16_t *full;
	uint64_t last_id;
	struct question questions[LOCAL_CLIENTS_MAX];
};

static void answer(struct question *question)
{
	evtimer_del(question->timer);
	local_answer_json(question->client, question->answer);
	question->client = NULL;
	question->answer = NULL;
}

static void fail(struct question *question, const char *text)
{
	evtimer_del(question->timer);
	local_answer_error(question->client, text);
	json_decref(question->answer);
	question->client = NULL;
	question->answer = NULL;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	fail(arg, "the key manager has not answered in time: is this host connected to it? Look at "
		  "`covey show`");
}

static json_t *begin_answer(const struct probe_ask *ask, const struct probe_wish *wish)
{
	const Covey__ProbeRequest *message = &wish->message;
	json_t *to = json_array();

	for (size_t i = 0; i < message->n_to; i++)
		json_array_append_new(to, json_string(message->to[i]));
	return json_pack("{s:b, s:s, s:s, s:o, s:b, s:I, s:o, s:I, s:[]}", "ok", 1, "group",
			 message->group, "from", message->from, "to", to, "multicast",
			 message->multicast, "vni", (json_int_t)message->vni, "sizes",
			 probe_json_sizes(wish, ask->self), "added",
			 (json_int_t)(PROBE_TAG_OFFSET + probe_ip_len(&ask->self->vtep) +
				      inventory_overhead(ask->inventory)),
			 "reports");
}

static struct question *find_free(struct probe_ask *ask)
{
	for (size_t i = 0; i < LOCAL_CLIENTS_MAX; i++)
		if (!ask->questions[i].client)
			return &ask->questions[i];
	return NULL;
}

void probe_ask_request(struct probe_ask *ask, struct member *member, struct local_client *client,
		       const json_t *request)
{
	struct question *question = find_free(ask);
	Covey__Message message = COVEY__MESSAGE__INIT;
	struct timeval wait = clock_timeval(WAIT_MS);
	struct probe_wish wish = {0};
	struct covey_error error;
	int status;

	if (!question) {
		local_answer_error(client, "too many clients at once, try again");
		return;
	}
	status = probe_json_read(request, ask->inventory, ask->self, *ask->full, &wish, &error);
	if (status) {
		local_answer_json(client, json_pack("{s:b, s:s, s:b}", "ok", 0, "error", error.text,
						    "no_multicast", status == -ENODEV));
		return;
	}
	wish.message.id = ++ask->last_id;
	message.body_case = COVEY__MESSAGE__BODY_PROBE_REQUEST;
	message.probe_request = &wish.message;
	if (member_send(member, &message) < 0) {
		local_answer_error(client, "this host has no session with the key manager, which "
					   "would ask the other hosts: look at `covey show`");
		return;
	}
	question->client = client;
	question->id = wish.message.id;
	question->missing = wish.message.n_to + 1;
	question->answer = begin_answer(ask, &wish);
	evtimer_add(question->timer, &wait);
}

void probe_ask_reported(struct probe_ask *ask, const Covey__ProbeReport *report)
{
	for (size_t i = 0; i < LOCAL_CLIENTS_MAX; i++) {
		struct question *question = &ask->questions[i];

		if (!question->client || question->id != report->id)
			continue;
		if (report->host[0] == '\0') {
			fail(question, report->reason);
			return;
		}
		json_array_append_new(json_object_get(question->answer, "reports"),
				      probe_json_report(report));
		if (--question->missing == 0)
			answer(question);
		return;
	}
}

struct probe_ask *probe_ask_new(struct event_base *base, const struct inventory *inventory,
				const struct inventory_host *self, const uint16_t *full)
{
	struct probe_ask *ask = calloc(1, sizeof(*ask));

	if (!ask)
		return NULL;
	ask->inventory = inventory;
	ask->self = self;
	ask->full = full;
	for (size_t i = 0; i < LOCAL_CLIENTS_MAX; i++) {
		ask->questions[i].timer = evtimer_new(base, on_timer, &ask->questions[i]);
		if (!ask->questions[i].timer) {
			probe_ask_free(ask);
			return NULL;
		}
	}
	return ask;
}

void probe_ask_free(struct probe_ask *ask)
{
	if (!ask)
		return;
	for (size_t i = 0; i < LOCAL_CLIENTS_MAX; i++) {
		json_decref(ask->questions[i].answer);
		if (ask->questions[i].timer)
			event_free(ask->questions[i].timer);
	}
	free(ask);
}

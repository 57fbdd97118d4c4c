/* SPDX-License-Identifier: BSD-3-Clause */

/* covey capture drops: covey-host is asked again and again for what it has dropped. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "capture_run.h"

#define SNAP_LEN    256u
#define INTERVAL_MS 100

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Returns how many bytes there are. */
static uint32_t read_hex(const char *text, uint8_t bytes[SNAP_LEN])
{
	uint32_t len = 0;

	for (; len < SNAP_LEN && text[0] && text[1]; text += 2) {
		int high = digit(text[0]), low = digit(text[1]);

		if (high < 0 || low < 0)
			break;
		bytes[len++] = (uint8_t)(high << 4 | low);
	}
	return len;
}

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static int put(struct capture_run *run, const json_t *entry, struct covey_error *error)
{
	uint8_t bytes[SNAP_LEN];
	struct pcapng_packet packet = {
		.ns = (uint64_t)json_integer_value(json_object_get(entry, "ns")),
		.full_len = (uint32_t)json_integer_value(json_object_get(entry, "len")),
		.len = read_hex(text_of(entry, "bytes"), bytes),
		.bytes = bytes,
	};

	if (packet.len > packet.full_len)
		packet.len = packet.full_len;
	return capture_run_put(run, &packet, text_of(entry, "reason"), error);
}

/* Ask for more. *ret_more: there are some already. */
static int ask(struct capture_run *run, bool last, bool *ret_more, struct covey_error *error)
{
	const struct client_daemon daemon = client_host(run->cli);
	json_t *answer, *entry;
	size_t i;
	int status = client_ask(&daemon,
				json_pack("{s:s, s:O, s:b}", "command", "capture", "id",
					  json_object_get(run->place, "id"), "end", last),
				&answer, error);

	if (status)
		return status;
	client_disarm(answer);
	if (!json_is_true(json_object_get(answer, "ok")))
		status = covey_error_set(error, -EPROTO, "%.300s", text_of(answer, "error"));
	json_array_foreach(json_object_get(answer, "packets"), i, entry)
		if (status == 0)
			status = put(run, entry, error);
	run->missed = (uint64_t)json_integer_value(json_object_get(answer, "missed"));
	*ret_more = json_is_true(json_object_get(answer, "more"));
	json_decref(answer);
	return status ? status : capture_sink_flush(&run->sink, error);
}

static void rest(long left)
{
	const long ms = left < INTERVAL_MS ? left : INTERVAL_MS;

	nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

int capture_drops(struct capture_run *run, struct covey_error *error)
{
	int status = capture_sink_interface(&run->sink, "covey-host", SNAP_LEN, error), ended;
	struct covey_error unused;
	bool more = false;
	long left;

	if (status == 0)
		fprintf(stderr, "covey capture: listening\n");
	while (status == 0 && (left = capture_run_left(run)) > 0) {
		if (!more)
			rest(left);
		status = ask(run, false, &more, error);
	}
	ended = ask(run, true, &more, status ? &unused : error);
	status = status ? status : ended;
	return status ? status
		      : capture_sink_statistics(&run->sink, 0, run->taken + run->missed,
						run->missed, error);
}

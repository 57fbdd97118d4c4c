/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The worked exchange of docs/protocol.md, section 10: its messages in their order.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <covey/limits.h>
#include <string.h>

#include "message.h"
#include "page.h"
#include "secret.h"

#define EXCHANGE_GROUP "tenants"
#define EXCHANGE_HOST  "hv1"
#define EXCHANGE_VTEP  "192.0.2.11"

struct step {
	const char *name;
	bool from_member;
};

static const struct step exchange[] = {
	{"hello", true},
	{"welcome", false},
	{"join", true},
	{"joined", false},
	{"group-mode", false},
	{"roster-1", false},
	{"sa-install-256", false},
	{"group-mode-in-force", true},
	{"roster-ack-1", true},
	{"sa-installed-256", true},
	{"roster-2", false},
	{"sa-activate-256", false},
	{"roster-ack-2", true},
	{"sa-activated-256", true},
	{"heartbeat", true},
	{"heartbeat-answer", false},
	{"sa-install-257", false},
	{"sa-installed-257", true},
	{"sa-activate-257", false},
	{"sa-activated-257", true},
	{"sa-drain-256", false},
	{"leave", true},
	{"left", false},
};

#define EXCHANGE_STEPS (sizeof(exchange) / sizeof(exchange[0]))

static inline bool step_is(const struct step *step, const char *name)
{
	return strcmp(step->name, name) == 0;
}

/* The step's message as the page has it; message_free() it. */
static inline Covey__Message *step_read(const struct step *step)
{
	Covey__Message *message;
	struct block frame;
	size_t max = step->from_member ? COVEY_MESSAGE_TO_GKM_MAX : COVEY_MESSAGE_TO_MEMBER_MAX;
	long len;

	page_field("exchange", step->name, &frame);
	len = message_frame_length(frame.bytes, frame.len, max);
	assert_int_equal(len, frame.len - MESSAGE_FRAME_HEADER_LEN);
	message = message_decode(frame.bytes + MESSAGE_FRAME_HEADER_LEN, (size_t)len);
	assert_non_null(message);
	return message;
}

/* Is the message, framed and encoded, what the page has byte by byte? */
static inline void step_check(const struct step *step, const Covey__Message *message)
{
	struct block frame;
	uint8_t *encoded;
	size_t len;

	page_field("exchange", step->name, &frame);
	assert_int_equal(message_encode(message, COVEY_MESSAGE_TO_MEMBER_MAX, &encoded, &len), 0);
	if (len != frame.len || memcmp(encoded, frame.bytes, len) != 0)
		fail_msg("%s is another one than the page's", step->name);
	secret_free(encoded);
}

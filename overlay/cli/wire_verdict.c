/* SPDX-License-Identifier: BSD-3-Clause */

#include "wire_verdict.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *wire_verdict_name(enum wire_verdict_kind kind)
{
	static const char *const names[] = {
		[WIRE_ENCRYPTED] = "encrypted",  [WIRE_CLEAR] = "clear",
		[WIRE_TOO_BIG] = "too big",      [WIRE_NOT_SEEN] = "not seen",
		[WIRE_BLIND] = "cannot be seen", [WIRE_FAILED] = "not tried",
	};

	return names[kind];
}

const json_t *wire_report(const json_t *answer, const char *host)
{
	const json_t *report;
	size_t i;

	json_array_foreach(json_object_get(answer, "reports"), i, report) {
		const char *name = json_string_value(json_object_get(report, "host"));

		if (name && strcmp(name, host) == 0)
			return report;
	}
	return NULL;
}

static const json_t *side(const json_t *report, bool out)
{
	const json_t *seen;
	size_t i;

	json_array_foreach(json_object_get(report, "seen"), i, seen)
		if (json_is_true(json_object_get(seen, "out")) == out)
			return seen;
	return NULL;
}

unsigned wire_set(const json_t *report, bool out, const char *name)
{
	return (unsigned)json_integer_value(json_object_get(side(report, out), name));
}

__attribute__((format(printf, 2, 3))) static void add(struct wire_verdict *verdict,
						      const char *format, ...)
{
	size_t len = strlen(verdict->detail);
	va_list args;

	va_start(args, format);
	vsnprintf(verdict->detail + len, sizeof(verdict->detail) - len, format, args);
	va_end(args);
}

static const char *text(const json_t *report, const char *name)
{
	const char *value = json_string_value(json_object_get(report, name));

	return value ? value : "";
}

/* True when this end did not take part. */
static bool has_failed(const json_t *report, const char *host, struct wire_verdict *verdict)
{
	if (report && json_is_true(json_object_get(report, "done")))
		return false;
	add(verdict, "%s%s: %s", verdict->detail[0] ? "; " : "", host,
	    report ? text(report, "reason") : "it has not reported");
	return true;
}

static void add_drops(const json_t *report, const char *host, struct wire_verdict *verdict)
{
	const char *name;
	json_t *packets;

	json_object_foreach(json_object_get(report, "drops"), name, packets)
		add(verdict, "; %s dropped %lld packets meanwhile: %s", host,
		    json_integer_value(packets), name);
}

/* A host may see one direction of its uplinks and not the other one. */
static bool is_blind(const json_t *report, bool out)
{
	return text(report, "blind")[0] != '\0' &&
	       !json_is_true(json_object_get(side(report, out), "watched"));
}

/* What both ends say of a direction. */
struct ends {
	const json_t *sender, *receiver;
	const char *from, *to;
	unsigned left, came, arrived; /* sets */
	unsigned proof;  /* set: seen encrypted, and it was no other packet of that length */
	unsigned unsure; /* set: nobody could tell them from other packets */
};

static void trace(const struct ends *ends, struct wire_verdict *verdict)
{
	bool receiver_sees = !is_blind(ends->receiver, false);

	if (ends->came)
		add(verdict, "they came to %s encrypted, and were not decrypted there", ends->to);
	else if (ends->left)
		add(verdict, "they left %s encrypted, and %s %s", ends->from,
		    receiver_sees ? "did not come to" : "it cannot be seen whether they came to",
		    ends->to);
	else if (is_blind(ends->sender, true) && wire_set(ends->sender, true, "sent") != 0)
		add(verdict, "%s%s%sit cannot be seen whether they left %s: %s",
		    receiver_sees ? "they did not come to " : "", receiver_sees ? ends->to : "",
		    receiver_sees ? ", and " : "", ends->from, text(ends->sender, "blind"));
	else
		add(verdict, "they did not leave %s", ends->from);
	if (text(ends->sender, "reason")[0])
		add(verdict, "; %s: %s", ends->from, text(ends->sender, "reason"));
	add_drops(ends->sender, ends->from, verdict);
	add_drops(ends->receiver, ends->to, verdict);
}

static void explain_clear(const struct ends *ends, struct wire_verdict *verdict)
{
	bool left = wire_set(ends->sender, true, "clear") != 0;

	add(verdict, "seen in clear on the %s of %s", left ? "uplink" : "way in",
	    left ? ends->from : ends->to);
}

static void explain_unseen(const struct ends *ends, struct wire_verdict *verdict)
{
	if (is_blind(ends->sender, true) && is_blind(ends->receiver, false)) {
		verdict->kind = WIRE_BLIND;
		add(verdict, "%s: %s; %s: %s", ends->from, text(ends->sender, "blind"), ends->to,
		    text(ends->receiver, "blind"));
		return;
	}
	verdict->kind = WIRE_NOT_SEEN;
	add(verdict, "they arrived at %s, by no uplink at which covey looks", ends->to);
}

/* The largest of a run that has arrived, and the smallest that has not; 0: none. */
static void find_limit(const json_t *answer, unsigned sent, unsigned arrived, long *ret_passes,
		       long *ret_fails)
{
	const json_t *item;
	size_t i;

	*ret_passes = *ret_fails = 0;
	json_array_foreach(json_object_get(answer, "sizes"), i, item) {
		long size = (long)json_integer_value(item);

		if (arrived >> i & 1) {
			if (size > *ret_passes)
				*ret_passes = size;
		} else if (sent >> i & 1 && (*ret_fails == 0 || size < *ret_fails)) {
			*ret_fails = size;
		}
	}
}

static void judge_size(const json_t *answer, const struct ends *ends, unsigned tried,
		       struct wire_verdict *verdict)
{
	long passes, fails;

	find_limit(answer, tried, ends->arrived, &passes, &fails);
	if (fails <= passes)
		return;
	verdict->kind = WIRE_TOO_BIG;
	add(verdict,
	    "tenants' packets of %ld bytes pass, and of %ld bytes do not: the network's MTU is "
	    "smaller than that of the hosts",
	    passes, fails);
	if (text(ends->sender, "reason")[0])
		add(verdict, "; %s: %s", ends->from, text(ends->sender, "reason"));
	add_drops(ends->sender, ends->from, verdict);
	add_drops(ends->receiver, ends->to, verdict);
}

/* Nothing is known of what else the other end has sent or got. */
static void name_only_witness(const struct ends *ends, struct wire_verdict *verdict)
{
	const json_t *blind = NULL;

	if (!ends->left && is_blind(ends->sender, true))
		blind = ends->sender;
	else if (!ends->came && is_blind(ends->receiver, false))
		blind = ends->receiver;
	if (blind)
		add(verdict, "%sseen by the %s alone: %s: %s", verdict->detail[0] ? "; " : "",
		    blind == ends->sender ? "receiver" : "sender",
		    blind == ends->sender ? ends->from : ends->to, text(blind, "blind"));
}

static const char *seen_by(unsigned left, unsigned came)
{
	if (left && came)
		return "both";
	return left ? "sender" : came ? "receiver" : "nobody";
}

static void judge(const json_t *answer, const struct ends *ends, struct wire_verdict *verdict)
{
	unsigned sent = wire_set(ends->sender, true, "sent");
	unsigned clear_left = wire_set(ends->sender, true, "clear");
	unsigned clear_came = wire_set(ends->receiver, false, "clear");
	const json_t *spi = json_object_get(side(ends->sender, true), "spi");

	verdict->sent = (unsigned)__builtin_popcount(sent);
	verdict->arrived = (unsigned)__builtin_popcount(ends->arrived);
	if (!ends->left)
		spi = json_object_get(side(ends->receiver, false), "spi");
	verdict->spi = (unsigned)json_integer_value(spi);
	verdict->seen_by = seen_by(ends->left | clear_left, ends->came | clear_came);
	if (clear_left | clear_came) {
		verdict->kind = WIRE_CLEAR;
		explain_clear(ends, verdict);
	} else if (!ends->arrived) {
		verdict->kind = WIRE_NOT_SEEN;
		trace(ends, verdict);
	} else if (!(ends->arrived & ~ends->unsure)) {
		verdict->kind = WIRE_BLIND;
		add(verdict,
		    "as many packets of the same lengths passed meanwhile, it cannot be told "
		    "which ones the probes are: ask again, or when tenants send less");
	} else if (2 * __builtin_popcount(ends->arrived & ends->proof) <
		   __builtin_popcount(ends->arrived & ~ends->unsure)) {
		/* A packet that the kernel has joined with others has not its own length. */
		explain_unseen(ends, verdict);
	} else {
		verdict->kind = WIRE_ENCRYPTED;
		judge_size(answer, ends, sent, verdict);
		name_only_witness(ends, verdict);
	}
}

/* Where packets of others have a probe's length, it proves nothing to have seen one. */
static void take_out_crowded(struct ends *ends)
{
	unsigned of_sender = wire_set(ends->sender, true, "crowded");
	unsigned of_receiver = wire_set(ends->receiver, false, "crowded");

	ends->proof = (ends->left & ~of_sender) | (ends->came & ~of_receiver);
	if (is_blind(ends->sender, true) && is_blind(ends->receiver, false))
		return;
	ends->unsure = (is_blind(ends->sender, true) ? ~0u : of_sender) &
		       (is_blind(ends->receiver, false) ? ~0u : of_receiver);
}

void wire_verdict(const json_t *answer, const char *from, const char *to,
		  struct wire_verdict *ret_verdict)
{
	struct ends ends = {.sender = wire_report(answer, from),
			    .receiver = wire_report(answer, to),
			    .from = from,
			    .to = to};
	bool failed;

	*ret_verdict = (struct wire_verdict){.kind = WIRE_FAILED, .seen_by = "nobody"};
	/* Both: one of them is often only that the other does not take part. */
	failed = has_failed(ends.receiver, to, ret_verdict);
	failed |= has_failed(ends.sender, from, ret_verdict);
	if (failed)
		return;
	ends.left = wire_set(ends.sender, true, "encrypted");
	ends.came = wire_set(ends.receiver, false, "encrypted");
	ends.arrived = wire_set(ends.receiver, false, "delivered");
	take_out_crowded(&ends);
	judge(answer, &ends, ret_verdict);
}

const char *wire_verdict_text(const struct wire_verdict *verdict, char *buf, size_t size)
{
	size_t len;

	if (verdict->kind == WIRE_ENCRYPTED || verdict->kind == WIRE_TOO_BIG)
		snprintf(buf, size, "%s under SA %u", "encrypted", verdict->spi);
	else
		snprintf(buf, size, "%s", wire_verdict_name(verdict->kind));
	len = strlen(buf);
	if (verdict->kind != WIRE_FAILED && verdict->arrived < verdict->sent) {
		snprintf(buf + len, size - len, ", %u of %u arrived", verdict->arrived,
			 verdict->sent);
		len = strlen(buf);
	}
	if (verdict->detail[0])
		snprintf(buf + len, size - len, ": %s", verdict->detail);
	return buf;
}

json_t *wire_verdict_json(const struct wire_verdict *verdict, const char *from, const char *to)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:s}", "from", from, "to", to,
			 "verdict", wire_verdict_name(verdict->kind), "seen_by", verdict->seen_by,
			 "spi", (int)verdict->spi, "sent", (int)verdict->sent, "arrived",
			 (int)verdict->arrived, "detail", verdict->detail);
}

double wire_round_trip_ms(const json_t *answer, const char *from)
{
	const json_t *time;
	double sum = 0;
	unsigned count = 0;
	size_t i;

	json_array_foreach(json_object_get(side(wire_report(answer, from), true), "round_trip_us"),
			   i, time) {
		sum += (double)json_integer_value(time) / 1000;
		count += json_integer_value(time) > 0;
	}
	return count ? sum / count : 0;
}

bool wire_may(const struct inventory *inventory, const struct inventory_group *group,
	      const char *from, const char *to)
{
	const struct inventory_host *sender = inventory_find_host(inventory, from);
	const struct inventory_host *receiver = inventory_find_host(inventory, to);
	const struct inventory_member *sends =
		sender ? inventory_find_member(inventory, group, sender) : NULL;
	const struct inventory_member *receives =
		receiver ? inventory_find_member(inventory, group, receiver) : NULL;

	return sends && receives && sends->may_send && receives->may_receive;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "mode_answers.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "mode_apart.h"
#include "mode_show.h"
#include "peer_log.h"
#include "realm.h"

/* A change that members do not acknowledge is taken back before that. */
#define PATIENCE_MS (MODE_ACK_MS + 2000)

static json_t *refuse(const char *text)
{
	return json_pack("{s:b, s:s}", "ok", 0, "error", text);
}

/* --- what is so ---------------------------------------------------------------------------- */

/* In a step of the change that is over. */
static bool was_late(const struct group *group, size_t seat)
{
	return group->members[seat].mode_late;
}

static bool is_late(const struct group *group, size_t seat)
{
	return was_late(group, seat) || (group->mode.under_way && mode_awaits(group, seat));
}

/* It cannot be told, and so stays in the mode that it has, until its deadline. */
static bool is_away(const struct group *group, size_t seat)
{
	const struct member *member = &group->members[seat];

	return !member->session && !member->evicted && (member->enrolled || member->restored);
}

static bool is_old(const struct group *group, size_t seat)
{
	return group->members[seat].session && !group->members[seat].knows_modes;
}

static const char *outcome_name(enum mode_outcome outcome)
{
	static const char *const names[] = {
		[MODE_OUTCOME_NONE] = "nothing was asked",
		[MODE_OUTCOME_UNDER_WAY] = "under way",
		[MODE_OUTCOME_DONE] = "done",
		[MODE_OUTCOME_TAKEN_BACK] = "taken back",
		[MODE_OUTCOME_UNDONE] = "undone",
	};

	return names[outcome];
}

/* What keeps the group from going one step further, if there is one. */
static struct mode_flaws obstacles(const struct realm *realm)
{
	const struct group *group = realm->served.group;
	struct mode_flaws flaws = {0};

	if (group->mode.now.mode < COVEY_MODE_ENFORCE)
		mode_flaws_find(group, (enum covey_mode)(group->mode.now.mode + 1), clock_ms(),
				&flaws);
	return flaws;
}

static json_t *tell(const struct realm *realm)
{
	const struct mode_flaws flaws = obstacles(realm);
	json_t *answer = mode_show(realm, clock_ms());

	json_object_set_new(answer, "ok", json_true());
	json_object_set_new(answer, "group", json_string(realm->served.config->name));
	json_object_set_new(answer, "outcome",
			    json_string(outcome_name(realm->served.group->mode.outcome)));
	json_object_set_new(answer, "late", mode_show_names(realm, is_late));
	json_object_set_new(answer, "away", mode_show_names(realm, is_away));
	json_object_set_new(answer, "old", mode_show_names(realm, is_old));
	json_object_set_new(answer, "obstacles", mode_show_flaws(realm, &flaws));
	json_object_set_new(answer, "obstacle_count", json_integer((json_int_t)flaws.count));
	return answer;
}

/* After a change: also what it went on in spite of. */
static json_t *tell_change(const struct realm *realm)
{
	const struct mode_flaws *despite = &realm->served.group->mode.despite;
	json_t *answer = tell(realm);

	json_object_set_new(answer, "despite", mode_show_flaws(realm, despite));
	json_object_set_new(answer, "despite_count", json_integer((json_int_t)despite->count));
	return answer;
}

/* --- how a change ends --------------------------------------------------------------------- */

static void print_names(FILE *out, const json_t *names)
{
	const json_t *name;
	size_t i;

	json_array_foreach(names, i, name)
		if (i < MODE_FLAWS_NAMED)
			fprintf(out, "%s%s", i ? ", " : "", json_string_value(name));
	if (json_array_size(names) > MODE_FLAWS_NAMED)
		fprintf(out, " and %zu more", json_array_size(names) - MODE_FLAWS_NAMED);
}

static json_t *tell_taken_back(const struct realm *realm)
{
	/* Now all are to acknowledge the mode before, and may not have done so yet. */
	json_t *late = mode_show_names(realm, was_late), *answer;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (out) {
		fprintf(out,
			"group %s is back in %s: the new mode was not acknowledged within %u s by ",
			realm->served.config->name,
			covey_mode_name(realm->served.group->mode.now.goal),
			(unsigned)(MODE_ACK_MS / 1000));
		print_names(out, late);
		fprintf(out, ": look at their logs and connections, then try again");
		fclose(out);
	}
	answer = text ? refuse(text) : NULL;
	json_object_set_new(answer, "late", late);
	free(text);
	return answer;
}

static json_t *explain(const struct realm *realm, enum mode_verdict verdict, enum covey_mode mode);

static bool is_storing(const struct group_mode *mode)
{
	return mode->written.what == MODE_WRITES_CHANGE ||
	       mode->written.what == MODE_WRITES_CONFIRM;
}

/* It is not stored, or not yet. */
static json_t *tell_not_begun(const struct realm *realm)
{
	return explain(realm,
		       is_storing(&realm->served.group->mode) ? MODE_STORING : MODE_NOT_STORED, 0);
}

static json_t *answer(const struct late_question *question)
{
	const struct realm *realm = question->realm;
	const struct group_mode *mode = &realm->served.group->mode;
	struct covey_error error;

	if (mode->change < question->change)
		return tell_not_begun(realm);
	if (mode->change != question->change)
		return tell(realm);
	if (mode->outcome == MODE_OUTCOME_TAKEN_BACK)
		return tell_taken_back(realm);
	if (mode->outcome != MODE_OUTCOME_UNDONE)
		return tell_change(realm);
	covey_error_set(&error, 0,
			"group %s goes to %s: the deadline came before all members had "
			"acknowledged the change",
			realm->served.config->name, covey_mode_name(mode->now.goal));
	return refuse(error.text);
}

static bool is_over(const struct late_question *question)
{
	const struct group_mode *mode = &question->realm->served.group->mode;

	if (mode->change < question->change)
		return !is_storing(mode);
	return mode->change != question->change || mode->outcome != MODE_OUTCOME_UNDER_WAY;
}

/* --- why not ------------------------------------------------------------------------------- */

static void print_flaws(FILE *out, const json_t *list, size_t count)
{
	const json_t *flaw;
	size_t i;

	json_array_foreach(list, i, flaw)
		fprintf(out, "%s%s", i ? "; " : "",
			json_string_value(json_object_get(flaw, "text")));
	if (count > MODE_FLAWS_NAMED)
		fprintf(out, "; and %zu more", count - MODE_FLAWS_NAMED);
}

static json_t *tell_obstacles(const struct realm *realm, enum covey_mode mode)
{
	const struct mode_flaws flaws = obstacles(realm);
	const char *name = realm->served.config->name;
	json_t *list = mode_show_flaws(realm, &flaws), *answer;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (out) {
		fprintf(out, "group %s stays in %s, because not all could follow to %s: ", name,
			covey_mode_name(realm->served.group->mode.now.mode), covey_mode_name(mode));
		print_flaws(out, list, flaws.count);
		if (flaws.clear && flaws.clear == flaws.count)
			fprintf(out,
				". Clear packets can be forged: if these are, or may be lost, "
				"`covey mode %s enforce --despite-clear`",
				name);
		fclose(out);
	}
	answer = text ? refuse(text) : NULL;
	json_object_set_new(answer, "obstacles", list);
	json_object_set_new(answer, "obstacle_count", json_integer((json_int_t)flaws.count));
	free(text);
	return answer;
}

static json_t *explain(const struct realm *realm, enum mode_verdict verdict, enum covey_mode mode)
{
	const char *group = realm->served.config->name;
	const struct group_mode *now = &realm->served.group->mode;
	struct covey_error error;

	switch (verdict) {
	case MODE_BUSY:
		covey_error_set(
			&error, 0,
			"a change of group %s to %s is under way: try again in some seconds", group,
			covey_mode_name(now->now.goal));
		break;
	case MODE_TOO_LATE:
		covey_error_set(
			&error, 0,
			"too late: the deadline is here, and group %s becomes %s: try again "
			"in some seconds",
			group, covey_mode_name(now->now.then));
		break;
	case MODE_UNCONFIRMED:
		covey_error_set(&error, 0,
				"group %s goes back to %s soon, unless you confirm its mode first: "
				"`covey mode %s confirm`",
				group, covey_mode_name(now->now.then), group);
		break;
	case MODE_TOO_FAR:
		covey_error_set(&error, 0,
				"group %s cannot go from %s to %s in one step, since their members "
				"do not understand each other: `covey mode %s transition` comes "
				"first",
				group, covey_mode_name(now->now.mode), covey_mode_name(mode),
				group);
		break;
	case MODE_POINTLESS:
		covey_error_set(&error, 0,
				"this would change nothing: group %s is in %s, and --for ends in "
				"enforce, --confirm-within in the mode before",
				group, covey_mode_name(now->now.mode));
		break;
	case MODE_NOT_DESPITE:
		covey_error_set(
			&error, 0,
			"group %s stays in %s: only enforce asks who sends in clear, so only "
			"there --despite-clear has a meaning",
			group, covey_mode_name(now->now.mode));
		break;
	case MODE_BAD_TIME:
		covey_error_set(&error, 0, "a deadline is 1 s to 7 days, and there is only one");
		break;
	case MODE_TOO_SHORT:
		covey_error_set(
			&error, 0,
			"the deadline is too soon: a message to the slowest member of group %s "
			"takes up to %" PRIu32 " ms there and back",
			group, mode_apart_ms(realm->served.group, clock_ms()));
		break;
	case MODE_NOTHING:
		covey_error_set(&error, 0,
				"no change of group %s waits to be confirmed: it is in %s", group,
				covey_mode_name(now->now.mode));
		break;
	case MODE_FLAWED:
		return tell_obstacles(realm, mode);
	case MODE_STORING:
		covey_error_set(&error, 0,
				"the change of group %s is not stored yet, and nothing has changed "
				"so far: `covey mode %s` says what comes of it",
				group, group);
		break;
	default:
		covey_error_set(&error, 0, "the mode of group %s stays as it is: %.400s", group,
				realm->mode_error.text);
	}
	return refuse(error.text);
}

/* --- the request --------------------------------------------------------------------------- */

/* A time that is there and 0, negative or no number is bad, too. */
static bool read_seconds(const json_t *request, const char *key, uint64_t *ret_seconds)
{
	const json_t *value = json_object_get(request, key);
	json_int_t seconds = json_integer_value(value);

	if (!value || json_is_null(value))
		return true;
	if (seconds <= 0)
		return false;
	*ret_seconds = (uint64_t)seconds;
	return true;
}

/* Scripts may ask again and again. */
static void log_refusal(const struct realm *realm, const json_t *answer)
{
	const char *text = json_string_value(json_object_get(answer, "error"));

	peer_log_line(realm->tools.log, LOG_LEVEL_NOTICE, realm->served.config->name,
		      "%s: what the operator asks of its mode is refused: %.800s",
		      realm->served.config->name, text ? text : "out of memory");
}

/* The operator has asked for it, and may have to explain it later. */
static void log_despite(const struct realm *realm)
{
	const struct mode_flaws *despite = &realm->served.group->mode.despite;
	json_t *list;
	char *text = NULL;
	size_t size;
	FILE *out;

	if (despite->count == 0)
		return;
	list = mode_show_flaws(realm, despite);
	out = open_memstream(&text, &size);
	if (out) {
		print_flaws(out, list, despite->count);
		fclose(out);
	}
	peer_log_line(NULL, LOG_LEVEL_WARNING, realm->served.config->name,
		      "%s: THE OPERATOR HAS IT ENFORCE DESPITE CLEAR PACKETS, which are dropped "
		      "from now on: %s",
		      realm->served.config->name, text ? text : "out of memory");
	free(text);
	json_decref(list);
}

static bool begun(struct realm *realm, enum mode_verdict verdict, enum covey_mode mode,
		  json_t **ret_answer, struct late_question *ret_question)
{
	if (verdict != MODE_BEGUN && verdict != MODE_STORING) {
		*ret_answer = verdict == MODE_ALREADY ? tell(realm) : explain(realm, verdict, mode);
		if (verdict != MODE_ALREADY)
			log_refusal(realm, *ret_answer);
		return true;
	}
	*ret_question = (struct late_question){.is_over = is_over,
					       .answer = answer,
					       .realm = realm,
					       .change = realm->served.group->mode.change,
					       .patience_ms = PATIENCE_MS};
	if (verdict == MODE_STORING) {
		realm->mode_begun = log_despite;
		ret_question->change++;
		return false;
	}
	log_despite(realm);
	realm_wake(realm);
	return false;
}

bool mode_request_run(struct realm *realm, const json_t *request, json_t **ret_answer,
		      struct late_question *ret_question)
{
	const char *name = json_string_value(json_object_get(request, "mode"));
	struct group *group = realm->served.group;
	struct mode_request wanted = {
		.despite_clear = json_is_true(json_object_get(request, "despite_clear"))};

	if (json_is_true(json_object_get(request, "confirm")))
		return begun(realm, mode_confirm(group, clock_ms()), 0, ret_answer, ret_question);
	if (!name)
		*ret_answer = tell(realm);
	else if (!covey_mode_parse(name, &wanted.mode))
		*ret_answer = refuse("the mode of a group is observe, transition or enforce");
	else if (!read_seconds(request, "for_s", &wanted.for_s) ||
		 !read_seconds(request, "confirm_s", &wanted.confirm_s))
		*ret_answer = explain(realm, MODE_BAD_TIME, wanted.mode);
	else
		return begun(realm, mode_change(group, &wanted, clock_ms()), wanted.mode,
			     ret_answer, ret_question);
	return true;
}

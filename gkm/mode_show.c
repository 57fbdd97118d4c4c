/* SPDX-License-Identifier: BSD-3-Clause */
#include "mode_show.h"

#include <stdio.h>

#include "clock.h"
#include "realm.h"

/* --- members ------------------------------------------------------------------------------- */

json_t *mode_show_member(const struct group *group, size_t seat)
{
	const struct member *member = &group->members[seat];

	if (member->session && !member->knows_modes)
		return json_string(covey_mode_name(COVEY_MODE_ENFORCE));
	return member->mode_in_force ? json_string(covey_mode_name(member->mode_in_force))
				     : json_null();
}

json_t *mode_show_names(const struct realm *realm,
			bool (*is)(const struct group *group, size_t seat))
{
	json_t *names = json_array();

	for (size_t i = 0; i < realm->served.group->seats; i++)
		if (is(realm->served.group, i))
			json_array_append_new(names, json_string(realm_member_name(realm, i)));
	return names;
}

/* --- clear packets ------------------------------------------------------------------------- */

/* The name of the member that has the address, or NULL. */
static const char *sender_name(const struct realm *realm, const struct covey_addr *vtep)
{
	size_t seat = mode_flaws_sender(realm->served.group, vtep);

	return seat < realm->served.group->seats ? realm_member_name(realm, seat) : NULL;
}

struct listing {
	const struct realm *realm;
	uint64_t now_ms;
	json_t *array;
};

static void list_heard(size_t seat, const struct clear_heard *heard, void *arg)
{
	const struct listing *listing = arg;
	char vtep[COVEY_ADDR_STRLEN];

	json_array_append_new(
		listing->array,
		json_pack("{s:s, s:s, s:s?, s:I, s:I, s:I}", "member",
			  realm_member_name(listing->realm, seat), "vtep",
			  covey_addr_format(&heard->vtep, vtep), "host",
			  sender_name(listing->realm, &heard->vtep), "vni", (json_int_t)heard->vni,
			  "packets",
			  (json_int_t)(heard->packets > INT64_MAX ? INT64_MAX : heard->packets),
			  "ago_s", (json_int_t)((listing->now_ms - heard->at_ms) / 1000)));
}

static json_t *show_heard(const struct realm *realm, uint64_t now_ms)
{
	struct listing listing = {realm, now_ms, json_array()};

	clear_heard_each(realm->served.group, now_ms, list_heard, &listing);
	return listing.array;
}

/* --- the group ----------------------------------------------------------------------------- */

static json_t *seconds_left(const struct group_mode *mode, uint64_t now_ms)
{
	uint64_t left_ms = mode->deadline_ms > now_ms ? mode->deadline_ms - now_ms : 0;

	return mode->now.then ? json_integer((json_int_t)((left_ms + 999) / 1000)) : json_null();
}

static bool has_missed(const struct group *group, size_t seat)
{
	return clear_heard_missed(group, seat, clock_ms());
}

json_t *mode_show(const struct realm *realm, uint64_t now_ms)
{
	const struct group *group = realm->served.group;
	const struct group_mode *mode = &group->mode;

	return json_pack("{s:s, s:s, s:I, s:b, s:o, s:s?, s:b, s:o, s:o}", "mode",
			 covey_mode_name(mode->now.mode), "goal", covey_mode_name(mode->now.goal),
			 "serial", (json_int_t)mode->now.serial, "under_way", mode->under_way,
			 "left_s", seconds_left(mode, now_ms), "then",
			 mode->now.then ? covey_mode_name(mode->now.then) : NULL, "unconfirmed",
			 mode->now.then && mode->confirms, "clear", show_heard(realm, now_ms),
			 "clear_missed", mode_show_names(realm, has_missed));
}

/* --- what is in the way -------------------------------------------------------------------- */

static const char *const flaw_texts[] = {
	[MODE_FLAW_AWAY] = "%s has no connection to the key manager (start its covey-host, or "
			   "evict it)",
	[MODE_FLAW_OLD] = "the covey-host of %s knows no modes (install this version there)",
	[MODE_FLAW_MODE] = "%s has not acknowledged the present mode (its log says why, or it "
			   "needs a moment)",
	[MODE_FLAW_NO_SA] = "the group has no active SA (try again when its members have one)",
	[MODE_FLAW_SA] = "%s does not use the active SA yet (try again, or look at its log)",
	[MODE_FLAW_SILENT] =
		"%s has not said yet what it hears in clear since all encrypt (it does "
		"so every 10 s: try again)",
	[MODE_FLAW_CLEAR_MISSED] = "%s heard more clear VXLAN than it could report (`covey show "
				   "clear` there lists it)",
};

static void describe(const struct realm *realm, const struct mode_flaws *flaws, size_t index,
		     char *text, size_t size)
{
	const char *name = realm_member_name(realm, flaws->named[index].seat);
	const char *sender = sender_name(realm, &flaws->named[index].vtep);
	char vtep[COVEY_ADDR_STRLEN];

	if (flaws->named[index].flaw != MODE_FLAW_CLEAR) {
		snprintf(text, size, flaw_texts[flaws->named[index].flaw], name);
		return;
	}
	snprintf(text, size, "%s heard clear VXLAN from %s (%s%s) in VNI %u, %u s ago", name,
		 covey_addr_format(&flaws->named[index].vtep, vtep), sender ? "host " : "",
		 sender ? sender : "which is no member", flaws->named[index].vni,
		 flaws->named[index].ago_s);
}

static bool is_about_member(enum mode_flaw flaw)
{
	return flaw != MODE_FLAW_NO_SA;
}

json_t *mode_show_flaws(const struct realm *realm, const struct mode_flaws *flaws)
{
	static const char *const names[] = {
		[MODE_FLAW_AWAY] = "away",
		[MODE_FLAW_OLD] = "too old",
		[MODE_FLAW_MODE] = "mode not acknowledged",
		[MODE_FLAW_NO_SA] = "no SA",
		[MODE_FLAW_SA] = "SA not in use",
		[MODE_FLAW_CLEAR] = "clear packets",
		[MODE_FLAW_SILENT] = "no report yet",
		[MODE_FLAW_CLEAR_MISSED] = "too many clear senders",
	};
	json_t *array = json_array();
	char text[320];

	for (size_t i = 0; i < flaws->count && i < MODE_FLAWS_NAMED; i++) {
		enum mode_flaw flaw = flaws->named[i].flaw;

		describe(realm, flaws, i, text, sizeof(text));
		json_array_append_new(
			array, json_pack("{s:s, s:s?, s:s}", "why", names[flaw], "member",
					 is_about_member(flaw)
						 ? realm_member_name(realm, flaws->named[i].seat)
						 : NULL,
					 "text", text));
	}
	return array;
}

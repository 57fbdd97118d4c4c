/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture_names.h"

#include <covey/drop.h>
#include <covey/wire.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define ASK_AGAIN_MS 1000

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int ask(struct capture_names *names, struct covey_error *error)
{
	const struct client_daemon daemon = client_host(names->cli);
	json_t *answer;
	int status = client_ask(&daemon, json_pack("{s:s}", "command", "show"), &answer, error);

	names->asked_at = now_ms();
	if (status)
		return status;
	client_disarm(answer);
	json_decref(names->answer);
	names->answer = answer;
	return 0;
}

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

/* --- what covey-host knows ------------------------------------------------------------------- */

/* NULL: there is none. */
static const json_t *find(const json_t *array, const char *key, json_int_t value)
{
	const json_t *entry;
	size_t i;

	json_array_foreach(array, i, entry)
		if (json_integer_value(json_object_get(entry, key)) == value)
			return entry;
	return NULL;
}

static const json_t *find_sa(const struct capture_names *names, uint32_t spi)
{
	return find(json_object_get(names->answer, "sas"), "spi", spi);
}

static const json_t *find_group(const struct capture_names *names, const char *name)
{
	const json_t *group;
	size_t i;

	json_array_foreach(json_object_get(names->answer, "groups"), i, group)
		if (strcmp(text_of(group, "name"), name) == 0)
			return group;
	return NULL;
}

static bool has_vni(const json_t *group, uint32_t vni)
{
	const json_t *entry;
	size_t i;

	json_array_foreach(json_object_get(group, "vnis"), i, entry)
		if (json_integer_value(entry) == vni)
			return true;
	return false;
}

/* "": in none. */
static const char *group_of_vni(const struct capture_names *names, uint32_t vni)
{
	const json_t *group;
	size_t i;

	json_array_foreach(json_object_get(names->answer, "groups"), i, group)
		if (has_vni(group, vni))
			return text_of(group, "name");
	return "";
}

/* The name in "spiffe://fabric/host/NAME". */
static const char *name_in(const char *identity)
{
	const char *slash = strrchr(identity, '/');

	return slash ? slash + 1 : identity;
}

/* The member that is() says. NULL: there is none. */
static const json_t *find_member(const struct capture_names *names, const char *key,
				 const char *value)
{
	const json_t *group, *member;
	size_t i, j;

	json_array_foreach(json_object_get(names->answer, "groups"), i, group)
		json_array_foreach(json_object_get(group, "members"), j, member)
			if (strcmp(name_in(text_of(member, key)), value) == 0)
				return member;
	return NULL;
}

/* --- which are wanted ------------------------------------------------------------------------ */

static int resolve(struct capture_names *names, struct covey_error *error)
{
	const struct capture_wanted *wanted = &names->wanted;
	const json_t *member;

	if (wanted->group && !find_group(names, wanted->group))
		return covey_error_set(
			error, -ENOENT,
			"this host is in no group %.63s: look at `covey show groups`",
			wanted->group);
	if (!wanted->peer || covey_addr_parse(wanted->peer, &names->peer))
		return 0;
	member = find_member(names, "identity", wanted->peer);
	if (!member || !covey_addr_parse(text_of(member, "vtep"), &names->peer))
		return covey_error_set(error, -ENOENT,
				       "no group of this host has a member %.63s: look at `covey "
				       "show peers`, or give the VTEP address",
				       wanted->peer);
	return 0;
}

int capture_names_new(const struct cli *cli, const struct capture_wanted *wanted,
		      struct capture_names *ret_names, struct covey_error *error)
{
	int status;

	*ret_names = (struct capture_names){.cli = cli, .wanted = *wanted};
	status = ask(ret_names, error);
	if (status == 0)
		status = resolve(ret_names, error);
	if (status)
		capture_names_free(ret_names);
	return status;
}

void capture_names_free(struct capture_names *names)
{
	json_decref(names->answer);
	names->answer = NULL;
}

static bool is_of_group(struct capture_names *names, const struct captured *captured)
{
	struct covey_error error;

	if (captured->kind == CAPTURED_VXLAN)
		return strcmp(group_of_vni(names, captured->vni), names->wanted.group) == 0;
	if (captured->kind != CAPTURED_VPE)
		return false;
	if (!find_sa(names, captured->spi) && now_ms() - names->asked_at >= ASK_AGAIN_MS)
		ask(names, &error);
	return strcmp(text_of(find_sa(names, captured->spi), "group"), names->wanted.group) == 0;
}

bool capture_names_wants(struct capture_names *names, const struct captured *captured)
{
	const struct capture_wanted *wanted = &names->wanted;

	if (wanted->vni >= 0 &&
	    (captured->kind != CAPTURED_VXLAN || captured->vni != (uint32_t)wanted->vni))
		return false;
	if (wanted->peer && !covey_addr_equal(&captured->source, &names->peer) &&
	    !covey_addr_equal(&captured->destination, &names->peer))
		return false;
	return !wanted->group || is_of_group(names, captured);
}

/* --- in words --------------------------------------------------------------------------------- */

static const char *host_name(const struct capture_names *names, const struct covey_addr *address,
			     char text[COVEY_ADDR_STRLEN])
{
	const json_t *member;

	if (address->family == 0)
		return "?";
	covey_addr_format(address, text);
	member = find_member(names, "vtep", text);
	return member ? name_in(text_of(member, "identity")) : text;
}

/* What the packet is of. */
static int describe_kind(const struct capture_names *names, const struct captured *captured,
			 char *text, size_t size)
{
	const json_t *sa;
	const char *group;

	switch (captured->kind) {
	case CAPTURED_VXLAN:
		group = group_of_vni(names, captured->vni);
		return snprintf(text, size, "VNI %" PRIu32 "%s%s", captured->vni,
				group[0] ? " of group " : " of no group here", group);
	case CAPTURED_VPE:
		sa = find_sa(names, captured->spi);
		group = text_of(sa, "group");
		return snprintf(text, size,
				"SA %" PRIu32 " (SPI 0x%08" PRIx32 ")%s%s%s%s, SenderID %u, "
				"WindowID 0x%04x, epoch %u, counter %" PRIu64,
				captured->spi, captured->spi, sa ? " of group " : " unknown here",
				group, sa ? ", " : "", text_of(sa, "state"), captured->sender_id,
				captured->window_id, covey_esn_epoch(captured->esn),
				covey_esn_counter(captured->esn));
	case CAPTURED_OTHER:
		break;
	}
	return snprintf(text, size, "neither VXLAN nor VPE");
}

static const char *text_of_reason(const char *reason)
{
	for (unsigned i = 0; i < COVEY_DROP_COUNT; i++)
		if (strcmp(covey_drop_names[i], reason) == 0)
			return covey_drop_texts[i];
	return "a reason of another version";
}

void capture_names_describe(const struct capture_names *names, const struct captured *captured,
			    const char *reason, char *text, size_t size)
{
	char from[COVEY_ADDR_STRLEN], to[COVEY_ADDR_STRLEN], kind[300];
	bool is_out = covey_addr_equal(&captured->source, &names->own);

	describe_kind(names, captured, kind, sizeof(kind));
	if (reason)
		snprintf(text, size, "dropped: %s (%s); %s, %s to %s", reason,
			 text_of_reason(reason), kind, host_name(names, &captured->source, from),
			 host_name(names, &captured->destination, to));
	else
		snprintf(text, size, "%s; %s, %s to %s", is_out ? "out" : "in", kind,
			 host_name(names, &captured->source, from),
			 host_name(names, &captured->destination, to));
}

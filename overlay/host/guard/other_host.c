/* SPDX-License-Identifier: BSD-3-Clause */

#include "other_host.h"

#include <errno.h>
#include <log.h>
#include <net/if.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guard_nft.h"
#include "guard_text.h"
#include "guard_token.h"
#include "link_name.h"
#include "secret_source.h"

bool other_host_is(const struct guard_author *author, const char *own_name)
{
	return author->pid && author->pid != (uint32_t)getpid() &&
	       strcmp(author->name, own_name) == 0;
}

static void take_off(struct installed_guard *guard)
{
	if (!guard->off)
		log_warning(
			"guard: removed from %s by `covey-host --guard off`: clear VXLAN is not "
			"held back there until `covey-host --guard on`, or a restart",
			guard->interface);
	guard->off = true;
	steer_own_end(&guard->own);
}

/* The interface that the rule names which forwards. */
static void take_steered(struct steer *steer, const char *listing)
{
	static const char before[] = " fwd to \"", behind[] = "\" comment \"" STEER_FORWARDED;
	const char *end = strstr(listing, behind), *name = end;

	steer->to[0] = '\0';
	while (name > listing && name[-1] != '"')
		name--;
	if (!end || name - listing < (ptrdiff_t)strlen(before) ||
	    strncmp(name - strlen(before), before, strlen(before)) != 0 || end - name >= IFNAMSIZ)
		return;
	memcpy(steer->to, name, (size_t)(end - name));
	steer->to[end - name] = '\0';
}

/* Also into this process's own table, which would go on dropping them. */
static int take_clear(struct installed_guard *guard, const char *listing, struct covey_error *error)
{
	struct guard_config now = guard->wanted;
	struct guard_clear clear;

	if (guard_clear_read(listing, &clear))
		return covey_error_set(error, -ENOMEM, "out of memory");
	installed_guard_take_clear(guard, &clear);
	if (!guard->own.nft)
		return 0;
	now.steer = guard->standing.steer;
	now.steer.hooked = true;
	now.steer.clear = guard->clear;
	return steer_own_set(&guard->own, &now, NULL, error);
}

/* The rule names no ports when it is for all of them. */
static void take_held(struct guard_config *wanted, const char *listing)
{
	uint16_t ports[GUARD_PORTS_MAX];
	size_t count = guard_read_ports(listing, GUARD_LOCAL_DELIVERED, ports, GUARD_PORTS_MAX);

	if (count > 0)
		wanted->local.held = guard_ports_of(ports, count);
	else if (strstr(listing, GUARD_LOCAL_DELIVERED))
		wanted->local.held = wanted->ports;
	else
		wanted->local.held = guard_ports_of(NULL, 0);
}

static void take_secrets(struct guard_config *wanted, const char *listing)
{
	uint32_t token = guard_token_read(listing);
	uint64_t source = secret_source_read(listing);

	if (token)
		wanted->local.token = token;
	/* With a hook there and no address, they are of a covey-host whose dataplane takes none. */
	if (source || strstr(listing, "chain " GUARD_LOCAL_EGRESS))
		wanted->local.source = source;
}

/* Take over what only the other covey-host can know. */
static void take_over(struct installed_guard *guard, const char *listing)
{
	struct guard_config *wanted = &guard->wanted;

	take_secrets(wanted, listing);
	take_held(wanted, listing);
	wanted->local.unbound = strstr(listing, "chain " GUARD_LOCAL_EGRESS) == NULL;
	guard->standing.host_index = guard_host_index(wanted);
	take_steered(&wanted->steer, listing);
	guard->standing.to_index = guard_to_index(wanted);
	wanted->steer.to_index = guard->standing.to_index;
}

/* By the other's covey_foreign_vxlan, which only its own rules tell. */
static void take_foreign(struct guard_config *wanted, const char *listing)
{
	wanted->foreign_count =
		guard_read_ports(listing, GUARD_FOREIGN, wanted->foreign_ports, GUARD_FOREIGN_MAX);
	wanted->foreign_all = wanted->foreign_count > 0;
	if (!wanted->foreign_all)
		wanted->foreign_count = guard_read_ports(listing, GUARD_FOREIGN_VNI,
							 wanted->foreign_ports, GUARD_FOREIGN_MAX);
}

/* And what this one's inventory says, too: the other's may be newer. */
static void take_over_all(struct installed_guard *guard, const char *listing)
{
	struct guard_config *wanted = &guard->wanted;

	take_over(guard, listing);
	take_foreign(wanted, listing);
	wanted->af_packet = strstr(listing, GUARD_OWN_COPY) != NULL;
}

int other_host_accept(struct installed_guard *guard, bool removed, bool yields, bool *ret_accepted,
		      struct covey_error *error)
{
	char *listing;
	int status = guard_nft_list(guard->interface, false, &listing, error);

	if (status)
		return status;
	if (listing[0] == '\0' ? !removed : !yields) {
		free(listing);
		*ret_accepted = false;
		return 0;
	}
	if (listing[0] != '\0')
		status = take_clear(guard, listing, error);
	if (status) {
		free(listing);
		return status;
	}
	free(guard->standing.listing);
	guard->standing.listing = listing;
	guard->standing.index = if_nametoindex(guard->interface);
	if (listing[0] == '\0') {
		take_off(guard);
	} else { /* so that later it is put back as it is now */
		take_over_all(guard, listing);
		guard->off = false;
	}
	*ret_accepted = true;
	return 0;
}

int other_host_find(struct installed_guard *guard, struct covey_error *error)
{
	char interface[IFNAMSIZ], *listing;
	int status = link_name_find(guard->given, interface, error);

	if (status == 0)
		status = guard_nft_list(interface, false, &listing, error);
	if (status)
		return status;
	if (secret_source_read(listing)) {
		status = take_clear(guard, listing, error);
		take_over(guard, listing);
		guard->wanted.af_packet |= strstr(listing, GUARD_OWN_COPY) != NULL;
	}
	free(listing);
	return status;
}

/* Of what the keeper lets pass in clear, only what passes now, too. */
static int narrow(struct installed_guard *guard, const char *listing)
{
	struct guard_clear standing, kept;
	int status = guard_clear_read(listing, &standing);

	if (status)
		return status;
	status = guard_clear_copy(&guard->clear, &kept);
	if (status == 0) {
		guard_clear_keep(&kept.accepted, &standing.accepted);
		guard_clear_keep(&kept.steered, &kept.accepted);
		installed_guard_take_clear(guard, &kept);
	}
	guard_clear_free(&standing);
	return status;
}

int other_host_follow(struct installed_guard *guard, struct covey_error *error)
{
	char *listing;
	int status = guard_nft_list(guard->interface, false, &listing, error);

	if (status)
		return status;
	if (listing[0] != '\0') {
		take_secrets(&guard->wanted, listing);
		if (narrow(guard, listing))
			status = covey_error_set(error, -ENOMEM, "out of memory");
	}
	free(listing);
	return status;
}

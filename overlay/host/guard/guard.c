/* SPDX-License-Identifier: BSD-3-Clause */

#include "guard.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guard_fabric.h"
#include "guard_nft.h"
#include "guard_replace.h"
#include "guard_text.h"
#include "guard_token.h"
#include "link.h"
#include "secret_source.h"
#include "steer_own.h"

/* For a moment, the kernel may be short of memory, or of room in a socket: so there are several
 * tries. */
#define TRIES         5
#define FIRST_REST_US 10000

static int write_tables(const struct guard_config *config, enum guard_device_hooks hooks,
			char **ret_tables, struct covey_error *error)
{
	char *tables = NULL;
	size_t len;
	FILE *stream = open_memstream(&tables, &len);

	if (!stream)
		return covey_error_set(error, -ENOMEM, "out of memory");
	guard_rules_write_tables(stream, config, hooks);
	if (fclose(stream) != 0) {
		free(tables);
		return covey_error_set(error, -ENOMEM, "out of memory");
	}
	*ret_tables = tables;
	return 0;
}

/* One transaction that puts the tables in the place of those that stand. standing: of which there
 * are some, and they are changed in place. NULL: they are removed, if there are any. */
static int write_rules(const struct guard_config *config, const char *tables, const char *standing,
		       char **ret_rules, struct covey_error *error)
{
	char *rules = NULL;
	size_t len;
	FILE *stream = open_memstream(&rules, &len);

	if (!stream)
		return covey_error_set(error, -ENOMEM, "out of memory");
	guard_rules_write_others_removal(stream, config);
	if (standing) {
		guard_replace_write(stream, tables, standing);
	} else {
		guard_rules_write_removal(stream, config->interface);
		fputs(tables, stream);
	}
	if (fclose(stream) != 0) {
		free(rules);
		return covey_error_set(error, -ENOMEM, "out of memory");
	}
	*ret_rules = rules;
	return 0;
}

unsigned guard_host_index(const struct guard_config *config)
{
	const struct guard_local *local = &config->local;

	return local->host_interface && !local->unbound ? if_nametoindex(local->host_interface) : 0;
}

unsigned guard_to_index(const struct guard_config *config)
{
	return config->steer.to[0] != '\0' ? if_nametoindex(config->steer.to) : 0;
}

static void find_uplinks(struct steer *steer)
{
	steer->uplink_count = uplinks_find_all(&steer->wanted, steer->uplinks, &steer->left_out);
}

bool guard_is_bound(const struct guard_config *config, const struct guard_standing *standing)
{
	struct steer now = config->steer;

	find_uplinks(&now);
	return if_nametoindex(config->interface) == standing->index &&
	       guard_host_index(config) == standing->host_index &&
	       guard_to_index(config) == standing->to_index &&
	       steer_same_uplinks(&now, &standing->steer);
}

static bool are_named_so(const struct steer *steer)
{
	char name[IFNAMSIZ];

	for (size_t i = 0; i < steer->uplink_count; i++)
		if (!if_indextoname(steer->uplinks[i].index, name) ||
		    strcmp(name, steer->uplinks[i].name) != 0)
			return false;
	return true;
}

bool guard_is_urgent(const struct guard_config *config, const struct guard_standing *standing)
{
	return !config->steer.wanted.by_routes ||
	       if_nametoindex(config->interface) != standing->index ||
	       guard_host_index(config) != standing->host_index ||
	       guard_to_index(config) != standing->to_index || !are_named_so(&standing->steer);
}

/* A rule is known by its comment. The one that forwards must name the interface, too: nft
 * turns the name into an index when it installs the rule, and the index into a name when it lists
 * it. */
static int check_forwarding(const struct guard_config *config, const char *listing,
			    struct covey_error *error)
{
	char wanted[64 + IFNAMSIZ];

	if (!strstr(listing, STEER_FORWARDED))
		return 0;
	snprintf(wanted, sizeof(wanted), " fwd to \"%s\" comment \"%s\"", config->steer.to,
		 STEER_FORWARDED);
	if (strstr(listing, wanted) && guard_to_index(config) == config->steer.to_index)
		return 0;
	return covey_error_set(error, -EAGAIN, "VXLAN is not forwarded to %s", config->steer.to);
}

/* Another covey-host may have put up the same rules with secrets of its own, which no comment
 * tells. */
static bool same_secrets(const char *rules, const char *listing)
{
	return secret_source_read(rules) == secret_source_read(listing) &&
	       guard_token_read(rules) == guard_token_read(listing);
}

/* Check that what is there is what was asked for, and that the device did not change meanwhile. */
static int verify(const struct guard_config *config, const char *rules, unsigned index,
		  char **ret_listing, struct covey_error *error)
{
	struct covey_error difference = {.text = ""};
	char *listing;
	int status = guard_nft_list(config->interface, false, &listing, error);

	if (status)
		return status;
	status = guard_compare(rules, listing, &difference);
	if (status == 0 && !same_secrets(rules, listing))
		status = covey_error_set(&difference, -EAGAIN, "its secrets are another's");
	if (status == 0 && !guard_clear_same_sets(rules, listing))
		status = covey_error_set(&difference, -EAGAIN, "other VNIs pass in clear");
	if (status == 0 && !guard_fabric_same(rules, listing))
		status = covey_error_set(&difference, -EAGAIN,
					 "other VNIs are the fabric's in tunnels of other ports");
	if (status == 0 && if_nametoindex(config->interface) != index)
		status = covey_error_set(&difference, -EAGAIN, "the interface was replaced");
	if (status == 0)
		status = check_forwarding(config, listing, &difference);
	if (status) {
		free(listing);
		return covey_error_set(error, -EAGAIN, "not as it was installed: %s",
				       difference.text);
	}
	*ret_listing = listing;
	return 0;
}

/* In one transaction with this process's own table, if it has one. */
static int install_with(const struct guard_config *config, enum guard_device_hooks hooks,
			const char *tables, const char *standing, struct steer_own *own,
			struct covey_error *error)
{
	struct guard_config hooked = *config;
	char *rules = NULL;
	int status = write_rules(config, tables, standing, &rules, error);

	if (status)
		return status;
	hooked.steer.hooked = true;
	if (own && config->steer.on && hooks == GUARD_INGRESS_EGRESS)
		status = steer_own_set(own, &hooked, rules, error);
	else
		status = guard_nft_run(rules, error);
	free(rules);
	return status;
}

/* in_place: if possible, so that no packet is lost. If what stands is not as it was listed any
 * more, or is of another version, it is removed. */
static int install(const struct guard_config *config, enum guard_device_hooks hooks, bool in_place,
		   const char *tables, struct steer_own *own, struct covey_error *error)
{
	char *standing = NULL;
	int status = -ENOENT;

	if (in_place && guard_nft_list(config->interface, false, &standing, NULL) == 0 &&
	    guard_replace_fits(tables, standing))
		status = install_with(config, hooks, tables, standing, own, error);
	free(standing);
	return status ? install_with(config, hooks, tables, NULL, own, error) : 0;
}

static int try_once(const struct guard_config *config, enum guard_device_hooks hooks, bool in_place,
		    struct steer_own *own, struct guard_standing *standing,
		    struct covey_error *error)
{
	unsigned index = if_nametoindex(config->interface);
	unsigned host_index = guard_host_index(config), to_index = guard_to_index(config);
	struct guard_config now = *config;
	char *tables = NULL, *listing = NULL;
	int status;

	now.local.present = host_index != 0;
	find_uplinks(&now.steer);
	now.steer.forward = to_index != 0 && to_index == config->steer.to_index;
	status = write_tables(&now, hooks, &tables, error);
	if (status)
		return status;
	status = install(&now, hooks, in_place, tables, own, error);
	if (status == 0 && own && own->rules)
		status = steer_own_check(own, &now, error);
	if (status == 0)
		status = verify(config, tables, index, &listing, error);
	free(tables);
	if (status)
		return status;
	standing->hooks = hooks;
	standing->index = index;
	standing->host_index = host_index;
	standing->to_index = to_index;
	standing->steer = now.steer;
	standing->steer.clear = (struct guard_clear){0}; /* which need not live as long */
	standing->listing = listing;
	return 0;
}

/* True when the failure may pass. A device that does not exist, or a hook that the kernel lacks,
 * will not be there at the next try either. Rules that steer name only devices that exist. */
static bool passes(const struct guard_config *config, int status)
{
	if (config->steer.on)
		return status != -EOPNOTSUPP;
	return status != -EOPNOTSUPP &&
	       !(status == -ENOENT && if_nametoindex(config->interface) == 0);
}

static int try_well(const struct guard_config *config, enum guard_device_hooks hooks,
		    struct steer_own *own, struct guard_standing *standing,
		    struct covey_error *error)
{
	useconds_t rest = FIRST_REST_US;
	int status = try_once(config, hooks, true, own, standing, error);

	for (int i = 1; i < TRIES && status && passes(config, status); i++) {
		usleep(rest);
		rest *= 2;
		status = try_once(config, hooks, false, own, standing, error);
	}
	return status;
}

/* Linux 6.16 and later accept the hooks of a device before it exists, and bind them when it
 * comes. */
static void describe_weakness(const struct guard_config *config, struct guard_standing *standing,
			      const struct covey_error *reason)
{
	struct covey_error *weaker = &standing->weaker;

	weaker->text[0] = '\0';
	if (config->steer.on) {
		if (standing->hooks != GUARD_INGRESS_EGRESS)
			covey_error_set(weaker, 0,
					"no egress hooks: VXLAN cannot be steered to %s (%.200s)",
					config->host_interface, reason->text);
		return;
	}
	if (standing->index == 0 && standing->hooks == GUARD_INGRESS_EGRESS)
		covey_error_set(weaker, 0,
				"there is no interface %s yet: the kernel binds the rules when one "
				"of that very name comes",
				config->interface);
	else if (standing->index == 0)
		covey_error_set(weaker, 0,
				"there is no interface %s yet: IP packets are held back by its "
				"name, frames of a bridge or with a VLAN tag only once "
				"covey-guard.service or covey-host runs when it comes",
				config->interface);
	else if (standing->hooks == GUARD_INGRESS)
		covey_error_set(weaker, 0,
				"no egress hook on %s: clear VXLAN that a bridge or a raw socket "
				"sends is not held back (%.200s)",
				config->interface, reason->text);
	else if (standing->hooks == GUARD_NO_DEVICE)
		covey_error_set(weaker, 0,
				"no hooks on %s: clear VXLAN that a bridge or a raw socket passes "
				"is not held back (%.200s)",
				config->interface, reason->text);
}

static bool is_bridge(const char *interface)
{
	struct link_info link;

	return link_get(interface, &link, NULL) == 0 && strcmp(link.kind, "bridge") == 0;
}

/* True when the kernel, the library or the device has no such hook. All other failures may pass,
 * even a program that undoes each try: they are no reason for a weaker guard. */
static bool lacks_hook(const struct guard_config *config, int status)
{
	return status == -EOPNOTSUPP || (status == -ENOENT && !config->steer.on);
}

int guard_up(const struct guard_config *asked, struct steer_own *own,
	     struct guard_standing *ret_standing, struct covey_error *error)
{
	enum guard_device_hooks hooks = GUARD_INGRESS_EGRESS;
	struct covey_error reason = {.text = ""}, first = {.text = ""};
	struct guard_standing standing = {0};
	struct guard_config config = *asked;
	int status;

	if (!guard_interface_valid(config.interface))
		return covey_error_set(error, -EINVAL, "%s: no name of a network interface",
				       config.interface);
	config.bridge = is_bridge(config.interface);
	for (;; hooks--) {
		status = try_well(&config, hooks, own, &standing, &reason);
		if (!lacks_hook(&config, status) || hooks == GUARD_NO_DEVICE)
			break;
		if (first.text[0] == '\0')
			first = reason;
	}
	if (status)
		return covey_error_set(error, status, "cannot install the guard on %s: %s",
				       config.interface, reason.text);
	describe_weakness(&config, &standing, &first);
	*ret_standing = standing;
	return 0;
}

int guard_check(const struct guard_config *config, const struct guard_standing *standing,
		struct covey_error *error)
{
	char *listing;
	int status = guard_nft_list(config->interface, false, &listing, error);

	if (status)
		return -EIO;
	if (strcmp(listing, standing->listing) != 0) {
		status = guard_compare(standing->listing, listing, error);
		if (status == 0)
			status = covey_error_set(error, -EEXIST, "a rule says something else");
	} else if (listing[0] != '\0' && !guard_is_bound(config, standing)) {
		status = covey_error_set(error, -ENOENT, "an interface has come, gone or changed");
	}
	free(listing);
	return status;
}

int guard_standing_clear(const char *host_interface, struct guard_clear *ret_clear,
			 bool *ret_stands, struct covey_error *error)
{
	char *listing;
	int status = guard_nft_list(host_interface, false, &listing, error);

	if (status)
		return status;
	if (guard_clear_read(listing, ret_clear))
		status = covey_error_set(error, -ENOMEM, "out of memory");
	else
		*ret_stands = listing[0] != '\0';
	free(listing);
	return status;
}

void guard_standing_free(struct guard_standing *standing)
{
	free(standing->listing);
	standing->listing = NULL;
}

int guard_down(const char *interface, struct covey_error *error)
{
	struct covey_error reason = {.text = ""};
	char *rules = NULL;
	size_t len;
	FILE *stream = open_memstream(&rules, &len);
	int status;

	if (!stream)
		return covey_error_set(error, -ENOMEM, "out of memory");
	guard_rules_write_removal(stream, interface);
	if (fclose(stream) != 0) {
		free(rules);
		return covey_error_set(error, -ENOMEM, "out of memory");
	}
	status = guard_nft_run(rules, &reason);
	free(rules);
	if (status)
		covey_error_set(error, 0, "cannot remove the guard of %s: %s", interface,
				reason.text);
	return status;
}

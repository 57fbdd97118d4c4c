/* SPDX-License-Identifier: BSD-3-Clause */

#include "own_rules.h"

#include <covey/limits.h>
#include <string.h>

#include "guard_pass.h"
#include "guard_rules.h"
#include "guard_text.h"
#include "guard_token.h"

#define CLEAR GUARD_VNI " @" GUARD_SET_CLEAR
/* The set of those VNIs that are steered. */
#define STEERED "steered"

void own_rules_name(const char *host_interface, unsigned process, char *ret_name)
{
	guard_table_name(host_interface, ret_name);
	sprintf(ret_name + strlen(ret_name), "/own/%u", process);
}

/* A table that has an owner can only be added with that flag. */
void own_rules_write_removal(FILE *stream, const char *host_interface, unsigned process)
{
	char name[OWN_RULES_NAME_SIZE];

	own_rules_name(host_interface, process, name);
	fprintf(stream, "table netdev %s {\n\tflags owner\n}\ndelete table netdev %s\n", name,
		name);
}

static void write_base(FILE *stream, const struct uplink *uplink, const char *what,
		       const char *hook, int priority)
{
	fprintf(stream,
		"\tchain uplink%u_%s {\n"
		"\t\ttype filter hook %s device \"%s\" priority %d; policy accept;\n",
		uplink->index, what, hook, uplink->name, priority);
}

/* --- the last word ---------------------------------------------------------------------------- */

static void write_heard_set(FILE *stream, const char *name, unsigned version, const char *address)
{
	fprintf(stream,
		"\tset %s%u {\n\t\ttypeof %s . " GUARD_VNI "\n\t\tsize %u\n"
		"\t\tflags dynamic,timeout\n\t\ttimeout %us\n\t}\n",
		name, version, address, COVEY_GUARD_HEARD_MAX, OWN_HEARD_S);
}

/* When a set is full, the packet is not counted, and the next rule lets it pass. */
static void write_count(FILE *stream, const char *name, const char *field)
{
	fprintf(stream,
		"\t\t" CLEAR " update @%s4 { ip %s . " GUARD_VNI " counter } "
		"comment \"count clear VXLAN\"\n",
		name, field);
	fprintf(stream,
		"\t\t" CLEAR " update @%s6 { ip6 %s . " GUARD_VNI " counter } "
		"comment \"count clear VXLAN over IPv6\"\n",
		name, field);
}

/* heard: the set in which to count; NULL: none. clear: some VNIs pass in clear. */
static void write_last(FILE *stream, const char *chain, const char *heard, const char *field,
		       bool clear)
{
	fprintf(stream, "\tchain %s {\n", chain);
	guard_pass_write_fragments(stream);
	if (heard)
		write_count(stream, heard, field);
	if (clear)
		fprintf(stream, "\t\t" CLEAR " accept comment \"" GUARD_PASS
				"VXLAN in clear, by the group's mode\"\n");
	fprintf(stream, "\t\tcounter drop comment \"clear VXLAN\"\n\t}\n");
}

static void write_sets(FILE *stream, const struct guard_clear *clear, bool steers)
{
	guard_clear_write_set(stream, GUARD_SET_CLEAR, &clear->accepted);
	if (!steers)
		return;
	write_heard_set(stream, OWN_HEARD_IN, 4, "ip saddr");
	write_heard_set(stream, OWN_HEARD_IN, 6, "ip6 saddr");
	write_heard_set(stream, OWN_HEARD_OUT, 4, "ip daddr");
	write_heard_set(stream, OWN_HEARD_OUT, 6, "ip6 daddr");
}

/* Behind the guard's own hooks: while those are there, only what they let pass comes here. */
static void write_last_words(FILE *stream, const struct guard_config *config)
{
	for (size_t i = 0; i < config->steer.uplink_count; i++) {
		const struct uplink *uplink = &config->steer.uplinks[i];

		write_base(stream, uplink, "ingress", "ingress", -490);
		fprintf(stream, "\t\tudp dport %s goto last_in comment \"clear VXLAN\"\n\t}\n",
			config->ports.text);
		write_base(stream, uplink, "egress", "egress", 510);
		fprintf(stream, "\t\tudp dport %s goto last_out comment \"clear VXLAN\"\n\t}\n",
			config->ports.text);
	}
}

/* --- steering --------------------------------------------------------------------------------- */

/*
 * Before the guard's own hooks. What has the mark and not the token has not passed the host's
 * output hook, or the guard is away for a moment: it is dropped as in enforce, or somebody could
 * try all tokens. A frame with a VLAN tag in it is not steered, nor what the output hook has let
 * pass in clear a moment ago.
 */
static void write_steering(FILE *stream, const struct guard_config *config)
{
	char ask[GUARD_TOKEN_TEXT_SIZE];

	fprintf(stream, "\tchain steer {\n");
	fprintf(stream,
		"\t\tudp dport %s " GUARD_VNI " @" STEERED " %scounter drop "
		"comment \"" GUARD_TOKEN_REFUSED "\"\n",
		config->ports.text, guard_token_refuse(config->local.token, ask));
	fprintf(stream,
		"\t\tudp dport %s " GUARD_VNI " @" STEERED " counter fwd to \"%s\" "
		"comment \"" STEER_FORWARDED "\"\n\t}\n",
		config->ports.text, config->steer.to);
	for (size_t i = 0; i < config->steer.uplink_count; i++) {
		write_base(stream, &config->steer.uplinks[i], "steer", "egress", 490);
		fprintf(stream,
			"\t\tmeta mark & 0x%08x != 0 " GUARD_NOT_CHECKED "jump steer "
			"comment \"through a VXLAN device, or covey's own\"\n\t}\n",
			config->local.mark);
	}
}

void own_rules_write(FILE *stream, const struct guard_config *config, bool steers, unsigned process)
{
	const struct steer *steer = &config->steer;
	bool clear = steer_is_clear(steer);
	bool steered = steers && steer->hooked && steer->forward && steer->clear.steered.count > 0;
	char name[OWN_RULES_NAME_SIZE];

	own_rules_name(config->host_interface, process, name);
	fprintf(stream, "table netdev %s {\n\tflags owner\n", name);
	if (steered)
		guard_clear_write_set(stream, STEERED, &steer->clear.steered);
	if (clear)
		write_sets(stream, &steer->clear, steers);
	write_last(stream, "last_in", clear && steers ? OWN_HEARD_IN : NULL, "saddr", clear);
	write_last(stream, "last_out", clear && steers ? OWN_HEARD_OUT : NULL, "daddr", clear);
	if (steered)
		write_steering(stream, config);
	write_last_words(stream, config);
	fprintf(stream, "}\n");
}

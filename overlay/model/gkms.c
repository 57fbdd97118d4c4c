/* SPDX-License-Identifier: BSD-3-Clause */
#include "gkms.h"

#include <inttypes.h>

#include "values.h"

#define NAME "covey_gkm"

/* node: where the address is written. lines: of those before it. */
static void add(struct reader *reader, const struct node *node, uint32_t lines[COVEY_GKMS_MAX])
{
	struct covey_gkms *gkms = &reader->inventory->gkms;
	struct covey_addr address;
	size_t at;

	if (!value_address(reader, NAME, true, node, &address))
		return;
	at = covey_gkms_find(gkms, &address);
	if (at < gkms->count) {
		reader_report(reader, node,
			      NAME " has %s twice, first at line %" PRIu32
				   ": each key manager has an "
				   "address of its own",
			      node->text, lines[at]);
		return;
	}
	if (gkms->count > 0 && gkms->list[0].family != address.family) {
		reader_report(reader, node,
			      NAME " has an %s address, but its first one (line %" PRIu32
				   ") is an %s one: "
				   "all key managers of a fabric use one family, so that every "
				   "host reaches them all",
			      address.family == AF_INET6 ? "IPv6" : "IPv4", lines[0],
			      address.family == AF_INET6 ? "IPv4" : "IPv6");
		return;
	}
	lines[gkms->count] = node->line;
	gkms->list[gkms->count++] = address;
}

void gkms_read(struct reader *reader, const struct node *value)
{
	uint32_t lines[COVEY_GKMS_MAX];

	reader->inventory->gkms.count = 0; /* the key may be there twice, which is said elsewhere */
	if (value->kind != NODE_SEQUENCE) {
		add(reader, value, lines);
		return;
	}
	if (value->count == 0 || value->count > COVEY_GKMS_MAX) {
		reader_report(reader, value, NAME " lists %" PRIu32 " addresses: it takes 1 to %d",
			      value->count, COVEY_GKMS_MAX);
		return;
	}
	node_for_each_item(item, value)
		add(reader, item, lines);
}

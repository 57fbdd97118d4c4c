/* SPDX-License-Identifier: BSD-3-Clause */
#include "checks.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "tunnels.h"
#include "vnis.h"

static void check_required(struct reader *reader)
{
	static const struct node start = {.line = 1, .column = 1};
	const struct node *where = reader->ansible.all_vars;

	if (!where)
		where = reader->ansible.all->mark ? reader->ansible.all->mark : &start;
	for (size_t i = 0; i < fabric_schema.count; i++)
		if (fabric_schema.fields[i].required && !reader->fabric[i])
			reader_report(reader, where, "%s is missing: set it in vars of group all",
				      fabric_schema.fields[i].name);
}

static const struct node *fabric_key(const struct reader *reader, const char *name)
{
	return reader->fabric[schema_find(&fabric_schema, name)];
}

static void check_ports(struct reader *reader)
{
	const struct inventory *inventory = reader->inventory;
	const struct node *vpe = fabric_key(reader, "covey_vpe_port");
	const struct node *vxlan = fabric_key(reader, "covey_vxlan_port");

	/* The two defaults differ, so if the ports are equal, the file sets at least one of
	 * them. */
	if (inventory->vpe_port == inventory->vxlan_port && (vpe || vxlan))
		reader_report(reader, vpe ? vpe : vxlan,
			      "covey_vpe_port and covey_vxlan_port are both %u: they must differ",
			      inventory->vpe_port);
}

/* Numbers of protocols that would not come to covey, or that a router would take for its own. */
static void check_protocol(struct reader *reader)
{
	static const uint8_t taken[] = {IPPROTO_ICMP,    IPPROTO_IGMP,     IPPROTO_IPIP,
					IPPROTO_TCP,     IPPROTO_UDP,      IPPROTO_IPV6,
					IPPROTO_ROUTING, IPPROTO_FRAGMENT, IPPROTO_ICMPV6,
					IPPROTO_DSTOPTS, IPPROTO_NONE};
	const struct node *key = fabric_key(reader, "covey_vpe_protocol");

	if (key && memchr(taken, reader->inventory->vpe_protocol, sizeof(taken)))
		reader_report(reader, key,
			      "covey_vpe_protocol %u is another protocol's number: 253 and 254 are "
			      "free for such use",
			      reader->inventory->vpe_protocol);
}

void checks_fabric(struct reader *reader)
{
	check_required(reader);
	check_ports(reader);
	tunnels_check(reader, fabric_key(reader, "covey_encapsulations"));
	check_protocol(reader);
	vnis_check(reader);
}

/* The host's variable, NULL when it is not set or was wrong. */
static const struct variable *variable_of(const struct host_site *site, const char *name)
{
	const struct variable *variable = site->variables[schema_find(&host_schema, name)];

	return variable && variable->valid ? variable : NULL;
}

static bool is_set(const struct host_site *site, const char *name)
{
	return site->variables[schema_find(&host_schema, name)] != NULL;
}

static bool is_uplink(const struct inventory_host *host, const char *name)
{
	for (size_t i = 0; i < host->uplink_count; i++)
		if (strcmp(host->uplinks[i], name) == 0)
			return true;
	return false;
}

static void check_kernel(struct reader *reader, const struct host_site *site,
			 const struct inventory_host *host)
{
	const struct variable *kind = variable_of(site, "covey_fabric_port");
	const struct variable *port = variable_of(site, "covey_host_port");
	const struct variable *fabric = variable_of(site, "covey_fabric_interface");
	const struct variable *offload = variable_of(site, "covey_offload");

	if (host->fabric_port != FABRIC_PORT_KERNEL) {
		if (fabric && strchr(fabric->read.text, ' '))
			reader_report(reader, fabric->value,
				      "host %s: covey_fabric_interface is a list, which only "
				      "covey_fabric_port: kernel takes",
				      host->name);
		if (offload && host->offload != OFFLOAD_AUTO)
			reader_report(reader, offload->key,
				      "host %s: covey_offload is used only with "
				      "covey_fabric_port: kernel",
				      host->name);
		return;
	}
	if (port && host->host_port == HOST_PORT_DEVICE)
		reader_report(reader, port->value,
			      "host %s: covey_fabric_port: kernel%s goes with covey_host_port: "
			      "auto, tap or veth%s",
			      host->name, kind ? "" : ", the default,",
			      kind ? "" : ": for a bump in the wire set covey_fabric_port: auto");
	if (kind && reader->inventory->encapsulation == COVEY_ENCAPSULATION_IP)
		reader_report(reader, kind->value,
			      "host %s: covey_fabric_port: kernel sends VPE in UDP alone, and "
			      "covey_encapsulation is ip",
			      host->name);
}

/* Said once, of all hosts that do not choose: there may be many. */
static void check_default(struct reader *reader)
{
	const struct inventory *inventory = reader->inventory;
	const char *one = NULL;
	size_t count = 0;

	if (inventory->encapsulation != COVEY_ENCAPSULATION_IP)
		return;
	for (size_t i = inventory->host_count; i-- > 0;) {
		if (is_set(&reader->sites[i], "covey_fabric_port"))
			continue;
		one = inventory->hosts[i].name;
		count++;
	}
	if (count > 0)
		reader_report(reader, fabric_key(reader, "covey_encapsulation"),
			      "covey_encapsulation: ip needs another covey_fabric_port than the "
			      "default, kernel, which sends VPE in UDP alone: set "
			      "covey_fabric_port: auto (for host %s%s)",
			      one, count > 1 ? " and others" : "");
}

static void check_interfaces(struct reader *reader, const struct host_site *site,
			     const struct inventory_host *host)
{
	const struct variable *fabric = variable_of(site, "covey_fabric_interface");
	const struct variable *inner = variable_of(site, "covey_host_interface");

	if (!is_set(site, "covey_fabric_interface") && host->fabric_port != FABRIC_PORT_DEVICE &&
	    host->fabric_port != FABRIC_PORT_KERNEL)
		reader_report(reader, site->host->mark,
			      "host %s has no covey_fabric_interface: name the card that covey "
			      "takes, or leave it to the kernel (covey_fabric_port: kernel)",
			      host->name);
	if (fabric &&
	    (host->fabric_interface ? strcmp(host->fabric_interface, host->host_interface) == 0
				    : is_uplink(host, host->host_interface)))
		reader_report(reader, inner ? inner->value : fabric->value,
			      "host %s: covey_host_interface and covey_fabric_interface are both "
			      "%s: covey makes the first and sends through the second",
			      host->name, host->host_interface);
}

static void check_device(struct reader *reader, const struct host_site *site, const char *port,
			 const char *device, bool by_device)
{
	const struct variable *chosen = variable_of(site, port);
	const struct variable *named = variable_of(site, device);

	if (by_device && chosen && !is_set(site, device))
		reader_report(reader, chosen->value, "host %s: %s: device needs a %s",
			      site->host->name, port, device);
	if (!by_device && named && (chosen || !is_set(site, port)))
		reader_report(reader, named->key, "host %s: %s is used only with %s: device",
			      site->host->name, device, port);
}

static void check_family(struct reader *reader, const struct host_site *site,
			 const struct inventory_host *host, const struct host_site *first_site,
			 const struct inventory_host *first)
{
	if (host->vtep.family != first->vtep.family)
		reader_report(reader, variable_of(site, "covey_vtep")->value,
			      "host %s has an %s VTEP address, but %s has an %s one (line %u): all "
			      "hosts of a fabric use one family",
			      host->name, host->vtep.family == AF_INET6 ? "IPv6" : "IPv4",
			      first->name, first->vtep.family == AF_INET6 ? "IPv6" : "IPv4",
			      variable_of(first_site, "covey_vtep")->value->line);
}

/* To search for hosts with equal values: the value of each host, then its place in the file. */
struct rank {
	struct covey_addr vtep;
	uint16_t sender_id;
	size_t index;
};

static int by_vtep(const void *a, const void *b)
{
	const struct rank *x = a, *y = b;
	int order = memcmp(&x->vtep, &y->vtep, sizeof(x->vtep));

	return order ? order : x->index < y->index ? -1 : x->index > y->index;
}

static int by_sender_id(const void *a, const void *b)
{
	const struct rank *x = a, *y = b;

	if (x->sender_id != y->sender_id)
		return x->sender_id < y->sender_id ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static void report_equal(struct reader *reader, const char *name, const struct rank *earlier,
			 const struct rank *later)
{
	const struct inventory_host *hosts = reader->inventory->hosts;
	const struct variable *first = variable_of(&reader->sites[earlier->index], name);
	const struct variable *second = variable_of(&reader->sites[later->index], name);

	reader_report(reader, second->value,
		      "%s %s of host %s is host %s's already (line %u): give each host its own",
		      name, second->value->text, hosts[later->index].name,
		      hosts[earlier->index].name, first->value->line);
}

static void check_equals(struct reader *reader, struct rank *ranks, size_t count)
{
	qsort(ranks, count, sizeof(*ranks), by_vtep);
	for (size_t i = 1; i < count; i++)
		if (ranks[i].vtep.family && covey_addr_equal(&ranks[i].vtep, &ranks[i - 1].vtep))
			report_equal(reader, "covey_vtep", &ranks[i - 1], &ranks[i]);
	qsort(ranks, count, sizeof(*ranks), by_sender_id);
	for (size_t i = 1; i < count; i++)
		if (ranks[i].sender_id && ranks[i].sender_id == ranks[i - 1].sender_id)
			report_equal(reader, "covey_sender_id", &ranks[i - 1], &ranks[i]);
}

void checks_hosts(struct reader *reader)
{
	const struct inventory *inventory = reader->inventory;
	struct rank *ranks = calloc(inventory->host_count + 1, sizeof(*ranks));
	size_t first = SIZE_MAX;

	if (!ranks) {
		reader->diagnostics->out_of_memory = true;
		return;
	}
	for (size_t i = 0; i < inventory->host_count; i++) {
		const struct inventory_host *host = &inventory->hosts[i];
		const struct host_site *site = &reader->sites[i];

		check_interfaces(reader, site, host);
		check_kernel(reader, site, host);
		check_device(reader, site, "covey_fabric_port", "covey_fabric_device",
			     host->fabric_port == FABRIC_PORT_DEVICE);
		check_device(reader, site, "covey_host_port", "covey_host_device",
			     host->host_port == HOST_PORT_DEVICE);
		ranks[i].vtep = host->vtep;
		ranks[i].sender_id = host->sender_id;
		ranks[i].index = i;
		if (!host->vtep.family)
			continue;
		if (first == SIZE_MAX)
			first = i;
		check_family(reader, site, host, &reader->sites[first], &inventory->hosts[first]);
	}
	check_default(reader);
	check_equals(reader, ranks, inventory->host_count);
	free(ranks);
}

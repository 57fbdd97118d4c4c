/* SPDX-License-Identifier: BSD-3-Clause */

#include "host_choice.h"

bool host_choice_is_open(const struct inventory_host *host)
{
	return host->offload == OFFLOAD_AUTO && host->host_port != HOST_PORT_VETH;
}

/* A TAP device only where the inventory asks for it. */
static struct host_choice without_offload(const struct inventory_host *host, const char *note)
{
	return (struct host_choice){
		.kind = host->host_port == HOST_PORT_TAP ? HOST_PORT_TAP : HOST_PORT_VETH,
		.note = note,
	};
}

/* Why the TAP device alone does not do. */
static struct host_choice without_tunnel(const struct inventory_host *host,
					 enum offload_verdict pair, const char *note)
{
	struct host_choice choice = {HOST_PORT_TAP, true, true, note};

	return pair == OFFLOAD_WORKS ? choice : without_offload(host, note);
}

struct host_choice host_choice_make(const struct inventory_host *host,
				    const struct host_verdicts *verdicts)
{
	if (host->host_port == HOST_PORT_VETH)
		return without_offload(host, "covey_host_port: veth");
	if (host->offload == OFFLOAD_OFF)
		return without_offload(host, "covey_offload: off");
	switch (verdicts->tap) {
	case OFFLOAD_ABSENT:
		return without_tunnel(host, verdicts->pair, "no tunnel GSO in this kernel");
	case OFFLOAD_SPOILS:
		return without_tunnel(host, verdicts->pair, "failed the self-test");
	case OFFLOAD_UNTESTED:
		return (struct host_choice){HOST_PORT_TAP, true, false, HOST_CHOICE_UNTESTED};
	case OFFLOAD_WORKS:
		break;
	}
	return (struct host_choice){HOST_PORT_TAP, true, false, ""};
}

/* SPDX-License-Identifier: BSD-3-Clause */

#include "show_paths.h"

#include <clock.h>
#include <inventory.h>

#include "path_mtu.h"
#include "probe_run.h"

static const char *const state_names[] = {
	[PATH_UNKNOWN] = "not measured",
	[PATH_FITS] = "fits",
	[PATH_SMALL] = "too small",
	[PATH_SILENT] = "nothing arrives",
};

static json_t *number_if(bool known, uint64_t number)
{
	return known ? json_integer((json_int_t)number) : json_null();
}

/* A path that is small, but not too small for what VXLAN devices here send, fits. */
static json_t *show_path(const struct path_mtu *paths, const struct path_peer *peer)
{
	const uint32_t added = path_mtu_added(paths);
	const bool known = peer->state == PATH_FITS || peer->state == PATH_SMALL;
	const char *state = state_names[peer->state];
	char vtep[COVEY_ADDR_STRLEN];
	struct covey_error problem;
	bool bad = path_mtu_explain(paths, peer, &problem);

	if (peer->state == PATH_SMALL && !bad)
		state = state_names[PATH_FITS];
	return json_pack("{s:s, s:s, s:s, s:o, s:I, s:o, s:o, s:o, s:s?, s:s?}", "host",
			 peer->host->name, "vtep", covey_addr_format(&peer->host->vtep, vtep),
			 "state", state, "mtu", number_if(known, peer->mtu), "needed",
			 (json_int_t)path_mtu_needed(paths), "tenant_mtu",
			 number_if(known, peer->mtu > added ? peer->mtu - added : 0), "measured_s",
			 number_if(peer->measured_ms, (clock_ms() - peer->measured_ms) / 1000),
			 "measured_at", number_if(peer->measured_ms, (uint64_t)peer->measured_at),
			 "trouble", peer->trouble[0] != '\0' ? peer->trouble : NULL, "problem",
			 bad ? problem.text : NULL);
}

json_t *show_probes(const struct probe_run *run)
{
	return run ? json_pack("{s:I}", "refused", (json_int_t)run->refused) : json_null();
}

json_t *show_paths(const struct path_mtu *paths)
{
	const struct path_peer *peers;
	size_t count;
	json_t *array;

	if (!paths)
		return json_null();
	array = json_array();
	peers = path_mtu_list(paths, &count);
	for (size_t i = 0; i < count; i++)
		if (!peers[i].host->gone)
			json_array_append_new(array, show_path(paths, &peers[i]));
	return array;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What a run of probes looks with: packet sockets on the uplinks and behind covey, and the XDP
 * program where AF_XDP has the card. If its order asks for VXLAN in clear, they look for that, too.
 */

#include "probe_run.h"

typedef void probe_seen(void *arg, bool uplink, const struct probe_packet *packet, size_t len,
			bool out);

/* seen() gets the run as its arg. 0, or a negative errno and error says what cannot be seen; then
 * some are open, and probe_listen_close() closes them. */
int probe_listen_open(struct probe_run *run, probe_seen *seen, struct covey_error *error);
void probe_listen_close(struct probe_run *run);
/* Where more packets came than were looked at, the probes may be among them. */
void probe_listen_take_overflown(struct probe_run *run);

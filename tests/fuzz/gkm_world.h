/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A key manager without network, clock, disk and threads: its real manager, sessions, realms and
 * commands over a store that remembers nothing, channels that end here, and time that passes when
 * it is told to. What it sends is looked at.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "manager.h"
#include "message.h"

#define GKM_HOSTS    4 /* hv1 to hv4 in the inventory; hv5 has a certificate, and is in none */
#define GKM_CHANNELS 8
#define GKM_CLIENTS  16 /* on the local socket, as many as it lets in */
/* Until then each has its answer: that of a rekey waits for members. */
#define GKM_PATIENCE_MS 500

/* Once per program. */
void gkm_world_start(void);
/* A new key manager. */
void gkm_world_begin(void);
void gkm_world_end(void);

struct manager *gkm_world_manager(void);
/* Number 0 to 7: another connection of host hvN + 1; the eighth is a key manager's. */
void gkm_world_connect(unsigned number);
/* Does the one that speaks stand? */
bool gkm_world_is_connected(void);
/* From the connection that was made last. */
void gkm_world_receive(const Covey__Message *message);
/* The peer of that one goes. */
void gkm_world_disconnect(void);
/* The one made before it is the one that speaks. */
void gkm_world_turn(void);
void gkm_world_pass(uint64_t ms);
/* What the store, and the next message that is sent, return. */
void gkm_world_store_fails(int error);
void gkm_world_send_fails(int error);
/* A line on the local socket, from another client: it gets one answer, now or soon. */
void gkm_world_ask(const char *line, size_t len);
/* Time for all answers passes; each client has its own now, and goes. */
void gkm_world_be_patient(void);

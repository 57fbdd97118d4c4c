/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The metrics server in this process, and clients that say to it what they like.
 */

#include <event2/event.h>
#include <metrics_server.h>
#include <stddef.h>
#include <stdint.h>

#define PATIENCE_MS UINT64_C(60000)

struct world {
	struct event_base *base;
	struct metrics_server *server;
	struct metrics_config config; /* for serve(); the world is its arg */
	char place[128];
	uint64_t turned_ms, held_ms; /* the last turn, the longest time between two */
	unsigned fills;              /* a test counts them */
	unsigned told;
	char why[256];
	char answer[65536];
	size_t len;
};

/* place: NULL for a free port of loopback. */
struct world *world_new(const char *place);
void world_free(struct world *world);
int serve(struct world *world, void (*fill)(struct metrics_page *page, void *arg));

/* A client whose connection is under way. */
int begin(const struct world *world);
int begin_unix(const char *path);
/* A turn of the server. */
void turn(struct world *world);
/* Send as much of it as is taken until the server ends the connection. */
void say(struct world *world, int fd, const char *text, size_t len);
/* Read until the server ends the connection. */
const char *hear(struct world *world, int fd);
const char *ask(struct world *world, const char *request);

unsigned count_descriptors(void);
/*
 * A thousand clients that send text and do not read; NULL: they send nothing. Then one asks as it
 * should, and is answered. Descriptors stay few all the time.
 */
void crowd_of(struct world *world, const char *text, const char *request, const char *wanted);
/* So that a crowd finds room in this process. */
void allow_crowds(void);

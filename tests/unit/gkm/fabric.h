/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A fabric on loopback: the real covey-gkm in a directory of its own, real certificates, and small
 * members (guest.h). Groups tenants and feed have hv1 to hv3; hv4 is in none.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>

#include "guest.h"
#include "pki.h"
#include "scratch.h"

#define PATIENCE_S 20

enum { HV1, HV2, HV3, HV4, STRANGER, GUESTS };

struct fabric {
	char directory[SCRATCH_PATH_MAX];
	uint16_t port;
	pid_t gkm;
	char state[32];    /* the state file's name in the directory */
	const char *rekey; /* group tenants' policy in the inventory */
	const char *mode;  /* and its mode there; NULL: none */
	struct event_base *base;
	struct guest guests[GUESTS];
};

/* The program, from the command line. */
extern const char *gkm_program;
/* Take it from there. usage: the names of all arguments. -EINVAL when there are not so many; that
 * is said on standard error. */
int fabric_arguments(int argc, char **argv, const char *usage);

/* Set-up and tear-down of a test. */
int begin(void **state);
int end(void **state);

void path_of(const struct fabric *fabric, const char *name, char path[512]);
/* Restart it with another policy of group tenants. */
void restart_with(struct fabric *fabric, const char *rekey);
void write_inventory(const struct fabric *fabric, const char *gkm_address);
/* A certificate for the name, SenderID 0: without. */
void issue(const char *directory, enum identity_role role, const char *name, uint16_t sender_id,
	   bool force);
void make_pki(const char *directory);

time_t now_s(void);
void turn(const struct fabric *fabric);

#define WAIT_FOR(fabric, condition)                                                                \
	do {                                                                                       \
		time_t until = now_s() + PATIENCE_S;                                               \
                                                                                                   \
		while (!(condition)) {                                                             \
			if (now_s() > until)                                                       \
				fail_msg("waited in vain for %s", #condition);                     \
			turn(fabric);                                                              \
		}                                                                                  \
	} while (0)

/* Its standard error goes to DIRECTORY/log, appended. */
pid_t run_gkm(const struct fabric *fabric);
/* Returns when it listens; its log is a new one. */
void start_gkm(struct fabric *fabric);
/* Returns its exit status, or minus the signal that ended it. */
int stop_gkm(struct fabric *fabric, int number);
int wait_for_exit(pid_t child);
/* How often the log says it. */
size_t log_count(const struct fabric *fabric, const char *text);
bool log_says(const struct fabric *fabric, const char *text);
void forget_log(const struct fabric *fabric);

struct guest *connect_from(struct fabric *fabric, size_t who, const char *pki, bool joins);
/* Connect and join; returns when it sends, or is refused. */
struct guest *bring(struct fabric *fabric, size_t who);
/* Connected, nothing said. */
struct guest *knock(struct fabric *fabric, size_t who);
void assert_cut(struct fabric *fabric, struct guest *guest, Covey__RefusalCode code,
		const char *reason);
/* The same in a row of a table, which is named if it fails. */
void assert_cut_in(struct fabric *fabric, struct guest *guest, const char *row,
		   Covey__RefusalCode code, const char *reason);

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

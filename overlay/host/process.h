/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A running covey-host: everything that its steps have started (main.c lists them), and the steps
 * that need more than one call. Each function that undoes a step is also called when that step
 * failed halfway.
 */

#include <covey/error.h>
#include <event2/event.h>
#include <sys/stat.h>

#include "clear_heard.h"
#include "group_joins.h"
#include "guard_clear.h"
#include "host.h"
#include "listening.h"
#include "mode_file.h"
#include "mode_memory.h"
#include "options.h"

struct process {
	struct options options;
	struct inventory *inventory;
	struct stat inventory_stamp; /* for inventory_watch */
	const struct inventory_host *self;
	struct event_base *base;
	struct tls *tls;
	struct commands *commands;
	struct metrics_server *metrics; /* NULL: there are none */
	struct interface_lock *lock;
	struct carrier *carrier;
	struct port_watch *watch;
	struct peer_log *mtu_log; /* for what routes that flap can cause */
	struct protection *protection;
	struct group_reports *group_reports;
	struct group_joins_handlers groups;
	struct listening listening;
	struct ports *ports;
	struct ring_watch *ring_watch; /* NULL: the fabric port is no AF_PACKET */
	struct dataplane *dataplane;
	uint8_t source_mac[6]; /* if it puts one into VXLAN */
	bool puts_source;
	struct member *member;
	struct mode_record *modes; /* as they were when covey-host ran last */
	size_t mode_count;
	struct mode_memory memory; /* what outlasts a reboot of them */
	bool clear_failed;         /* the guard may have something else */
	struct clear_heard *heard;
	uint64_t unheard;         /* what the dataplane had no room for, when it was asked last */
	uint64_t modes_read_at;   /* ms, monotonic */
	struct guard_clear clear; /* what the guard has */
	struct guard_vnis strict; /* what the dataplane has */
	struct probe_run *probe_run;
	struct probe_ask *probe_ask;
	struct path_mtu *paths; /* NULL: covey_path_probes is false, or nobody could send any */
	struct gather_watch *gather; /* NULL: the kernel gathers nothing for us */
	struct notify *notify;
	struct own_watch *own;
	struct revoked_gkm *revoked_gkm;
	struct inventory_watch *inventory_watch;
	struct event *signals[3];
	struct host host;        /* the same, for the code that shows it */
	struct covey_error lost; /* why it cannot go on; empty: it can */
};

/* process_claim.c: comes before anything is touched. */
int process_claim(struct process *process, struct covey_error *error);
void process_release(struct process *process);

/* process_ports.c: what forwards. */
int process_watch_ports(struct process *process, struct covey_error *error);
void process_unwatch_ports(struct process *process);
int process_open_ports(struct process *process, struct covey_error *error);
void process_close_ports(struct process *process);
int process_start_dataplane(struct process *process, struct covey_error *error);
void process_stop_dataplane(struct process *process);
int process_watch_gathering(struct process *process, struct covey_error *error);
void process_unwatch_gathering(struct process *process);
/* Log how many workers there are, which queues they serve, and why there are not more. */
void process_log_workers(const struct process *process);
int process_report_groups(struct process *process, struct covey_error *error);
void process_end_reports(struct process *process);
/* Call this when forwarding begins, or when the GKM says that we do not hear what others multicast:
 * the switch is to hear of our groups again. arg: struct process. */
void process_report_groups_anew(void *arg);

/* process_modes.c: the modes of groups. The first two: before the guard goes up, and last of all.
 */
int process_read_modes(struct process *process, struct covey_error *error);
void process_forget_modes(struct process *process);
/* For the member (effects.h). arg: struct process. */
void process_first_mode(void *arg, const char *group, struct member_mode_first *ret_first);
int process_put_modes(void *arg, struct covey_error *error);
void process_hear_clear(void *arg, size_t max, struct effects_heard_all *ret_all);

/* process_inventory.c: what changes in the inventory. Comes after all that it changes. */
int process_watch_inventory(struct process *process, struct covey_error *error);
void process_unwatch_inventory(struct process *process);

/* process_session.c: what talks to the key manager. */
int process_load_tls(struct process *process, struct covey_error *error);
void process_free_tls(struct process *process);
int process_watch_own(struct process *process, struct covey_error *error);
void process_unwatch_own(struct process *process);
int process_watch_crl(struct process *process, struct covey_error *error);
void process_unwatch_crl(struct process *process);
int process_open_probes(struct process *process, struct covey_error *error);
void process_close_probes(struct process *process);
int process_open_metrics(struct process *process, struct covey_error *error);
void process_close_metrics(struct process *process);
int process_start_member(struct process *process, struct covey_error *error);
void process_stop_member(struct process *process);

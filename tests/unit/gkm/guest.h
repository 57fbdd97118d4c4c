/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A small group member that speaks to a real covey-gkm, and remembers what it was told about one
 * group. It has no dataplane: installing is remembering.
 */

#include <covey/limits.h>
#include <covey/mode.h>
#include <covey/sa.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "channel.h"
#include "message.h"

#define GUEST_GROUP "tenants"

struct guest {
	struct tls *tls;
	struct channel *channel;
	struct covey_addr vtep;
	const char *group; /* the one that it is about */
	bool joins;        /* asks to join as soon as it is welcome */
	bool acks;         /* acknowledges by itself */
	uint64_t program;  /* the instance that it says in Hello */
	uint64_t previous; /* what it says of the start before */
	bool modes;        /* understands modes, and says so */
	uint32_t knows;    /* the highest SPI that it says there */
	const char *software;
	bool probes;      /* says in Hello that it understands ProbeOrder */
	uint32_t drain_s; /* what Joined has to say; 0: the default */

	bool opened;
	bool welcome;
	bool joined;
	bool left;
	bool closed;
	char closed_reason[256];
	uint64_t instance;
	Covey__RefusalCode refusal;
	char refusal_reason[COVEY_REASON_MAX + 1];
	uint16_t sender_id;
	uint16_t epoch;
	uint64_t generation;
	uint16_t floors[16]; /* by SenderID */
	struct covey_addr addresses[16];
	uint32_t spi; /* the last SA that was installed */
	uint8_t tek[COVEY_TEK_BYTES_MAX];
	size_t tek_len;
	uint32_t lifetime_s;
	enum covey_mode mode; /* the last one that it was told; 0: none */
	enum covey_mode then;
	uint32_t left_ms;
	uint64_t mode_serial;
	size_t modes_told;
	/* What the last GroupChanged said of any group, and how many there were. */
	char changed_group[COVEY_NAME_MAX + 1];
	uint32_t vnis[8];
	size_t vni_count;
	size_t changes;
	uint32_t active_spi;
	uint32_t drained_spi;
	size_t heartbeats;
	/* The last ProbeOrder and ProbeReport, and how many there were. */
	Covey__ProbeRole role;
	uint64_t order_id;
	uint8_t nonce[COVEY_PROBE_NONCE_LEN];
	size_t order_vteps;
	bool order_clear;
	size_t orders;
	Covey__ProbeState probe_state;
	uint64_t report_id;
	char report_host[COVEY_NAME_MAX + 1];
	char report_reason[COVEY_REASON_MAX + 1];
	size_t report_heard;
	bool report_looked;
	size_t reports;

	/* Says in Join that it has them. */
	uint32_t held_spis[COVEY_SAS_PER_GROUP_MAX + 1];
	size_t held_count;
	struct covey_floor floor; /* the last of the last SaFloors */
	size_t floor_count;       /* in all of them */
	uint32_t floors_spi;      /* whose SaInstall is to come next, 0: anybody's */
};

/* Connect with DIRECTORY/NAME.crt. Fails the test when that is not possible. */
void guest_connect(struct guest *guest, struct event_base *base, const char *directory,
		   const char *name, const char *vtep, uint16_t port);
/* Cut the connection without a word, as a host that is killed. */
void guest_vanish(struct guest *guest);

void guest_hello(struct guest *guest);
void guest_join(struct guest *guest, const char *group);
void guest_leave(struct guest *guest);
void guest_ack_roster(struct guest *guest, uint64_t generation);
void guest_ack_sa(struct guest *guest, uint32_t spi);
void guest_ack_switch(struct guest *guest, uint32_t spi);
void guest_ack_mode(struct guest *guest, uint64_t serial);
void guest_heartbeat(struct guest *guest);
/* With the use of one SA. */
void guest_report(struct guest *guest, uint32_t spi, uint64_t packets, uint64_t failures);
/* The same, of all fields. */
void guest_report_use(struct guest *guest, const Covey__SaUse *use);
/* The same report of a sender in clear, so often in one Heartbeat. */
void guest_report_clear(struct guest *guest, const Covey__ClearHeard *heard, size_t count);
/* The same group in which there was more, so often in one Heartbeat. */
void guest_report_clear_more(struct guest *guest, const char *group, size_t count);
void guest_send_request(struct guest *guest, const Covey__ProbeRequest *request);
void guest_send_report(struct guest *guest, const Covey__ProbeReport *report);
void guest_send_welcome(struct guest *guest);
/* A body of a number that no message has. */
#define GUEST_UNKNOWN_BODY 1000
void guest_send_unknown(struct guest *guest);

/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The mode of a group (covey/mode.h): what members are told, when a change goes on, is taken back
 * or undone. docs/protocol.md, section 8.9, describes the same as members see it. Pure, like
 * group.h, of which it is a part: group_settle() calls mode_settle().
 */

#include <covey/limits.h>
#include <covey/mode.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mode_flaws.h"

struct group;

/* For how long we wait for members' acknowledgements, in milliseconds. */
#define MODE_ACK_MS UINT64_C(10000)
/* How often the log is reminded of a group that does not enforce, or has a deadline. */
#define MODE_REMIND_MS UINT64_C(3600000)
/* When a change could not be stored, it is tried again after this time. */
#define MODE_RETRY_MS UINT64_C(2000)

/* What must be on disk before the first member is told. */
struct mode_record {
	uint64_t serial;      /* of what members were told last; 0: there is no record */
	enum covey_mode mode; /* that members are told */
	enum covey_mode goal; /* where it goes from there; mostly the same */
	/* The mode after the deadline; 0: there is none. When it is cannot be stored: the clock
	 * that measures it begins anew with the machine. */
	enum covey_mode then;
};

/* What a member is told. */
struct mode_order {
	uint64_t serial;
	enum covey_mode mode;
	uint32_t left_ms; /* 0: no deadline */
	enum covey_mode then;
	uint32_t between_ms; /* 0: COVEY_MODE_BETWEEN_MS */
};

/* For the log. struct group_mode has the details. */
enum mode_event {
	MODE_CHANGED,    /* members are told a mode */
	MODE_DONE,       /* a change is complete */
	MODE_TAKEN_BACK, /* forward was not acknowledged: members are told the mode before */
	MODE_UNDONE,     /* the deadline is over */
	MODE_ENDED,     /* the key manager was restarted before a deadline, which ends the change */
	MODE_CONFIRMED, /* there is no deadline any more */
	MODE_REMINDER,  /* also at the start */
	MODE_NOT_KEPT,  /* what is due cannot be stored; that is tried again */
};

/* What became of the last change that the operator asked for. */
enum mode_outcome {
	MODE_OUTCOME_NONE, /* none was asked for */
	MODE_OUTCOME_UNDER_WAY,
	MODE_OUTCOME_DONE,
	MODE_OUTCOME_TAKEN_BACK,
	MODE_OUTCOME_UNDONE, /* its deadline came first */
};

/* What is being written to disk, and what follows when it is there. */
enum mode_writing {
	MODE_WRITES_NOTHING,
	MODE_WRITES_CHANGE,  /* the operator's */
	MODE_WRITES_CONFIRM, /* the operator's */
	MODE_WRITES_STEP,
	MODE_WRITES_TAKE_BACK,
	MODE_WRITES_DEBT,    /* what members are told already */
	MODE_WRITES_IN_VAIN, /* a deadline came first: nothing follows */
};

struct mode_written {
	enum mode_writing what;
	struct mode_record record;
	/* Of MODE_WRITES_CHANGE: */
	bool confirms;
	uint64_t left_ms; /* until its deadline, from when it is on disk */
	struct mode_flaws despite;
};

struct group_mode {
	struct mode_record now;
	struct mode_written written; /* one at a time */
	uint64_t serial_used;        /* may be on disk, and members were not told of it */
	enum covey_mode before;      /* from which the present change began */
	bool under_way;
	bool forward;  /* the change is taken back if it is not acknowledged */
	bool hurries;  /* members go by themselves: it waits for no acknowledgement */
	bool resumed;  /* the key manager was restarted: members of the instance before may come */
	bool confirms; /* the deadline can be confirmed away */
	uint64_t told_ms;     /* when the mode was decided on that members are told now */
	uint64_t acked_ms;    /* when all had acknowledged it; 0: not yet */
	uint64_t encrypts_ms; /* since when nobody should send in clear; 0: since the start */
	uint64_t deadline_ms; /* if there is now.then */
	/* For how long members are told to be in transition between the other two: they begin that
	 * as far apart as messages to them take, and need not hear of us in it. */
	uint32_t between_ms;
	uint64_t remind_ms;
	uint64_t retry_ms;
	bool owes;        /* what members are told is not on disk yet, but leads to the same */
	uint64_t owes_ms; /* when it is tried again */
	uint64_t change;  /* how many changes the operator has asked for */
	/* What the last change, or its deadline, went on in spite of; mostly nothing. */
	struct mode_flaws despite;
	enum mode_outcome outcome;
};

/* The mode that the state file has (serial 0: none), or else the inventory. A change that was under
 * way goes on; one that had a deadline ends. */
void mode_start(struct group *group, const struct mode_record *stored, enum covey_mode configured,
		uint64_t now_ms);

/* What an operator asks for. Times are in seconds, at most one of them; 0: none. */
struct mode_request {
	enum covey_mode mode;
	uint64_t for_s;     /* then enforce */
	uint64_t confirm_s; /* then the mode before, unless it is confirmed */
	/* To enforce, also if members have heard packets in clear. It is no answer to anything
	 * else that is in the way. */
	bool despite_clear;
};

enum mode_verdict {
	MODE_BEGUN,
	MODE_ALREADY,     /* nothing to do */
	MODE_BUSY,        /* a change is under way */
	MODE_TOO_LATE,    /* the deadline of the present mode is now */
	MODE_UNCONFIRMED, /* the change before must be confirmed first */
	MODE_TOO_FAR,     /* transition comes first */
	MODE_POINTLESS,   /* a deadline that would change nothing */
	MODE_NOT_DESPITE, /* despite_clear is about enforce */
	MODE_BAD_TIME,    /* no time from a second to a week, or two of them */
	MODE_TOO_SHORT,   /* a time in which the change cannot come to all members */
	MODE_FLAWED,      /* some member could not follow: mode_flaws.h */
	MODE_NOTHING,     /* there is nothing to confirm */
	MODE_NOT_STORED,
	MODE_STORING, /* it begins when it is on disk, if it comes there */
};

enum mode_verdict mode_change(struct group *group, const struct mode_request *request,
			      uint64_t now_ms);
enum mode_verdict mode_confirm(struct group *group, uint64_t now_ms);
/* What group_output.keep_mode() began to write, with -EINPROGRESS, is on disk (0), or is not
 * (negative errno). Settle after this. */
void mode_kept(struct group *group, int status, uint64_t now_ms);

/* The member has just registered, and said that it understands modes. */
void mode_understood(struct group *group, size_t seat);
/* The member has said what it hears in clear, which may be nothing. */
void mode_reported(struct group *group, size_t seat, uint64_t now_ms);
/* -EPROTO when it was never told this one. */
int mode_acked(struct group *group, size_t seat, uint64_t serial, uint64_t now_ms);

/* Is the present mode not acknowledged by this member, and does the change wait for it? */
bool mode_awaits(const struct group *group, size_t seat);

/* Do what is due. Tells members, before they are told of rosters and SAs. */
void mode_settle(struct group *group, uint64_t now_ms);
/* When mode_settle() has something to do next, if no event comes first. */
uint64_t mode_deadline(const struct group *group);

/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What operators, members and disks do to the mode of a group, and what must come of it, in words
 * that test_mode.c acts out.
 */

#include <covey/mode.h>
#include <stddef.h>

struct story {
	const char *name;
	enum covey_mode begin;
	/*
	 * MODE[:fSECONDS|:cSECONDS]=VERDICT  the operator asks for a mode
	 * !MODE=VERDICT     the same, despite clear packets
	 * confirm=VERDICT   and confirms
	 * +MS               time passes
	 * ack, ack:SEATS    they acknowledge what they were told
	 * lose: back: old: leave: evict:SEATS   old: comes back, and knows no modes
	 * clear:SEAT        it hears an address in clear; stranger:SEAT: one that is no member's
	 * many:SEAT         more of these than are remembered
	 * expire            no SA is left
	 * rekey             another SA begins; switched: all have it
	 * full              nothing can be stored from now on; empty: it can again
	 * restart           of the key manager; nobody is back yet
	 * is:MODE           what the last order of A says
	 * then:MODE left:MS serial:N between:MS order of A, too
	 * flaw:SEAT FLAW    the first reason of a refusal to go forward
	 * despite:N         so many of these did not hinder the last change
	 * outcome:WORD late:SEATS kept:MODE goal:MODE end:MODE (of the record)
	 */
	const char *words;
};

extern const struct story mode_stories[];
extern const size_t mode_story_count;

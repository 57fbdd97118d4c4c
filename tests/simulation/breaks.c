/* SPDX-License-Identifier: BSD-3-Clause */
#include "simulation.h"

enum breakage breakage;

const struct break_case break_cases[] = {
	{BREAK_EPOCH, "epoch", "lease ", "the key manager gives a member the same epoch again"},
	{BREAK_AMNESIA, "amnesia", "lease ", "a restarted key manager makes the same keys again"},
	{BREAK_BINDING, "binding", "binding ", "SenderIDs are not written to the state file"},
	{BREAK_SPI, "spi", "spi ", "the reservation of SPIs is not written to the state file"},
	{BREAK_ACK, "acknowledged", "lacks kept hurry ",
	 "a member acknowledges an SA that its dataplane has not got"},
	{BREAK_HURRY, "hurry", "hurry ", "the key manager waits for no acknowledgement"},
	{BREAK_PARDON, "pardon", "evicted ", "an eviction is not written to the state file"},
	{BREAK_REVOKED, "revoked", "evicted ", "a revoked certificate is let in"},
	{BREAK_CLEAR, "clear", "clear ", "a member's guard never closes again"},
	{BREAK_DRAIN, "drain", "kept lacks plane ", "a dataplane forgets what it drains"},
	{BREAK_FENCE, "fence", "fence ", "a dataplane takes each floor as one higher"},
	{BREAK_UNHEARD, "unheard", "heard return ", "a dataplane takes no change of a roster"},
	{BREAK_LACKS, "lacks", "lacks ",
	 "a member acknowledges an SA on which others send, and its dataplane has not got it"},
	{BREAK_FLOOR, "floor", "floor ", "a floor of the roster falls"},
	{BREAK_PAST, "past", "past ", "a new member gets the SA that there is"},
	{BREAK_PROTOCOL, "protocol", "protocol ",
	 "a member acknowledges a roster that it was never sent"},
	{BREAK_SPIN, "spin", "spin ", "timers fire too early"},
	{BREAK_RETURN, "return", "return ", "a member whose session was refused does not return"},
};

const size_t break_case_count = sizeof(break_cases) / sizeof(break_cases[0]);

/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The VNIs of groups that are not in enforce (covey/mode.h), whose VXLAN the guard lets pass in
 * clear where the kernel keeps its interfaces; and the sets of the rules that hold them. Pure.
 *
 * The sets are not of intervals, so that looking a VNI up takes the same time however many there
 * are. The VNI is at byte 12 behind the start of the UDP header, RFC 7348 section 5.
 */

#include <covey/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* The part of a rule that finds the VNI. */
#define GUARD_VNI "@th,96,24"
/* The sets: of all these VNIs, and of those that are not steered. */
#define GUARD_SET_CLEAR    "clear"
#define GUARD_SET_OBSERVED "observed"

/*
 * The output hook tells those of the uplinks by a number in the priority which VXLAN came through a
 * device and may pass in clear. It keeps the last four bits, which choose a queue. The number is no
 * secret: to set it takes CAP_NET_ADMIN or CAP_NET_RAW, as the mark does. These are parts of rules,
 * as nft lists them: the condition, its opposite, to give the number, and to take it out.
 */
#define GUARD_CHECKED     "meta priority & ffff:fff0 == c0e7:0 "
#define GUARD_NOT_CHECKED "meta priority & ffff:fff0 != c0e7:0 "
#define GUARD_SET_CHECKED                                                                          \
	"meta priority set meta priority & 0:f meta priority set meta priority | c0e7:0 "
#define GUARD_TAKE_CHECKED "meta priority set meta priority & 0:f "

struct guard_vnis {
	uint32_t *list; /* sorted, each once */
	size_t count;
};

struct guard_clear {
	/* In clear in and out: groups in observe or transition. */
	struct guard_vnis accepted;
	/* Those of them that are to be encrypted while covey-host runs: groups in transition.
	 * Without covey-host they leave in clear. */
	struct guard_vnis steered;
};

/* Returns 0 if both lists are sorted, have each VNI once, and all that is steered is accepted, too.
 * Otherwise -EINVAL. */
int guard_clear_check(const struct guard_clear *clear, struct covey_error *error);
/* ret_copy is guard_clear_free()'s. -ENOMEM. */
int guard_clear_copy(const struct guard_clear *clear, struct guard_clear *ret_copy);
bool guard_vnis_same(const struct guard_vnis *a, const struct guard_vnis *b);
/* ret_copy->list is the caller's to free. -ENOMEM. */
int guard_vnis_copy(const struct guard_vnis *from, struct guard_vnis *ret_copy);
bool guard_clear_same(const struct guard_clear *a, const struct guard_clear *b);
void guard_clear_free(struct guard_clear *clear);

/* Those that are in at least one. ret_both->list is the caller's to free. -ENOMEM. */
int guard_clear_join(const struct guard_vnis *a, const struct guard_vnis *b,
		     struct guard_vnis *ret_both);

/* Take those out of vnis that are not in of. */
void guard_clear_keep(struct guard_vnis *vnis, const struct guard_vnis *of);
/* Take those out of vnis that are in of. */
void guard_clear_drop(struct guard_vnis *vnis, const struct guard_vnis *of);

/* Write one set of a table; nothing if it is empty. */
void guard_clear_write_set(FILE *stream, const char *name, const struct guard_vnis *vnis);
/* Write the set of those that are accepted and not steered. */
void guard_clear_write_observed(FILE *stream, const struct guard_clear *clear);

/* The VNIs of a set in a table of this family, in rules as text: ours, or as nft lists them. None
 * if there is no such set. ret_vnis->list is the caller's to free. -ENOMEM. */
int guard_clear_read_set(const char *text, const char *family, const char *name,
			 struct guard_vnis *ret_vnis);
/* What the guard whose rules these are lets pass. *ret_clear is guard_clear_free()'s. -ENOMEM. */
int guard_clear_read(const char *rules, struct guard_clear *ret_clear);
/* True if the sets in both texts hold the same. False also without memory. */
bool guard_clear_same_sets(const char *asked, const char *listed);

/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * A key and its certificate in place of others: at each moment, whatever fails and whoever dies,
 * the names STEM.key and STEM.crt lead to both old ones or to both new ones.
 *
 * No system call renames two files. So both names become links through one link, which is renamed
 * in one step, and then files again. ('+' is in no host's name.)
 *
 *   hv1.key -> .hv1+/key    .hv1+ -> .hv1+old/   the old ones, under another name
 *   hv1.crt -> .hv1+/crt             .hv1+new/   the new ones
 */

#include <covey/error.h>

/*
 * key and certificate: complete files in directory, which get STEM's names. Under pki_lock(). 0 or
 * a negative errno; then the old ones are there.
 */
int pki_pair_replace(const char *directory, const char *stem, const char *key,
		     const char *certificate, struct covey_error *error);

/*
 * Make files again of what one that died or failed has left as links, and remove its drafts. Under
 * pki_lock(). Where that fails, the links do as well.
 */
void pki_pair_settle(const char *directory, const char *stem);

/* For who writes more than one file. The descriptor, or a negative errno. close() unlocks. */
int pki_lock(const char *directory, struct covey_error *error);

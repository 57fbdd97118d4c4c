/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Replaces a key and its certificate together. At every moment, whatever fails and whoever dies,
 * the names STEM.key and STEM.crt lead either to both old files or to both new ones.
 *
 * No system call renames two files. So both names become links that go through one link. That link
 * is renamed in one step. After that, both names become files again. (No host's name contains '+'.)
 *
 *  hv1.key -> .hv1+/key    .hv1+ -> .hv1+old/   the old ones, under another name
 *  hv1.crt -> .hv1+/crt             .hv1+new/   the new ones
 */

#include <covey/error.h>

/*
 * key and certificate are complete files in directory. They get STEM's names. The caller must hold
 * pki_lock(). Returns 0 or a negative errno; then the old files are still in place.
 */
int pki_pair_replace(const char *directory, const char *stem, const char *key,
		     const char *certificate, struct covey_error *error);

/*
 * If a process that died or failed has left links, make files of them again, and remove its drafts.
 * The caller must hold pki_lock(). If this fails, the links still work.
 */
void pki_pair_settle(const char *directory, const char *stem);

/* For whoever writes more than one file. Returns a descriptor or a negative errno. close() unlocks.
 */
int pki_lock(const char *directory, struct covey_error *error);

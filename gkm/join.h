/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Registration of a welcomed host in a group (RFC 4046 section 3: registration).
 */

struct session;

/*
 * Authorise, bind the SenderID, lease an epoch, answer. group is one of the inventory's. Nothing is
 * granted that is not on disk before the answer.
 */
void join_group(struct session *session, const char *group);

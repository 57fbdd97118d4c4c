/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What is wrong at the key manager or with the members that it knows, for `covey status` there.
 */

#include <jansson.h>

/* answer: what show_manager() has made so far. A list of sentences, each with what to do. NULL when
 * there is no memory. */
json_t *problems_list(const json_t *answer);

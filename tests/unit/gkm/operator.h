/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* What an operator types beside a running covey-gkm: the real program covey. */

#include <jansson.h>

#include "fabric.h"

/* The program, from the command line. */
extern const char *covey_program;

#define ARGUMENTS_MAX 8

/* Type a command. Returns its exit status, and its answer in JSON, NULL for none, to be released.
 * Meanwhile no member hears or says anything. */
int type(struct fabric *fabric, json_t **ret_answer, const char *const *arguments);
/* The same while members go on. */
int type_meanwhile(struct fabric *fabric, json_t **ret_answer, const char *const *arguments);

#define TYPE(fabric, answer, ...)                                                                  \
	type(fabric, answer, (const char *const[ARGUMENTS_MAX]){__VA_ARGS__})
#define TYPE_MEANWHILE(fabric, answer, ...)                                                        \
	type_meanwhile(fabric, answer, (const char *const[ARGUMENTS_MAX]){__VA_ARGS__})

/* Send this line to the socket, as no covey does. Returns the answer, to be released. */
json_t *ask_raw(struct fabric *fabric, const char *request);

/* A text in an answer, "" when there is none. */
const char *text_in(const json_t *answer, const char *key);
/* The command failed and said why. Releases the answer. */
void assert_refused(struct fabric *fabric, json_t *answer, int status, const char *why);

/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* Published vectors, as tests/vectors/vectors.py prints them. */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* A group's setup: ends the program with status 77 (skipped) when the vectors' package is missing.
 */
int hex_have_vectors(void **state);
/* The lines of one kind; hex_close() fails the test when the script did. */
FILE *hex_vectors(const char *kind);
void hex_close(FILE *vectors);
/* Bytes of a field ("-": none); returns how many. */
size_t hex_read(const char *text, uint8_t *ret_bytes);

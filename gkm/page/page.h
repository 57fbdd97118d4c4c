/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The status page: what a browser loads. It shows what is at /status.json, and asks for that again
 * and again. embed.py writes the list from the files of this folder.
 */

#include <metrics_server.h>

/* A list that lives as long as the program. */
const struct metrics_file *page_list(size_t *ret_count);

/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* From now on jansson takes its memory from the pool. */
void pool_json_start(void);

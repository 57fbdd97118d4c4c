/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

struct dataplane;
struct ports;

/* Log how many workers there are, which queues they serve, and why there are not more. */
void workers_log(const struct ports *ports, const struct dataplane *dataplane);

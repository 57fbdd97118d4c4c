/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

struct dataplane;
struct ports;

/* Say in the log how many workers there are, of which queues, and why they are not more. */
void workers_log(const struct ports *ports, const struct dataplane *dataplane);

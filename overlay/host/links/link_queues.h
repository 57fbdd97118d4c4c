/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * How many queues an interface has.
 */

/* Receive queues, as sysfs lists them; 1 if it does not. */
unsigned link_count_rx_queues(const char *name);

/* Queues that serve both directions, those of a NIC; 0: it counts the two directions apart. */
unsigned link_count_combined_queues(const char *name);

/* Set the number of receive queues, and that of transmit queues, of an interface that counts them
 * apart (veth). If it cannot have that many, it gets as many as it can: see link_get(). */
void link_set_queues(const char *name, unsigned queues);

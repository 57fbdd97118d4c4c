/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * Raising the SPI serial above what a member knows, when the state file is older than that
 * (serial.h).
 */

#include <stdint.h>
#include <sys/queue.h>

struct sessions;
struct spi_raise;

LIST_HEAD(spi_raises, spi_raise);

/* The host has had this SPI, and the file's next one is lower. A failure is logged. */
void spi_raise(struct sessions *sessions, const char *host, uint32_t held);
/* The first SPI that was not given out, and will not be by what is under way. */
uint64_t spi_raise_next(const struct sessions *sessions);
/* Those under way are not waited for. */
void spi_raises_free(struct sessions *sessions);

/* SPDX-License-Identifier: BSD-3-Clause */
#include "spi_raise.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sessions.h"

struct spi_raise {
	LIST_ENTRY(spi_raise) entry;
	struct sessions *sessions;
	struct store_request request;
	uint32_t held;
	uint64_t skips;
	char host[COVEY_NAME_MAX + 1];
};

static void fail(const struct sessions *sessions, const char *host, uint32_t held, const char *why)
{
	peer_log_line(sessions->log, LOG_LEVEL_ERROR, host,
		      "SPIs up to %" PRIu32 " may come again: %s", held, why);
}

static void on_done(struct store_request *request, int status, const struct covey_error *error)
{
	struct spi_raise *raise = request->arg;
	struct sessions *sessions = raise->sessions;

	LIST_REMOVE(raise, entry);
	sessions->serial.raising -= raise->skips;
	if (status < 0)
		fail(sessions, raise->host, raise->held, error->text);
	else
		sessions->serial.skipped += raise->skips;
	free(raise);
}

uint64_t spi_raise_next(const struct sessions *sessions)
{
	const struct spi_raise *raise;
	uint64_t next = sessions->store->next_spi;

	LIST_FOREACH(raise, &sessions->raises, entry)
	{
		if (next <= raise->held)
			next = (uint64_t)raise->held + 1;
	}
	return next;
}

void spi_raise(struct sessions *sessions, const char *host, uint32_t held)
{
	struct spi_raise *raise = calloc(1, sizeof(*raise));
	const struct store_change change = {.kind = STORE_RAISE_SPI, .spi = held};

	if (!raise) {
		fail(sessions, host, held, strerror(ENOMEM));
		return;
	}
	raise->sessions = sessions;
	raise->held = held;
	raise->skips = held + 1 - spi_raise_next(sessions);
	raise->request = (struct store_request){.done = on_done, .arg = raise};
	strncpy(raise->host, host, COVEY_NAME_MAX);
	sessions->serial.raising += raise->skips;
	LIST_INSERT_HEAD(&sessions->raises, raise, entry);
	store_commit(sessions->store, &change, 1, &raise->request);
}

void spi_raises_free(struct sessions *sessions)
{
	struct spi_raise *raise;

	while ((raise = LIST_FIRST(&sessions->raises))) {
		LIST_REMOVE(raise, entry);
		store_forget(&raise->request);
		free(raise);
	}
}

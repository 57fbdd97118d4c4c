/* SPDX-License-Identifier: BSD-3-Clause */
#include "serial.h"

#include <inttypes.h>

#include "manager.h"
#include "session.h"

static void go_beyond(const struct session *session, uint64_t next, uint32_t held)
{
	struct serial *serial = &session->manager->serial;
	char name[SESSION_NAME_LEN];
	struct covey_error error;

	serial->behind++;
	peer_log_line(session->manager->log, LOG_LEVEL_ERROR, session->peer.host,
		      "ALARM: the state file is older than what %s knows: the host has had "
		      "SPI %" PRIu32 ", the file's next one is %" PRIu64
		      ", and goes beyond it now. A backup was restored, or the file was lost and "
		      "made again: later evictions are forgotten, so evict those hosts again. If "
		      "neither happened, this host lies",
		      session_name(session, name), held, next);
	if (store_raise_spi(session->manager->store, held, &error) < 0)
		peer_log_line(session->manager->log, LOG_LEVEL_ERROR, session->peer.host,
			      "SPIs up to %" PRIu32 " may come again: %s", held, error.text);
	else
		serial->skipped += held - next + 1;
}

static void disbelieve(const struct session *session, uint64_t next, uint32_t held)
{
	struct serial *serial = &session->manager->serial;
	char name[SESSION_NAME_LEN];

	serial->absurd++;
	peer_log_line(session->manager->log, LOG_LEVEL_ERROR, session->peer.host,
		      "ALARM: %s says that it has had SPI %" PRIu32
		      ", the state file's next one is %" PRIu64
		      ": too far to be believed, SPIs stay as they are. This host lies, or the "
		      "file is very old: restore a newer one",
		      session_name(session, name), held, next);
}

void serial_compare(const struct session *session, uint32_t held)
{
	const struct manager *manager = session->manager;
	uint64_t next = store_next_spi(manager->store);

	switch (serial_judge(&manager->serial, next, held)) {
	case SERIAL_FINE:
		return;
	case SERIAL_BEHIND:
		go_beyond(session, next, held);
		return;
	case SERIAL_ABSURD:
		disbelieve(session, next, held);
		return;
	}
}

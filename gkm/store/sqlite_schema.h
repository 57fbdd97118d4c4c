/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The tables of the state file, as SQLite's statements. A file whose schema reads otherwise is
 * refused.
 */

#define APPLICATION_ID 0x436f5679 /* "CoVy" */
#define USER_VERSION   3          /* 1 had no evictions, 2 no former SenderIDs */

/*
 * The tables are redundant on purpose, so that the check at start finds a flipped bit: every
 * binding stands in the primary key's tree and in the unique index's, and the serial beside its
 * complement.
 */
#define BINDING_SQL                                                                                \
	"CREATE TABLE binding (\"group\" TEXT NOT NULL, identity TEXT NOT NULL, "                  \
	"sender_id INTEGER NOT NULL CHECK (sender_id BETWEEN 1 AND 65535), "                       \
	"PRIMARY KEY (\"group\", identity), UNIQUE (\"group\", sender_id)) STRICT, WITHOUT ROWID"
#define EVICTION_SQL                                                                               \
	"CREATE TABLE eviction (identity TEXT NOT NULL, \"group\" TEXT NOT NULL, "                 \
	"PRIMARY KEY (identity, \"group\"), UNIQUE (\"group\", identity)) STRICT, WITHOUT ROWID"
#define SERIAL_SQL                                                                                 \
	"CREATE TABLE serial (id INTEGER PRIMARY KEY CHECK (id = 1), "                             \
	"next_spi INTEGER NOT NULL CHECK (next_spi BETWEEN 256 AND 4294967296), "                  \
	"complement INTEGER NOT NULL CHECK (complement = ~next_spi)) STRICT"

/*
 * SenderIDs that were given up, with the last SPI before that: nobody else gets them as long as a
 * member may hold an SA that they were used with. Noted by the binding's own transaction. And the
 * hard lifetime of a group's SAs where it is above the default, the longest as long as there is any
 * of the former.
 */
#define LIFETIME_LEAST_S 86400u
#define FORMER_SQL                                                                                 \
	"CREATE TABLE former (\"group\" TEXT NOT NULL, sender_id INTEGER NOT NULL CHECK "          \
	"(sender_id BETWEEN 1 AND 65535), identity TEXT NOT NULL, until_spi INTEGER NOT NULL, "    \
	"PRIMARY KEY (\"group\", sender_id), UNIQUE (sender_id, \"group\", identity, until_spi)) " \
	"STRICT, WITHOUT ROWID"
#define LIFETIME_SQL                                                                               \
	"CREATE TABLE lifetime (\"group\" TEXT NOT NULL PRIMARY KEY, seconds INTEGER NOT NULL "    \
	"CHECK (seconds > 0), UNIQUE (seconds, \"group\")) STRICT, WITHOUT ROWID"
#define GIVE_UP_SQL                                                                                \
	"CREATE TRIGGER give_up AFTER UPDATE OF sender_id ON binding "                             \
	"WHEN old.sender_id <> new.sender_id BEGIN "                                               \
	"INSERT OR REPLACE INTO former SELECT old.\"group\", old.sender_id, old.identity, "        \
	"next_spi - 1 FROM serial; "                                                               \
	"DELETE FROM former WHERE \"group\" = new.\"group\" AND sender_id = new.sender_id; END"
#define TAKE_UP_SQL                                                                                \
	"CREATE TRIGGER take_up AFTER INSERT ON binding BEGIN "                                    \
	"DELETE FROM former WHERE \"group\" = new.\"group\" AND sender_id = new.sender_id; END"
#define VERSION_3_SQL FORMER_SQL ";" GIVE_UP_SQL ";" LIFETIME_SQL ";" TAKE_UP_SQL

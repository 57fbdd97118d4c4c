/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The tables of the state file, as SQLite statements. A file with another schema is refused.
 */

#define APPLICATION_ID 0x436f5679 /* "CoVy" */
/* 1 had no evictions, 2 no SenderIDs that were given up, 3 no modes, 4 no holder. */
#define USER_VERSION 5

/*
 * The tables contain everything twice, so that the check at start finds a flipped bit. Each binding
 * is in the tree of the primary key and in that of the unique index. The serial has its complement
 * beside it.
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
 * SenderIDs that were given up, each with the last SPI before that. Nobody else gets one as long as
 * a member may hold an SA that it was used with. They are written in the transaction of the new
 * binding. A second table has the hard lifetime of a group's SAs, if it is above the default. It
 * keeps the longest one as long as the group has SenderIDs that were given up.
 */
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
/* The modes of groups for which the operator has set one. */
#define MODE_SQL                                                                                   \
	"CREATE TABLE mode (\"group\" TEXT NOT NULL PRIMARY KEY, serial INTEGER NOT NULL CHECK "   \
	"(serial > 0), mode INTEGER NOT NULL CHECK (mode BETWEEN 1 AND 3), goal INTEGER NOT NULL " \
	"CHECK (goal BETWEEN 1 AND 3), after INTEGER NOT NULL CHECK (after BETWEEN 0 AND 3), "     \
	"UNIQUE (serial, \"group\", mode, goal, after)) STRICT, WITHOUT ROWID"
/*
 * Who has the file, where a fabric has several key managers: the address of the last one that has
 * begun with it, and how often one has. Empty and 0: none of several. Each stands there twice.
 */
#define HOLDER_SQL                                                                                 \
	"CREATE TABLE holder (id INTEGER PRIMARY KEY CHECK (id = 1), "                             \
	"generation INTEGER NOT NULL CHECK (generation >= 0), "                                    \
	"complement INTEGER NOT NULL CHECK (complement = ~generation), "                           \
	"address TEXT NOT NULL, copy TEXT NOT NULL CHECK (copy = address)) STRICT"
#define NO_HOLDER_SQL "INSERT INTO holder VALUES (1, 0, ~0, '', '')"
#define VERSION_5_SQL HOLDER_SQL ";" NO_HOLDER_SQL
#define VERSION_4_SQL MODE_SQL
#define VERSION_3_SQL FORMER_SQL ";" GIVE_UP_SQL ";" LIFETIME_SQL ";" TAKE_UP_SQL

/* SPDX-License-Identifier: BSD-3-Clause */
#include "roster_columns.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define VTEP_LEN_IPV4 4
#define VTEP_LEN_IPV6 16

/* --- writing ------------------------------------------------------------------------------- */

void roster_columns_clear(struct roster_columns *columns)
{
	columns->count = 0;
	columns->vteps_len = 0;
	columns->hosts_len = 0;
	columns->floors_matter = false;
}

int roster_columns_add(struct roster_columns *columns, const struct roster_row *row)
{
	size_t vtep_len = covey_addr_len(&row->vtep);

	if (columns->count == COVEY_ROSTER_ENTRIES_PER_MESSAGE)
		return -ENOSPC;
	if (row->host_len > COVEY_NAME_MAX || columns->vteps_len != columns->count * vtep_len)
		return -EINVAL;
	columns->sender_ids[columns->count] = row->sender_id;
	columns->epoch_floors[columns->count] = row->epoch_floor;
	columns->floors_matter |= row->epoch_floor != COVEY_EPOCH_MIN;
	memcpy(columns->vteps + columns->vteps_len, row->vtep.bytes, vtep_len);
	memcpy(columns->hosts + columns->hosts_len, row->host, row->host_len);
	columns->hosts[columns->hosts_len + row->host_len] = '\0';
	columns->vteps_len += vtep_len;
	columns->hosts_len += row->host_len + 1;
	columns->count++;
	return 0;
}

void roster_columns_fill(const struct roster_columns *columns, Covey__Roster *ret_message)
{
	ret_message->sender_ids = (uint32_t *)columns->sender_ids;
	ret_message->n_sender_ids = columns->count;
	ret_message->epoch_floors = (uint32_t *)columns->epoch_floors;
	ret_message->n_epoch_floors = columns->floors_matter ? columns->count : 0;
	ret_message->vteps.data = (uint8_t *)columns->vteps;
	ret_message->vteps.len = columns->vteps_len;
	ret_message->hosts.data = (uint8_t *)columns->hosts;
	ret_message->hosts.len = columns->hosts_len;
}

/* --- reading ------------------------------------------------------------------------------- */

static size_t count_names(const ProtobufCBinaryData *hosts)
{
	size_t count = 0;

	for (size_t i = 0; i < hosts->len; i++)
		count += hosts->data[i] == '\0';
	return count;
}

/* Every name, even the last one, ends with a zero byte. So no name is longer than the column. */
static bool are_names(const ProtobufCBinaryData *hosts, size_t count)
{
	if (hosts->len > 0 && hosts->data[hosts->len - 1] != '\0')
		return false;
	return count_names(hosts) == count;
}

int roster_reader_init(struct roster_reader *reader, const Covey__Roster *message,
		       struct covey_error *error)
{
	size_t count = message->n_sender_ids;
	size_t vtep_len = count ? message->vteps.len / count : 0;

	if (count > COVEY_ROSTER_ENTRIES_PER_MESSAGE)
		return covey_error_set(error, -EPROTO, "roster message of %zu entries, over %u",
				       count, COVEY_ROSTER_ENTRIES_PER_MESSAGE);
	if (message->n_epoch_floors != 0 && message->n_epoch_floors != count)
		return covey_error_set(error, -EPROTO,
				       "roster message of %zu entries with %zu epoch floors", count,
				       message->n_epoch_floors);
	if (message->vteps.len != count * vtep_len ||
	    (count && vtep_len != VTEP_LEN_IPV4 && vtep_len != VTEP_LEN_IPV6))
		return covey_error_set(error, -EPROTO,
				       "roster message of %zu entries with %zu bytes of VTEP "
				       "addresses",
				       count, message->vteps.len);
	if (!are_names(&message->hosts, count))
		return covey_error_set(error, -EPROTO,
				       "roster message of %zu entries with another number of names",
				       count);
	*reader = (struct roster_reader){.message = message,
					 .vtep_len = vtep_len,
					 .host = (const char *)message->hosts.data};
	return 0;
}

static bool is_name(const char *name, size_t len)
{
	if (len == 0 || len > COVEY_NAME_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		if (name[i] <= 0x20 || name[i] >= 0x7f)
			return false;
	return true;
}

static int check_row(uint32_t sender_id, uint32_t epoch_floor, const struct roster_row *row,
		     struct covey_error *error)
{
	if (sender_id < COVEY_SENDER_ID_MIN || sender_id > COVEY_SENDER_ID_MAX)
		return covey_error_set(error, -EPROTO, "roster entry with SenderID %" PRIu32,
				       sender_id);
	if (epoch_floor < COVEY_EPOCH_MIN || epoch_floor > COVEY_EPOCH_MAX)
		return covey_error_set(error, -EPROTO,
				       "roster entry of SenderID %" PRIu32
				       " with epoch floor %" PRIu32,
				       sender_id, epoch_floor);
	if (!is_name(row->host, row->host_len))
		return covey_error_set(error, -EPROTO,
				       "roster entry of SenderID %" PRIu32
				       " with a malformed host name",
				       sender_id);
	return 0;
}

int roster_reader_next(struct roster_reader *reader, struct roster_row *ret_row,
		       struct covey_error *error)
{
	const Covey__Roster *message = reader->message;
	struct roster_row row = {.host = reader->host};
	uint32_t sender_id, epoch_floor = COVEY_EPOCH_MIN;
	int status;

	if (reader->at == message->n_sender_ids)
		return 0;
	sender_id = message->sender_ids[reader->at];
	if (message->n_epoch_floors)
		epoch_floor = message->epoch_floors[reader->at];
	row.host_len = strlen(reader->host);
	status = check_row(sender_id, epoch_floor, &row, error);
	if (status)
		return status;
	row.sender_id = (uint16_t)sender_id;
	row.epoch_floor = (uint16_t)epoch_floor;
	row.vtep.family = reader->vtep_len == VTEP_LEN_IPV6 ? AF_INET6 : AF_INET;
	memcpy(row.vtep.bytes, message->vteps.data + reader->at * reader->vtep_len,
	       reader->vtep_len);
	reader->at++;
	reader->host += row.host_len + 1;
	*ret_row = row;
	return 1;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include <covey/limits.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sqlite.h"
#include "sqlite_private.h"

int sqlite_store_holder(struct store *base, const char *address, struct sqlite_holder *ret_holder,
			struct covey_error *error)
{
	struct sqlite_store *store = (struct sqlite_store *)base;
	char *text;
	/* Digits, a space, and the address. */
	int status = sqlite_query(store, "SELECT generation || ' ' || address FROM holder", &text,
				  error);
	char *end;

	if (status < 0)
		return status;
	ret_holder->generation = strtoull(text, &end, 10);
	ret_holder->is_ours = *end == ' ' && strcmp(end + 1, address) == 0;
	free(text);
	return 0;
}

/* The text is of covey_addr_format(), and so needs no quoting. */
static int write_holder(struct sqlite_store *store, const char *address, uint64_t next_spi,
			struct covey_error *error)
{
	char sql[400];
	int status;

	snprintf(sql, sizeof(sql),
		 "BEGIN; UPDATE holder SET generation = generation + 1, "
		 "complement = ~(generation + 1), address = '%.64s', copy = '%.64s'; "
		 "UPDATE serial SET next_spi = %" PRIu64 ", complement = ~%" PRIu64 "; COMMIT;",
		 address, address, next_spi, next_spi);
	status = sqlite_execute(store, sql, "noting who has it", error);
	if (status < 0 && !sqlite3_get_autocommit(store->db))
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	return status;
}

int sqlite_store_begin(struct store *base, const char *address, uint32_t spis,
		       struct covey_error *error)
{
	uint64_t next = base->next_spi_in_file;
	struct sqlite_holder holder;
	int status = sqlite_store_holder(base, address, &holder, error);

	if (status < 0)
		return status;
	if (!holder.is_ours)
		next += spis;
	if (next > (UINT64_C(1) << 32))
		next = UINT64_C(1) << 32;
	status = write_holder((struct sqlite_store *)base, address, next, error);
	if (status < 0)
		return status;
	base->next_spi = base->next_spi_in_file = next;
	return 0;
}

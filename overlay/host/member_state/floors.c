/* SPDX-License-Identifier: BSD-3-Clause */

#include "floors.h"

#include <covey/limits.h>
#include <covey/wire.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#define CAPACITY_MIN 64

void floors_clear(struct floors *floors)
{
	free(floors->list);
	*floors = (struct floors){0};
}

static int check_message(const struct floors *floors, const Covey__SaFloors *message,
			 struct covey_error *error)
{
	size_t count = message->n_esns;

	if (message->spi < COVEY_SPI_MIN)
		return covey_error_set(error, -EPROTO, "SaFloors with reserved SPI %" PRIu32,
				       message->spi);
	if (floors->complete || (floors->spi != 0 && floors->spi != message->spi))
		return covey_error_set(error, -EPROTO,
				       "SaFloors of SPI %" PRIu32
				       " instead of SaInstall of %" PRIu32,
				       message->spi, floors->spi);
	if (message->n_sender_ids != count || message->n_window_ids != count)
		return covey_error_set(error, -EPROTO,
				       "SaFloors of SPI %" PRIu32 " with columns of %zu, %zu and "
				       "%zu",
				       message->spi, message->n_sender_ids, message->n_window_ids,
				       count);
	if (count > COVEY_FLOORS_PER_MESSAGE || floors->count + count > COVEY_FLOORS_PER_GROUP_MAX)
		return covey_error_set(error, -EPROTO, "SaFloors of SPI %" PRIu32 " with too many",
				       message->spi);
	return 0;
}

static int reserve(struct floors *floors, size_t count)
{
	size_t capacity = floors->capacity ? floors->capacity : CAPACITY_MIN;
	struct covey_floor *list;

	while (capacity < count)
		capacity *= 2;
	if (capacity == floors->capacity)
		return 0;
	list = reallocarray(floors->list, capacity, sizeof(*list));
	if (!list)
		return -ENOMEM;
	floors->list = list;
	floors->capacity = capacity;
	return 0;
}

static bool is_after(const struct covey_floor *last, uint32_t sender_id, uint32_t window_id)
{
	return last->sender_id < sender_id ||
	       (last->sender_id == sender_id && last->window_id < window_id);
}

static int append(struct floors *floors, uint32_t sender_id, uint32_t window_id, uint64_t esn,
		  struct covey_error *error)
{
	if (sender_id < COVEY_SENDER_ID_MIN || sender_id > COVEY_SENDER_ID_MAX ||
	    window_id > UINT16_MAX || covey_esn_epoch(esn) < COVEY_EPOCH_MIN ||
	    (floors->count && !is_after(&floors->list[floors->count - 1], sender_id, window_id)))
		return covey_error_set(error, -EPROTO,
				       "SaFloors of SPI %" PRIu32 " with SenderID %" PRIu32
				       ", WindowID %" PRIu32 ", ESN %" PRIu64
				       ": out of order or range",
				       floors->spi, sender_id, window_id, esn);
	floors->list[floors->count++] = (struct covey_floor){
		.esn = esn, .sender_id = (uint16_t)sender_id, .window_id = (uint16_t)window_id};
	return 0;
}

int floors_update(struct floors *floors, const Covey__SaFloors *message, struct covey_error *error)
{
	int status = check_message(floors, message, error);

	if (status)
		return status;
	if (reserve(floors, floors->count + message->n_esns) < 0)
		return covey_error_set(error, -ENOMEM, "out of memory");
	floors->spi = message->spi;
	for (size_t i = 0; i < message->n_esns; i++) {
		status = append(floors, message->sender_ids[i], message->window_ids[i],
				message->esns[i], error);
		if (status)
			return status;
	}
	floors->complete = !message->more;
	return 0;
}

int floors_check(const struct floors *floors, uint32_t spi, struct covey_error *error)
{
	if (floors->spi == 0 || (floors->spi == spi && floors->complete))
		return 0;
	return covey_error_set(error, -EPROTO,
			       "SaInstall of SPI %" PRIu32 " amid SaFloors of SPI %" PRIu32, spi,
			       floors->spi);
}

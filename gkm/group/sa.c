/* SPDX-License-Identifier: BSD-3-Clause */
#include "sa.h"

#include <covey/limits.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "floor_table.h"
#include "secret.h"
#include "usage.h"

/*
 * When the next SA must begin, even if members are away: before the last tenth of the hard
 * lifetime, or earlier if a rekey takes longer than that. Otherwise, if the GKM fails as well, the
 * whole group would soon stop.
 */
static uint64_t patience(const struct sa_timing *timing)
{
	uint64_t rekey_ms = timing->activation_delay_ms + timing->drain_delay_ms;
	uint64_t margin_ms = timing->hard_lifetime_ms / 10;

	if (margin_ms < rekey_ms)
		margin_ms = rekey_ms;
	return timing->hard_lifetime_ms > margin_ms ? timing->hard_lifetime_ms - margin_ms : 0;
}

int sa_new(uint32_t spi, const uint8_t *tek, size_t tek_len, const struct sa_timing *timing,
	   size_t seats, struct sa **ret_sa)
{
	struct sa *sa;

	if (spi < COVEY_SPI_MIN || (tek_len != covey_cipher_key_len(COVEY_AES_256_GCM) &&
				    tek_len != covey_cipher_key_len(COVEY_AES_128_GCM)))
		return -EINVAL;
	sa = calloc(1, sizeof(*sa) + seats);
	if (!sa)
		return -ENOMEM;
	sa->usages = calloc(seats ? seats : 1, sizeof(*sa->usages));
	sa->tek = secret_alloc(tek_len);
	if (!sa->tek || !sa->usages) {
		sa_free(sa);
		return -ENOMEM;
	}
	memcpy(sa->tek, tek, tek_len);
	sa->tek_len = tek_len;
	sa->spi = spi;
	sa->state = SA_INSTALLING;
	sa->begin_ms = timing->begin_ms;
	sa->activate_by_ms = timing->begin_ms + timing->activation_delay_ms;
	sa->drain_delay_ms = timing->drain_delay_ms;
	sa->evicts = timing->evicts;
	sa->expires_ms = timing->begin_ms + timing->hard_lifetime_ms;
	sa->rekey_ms =
		timing->rekey_after_ms ? timing->begin_ms + timing->rekey_after_ms : UINT64_MAX;
	sa->patience_ms = timing->begin_ms + patience(timing);
	sa->patient = timing->patient;
	sa->seats = seats;
	*ret_sa = sa;
	return 0;
}

int sa_add_seats(struct sa **sa, size_t seats)
{
	size_t more = seats - (*sa)->seats;
	struct sa *grown;

	if (seats <= (*sa)->seats)
		return 0;
	grown = realloc(*sa, sizeof(*grown) + seats);
	if (!grown)
		return -ENOMEM;
	*sa = grown;
	memset(&grown->members[grown->seats], SA_MEMBER_BARRED, more);
	if (grown->usages) {
		struct usage *usages = reallocarray(grown->usages, seats, sizeof(*usages));

		if (!usages)
			return -ENOMEM;
		memset(&usages[grown->seats], 0, more * sizeof(*usages));
		grown->usages = usages;
	}
	grown->seats = seats;
	return 0;
}

void sa_retire(struct sa *sa)
{
	secret_free(sa->tek);
	sa->tek = NULL;
	sa->tek_len = 0;
	free(sa->usages);
	sa->usages = NULL;
	floor_table_free(sa->floors);
	sa->floors = NULL;
	sa->state = SA_RETIRED;
}

void sa_free(struct sa *sa)
{
	if (!sa)
		return;
	sa_retire(sa);
	free(sa);
}

const char *sa_state_name(enum sa_state state)
{
	switch (state) {
	case SA_INSTALLING:
		return "installing";
	case SA_ACTIVE:
		return "active";
	case SA_DRAINING:
		return "draining";
	case SA_RETIRED:
		return "retired";
	}
	return "unknown";
}

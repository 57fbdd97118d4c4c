/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench_gcm.h"
#include "library_copy.h"

#define MOVE(function, distance)                                                                   \
	((function) = (typeof(function))((intptr_t)(function) + (distance)))

static int move(struct bench_gcm *gcm)
{
	int status = library_copy_new((const void *)gcm->encrypt, &gcm->copy);
	intptr_t distance;

	if (status < 0)
		return status;
	distance = library_copy_distance(gcm->copy);
	MOVE(gcm->encrypt, distance);
	MOVE(gcm->decrypt, distance);
	MOVE(gcm->init, distance);
	MOVE(gcm->encrypt_update, distance);
	MOVE(gcm->decrypt_update, distance);
	MOVE(gcm->encrypt_finalize, distance);
	MOVE(gcm->decrypt_finalize, distance);
	MOVE(gcm->expand, distance);
	return 0;
}

int bench_gcm_spread(const struct bench_gcm *original, struct bench_gcm *gcms[], unsigned cores)
{
	for (unsigned i = 0; i < cores; i++) {
		int status;

		if (gcms[i] != original)
			*gcms[i] = *original;
		status = i == 0 ? 0 : move(gcms[i]);
		if (status < 0)
			return status;
	}
	return 0;
}

void bench_gcm_close(struct bench_gcm *gcm)
{
	library_copy_free(gcm->copy);
	gcm->copy = NULL;
}

/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The key manager's state file, which may be damaged in any way: it is refused, or what is read of
 * it keeps to its bounds and can be written to. One execution is a file.
 */

#include "../unit/gkm/commit.h"
#include "count.h"
#include "memory_files.h"
#include "must.h"
#include "sqlite.h"
#include "variants.h"
#include <covey/limits.h>
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

#define VARIANTS 15

static char directory[200];
static char path[256];
static int beside; /* a file of the same name, for what is looked at beside its contents */

static void leave(void)
{
	unlink(path);
	rmdir(directory);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *scratch = getenv("TMPDIR");

	(void)argc, (void)argv;
	snprintf(directory, sizeof(directory), "%s/covey-fuzz-XXXXXX",
		 scratch ? scratch : "/dev/shm");
	must(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/state", directory);
	beside = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	must(beside >= 0);
	atexit(leave);
	memory_files_start();
	return 0;
}

static int on_binding(const char *identity, uint16_t sender_id, void *arg)
{
	must(strlen(identity) < 1u << 20);
	must(sender_id != 0);
	return 0;
}

static int on_former(const char *identity, uint16_t sender_id, uint32_t until_spi, void *arg)
{
	return on_binding(identity, sender_id, arg);
}

static int on_eviction(const char *identity, const char *group, void *arg)
{
	must(strlen(identity) < 1u << 20 && strlen(group) < 1u << 20);
	return 0;
}

/* An SPI rises, whatever else fails. */
static void check_serial(struct store *store)
{
	uint64_t next = store->next_spi;
	struct covey_error error;
	uint32_t spi;

	must(next >= COVEY_SPI_MIN && next <= UINT64_C(1) << 32);
	if (store->ops->take_spi(store, &spi, &error) == 0)
		must(spi == next && store->next_spi == next + 1);
}

static int bind_one(struct store *store, const char *identity, uint16_t sender_id,
		    struct covey_error *error)
{
	return COMMIT(store, error, .kind = STORE_BIND, .group = "tenants", .identity = identity,
		      .sender_id = sender_id);
}

static void use(struct store *store)
{
	const struct store_mode noted = {.serial = 9, .mode = 1, .goal = 1};
	struct store_mode mode;
	struct covey_error error;
	uint32_t seconds;

	(void)store->ops->each_binding(store, "tenants", on_binding, NULL, &error);
	(void)store->ops->each_former(store, "tenants", on_former, NULL, &error);
	(void)store->ops->each_eviction(store, on_eviction, NULL, &error);
	if (store->ops->read_mode(store, "tenants", &mode, &error) == 0)
		must(mode.serial == 0 || (mode.serial <= INT64_MAX && mode.mode - 1u < 3 &&
					  mode.goal - 1u < 3 && mode.after <= 3));
	(void)COMMIT(store, &error, .kind = STORE_MODE, .group = "tenants", .mode = noted);
	if (COMMIT(store, &error, .kind = STORE_LIFETIME, .group = "tenants", .seconds = 100000) ==
		    0 &&
	    store->ops->read_lifetime(store, "tenants", &seconds, &error) == 0)
		must(seconds >= 100000);
	(void)bind_one(store, "spiffe://f/host/hv1", 7, &error);
	(void)COMMIT(store, &error, .kind = STORE_EVICT, .identity = "spiffe://f/host/hv2",
		     .group = "");
	check_serial(store);
}

static void put(const uint8_t *data, size_t size)
{
	static size_t was;

	if (!was != !size)
		must(ftruncate(beside, size != 0) == 0);
	was = size;
	memory_files_put(data, size);
}

static unsigned try(const uint8_t *data, size_t size)
{
	struct store *store = NULL;
	struct covey_error error;
	int status;

	put(data, size);
	status = sqlite_store_open(path, &store, &error);
	if (status == 0)
		use(store);
	else
		must(!store && status < 0 && error.text[0]);
	store_close(store);
	memory_files_check();
	return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	count(variants_try(VARIANTS_OF_PLACES, data, size, VARIANTS, try));
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	if (seed % 4 == 0)
		return LLVMFuzzerMutate(data, size, max);
	return variants_become(VARIANTS_OF_PLACES, data, size, max, VARIANTS, seed / 4);
}

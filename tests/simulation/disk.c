/* SPDX-License-Identifier: BSD-3-Clause */
#include "disk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rules.h"
#include "simulation.h"
#include "sqlite.h"

TAILQ_HEAD(accesses, access);

struct faulty_store {
	struct store store;
	struct store *real;
	struct process *process;
	struct disk *disk;
	struct accesses under_way;
	uint64_t last_us; /* when the last of them ends */
	bool reserves;    /* SPIs are on their way */
};

enum verdict {
	DO,
	FAIL,
	LIE,   /* done, but said to have failed */
	CRASH, /* done, and the program ends before it knows */
};

/* One write that takes time. */
struct access {
	TAILQ_ENTRY(access) entry;
	struct faulty_store *self;
	struct timer does, answers;
	enum verdict verdict;
	bool done;
	struct store_change *changes; /* NULL: SPIs are reserved */
	size_t count;
	struct store_request *request; /* NULL: nobody wants to know */
	int status;
	struct covey_error error;
};

static struct faulty_store *of(struct store *store)
{
	return (struct faulty_store *)store;
}

static int fail(struct covey_error *error)
{
	return covey_error_set(error, -EIO, "the disk fails");
}

static bool count_down(unsigned *count)
{
	if (*count == 0)
		return false;
	--*count;
	return true;
}

/* --- reading -------------------------------------------------------------------------------- */

static int each_binding(struct store *store, const char *group,
			int (*each)(const char *identity, uint16_t sender_id, void *arg), void *arg,
			struct covey_error *error)
{
	struct store *real = of(store)->real;

	return real->ops->each_binding(real, group, each, arg, error);
}

static int each_former(struct store *store, const char *group,
		       int (*each)(const char *identity, uint16_t sender_id, uint32_t until_spi,
				   void *arg),
		       void *arg, struct covey_error *error)
{
	struct store *real = of(store)->real;

	return real->ops->each_former(real, group, each, arg, error);
}

static int read_lifetime(struct store *store, const char *group, uint32_t *ret_seconds,
			 struct covey_error *error)
{
	struct store *real = of(store)->real;

	return real->ops->read_lifetime(real, group, ret_seconds, error);
}

static int each_eviction(struct store *store,
			 int (*each)(const char *identity, const char *group, void *arg), void *arg,
			 struct covey_error *error)
{
	struct store *real = of(store)->real;

	return real->ops->each_eviction(real, each, arg, error);
}

static int read_mode(struct store *store, const char *group, struct store_mode *ret_mode,
		     struct covey_error *error)
{
	struct store *real = of(store)->real;

	return real->ops->read_mode(real, group, ret_mode, error);
}

/* --- what a write does ----------------------------------------------------------------------- */

struct outcome {
	int status;
	struct covey_error error;
};

static void note_outcome(struct store_request *request, int status, const struct covey_error *error)
{
	*(struct outcome *)request->arg = (struct outcome){.status = status, .error = *error};
}

static bool is_left_out(enum store_change_kind kind)
{
	return (breakage == BREAK_BINDING && kind == STORE_BIND) ||
	       (breakage == BREAK_PARDON && kind == STORE_EVICT);
}

static int do_changes(struct faulty_store *self, const struct store_change *changes, size_t count,
		      struct covey_error *error)
{
	struct outcome outcome = {.status = 0};
	struct store_request request = {.done = note_outcome, .arg = &outcome};

	if (!is_left_out(changes[0].kind))
		store_commit(self->real, changes, count, &request);
	*error = outcome.error;
	for (size_t i = 0; i < count && outcome.status == 0; i++)
		if (changes[i].kind == STORE_BIND)
			rules_bound(self->process->fleet, changes[i].group, changes[i].identity);
	for (size_t i = 0; i < count && outcome.status == 0; i++)
		if (changes[i].kind == STORE_RAISE_SPI && self->store.next_spi <= changes[i].spi)
			self->store.next_spi = self->store.next_spi_in_file =
				(uint64_t)changes[i].spi + 1;
	return outcome.status;
}

/* As many as are wanted, all at once. */
static int do_reserve(struct faulty_store *self, struct covey_error *error)
{
	struct store *real = self->real;
	uint32_t wanted = self->store.spis_wanted ? self->store.spis_wanted : 1;
	uint32_t spi = (uint32_t)real->next_spi;
	int status = 0;

	real->spis_wanted = wanted;
	if (breakage == BREAK_SPI)
		real->next_spi_in_file = real->next_spi + wanted;
	else
		status = real->ops->take_spi(real, &spi, error);
	if (status < 0)
		return status;
	self->store.next_spi = spi;
	self->store.next_spi_in_file = real->next_spi = real->next_spi_in_file;
	return 0;
}

static enum verdict judge(struct faulty_store *self)
{
	struct disk *disk = self->disk;
	struct process *process = self->process;

	disk->accesses++;
	fleet_note(disk->accesses, 0);
	if (process->dead)
		return FAIL;
	if (count_down(&disk->stalls))
		disk->late_us += disk->stall_us;
	if (disk->crash_in && --disk->crash_in == 0) {
		tell("%s crashes %s a write", process->name,
		     disk->crash_after ? "after" : "before");
		if (disk->crash_after)
			return CRASH;
		process_crash(process, true);
		return FAIL;
	}
	if (count_down(&disk->fails))
		return FAIL;
	return count_down(&disk->lies) ? LIE : DO;
}

static int do_it(struct faulty_store *self, enum verdict verdict,
		 const struct store_change *changes, size_t count, struct covey_error *error)
{
	int status;

	if (verdict == FAIL)
		return fail(error);
	status = changes ? do_changes(self, changes, count, error) : do_reserve(self, error);
	return verdict == DO || status < 0 ? status : fail(error);
}

/* --- a write that takes time ------------------------------------------------------------------ */

static void access_free(struct access *access)
{
	TAILQ_REMOVE(&access->self->under_way, access, entry);
	timer_unset(&access->does);
	timer_unset(&access->answers);
	for (size_t i = 0; i < access->count; i++) {
		free((char *)access->changes[i].group);
		free((char *)access->changes[i].identity);
	}
	free(access->changes);
	free(access);
}

static void on_do(struct timer *timer)
{
	struct access *access = timer->arg;
	struct process *process = access->self->process;

	access->done = true;
	access->status = do_it(access->self, access->verdict, access->changes, access->count,
			       &access->error);
	if (access->verdict != CRASH)
		return;
	process_enter(process);
	process_crash(process, true);
	process_leave(process);
}

static void on_answer(struct timer *timer)
{
	struct access *access = timer->arg;
	struct faulty_store *self = access->self;
	struct store_request *request = access->request;
	struct covey_error error = access->error;
	bool reserved = !access->changes;
	int status = access->status;

	access_free(access);
	if (reserved) {
		self->reserves = false;
		self->store.handlers.spis_came(self->store.handlers.arg, status, &error);
	} else if (request) {
		store_end(request, status, &error);
	}
}

static char *copy_text(const char *text)
{
	return text ? strdup(text) : NULL;
}

static void begin(struct faulty_store *self, const struct store_change *changes, size_t count,
		  struct store_request *request)
{
	struct fleet *fleet = self->process->fleet;
	struct access *access = calloc(1, sizeof(*access));
	uint64_t now_us = process_time_us(self->process), most = fleet->plan->store_us, took_us;

	if (!access)
		abort();
	access->self = self;
	access->does = (struct timer){.fire = on_do, .arg = access};
	access->answers =
		(struct timer){.fire = on_answer, .arg = access, .process = self->process};
	access->request = request;
	access->count = count;
	access->changes = changes ? calloc(count, sizeof(*changes)) : NULL;
	for (size_t i = 0; i < count; i++) {
		access->changes[i] = changes[i];
		access->changes[i].group = copy_text(changes[i].group);
		access->changes[i].identity = copy_text(changes[i].identity);
	}
	if (request)
		request->detail = access;
	access->verdict = judge(self);
	took_us = most / 8 + chance_below(&self->process->luck, most) + self->disk->late_us;
	self->disk->late_us = 0;
	if (self->last_us < now_us)
		self->last_us = now_us;
	TAILQ_INSERT_TAIL(&self->under_way, access, entry);
	timer_set(&access->does, self->last_us + took_us / 2);
	self->last_us += took_us;
	timer_set(&access->answers, self->last_us);
}

static void forget(struct store *store, struct store_request *request)
{
	((struct access *)request->detail)->request = NULL;
}

/* The program is gone. What it had begun comes to pass, up to some point. */
static void cut(struct faulty_store *self)
{
	struct access *access;
	bool goes_on = true;

	while ((access = TAILQ_FIRST(&self->under_way))) {
		goes_on = goes_on && chance_in_1000(&self->process->luck, 500);
		if (goes_on && !access->done)
			do_it(self, access->verdict, access->changes, access->count,
			      &access->error);
		access_free(access);
	}
}

/* --- writing --------------------------------------------------------------------------------- */

/* It is done during the call, or takes time: by the plan. */
static bool is_at_once(const struct faulty_store *self)
{
	return self->process->fleet->plan->store_us == 0 || self->process->dead;
}

static int at_once(struct faulty_store *self, const struct store_change *changes, size_t count,
		   struct covey_error *error)
{
	enum verdict verdict = judge(self);
	int status = do_it(self, verdict, changes, count, error);

	self->process->busy_us += self->disk->late_us;
	self->disk->late_us = 0;
	if (verdict == CRASH)
		process_crash(self->process, true);
	return status;
}

static void drop_reserved(struct store *store, uint32_t spi)
{
	if (store->next_spi <= spi)
		store->next_spi =
			spi < store->next_spi_in_file ? (uint64_t)spi + 1 : store->next_spi_in_file;
}

static void commit(struct store *store, const struct store_change *changes, size_t count,
		   struct store_request *request)
{
	struct faulty_store *self = of(store);
	struct covey_error error = {.text = ""};
	int status;

	for (size_t i = 0; i < count; i++)
		if (changes[i].kind == STORE_RAISE_SPI)
			drop_reserved(store, changes[i].spi);
	if (!is_at_once(self)) {
		begin(self, changes, count, request);
		return;
	}
	status = at_once(self, changes, count, &error);
	store_end(request, status, &error);
}

static int take_spi(struct store *store, uint32_t *ret_spi, struct covey_error *error)
{
	struct faulty_store *self = of(store);
	int status = 0;

	if (self->reserves)
		return -EINPROGRESS;
	if (store->next_spi == store->next_spi_in_file && !is_at_once(self)) {
		self->reserves = true;
		begin(self, NULL, 0, NULL);
		return -EINPROGRESS;
	}
	if (store->next_spi == store->next_spi_in_file)
		status = at_once(self, NULL, 0, error);
	if (status == 0)
		*ret_spi = (uint32_t)store->next_spi++;
	return status;
}

/* --- life ---------------------------------------------------------------------------------- */

static void close_store(struct store *store)
{
	cut(of(store));
	store_close(of(store)->real);
	free(store);
}

static const struct store_ops ops = {
	.close = close_store,
	.each_binding = each_binding,
	.each_former = each_former,
	.read_lifetime = read_lifetime,
	.each_eviction = each_eviction,
	.read_mode = read_mode,
	.commit = commit,
	.forget = forget,
	.take_spi = take_spi,
};

int faulty_store_open(struct disk *disk, struct process *process, struct store **ret_store,
		      struct covey_error *error)
{
	struct faulty_store *self = calloc(1, sizeof(*self));
	int status;

	if (!self)
		abort();
	self->store.ops = &ops;
	self->process = process;
	self->disk = disk;
	status = sqlite_store_open(disk->path, &self->real, error);
	if (status < 0) {
		free(self);
		return status;
	}
	self->store.next_spi = self->real->next_spi;
	self->store.next_spi_in_file = self->real->next_spi_in_file;
	TAILQ_INIT(&self->under_way);
	*ret_store = &self->store;
	return 0;
}

void disk_copy(struct disk *disk, struct store *store, uint64_t now_us)
{
	struct store *real = of(store)->real;
	struct covey_error error;

	free(disk->old);
	disk->old = NULL;
	if (real->ops->copy(real, 64u << 20, &disk->old, &disk->old_len, &error) < 0)
		abort();
	disk->old_us = now_us;
	disk->old_spi = (uint32_t)real->next_spi_in_file;
}

void disk_restore(struct disk *disk)
{
	FILE *file;

	disk_remove(disk);
	file = fopen(disk->path, "w");
	if (!file || fwrite(disk->old, 1, disk->old_len, file) != disk->old_len ||
	    fclose(file) != 0)
		abort();
}

void disk_remove(struct disk *disk)
{
	static const char *const ends[] = {"", "-journal", "-wal", "-shm"};
	char path[sizeof(disk->path) + 16];

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", disk->path, ends[i]);
		unlink(path);
	}
}

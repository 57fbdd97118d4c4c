/* SPDX-License-Identifier: BSD-3-Clause */
#include "secret.h"

#include <errno.h>
#include <event2/event.h>
#include <linux/capability.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

void *secret_alloc(size_t size)
{
	return malloc(size ? size : 1);
}

void secret_free(void *memory)
{
	if (!memory)
		return;
	explicit_bzero(memory, malloc_usable_size(memory));
	free(memory);
}

/* realloc() is not used: when it moves memory, it leaves a copy of the old contents. */
void *secret_realloc(void *memory, size_t size)
{
	size_t usable = memory ? malloc_usable_size(memory) : 0;
	void *moved;

	if (memory && size == 0) {
		secret_free(memory);
		return NULL;
	}
	if (memory && size <= usable) {
		explicit_bzero((char *)memory + size, usable - size);
		return memory;
	}
	moved = secret_alloc(size);
	if (!moved)
		return NULL;
	if (memory)
		memcpy(moved, memory, usable);
	secret_free(memory);
	return moved;
}

static void *protobuf_alloc(void *data, size_t size)
{
	return secret_alloc(size);
}

static void protobuf_free(void *data, void *memory)
{
	secret_free(memory);
}

ProtobufCAllocator secret_protobuf_allocator = {
	.alloc = protobuf_alloc,
	.free = protobuf_free,
};

static void *openssl_alloc(size_t size, const char *file, int line)
{
	return secret_alloc(size);
}

static void *openssl_realloc(void *memory, size_t size, const char *file, int line)
{
	return secret_realloc(memory, size);
}

static void openssl_free(void *memory, const char *file, int line)
{
	secret_free(memory);
}

/* CAP_IPC_LOCK removes the limit on locked memory. */
static bool has_ipc_lock(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};

	if (syscall(SYS_capget, &header, data) < 0)
		return false;
	return data[CAP_TO_INDEX(CAP_IPC_LOCK)].effective & CAP_TO_MASK(CAP_IPC_LOCK);
}

/*
 * If the limit is finite, locking can succeed now and then make a later allocation fail. So we lock
 * all memory or none.
 */
static bool may_lock_everything(void)
{
	const struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};

	return has_ipc_lock() || setrlimit(RLIMIT_MEMLOCK, &unlimited) == 0;
}

static int lock_memory(struct covey_error *error)
{
	if (!may_lock_everything())
		return covey_error_set(error, -EPERM,
				       "keys must not be swapped out, but this process may not "
				       "lock its memory: run as root, or set LimitMEMLOCK=infinity "
				       "in the systemd unit");
	if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) < 0)
		return covey_error_set(error, -errno,
				       "cannot lock memory (%s): run as root, or set "
				       "LimitMEMLOCK=infinity in the systemd unit",
				       strerror(errno));
	return 0;
}

static int forbid_dumps(struct covey_error *error)
{
	const struct rlimit none = {0, 0};

	if (setrlimit(RLIMIT_CORE, &none) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return covey_error_set(error, -errno, "cannot forbid core dumps: %s",
				       strerror(errno));
	return 0;
}

int secret_protect_process(struct covey_error *error)
{
	int status;

	/* OpenSSL refuses this after it has allocated anything. */
	if (!CRYPTO_set_mem_functions(openssl_alloc, openssl_realloc, openssl_free))
		return covey_error_set(error, -EBUSY,
				       "OpenSSL has allocated memory already, before its "
				       "allocations could be made to wipe themselves");
	event_set_mem_functions(secret_alloc, secret_realloc, secret_free);
	status = forbid_dumps(error);
	return status < 0 ? status : lock_memory(error);
}

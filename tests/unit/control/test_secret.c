/* SPDX-License-Identifier: BSD-3-Clause */

/* Keys in memory: wiped when freed, locked, not dumped. */

#include <errno.h>
#include <event2/buffer.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "secret.h"

/*
 * What free() is given, looked at before the memory goes: secret.c is linked with
 * --wrap=free, so its calls come here first.
 */
static struct {
	void *memory;
	bool seen;
	bool zero;
} watched;

void __real_free(void *memory);
void __wrap_free(void *memory);

void __wrap_free(void *memory)
{
	if (memory && memory == watched.memory) {
		const uint8_t *bytes = memory;

		watched.seen = true;
		watched.zero = true;
		for (size_t i = 0; i < malloc_usable_size(memory); i++)
			watched.zero &= bytes[i] == 0;
		watched.memory = NULL;
	}
	__real_free(memory);
}

static void watch(void *memory)
{
	watched.memory = memory;
	watched.seen = false;
	watched.zero = false;
}

static void freed_memory_is_wiped(void **state)
{
	for (size_t size = 1; size < 100000; size = size * 3 + 1) {
		uint8_t *secret = secret_alloc(size);

		assert_non_null(secret);
		memset(secret, 0x5a, size);
		watch(secret);
		secret_free(secret);
		assert_true(watched.seen && watched.zero);
	}
	secret_free(NULL);
}

static void moved_memory_is_wiped(void **state)
{
	uint8_t *secret = secret_alloc(32), *moved;

	memset(secret, 0x5a, 32);
	watch(secret);
	moved = secret_realloc(secret, 1 << 20);
	assert_non_null(moved);
	assert_true(watched.seen && watched.zero);
	for (int i = 0; i < 32; i++)
		assert_int_equal(moved[i], 0x5a);
	watch(moved);
	assert_null(secret_realloc(moved, 0));
	assert_true(watched.seen && watched.zero);
	moved = secret_realloc(NULL, 10);
	assert_non_null(moved);
	secret_free(moved);
}

static void shrunk_memory_is_wiped_behind_its_end(void **state)
{
	uint8_t *secret = secret_alloc(4096), *shrunk;

	memset(secret, 0x5a, 4096);
	shrunk = secret_realloc(secret, 16);
	assert_ptr_equal(shrunk, secret);
	for (int i = 0; i < 16; i++)
		assert_int_equal(shrunk[i], 0x5a);
	for (int i = 16; i < 4096; i++)
		assert_int_equal(shrunk[i], 0);
	secret_free(shrunk);
}

static void protobuf_frees_wipe(void **state)
{
	uint8_t *secret = secret_protobuf_allocator.alloc(NULL, 100);

	memset(secret, 0x5a, 100);
	watch(secret);
	secret_protobuf_allocator.free(NULL, secret);
	assert_true(watched.seen && watched.zero);
}

/* Run in a process of its own: protection cannot be taken back. */
static int in_child(int (*function)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(function());
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static bool memory_is_locked(void)
{
#ifdef __SANITIZE_ADDRESS__
	return true; /* AddressSanitizer makes mlockall() do nothing */
#else
	char line[256];
	unsigned long kilobytes = 0;
	FILE *file = fopen("/proc/self/status", "r");

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "VmLck: %lu", &kilobytes) == 1)
			break;
	if (file)
		fclose(file);
	return kilobytes > 0;
#endif
}

static int protected_child(void)
{
	struct covey_error error;
	struct rlimit core;
	void *memory;

	if (secret_protect_process(&error) < 0) {
		fprintf(stderr, "%s\n", error.text);
		return 1;
	}
	if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
		return 2;
	if (getrlimit(RLIMIT_CORE, &core) < 0 || core.rlim_cur != 0 || core.rlim_max != 0)
		return 3;
	if (!memory_is_locked())
		return 4;
	/* OpenSSL's and libevent's own frees wipe now. */
	memory = OPENSSL_malloc(64);
	memset(memory, 0x5a, 64);
	watch(memory);
	OPENSSL_free(memory);
	if (!watched.seen || !watched.zero)
		return 5;
	struct evbuffer *buffer = evbuffer_new();
	struct evbuffer_iovec space;

	if (!buffer || evbuffer_reserve_space(buffer, 100, &space, 1) != 1)
		return 6;
	evbuffer_free(buffer);
	return 0;
}

static void process_is_protected(void **state)
{
	if (geteuid() != 0)
		skip();
	assert_int_equal(in_child(protected_child), 0);
}

static int unprivileged_child(void)
{
	const struct rlimit little = {65536, 65536};
	struct covey_error error = {""};
	int status;

	if (setrlimit(RLIMIT_MEMLOCK, &little) < 0)
		return 1;
	if (geteuid() == 0 && setuid(65534) < 0)
		return 2;
	status = secret_protect_process(&error);
	if (status != -EPERM)
		return 3;
	return strstr(error.text, "root") && strstr(error.text, "LimitMEMLOCK=infinity") ? 0 : 4;
}

static void refusal_says_what_to_do(void **state)
{
	assert_int_equal(in_child(unprivileged_child), 0);
}

static int late_child(void)
{
	struct covey_error error = {""};
	void *early = OPENSSL_malloc(1);
	int status = secret_protect_process(&error);

	OPENSSL_free(early);
	return status == -EBUSY && error.text[0] ? 0 : 1;
}

static void protection_that_comes_late_is_an_error(void **state)
{
	assert_int_equal(in_child(late_child), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(freed_memory_is_wiped),
		cmocka_unit_test(moved_memory_is_wiped),
		cmocka_unit_test(shrunk_memory_is_wiped_behind_its_end),
		cmocka_unit_test(protobuf_frees_wipe),
		cmocka_unit_test(process_is_protected),
		cmocka_unit_test(refusal_says_what_to_do),
		cmocka_unit_test(protection_that_comes_late_is_an_error),
	};

	return cmocka_run_group_tests_name("control-secret", tests, NULL, NULL);
}

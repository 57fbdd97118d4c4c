/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Preloaded into a program it makes one allocation fail: number COVEY_NO_MEMORY_AT, counted from
 * the start of main(), in any thread and any library. It says so on standard error, for whoever
 * tries one after the other to know when there are no more; and whether libnftables or libnftnl
 * asked for it, which cannot go on without memory: they end the process, or crash.
 */

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <malloc.h>
#include <regex.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What glibc gives to those who put something in malloc()'s place. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static unsigned long at; /* 0: before main(), or none is to fail */
static atomic_ulong calls;
static _Thread_local bool exempt;

static bool is_for_libnftables(void)
{
	void *frames[32];
	int count = backtrace(frames, 32);
	Dl_info info;

	for (int i = 0; i < count; i++)
		if (dladdr(frames[i], &info) != 0 && strstr(info.dli_fname, "/libnft"))
			return true;
	return false;
}

static void say(void)
{
	const char *text = is_for_libnftables()
				   ? "no-memory: an allocation of libnftables fails here\n"
				   : "no-memory: an allocation fails here\n";

	if (write(STDERR_FILENO, text, strlen(text)) < 0)
		return;
}

static bool fails(void)
{
	if (at == 0 || exempt || atomic_fetch_add(&calls, 1) + 1 != at)
		return false;
	say();
	errno = ENOMEM;
	return true;
}

void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *block, size_t size)
{
	return fails() ? NULL : __libc_realloc(block, size);
}

void *reallocarray(void *block, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(block, bytes);
}

void *memalign(size_t alignment, size_t size)
{
	return fails() ? NULL : __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return memalign(alignment, size);
}

int posix_memalign(void **ret_block, size_t alignment, size_t size)
{
	void *block = memalign(alignment, size);

	if (!block)
		return ENOMEM;
	*ret_block = block;
	return 0;
}

int regcomp(regex_t *expression, const char *pattern, int flags)
{
	int (*real)(regex_t *, const char *, int) = dlsym(RTLD_NEXT, "regcomp");
	int status;

	exempt = true;
	status = real(expression, pattern, flags);
	exempt = false;
	return status;
}

__attribute__((constructor)) static void begin(void)
{
	const char *text = getenv("COVEY_NO_MEMORY_AT");
	void *frame;

	backtrace(&frame, 1); /* the first call loads a library */
	at = text ? strtoul(text, NULL, 10) : 0;
	unsetenv("COVEY_NO_MEMORY_AT"); /* the program's own children are not meant */
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "writes.h"

#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <sys/ucontext.h>
#include <unistd.h>

#define PAGE        4096u
#define AREAS_MAX   512u
#define OPEN_MAX    4u
#define SIGNAL_SIZE (256u << 10)
#define TRAP_FLAG   0x100
/* Sanitizers reserve terabytes; what a program writes lies in smaller pieces. */
#define AREA_SIZE_MAX (UINT64_C(1) << 30)

/* Whose turn it is to write: the thread that asked, or the one that is watched. */
enum { ASKER, WATCHED };

struct area {
	uintptr_t start;
	uintptr_t end;
};

/* All that the signal handlers need, in pages of its own that stay writable. */
static struct watch {
	struct area areas[AREAS_MAX];
	size_t area_count;
	struct writes *writes;
	uintptr_t open[OPEN_MAX]; /* pages that the present step may write */
	size_t open_count;
	void (*function)(void *arg);
	void *arg;
	void (*begin)(void);
	const void *waiting; /* where the kernel notes the processor of the thread that waits */
	uint32_t turn;       /* ASKER or WATCHED */
	char signal_stack[SIGNAL_SIZE];
} * watch;

#if defined(__SANITIZE_ADDRESS__)
#define UNCHECKED __attribute__((no_sanitize_address))
#else
#define UNCHECKED
#endif

/* --- handlers: no call of a library but mprotect(), which writes nothing -----------------------
 */

static UNCHECKED bool is_watched(uintptr_t address)
{
	for (size_t i = 0; i < watch->area_count; i++)
		if (address >= watch->areas[i].start && address < watch->areas[i].end)
			return true;
	return false;
}

static UNCHECKED void note(uintptr_t line)
{
	struct writes *writes = watch->writes;

	for (size_t i = 0; i < writes->count; i++)
		if (writes->lines[i] == line)
			return;
	if (writes->count == WRITES_LINES_MAX)
		writes->overflow = true;
	else
		writes->lines[writes->count++] = line;
}

static UNCHECKED void on_fault(int number, siginfo_t *info, void *arg)
{
	ucontext_t *context = arg;
	uintptr_t address = (uintptr_t)info->si_addr, page = address & ~(uintptr_t)(PAGE - 1);

	if (!is_watched(address) || watch->open_count == OPEN_MAX)
		abort();
	note(address / WRITES_LINE);
	mprotect((void *)page, PAGE, PROT_READ | PROT_WRITE);
	watch->open[watch->open_count++] = page;
	context->uc_mcontext.gregs[REG_EFL] |= TRAP_FLAG;
}

static UNCHECKED void on_step(int number, siginfo_t *info, void *arg)
{
	ucontext_t *context = arg;

	while (watch->open_count > 0)
		mprotect((void *)watch->open[--watch->open_count], PAGE, PROT_READ);
	context->uc_mcontext.gregs[REG_EFL] &= ~TRAP_FLAG;
}

/* --- what to watch -----------------------------------------------------------------------------
 */

/* Cut a piece out of an area; what lies behind it becomes another. */
static void cut(size_t index, uintptr_t start, uintptr_t end)
{
	struct area *area = &watch->areas[index];
	const struct area behind = {end, area->end};

	if (end <= area->start || start >= area->end)
		return;
	area->end = start > area->start ? start : area->start;
	if (behind.start >= behind.end)
		return;
	if (watch->area_count == AREAS_MAX)
		abort();
	watch->areas[watch->area_count++] = behind;
}

/* A piece may lie in any area: the kernel joins mappings that are neighbours. */
static void leave_out(const void *memory, size_t size)
{
	uintptr_t start = (uintptr_t)memory & ~(uintptr_t)(PAGE - 1);
	uintptr_t end = ((uintptr_t)memory + size + PAGE - 1) & ~(uintptr_t)(PAGE - 1);

	for (size_t i = watch->area_count; i > 0; i--)
		cut(i - 1, start, end);
}

/* The thread's variables lie behind its stack, in the same mapping. */
static void leave_out_own_stack(void)
{
	pthread_attr_t attributes;
	void *start = NULL;
	size_t size = 0;

	pthread_getattr_np(pthread_self(), &attributes);
	pthread_attr_getstack(&attributes, &start, &size);
	pthread_attr_destroy(&attributes);
	leave_out(start, size);
}

static void find_areas(void)
{
	uintptr_t start, end;
	char line[512], rights[8];
	FILE *maps = fopen("/proc/self/maps", "re");

	if (!maps)
		abort();
	watch->area_count = 0;
	while (fgets(line, sizeof(line), maps) && watch->area_count < AREAS_MAX - 4) {
		if (sscanf(line, "%lx-%lx %7s", &start, &end, rights) != 3 || rights[1] != 'w' ||
		    end - start > AREA_SIZE_MAX || strstr(line, "[stack]"))
			continue;
		watch->areas[watch->area_count++] = (struct area){start, end};
	}
	fclose(maps);
	leave_out_own_stack();
	leave_out(watch, sizeof(*watch));
	leave_out(watch->writes, sizeof(*watch->writes));
	leave_out(watch->waiting, sizeof(struct rseq));
}

static UNCHECKED void protect(int protection)
{
	for (size_t i = 0; i < watch->area_count; i++)
		mprotect((void *)watch->areas[i].start, watch->areas[i].end - watch->areas[i].start,
			 protection);
}

static UNCHECKED void await_turn(uint32_t turn)
{
	uint32_t now;

	while ((now = __atomic_load_n(&watch->turn, __ATOMIC_ACQUIRE)) != turn)
		syscall(SYS_futex, &watch->turn, FUTEX_WAIT_PRIVATE, now, NULL, NULL, 0);
}

static UNCHECKED void give_turn(uint32_t turn)
{
	__atomic_store_n(&watch->turn, turn, __ATOMIC_RELEASE);
	syscall(SYS_futex, &watch->turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static UNCHECKED void *run(void *arg)
{
	const stack_t signal_stack = {.ss_sp = watch->signal_stack, .ss_size = SIGNAL_SIZE};
	const stack_t none = {.ss_flags = SS_DISABLE};

	if (watch->begin)
		watch->begin();
	await_turn(WATCHED);
	sigaltstack(&signal_stack, NULL);
	find_areas();
	protect(PROT_READ);
	watch->function(watch->arg);
	protect(PROT_READ | PROT_WRITE);
	sigaltstack(&none, NULL);
	give_turn(ASKER);
	return NULL;
}

/* system() and posix_spawn() in the test's own thread would have the end of a child wake DPDK's
 * thread for interrupts, which then writes while memory is read-only. It inherits what is blocked
 * here. */
__attribute__((constructor)) static void wake_nobody(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &signals, NULL);
}

/* --- from outside ------------------------------------------------------------------------------
 */

static void *own_pages(size_t size)
{
	void *memory = mmap(NULL, (size + PAGE - 1) & ~(size_t)(PAGE - 1), PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		abort();
	return memory;
}

void writes_begin_with(void (*function)(void))
{
	if (!watch)
		watch = own_pages(sizeof(*watch));
	watch->begin = function;
}

void writes_of(void (*function)(void *arg), void *arg, struct writes *ret_writes)
{
	struct sigaction fault = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
	struct sigaction step = {.sa_sigaction = on_step, .sa_flags = SA_SIGINFO | SA_ONSTACK};
	struct sigaction old_fault, old_step;
	pthread_t thread;

	if (!watch)
		watch = own_pages(sizeof(*watch));
	watch->writes = own_pages(sizeof(*ret_writes));
	watch->function = function;
	watch->arg = arg;
	sigaction(SIGSEGV, &fault, &old_fault);
	sigaction(SIGTRAP, &step, &old_step);
	/* The kernel ends a thread whose restartable sequences it cannot note. */
	watch->waiting = (const char *)__builtin_thread_pointer() + __rseq_offset;
	watch->turn = ASKER;
	if (pthread_create(&thread, NULL, run, NULL) != 0)
		abort();
	/* pthread_create() and pthread_join() write while they run: what this thread wrote would
	 * count as the other's. From here on it waits without a write. */
	give_turn(WATCHED);
	await_turn(ASKER);
	pthread_join(thread, NULL);
	sigaction(SIGSEGV, &old_fault, NULL);
	sigaction(SIGTRAP, &old_step, NULL);
	memcpy(ret_writes, watch->writes, sizeof(*ret_writes));
	munmap(watch->writes, sizeof(*ret_writes));
}

bool writes_has(const struct writes *writes, uintptr_t line)
{
	for (size_t i = 0; i < writes->count; i++)
		if (writes->lines[i] == line)
			return true;
	return false;
}

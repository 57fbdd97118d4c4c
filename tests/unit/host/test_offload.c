/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The self-test of offloads: this machine's kernel passes, a kernel that spoils packets does not,
 * and where the test cannot run, it says so. What the ports ask of the kernel goes through
 * functions here, which spoil what leaves or comes in one call, as a bad kernel does.
 */
#include "offload_test.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <linux/capability.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/udp.h>
#include <rte_eal.h>
#include <rte_mbuf.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include <vnet_header.h>

#define MTU 1500

/* --- a kernel that spoils packets ------------------------------------------------------------ */

static enum {
	NOTHING,
	SENT_BYTE,     /* a byte of the last datagram that leaves in one call */
	SENT_SHORT,    /* the last one lacks a byte */
	SENT_NOT,      /* nothing of it leaves */
	LOST_ONCE,     /* once alone */
	FIRST_LOST,    /* the first single packets */
	ALONE_LOST,    /* all of them */
	SENT_SWAPPED,  /* two datagrams change places */
	GATHERED_BYTE, /* a byte of what was gathered */
	GATHERED_SIZE, /* it is cut in other places */
	WRITTEN_BYTE,  /* a byte of a super-frame that is written */
	READ_BYTE,     /* of one that is read */
	NO_TUNNELS,    /* TAP devices know nothing of VXLAN */
	NO_UDP,        /* nor of UDP */
} fault;

static unsigned sent, gathered, super_frames; /* in one call */
static unsigned alone;

ssize_t __real_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t __real_recvmsg(int fd, struct msghdr *message, int flags);
ssize_t __wrap_recvmsg(int fd, struct msghdr *message, int flags);
ssize_t __real_writev(int fd, const struct iovec *parts, int count);
ssize_t __wrap_writev(int fd, const struct iovec *parts, int count);
ssize_t __real_readv(int fd, const struct iovec *parts, int count);
ssize_t __wrap_readv(int fd, const struct iovec *parts, int count);

static ssize_t send_spoiled(int fd, struct msghdr *message, int flags)
{
	struct iovec *last = &message->msg_iov[message->msg_iovlen - 1];
	struct iovec first = message->msg_iov[0];

	if (fault == SENT_NOT || (fault == LOST_ONCE && sent == 50))
		return 1;
	if (fault == SENT_BYTE)
		((uint8_t *)last->iov_base)[last->iov_len / 2] ^= 1;
	if (fault == SENT_SHORT)
		last->iov_len--;
	if (fault == SENT_SWAPPED) {
		message->msg_iov[0] = message->msg_iov[1];
		message->msg_iov[1] = first;
	}
	return __real_sendmsg(fd, message, flags);
}

ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags)
{
	struct msghdr changed = *message;

	/* Netlink's messages have one part, too; VPE's go to a port. */
	if (message->msg_iovlen < 3) {
		const struct sockaddr_in *to = message->msg_name;

		alone += to && to->sin_family == AF_INET;
		if (to && to->sin_family == AF_INET &&
		    (fault == ALONE_LOST || (fault == FIRST_LOST && alone < 10)))
			return 1;
		return __real_sendmsg(fd, message, flags);
	}
	sent++;
	return send_spoiled(fd, &changed, flags);
}

ssize_t __wrap_recvmsg(int fd, struct msghdr *message, int flags)
{
	ssize_t len = __real_recvmsg(fd, message, flags);
	struct cmsghdr *control = len > 0 ? CMSG_FIRSTHDR(message) : NULL;

	for (; control; control = CMSG_NXTHDR(message, control)) {
		if (control->cmsg_level != IPPROTO_UDP || control->cmsg_type != UDP_GRO)
			continue;
		gathered++;
		if (fault == GATHERED_BYTE)
			((uint8_t *)message->msg_iov->iov_base)[len - 1] ^= 1;
		if (fault == GATHERED_SIZE)
			(*(int *)CMSG_DATA(control))++;
	}
	return len;
}

/* With a vnet header before it that says how to cut it. */
static bool is_super_frame(const struct iovec *parts)
{
	const struct vnet_header *header = parts->iov_base;

	return parts->iov_len == sizeof(*header) && header->gso_type != VNET_GSO_NONE;
}

ssize_t __wrap_writev(int fd, const struct iovec *parts, int count)
{
	if (is_super_frame(parts)) {
		super_frames++;
		if (fault == WRITTEN_BYTE)
			((uint8_t *)parts[count - 1].iov_base)[0] ^= 1;
	}
	return __real_writev(fd, parts, count);
}

ssize_t __wrap_readv(int fd, const struct iovec *parts, int count)
{
	ssize_t len = __real_readv(fd, parts, count);

	if (len > 0 && is_super_frame(parts)) {
		super_frames++;
		if (fault == READ_BYTE)
			((uint8_t *)parts[1].iov_base)[len - VNET_HEADER_LEN - 1] ^= 1;
	}
	return len;
}

int __real_ioctl(int fd, unsigned long request, unsigned long argument);
int __wrap_ioctl(int fd, unsigned long request, unsigned long argument);

/* Linux 6.17 was the first to know of tunnels. */
int __wrap_ioctl(int fd, unsigned long request, unsigned long argument)
{
	const unsigned long tunnels = 0x080 | 0x100, udp = 0x20 | 0x40;
	unsigned long missing = fault == NO_TUNNELS ? tunnels : fault == NO_UDP ? tunnels | udp : 0;

	if (request == TUNSETOFFLOAD && argument & missing) {
		errno = EINVAL;
		return -1;
	}
	return __real_ioctl(fd, request, argument);
}

/* --- tests ----------------------------------------------------------------------------------- */

static struct rte_mempool *pool;

static struct offload_result run(struct offload_result (*test)(const struct offload_test *),
				 uint16_t family)
{
	static struct offload_test wish;
	struct offload_result result;

	wish = (struct offload_test){
		.family = family, .fabric_mtu = MTU, .host_mtu = MTU - 80, .pool = pool};

	sent = gathered = super_frames = alone = 0;
	result = test(&wish);
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
	return result;
}

static void expect_works(struct offload_result (*test)(const struct offload_test *),
			 uint16_t family)
{
	struct timespec before, after;
	struct offload_result result;

	fault = NOTHING;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
	result = run(test, family);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
	if (result.verdict != OFFLOAD_WORKS)
		fail_msg("%s", result.why.text);
	printf("figure: %s-%s %ld ms\n",
	       test == offload_test_fabric ? "sockets"
	       : test == offload_test_host ? "taps"
					   : "pair",
	       family == AF_INET6 ? "ipv6" : "ipv4",
	       (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000);
	/* The time that is its own: a machine with other work takes longer. */
	assert_true(after.tv_sec - before.tv_sec < 2);
}

static void test_works(void **state)
{
	expect_works(offload_test_fabric, AF_INET);
	assert_true(sent > 200 && gathered > 200);
	expect_works(offload_test_fabric, AF_INET6);
	assert_true(sent > 200 && gathered > 200);
	if (run(offload_test_pair, AF_INET).verdict == OFFLOAD_ABSENT)
		return; /* a kernel before Linux 6.2 */
	expect_works(offload_test_pair, AF_INET);
	assert_true(super_frames > 150);
	expect_works(offload_test_pair, AF_INET6);
	if (run(offload_test_host, AF_INET).verdict == OFFLOAD_ABSENT)
		return; /* a kernel before Linux 6.17 */
	expect_works(offload_test_host, AF_INET);
	expect_works(offload_test_host, AF_INET6);
}

static void expect_spoils(struct offload_result (*test)(const struct offload_test *),
			  const char *text)
{
	struct offload_result result = run(test, AF_INET);

	if (result.verdict != OFFLOAD_SPOILS || !strstr(result.why.text, text))
		fail_msg("fault %d, verdict %d: %s", fault, result.verdict, result.why.text);
}

static void test_spoils_datagrams(void **state)
{
	fault = SENT_BYTE;
	expect_spoils(offload_test_fabric, "was changed");
	fault = SENT_SHORT;
	expect_spoils(offload_test_fabric, "instead of");
	fault = SENT_NOT;
	expect_spoils(offload_test_fabric, "did not come");
	fault = SENT_SWAPPED;
	expect_spoils(offload_test_fabric, "was changed");
	fault = GATHERED_BYTE;
	expect_spoils(offload_test_fabric, "was changed");
	fault = GATHERED_SIZE;
	expect_spoils(offload_test_fabric, "instead of");
}

static void test_spoils_super_frames(void **state)
{
	fault = NOTHING;
	run(offload_test_host, AF_INET);
	if (super_frames == 0) {
		puts("skipped: it needs the TAP devices of Linux 6.17 or later");
		skip();
	}
	fault = WRITTEN_BYTE;
	expect_spoils(offload_test_host, "was changed");
	fault = READ_BYTE;
	expect_spoils(offload_test_host, "was changed");
}

/* The kernel cuts what is written, and nothing else. */
static void test_spoils_batches(void **state)
{
	fault = NOTHING;
	run(offload_test_pair, AF_INET);
	if (super_frames == 0) {
		puts("skipped: it needs the TAP devices of Linux 6.2 or later");
		skip();
	}
	fault = WRITTEN_BYTE;
	expect_spoils(offload_test_pair, "was changed");
}

static void test_absent(void **state)
{
	struct offload_result result;

	fault = NO_TUNNELS;
	result = run(offload_test_host, AF_INET);
	assert_int_equal(result.verdict, OFFLOAD_ABSENT);
	assert_non_null(strstr(result.why.text, "TAP devices have no tunnel GSO"));
	/* Linux 6.2 to 6.16 */
	result = run(offload_test_pair, AF_INET);
	assert_true(result.verdict == OFFLOAD_WORKS || result.verdict == OFFLOAD_ABSENT);
	fault = NO_UDP;
	result = run(offload_test_pair, AF_INET);
	assert_int_equal(result.verdict, OFFLOAD_ABSENT);
	assert_non_null(strstr(result.why.text, "TAP devices have no UDP GSO"));
}

/* What is lost at first, or only once, is not the kernel's fault; without any packet, nobody knows.
 */
static void test_losses(void **state)
{
	struct offload_result result;

	fault = LOST_ONCE;
	assert_int_equal(run(offload_test_fabric, AF_INET).verdict, OFFLOAD_WORKS);
	assert_true(sent > 100);
	fault = FIRST_LOST;
	assert_int_equal(run(offload_test_fabric, AF_INET).verdict, OFFLOAD_WORKS);
	assert_true(alone >= 10);
	fault = ALONE_LOST;
	result = run(offload_test_fabric, AF_INET);
	assert_int_equal(result.verdict, OFFLOAD_UNTESTED);
	assert_non_null(strstr(result.why.text, "not even single packets came"));
}

/* A thread's capabilities are its own, and its children's. */
static void set_sys_admin(bool on)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	assert_int_equal(syscall(SYS_capget, &header, data), 0);
	if (on)
		data[0].effective |= CAP_TO_MASK(CAP_SYS_ADMIN);
	else
		data[0].effective &= ~CAP_TO_MASK(CAP_SYS_ADMIN);
	assert_int_equal(syscall(SYS_capset, &header, data), 0);
}

static void test_cannot_run(void **state)
{
	struct offload_result result;

	fault = NOTHING;
	set_sys_admin(false);
	result = run(offload_test_fabric, AF_INET);
	assert_int_equal(result.verdict, OFFLOAD_UNTESTED);
	assert_non_null(strstr(result.why.text, "it needs CAP_SYS_ADMIN"));
	assert_int_equal(run(offload_test_host, AF_INET).verdict, OFFLOAD_UNTESTED);
	set_sys_admin(true);
}

/* The host's own namespace is left alone. */
static void test_leaves_nothing(void **state)
{
	struct if_nameindex *before = if_nameindex(), *after;
	unsigned i;

	fault = NOTHING;
	run(offload_test_fabric, AF_INET);
	run(offload_test_host, AF_INET);
	run(offload_test_pair, AF_INET);
	after = if_nameindex();
	for (i = 0; before[i].if_index && after[i].if_index; i++)
		assert_int_equal(before[i].if_index, after[i].if_index);
	assert_int_equal(before[i].if_index, 0);
	assert_int_equal(after[i].if_index, 0);
	if_freenameindex(before);
	if_freenameindex(after);
}

static int begin(void **state)
{
	char prefix[64], lcores[32];
	char *arguments[] = {"unit", "--no-huge", "--no-pci",    "--no-shconf", "--no-telemetry",
			     "-m",   "64",        "--log-level", "lib.*:4",     "--file-prefix",
			     prefix, "--lcores",  lcores};

	snprintf(prefix, sizeof(prefix), "covey-unit-%d", getpid());
	snprintf(lcores, sizeof(lcores), "0@%d", sched_getcpu());
	if (rte_eal_init(RTE_DIM(arguments), arguments) < 0)
		return -1;
	pool = rte_pktmbuf_pool_create("packets", 1023, 0, 0, RTE_PKTMBUF_HEADROOM + 2048,
				       SOCKET_ID_ANY);
	return pool ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_works),          cmocka_unit_test(test_spoils_datagrams),
		cmocka_unit_test(test_cannot_run),     cmocka_unit_test(test_absent),
		cmocka_unit_test(test_losses),         cmocka_unit_test(test_spoils_super_frames),
		cmocka_unit_test(test_spoils_batches), cmocka_unit_test(test_leaves_nothing),
	};

	if (geteuid() != 0) {
		puts("skipped: it needs root, for network namespaces");
		return 77;
	}
	return cmocka_run_group_tests(tests, begin, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Packet sockets at the end of a veth pair: several share the flows, each frame comes to one of
 * them, and those for which there is no room are counted. */
#include "namespaces.h"
#include <packet_socket.h>
#include <setjmp.h>
#include <socket_buffer.h>
#include <stdarg.h>
#include <stddef.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SOCKETS  4u
#define FLOWS    64u
#define EACH     10u
#define PATIENCE 60 /* seconds for what takes milliseconds */
#define PAYLOAD  42 /* where it begins, behind Ethernet, IPv4 and UDP */

static void send_to(uint16_t port, const void *bytes, size_t len)
{
	const struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(0x0a010002)}};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(sendto(fd, bytes, len, 0, (const struct sockaddr *)&to, sizeof(to)), len);
	close(fd);
}

static void make_pair(void)
{
	namespaces_run("ip link add steered type veth peer name taken && "
		       "sysctl -qw net.ipv6.conf.steered.disable_ipv6=1 "
		       "net.ipv6.conf.taken.disable_ipv6=1 && "
		       "ip link set taken up && ip link set steered up && "
		       "ip address add 10.1.0.1/24 dev steered && "
		       "ip neighbour add 10.1.0.2 lladdr 02:00:00:00:00:02 dev steered");
}

/* Read all that waits. Each payload is the flow's number and the frame's in the flow. */
static unsigned read_all(int fd, unsigned (*seen)[FLOWS][EACH])
{
	uint8_t bytes[2000];
	unsigned count = 0;
	ssize_t len;

	while ((len = read(fd, bytes, sizeof(bytes))) > 0) {
		const uint8_t *payload = bytes + PACKET_SOCKET_HEADER_LEN + PAYLOAD;

		assert_int_equal(len, PACKET_SOCKET_HEADER_LEN + PAYLOAD + 2);
		(*seen)[payload[0]][payload[1]]++;
		count++;
	}
	return count;
}

static void test_shared(void **state)
{
	static unsigned seen[FLOWS][EACH];
	time_t end = time(NULL) + PATIENCE;
	unsigned counts[SOCKETS] = {0}, total = 0, busy = 0;
	struct covey_error error;
	int fds[SOCKETS];

	make_pair();
	assert_int_equal(packet_sockets_open("taken", SOCKETS, fds, &error), 0);
	for (uint8_t flow = 0; flow < FLOWS; flow++)
		for (uint8_t i = 0; i < EACH; i++)
			send_to(5000 + flow, (uint8_t[]){flow, i}, 2);
	while (total < FLOWS * EACH) {
		assert_true(time(NULL) <= end);
		for (unsigned i = 0; i < SOCKETS; i++) {
			unsigned count = read_all(fds[i], &seen);

			counts[i] += count;
			total += count;
		}
	}
	for (unsigned i = 0; i < FLOWS; i++)
		for (unsigned j = 0; j < EACH; j++)
			assert_int_equal(seen[i][j], 1);
	for (unsigned i = 0; i < SOCKETS; i++) {
		busy += counts[i] > 0;
		assert_int_equal(socket_buffer_missed(fds[i]), 0);
		close(fds[i]);
	}
	assert_true(busy > 1);
	namespaces_run("ip link delete steered");
}

static void test_missed(void **state)
{
	static const uint8_t bytes[1400];
	time_t end = time(NULL) + PATIENCE;
	struct covey_error error;
	int fd;

	make_pair();
	assert_int_equal(packet_sockets_open("taken", 1, &fd, &error), 0);
	assert_int_equal(socket_buffer_missed(fd), 0);
	while (socket_buffer_missed(fd) == 0) {
		assert_true(time(NULL) <= end);
		send_to(5000, bytes, sizeof(bytes));
	}
	close(fd);
	namespaces_run("ip link delete steered");
}

static void test_no_interface(void **state)
{
	struct covey_error error;
	int fds[2];

	assert_int_equal(packet_sockets_open("taken", 2, fds, &error), -ENODEV);
	assert_non_null(strstr(error.text, "taken: cannot receive by packet sockets: No such "));
	assert_int_equal(fds[0], -1);
}

static int begin(void **state)
{
	namespaces_open();
	namespaces_enter(0);
	return 0;
}

static int end(void **state)
{
	namespaces_close();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_missed),
		cmocka_unit_test(test_no_interface),
	};

	return cmocka_run_group_tests(tests, begin, end);
}

/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The local control socket without a descriptor left for a client. Linked with --wrap=accept4,
 * which counts and fails in its place.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "local_server.h"

int __real_accept4(int fd, struct sockaddr *address, socklen_t *len, int flags);
int __wrap_accept4(int fd, struct sockaddr *address, socklen_t *len, int flags);

static struct {
	unsigned calls;
	int fails_with; /* 0: it does not */
} accepting;

int __wrap_accept4(int fd, struct sockaddr *address, socklen_t *len, int flags)
{
	accepting.calls++;
	if (!accepting.fails_with)
		return __real_accept4(fd, address, len, flags);
	errno = accepting.fails_with;
	return -1;
}

struct fixture {
	char directory[64];
	char path[96];
	struct event_base *base;
	struct local_server *server;
	unsigned requests;
};

static void answer(struct local_client *client, const char *line, size_t len, void *arg)
{
	struct fixture *fixture = arg;

	fixture->requests++;
	local_answer(client, "{}");
}

static int begin(void **state)
{
	static const struct local_handlers handlers = {.request = answer};
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	memset(&accepting, 0, sizeof(accepting));
	strcpy(fixture->directory, "/tmp/covey-local-XXXXXX");
	assert_non_null(mkdtemp(fixture->directory));
	snprintf(fixture->path, sizeof(fixture->path), "%s/socket", fixture->directory);
	fixture->base = event_base_new();
	assert_int_equal(local_open(fixture->base, fixture->path, &handlers, fixture,
				    &fixture->server, NULL),
			 0);
	*state = fixture;
	return 0;
}

static int end(void **state)
{
	struct fixture *fixture = *state;

	local_close(fixture->server);
	event_base_free(fixture->base);
	assert_int_equal(rmdir(fixture->directory), 0);
	free(fixture);
	return 0;
}

/* A client that has asked. */
static int ask(const struct fixture *fixture)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", fixture->path);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(send(fd, "{}\n", 3, 0), 3);
	return fd;
}

static void turn(const struct fixture *fixture, unsigned times)
{
	for (unsigned i = 0; i < times; i++)
		event_base_loop(fixture->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

static void it_rests_when_there_is_no_descriptor(void **state)
{
	struct fixture *fixture = *state;
	char line[8] = "";
	int client;

	accepting.fails_with = EMFILE;
	client = ask(fixture);
	turn(fixture, 100);
	assert_int_equal(accepting.calls, 1);
	/* And goes on by itself when there is one again. */
	accepting.fails_with = 0;
	while (!fixture->requests)
		event_base_loop(fixture->base, EVLOOP_ONCE);
	turn(fixture, 2);
	assert_int_equal(recv(client, line, sizeof(line), 0), 3);
	assert_string_equal(line, "{}\n");
	close(client);
}

static void it_does_not_rest_for_who_went_away(void **state)
{
	struct fixture *fixture = *state;
	int client;

	accepting.fails_with = ECONNABORTED;
	client = ask(fixture);
	turn(fixture, 1);
	accepting.fails_with = 0;
	turn(fixture, 3);
	assert_int_equal(fixture->requests, 1);
	close(client);
}

static void it_ends_while_it_rests(void **state)
{
	struct fixture *fixture = *state;
	int client;

	accepting.fails_with = ENFILE;
	client = ask(fixture);
	turn(fixture, 2);
	close(client);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_rests_when_there_is_no_descriptor),
		TEST(it_does_not_rest_for_who_went_away),
		TEST(it_ends_while_it_rests),
	};

	return cmocka_run_group_tests_name("control-local-server", tests, NULL, NULL);
}

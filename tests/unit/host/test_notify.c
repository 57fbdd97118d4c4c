/* SPDX-License-Identifier: BSD-3-Clause */

/* What the service manager's watchdog gets to hear. The test is the service manager. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <event2/event.h>
#include <notify.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct scene {
	struct event_base *base;
	struct notify *notify;
	int manager;
	bool lives;
	unsigned asked;
};

static bool lives(void *arg)
{
	struct scene *scene = arg;

	if (++scene->asked == 5)
		event_base_loopbreak(scene->base);
	return scene->lives;
}

/* An abstract address, which leaves nothing behind. */
static int listen_as_manager(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	char name[64];

	snprintf(name, sizeof(name), "@covey-notify-%d", (int)getpid());
	setenv("NOTIFY_SOCKET", name, 1);
	memcpy(address.sun_path, name, strlen(name));
	address.sun_path[0] = '\0';
	assert_int_equal(bind(fd, (struct sockaddr *)&address,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))),
			 0);
	return fd;
}

static unsigned fed(const struct scene *scene)
{
	char text[64];
	unsigned count = 0;
	ssize_t len;

	while ((len = recv(scene->manager, text, sizeof(text) - 1, 0)) > 0) {
		text[len] = '\0';
		assert_string_equal(text, "WATCHDOG=1");
		count++;
	}
	return count;
}

/* Five turns of the watchdog's timer. */
static unsigned feed(bool alive)
{
	struct scene scene = {.lives = alive, .manager = listen_as_manager()};
	struct covey_error error;
	unsigned count;

	scene.base = event_base_new();
	setenv("WATCHDOG_USEC", "20000", 1);
	assert_int_equal(notify_new(scene.base, lives, &scene, &scene.notify, &error), 0);
	event_base_dispatch(scene.base);
	count = fed(&scene);
	notify_free(scene.notify);
	event_base_free(scene.base);
	close(scene.manager);
	return count;
}

static void test_feeds_while_alive(void **state)
{
	assert_int_equal(feed(true), 5);
}

static void test_starves_what_hangs(void **state)
{
	assert_int_equal(feed(false), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_feeds_while_alive),
		cmocka_unit_test(test_starves_what_hangs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

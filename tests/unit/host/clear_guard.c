/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Keeps the guard as covey-host does, for test_clear.py, which says what VNIs pass in clear:
 *
 *   clear_guard UPLINK...
 *
 * A line of standard input is a command, and is answered by lines the last of which is "ok", or by
 * one that says what went wrong:
 *
 *   clear ACCEPTED STEERED   lists of VNIs with commas between, "-" is an empty one
 *   steer INTERFACE          steer VXLAN there
 *   held [no]                deliver what came in, or do not
 *   heard                    who was heard in clear: "in ADDRESS VNI PACKETS"
 *   standing                 "ACCEPTED STEERED", as they are read from the kernel
 *   time                     how many microseconds the last "clear" took
 */

#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include <inventory.h>

#include "guard.h"
#include "guard_token.h"
#include "guard_watch.h"

static struct guard_watch *watch;
static struct event_base *base;
static uint64_t took_us;

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static struct guard_vnis read_vnis(char *text)
{
	struct guard_vnis vnis = {.list = malloc((strlen(text) + 1) * sizeof(*vnis.list))};
	char *rest = NULL;

	for (char *word = strtok_r(text, ",-", &rest); word; word = strtok_r(NULL, ",-", &rest))
		vnis.list[vnis.count++] = (uint32_t)strtoul(word, NULL, 10);
	return vnis;
}

static void print_vnis(const struct guard_vnis *vnis, const char *end)
{
	for (size_t i = 0; i < vnis->count; i++)
		printf("%s%u", i ? "," : "", vnis->list[i]);
	printf("%s%s", vnis->count ? "" : "-", end);
}

static int set_clear(char *accepted, char *steered, struct covey_error *error)
{
	struct guard_clear clear = {read_vnis(accepted), read_vnis(steered)};
	uint64_t start = now_us();
	int status = guard_watch_set_clear(watch, &clear, error);

	took_us = now_us() - start;
	guard_clear_free(&clear);
	return status;
}

static int print_heard(struct covey_error *error)
{
	struct guard_heard list[64];
	char address[COVEY_ADDR_STRLEN];
	size_t count;
	int status = guard_watch_read_heard(watch, list, 64, &count, error);

	for (size_t i = 0; status == 0 && i < count && i < 64; i++)
		printf("%s %s %u %" PRIu64 "\n", list[i].out ? "out" : "in",
		       covey_addr_format(&list[i].address, address), list[i].vni, list[i].packets);
	return status;
}

static int hold(bool held, struct covey_error *error)
{
	const struct guard_ports ports = guard_ports_of((const uint16_t[]){4789}, held);

	return guard_watch_set_ports_held(watch, &ports, error);
}

static int print_standing(struct covey_error *error)
{
	struct guard_clear clear;
	bool stands;
	int status = guard_standing_clear("covey0", &clear, &stands, error);

	if (status)
		return status;
	print_vnis(&clear.accepted, " ");
	print_vnis(&clear.steered, stands ? "\n" : " no guard\n");
	guard_clear_free(&clear);
	return 0;
}

static int run(char *line, struct covey_error *error)
{
	char *rest = NULL, *what = strtok_r(line, " \n", &rest);
	char *first = strtok_r(NULL, " \n", &rest), *second = strtok_r(NULL, " \n", &rest);

	if (strcmp(what, "clear") == 0 && first && second)
		return set_clear(first, second, error);
	if (strcmp(what, "steer") == 0 && first)
		return guard_watch_set_steered(watch, first, if_nametoindex(first), error);
	if (strcmp(what, "held") == 0)
		return hold(!first, error);
	if (strcmp(what, "heard") == 0)
		return print_heard(error);
	if (strcmp(what, "standing") == 0)
		return print_standing(error);
	if (strcmp(what, "time") == 0) {
		printf("%" PRIu64 "\n", took_us);
		return 0;
	}
	return covey_error_set(error, -EINVAL, "no such command");
}

static void on_line(evutil_socket_t fd, short events, void *arg)
{
	struct covey_error error = {.text = ""};
	static char line[1 << 17];

	if (!fgets(line, sizeof(line), stdin)) {
		event_base_loopbreak(base);
		return;
	}
	printf("%s\n", run(line, &error) ? error.text : "ok");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct inventory_host hosts[] = {{.name = "hv1"}, {.name = "hv2"}};
	struct guard_watch_config config = {
		.given = "covey0",
		.guard = {.ports = guard_ports_of((const uint16_t[]){4789}, 1),
			  .vpe_port = 4790,
			  .host_interface = "covey0",
			  .local_only = true,
			  .local = {.host_interface = "covey0",
				    .mark = 0x40000000,
				    .token = guard_token_draw(),
				    .hosts = hosts,
				    .host_count = 2},
			  .steer = {.on = true,
				    .wanted = {.given = argv + 1,
					       .given_count = (size_t)argc - 1,
					       .host_interface = "covey0"}}},
	};
	struct covey_error error;
	struct event *input;

	prctl(PR_SET_NAME, "covey-host"); /* for a process that keeps the same guard */
	covey_addr_parse("10.9.0.1", &hosts[0].vtep);
	covey_addr_parse("10.9.0.2", &hosts[1].vtep);
	setvbuf(stdin, NULL, _IONBF, 0); /* or the event loop would not see the second line */
	base = config.base = event_base_new();
	if (guard_watch_new(&config, &watch, &error)) {
		fprintf(stderr, "%s\n", error.text);
		return 1;
	}
	input = event_new(base, STDIN_FILENO, EV_READ | EV_PERSIST, on_line, NULL);
	event_add(input, NULL);
	printf("ok\n");
	fflush(stdout);
	event_base_dispatch(base);
	event_free(input);
	guard_watch_free(watch);
	event_base_free(base);
	return 0;
}

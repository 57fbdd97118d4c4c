/* SPDX-License-Identifier: BSD-3-Clause */

/* The control socket: what it answers, and that no client can harm it. */

#include "daemon.h"

#include <covey/limits.h>
#include <errno.h>
#include <local_server.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static bool is_ok(const json_t *answer)
{
	return json_is_true(json_object_get(answer, "ok"));
}

static const char *error_of(const json_t *answer)
{
	const char *text = json_string_value(json_object_get(answer, "error"));

	return text ? text : "";
}

static void test_show(void **state)
{
	struct daemon *daemon = daemon_new();
	json_t *answer = daemon_ask(daemon, "{\"command\": \"show\"}\n");
	json_t *window = json_array_get(json_object_get(answer, "windows"), 0);

	assert_true(is_ok(answer));
	assert_string_equal(json_string_value(json_object_get(answer, "host")), "hv1");
	assert_string_equal(json_string_value(json_object_get(answer, "daemon")), "covey-host");
	/* It has no key. */
	assert_true(json_is_false(json_object_get(answer, "ready")));
	assert_int_equal(json_object_size(json_object_get(answer, "drops")), COVEY_DROP_COUNT);
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(answer, "drops"), "in-icv")), 3);
	assert_string_equal(json_string_value(json_object_get(window, "esn")), "0001000000000005");
	assert_string_equal(json_string_value(json_object_get(window, "cast")), "multicast");
	assert_int_equal(json_integer_value(json_object_get(window, "class")), 1);
	assert_int_equal(json_array_size(json_object_get(answer, "ports")), 2);
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(answer, "buffers"), "free")),
		8000);
	json_decref(answer);
	daemon_free(daemon);
}

/* Of groups, and of their senders but this host itself. */
static void test_show_traffic(void **state)
{
	static const char wanted[] =
		"{\"sent_packets\": 12, \"sent_bytes\": 1200, \"received_packets\": 7,"
		"\"received_bytes\": 700, \"sent_by_class\": ["
		"{\"class\": 0, \"packets\": 10, \"bytes\": 1000},"
		"{\"class\": 5, \"packets\": 2, \"bytes\": 200}]}";
	static struct sender senders[] = {{.entry.sender_id = 1, .host = "hv1"},
					  {.entry.sender_id = 2, .host = "hv2"},
					  {.entry.sender_id = 3, .host = "hv3"}};
	struct daemon *daemon = daemon_new();
	json_t *answer, *group, *members, *traffic = json_loads(wanted, 0, NULL);
	struct membership *membership;
	struct covey_error error;

	assert_int_equal(member_join(daemon->member, "tenants", &error), 0);
	membership = (struct membership *)member_state_find(member_read_state(daemon->member),
							    "tenants");
	membership->sender_id = 1;
	membership->senders = (struct senders){.list = senders, .count = 3};
	answer = daemon_ask(daemon, "{\"command\": \"show\"}\n");
	membership->senders = (struct senders){0};
	group = json_array_get(json_object_get(answer, "groups"), 0);
	members = json_object_get(group, "members");
	assert_true(json_equal(json_object_get(group, "traffic"), traffic));
	assert_null(json_object_get(json_array_get(members, 0), "received_bytes"));
	members = json_array_get(members, 1);
	assert_int_equal(json_integer_value(json_object_get(members, "received_packets")), 7);
	assert_int_equal(json_integer_value(json_object_get(members, "received_bytes")), 700);
	assert_int_equal(json_integer_value(json_object_get(members, "heard_ms")), 1500);
	members = json_array_get(json_object_get(group, "members"), 2);
	assert_int_equal(json_integer_value(json_object_get(members, "received_bytes")), 0);
	assert_non_null(json_object_get(members, "received_bytes"));
	assert_null(json_object_get(members, "heard_ms"));
	json_decref(traffic);
	json_decref(answer);
	daemon_free(daemon);
}

static void test_show_what_is_in_clear(void **state)
{
	static const char wanted[] =
		"{\"out\": 7, \"in\": 9, \"unheard\": 1, \"would_drop\": {\"in-clear-vxlan\": 9},"
		"\"heard\": [{\"vni\": 300, \"peer\": \"10.0.0.9\", \"direction\": \"in\", "
		"\"packets\": 8,"
		" \"would_drop\": 8, \"reason\": \"in-clear-vxlan\", \"ago_s\": 61},"
		"{\"vni\": 300, \"peer\": \"fd00::9\", \"direction\": \"out\", \"packets\": 7,"
		" \"would_drop\": 0, \"reason\": null, \"ago_s\": 0}],"
		"\"by_guard\": false, \"heard_error\": null}";
	struct daemon *daemon = daemon_new();
	json_t *answer = daemon_ask(daemon, "{\"command\": \"show\"}\n");
	json_t *clear = json_loads(wanted, 0, NULL);

	assert_non_null(clear);
	assert_true(json_equal(json_object_get(answer, "clear"), clear));
	json_decref(clear);
	json_decref(answer);
	daemon_free(daemon);
}

/* What cannot be undone now is to be known. */
static void test_leave_while_the_gkm_is_away(void **state)
{
	struct daemon *daemon = daemon_new();
	struct covey_error error;
	json_t *answer;

	assert_int_equal(member_join(daemon->member, "tenants", &error), 0);
	answer = daemon_ask(daemon, "{\"command\": \"leave\", \"group\": \"tenants\"}\n");
	assert_true(is_ok(answer));
	assert_true(json_is_true(json_object_get(answer, "gkm_away")));
	json_decref(answer);
	daemon_free(daemon);
}

/* It was told that nothing came of it, while the daemon was stopped or busy. */
static void test_who_has_gone_wants_nothing(void **state)
{
	static const char leave[] = "{\"command\": \"leave\", \"group\": \"tenants\"}\n";
	struct daemon *daemon = daemon_new();
	struct covey_error error;
	int client;

	assert_int_equal(member_join(daemon->member, "tenants", &error), 0);
	client = daemon_connect(daemon);
	assert_int_equal(write(client, leave, strlen(leave)), strlen(leave));
	close(client);
	daemon_run(daemon);
	assert_non_null(member_state_find(member_read_state(daemon->member), "tenants"));
	/* Whoever has only said all that it will say still waits. */
	client = daemon_connect(daemon);
	assert_int_equal(write(client, leave, strlen(leave)), strlen(leave));
	shutdown(client, SHUT_WR);
	assert_non_null(strstr(daemon_read(daemon, client), "\"ok\":true"));
	assert_null(member_state_find(member_read_state(daemon->member), "tenants"));
	close(client);
	daemon_run(daemon);
	daemon_free(daemon);
}

static void test_garbage(void **state)
{
	static const struct {
		const char *request;
		const char *expected; /* somewhere in the error */
	} rows[] = {
		{"\n", "no JSON"},
		{"hello\n", "no JSON"},
		{"[1, 2]\n", "no \"command\""},
		{"{}\n", "no \"command\""},
		{"{\"command\": 5}\n", "no \"command\""},
		{"{\"command\": \"show\", \"command\": \"show\"}\n", "no JSON"},
		{"{\"command\": \"reboot\"}\n", "unknown command"},
		{"{\"command\": \"capture\"}\n", "captur"},
		{"{\"command\": \"join\"}\n", "name of a group"},
		{"{\"command\": \"join\", \"group\": \"\"}\n", "name of a group"},
		{"{\"command\": \"leave\", \"group\": 7}\n", "name of a group"},
		{"{\"command\": \"leave\", \"group\": \"tenants\"}\n", "not in group tenants"},
		{"{\"command\": \"join\", \"group\": \"tenant\"}\n", "did you mean tenants?"},
		{"{\"command\": \"join\", \"group\": \"a\\u0000b\"}\n", "no JSON"},
		{"{\"command\": \"\xff\xfe\"}\n", "no JSON"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct daemon *daemon = daemon_new();
		json_t *answer = daemon_ask(daemon, rows[i].request);

		assert_false(is_ok(answer));
		if (!strstr(error_of(answer), rows[i].expected))
			fail_msg("row %zu: %s", i, error_of(answer));
		json_decref(answer);
		daemon_free(daemon);
	}
}

static void test_too_long(void **state)
{
	struct daemon *daemon = daemon_new();
	size_t len = COVEY_CONTROL_REQUEST_MAX + 100, sent = 0;
	char *request = malloc(len);
	int client = daemon_connect(daemon);

	memset(request, 'x', len);
	for (int turn = 0; turn < 1000 && sent < len; turn++) {
		ssize_t put = send(client, request + sent, len - sent, MSG_NOSIGNAL);

		sent += put > 0 ? (size_t)put : 0;
		daemon_run(daemon);
	}
	assert_non_null(strstr(daemon_read(daemon, client), "too long"));
	close(client);
	free(request);
	daemon_free(daemon);
}

/* A group that the inventory knows, and no GKM: the client waits, and may go away meanwhile. */
static void test_join_waits(void **state)
{
	static const char request[] = "{\"command\": \"join\", \"group\": \"storage\"}\n";
	struct daemon *daemon = daemon_new();
	int clients[2] = {daemon_connect(daemon), daemon_connect(daemon)};
	struct covey_error error;
	char byte;

	for (int i = 0; i < 2; i++)
		assert_int_equal(write(clients[i], request, strlen(request)), strlen(request));
	daemon_run(daemon);
	assert_int_equal(read(clients[0], &byte, 1), -1);
	assert_int_equal(errno, EAGAIN);
	close(clients[0]);
	daemon_run(daemon);
	/* The group's end is an answer too. */
	assert_int_equal(member_leave(daemon->member, "storage", &error), 0);
	assert_non_null(strstr(daemon_read(daemon, clients[1]), "was left"));
	close(clients[1]);
	daemon_run(daemon);
	daemon_free(daemon);
}

static void test_too_many_clients(void **state)
{
	struct daemon *daemon = daemon_new();
	int clients[LOCAL_CLIENTS_MAX], more;
	json_t *answer;

	for (int i = 0; i < LOCAL_CLIENTS_MAX; i++) {
		clients[i] = daemon_connect(daemon);
		daemon_run(daemon);
	}
	more = daemon_connect(daemon);
	assert_non_null(strstr(daemon_read(daemon, more), "too many clients"));
	close(more);
	for (int i = 0; i < LOCAL_CLIENTS_MAX; i++)
		close(clients[i]);
	daemon_run(daemon);
	answer = daemon_ask(daemon, "{\"command\": \"show\"}\n");
	assert_true(is_ok(answer));
	json_decref(answer);
	daemon_free(daemon);
}

/* One that says nothing is cut off; the test waits for that, at most twice its time. */
static void test_silent_client(void **state)
{
	struct daemon *daemon = daemon_new();
	int client = daemon_connect(daemon);

	assert_int_equal(write(client, "{", 1), 1);
	assert_string_equal(daemon_read(daemon, client), "");
	close(client);
	daemon_free(daemon);
}

static void test_socket_file(void **state)
{
	mode_t before = umask(0);
	struct daemon *daemon = daemon_new();
	struct commands *second = NULL;
	struct covey_error error;
	struct stat info;

	umask(before);
	assert_int_equal(stat(daemon->socket, &info), 0);
	assert_true(S_ISSOCK(info.st_mode));
	assert_int_equal(info.st_mode & 07777, 0660);
	/* Somebody listens there. */
	assert_int_equal(
		commands_open(daemon->base, daemon->socket, &daemon->host, &second, &error),
		-EADDRINUSE);
	assert_non_null(strstr(error.text, "another covey program"));
	assert_null(second);
	daemon_free(daemon);
}

static void test_stale_socket(void **state)
{
	struct daemon *daemon = daemon_new();
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct covey_error error;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	commands_close(daemon->commands);
	daemon->commands = NULL;
	/* What a killed process leaves behind. */
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", daemon->socket);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	assert_int_equal(access(daemon->socket, F_OK), 0);
	assert_int_equal(commands_open(daemon->base, daemon->socket, &daemon->host,
				       &daemon->commands, &error),
			 0);
	daemon_free(daemon);
}

static void test_no_socket(void **state)
{
	struct daemon *daemon = daemon_new();
	struct commands *second = NULL;
	struct covey_error error;
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/file", daemon->directory);
	file = fopen(path, "w");
	assert_non_null(file);
	fclose(file);
	assert_int_equal(commands_open(daemon->base, path, &daemon->host, &second, &error),
			 -EEXIST);
	assert_int_equal(access(path, F_OK), 0);
	unlink(path);
	daemon_free(daemon);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_show),
		cmocka_unit_test(test_show_traffic),
		cmocka_unit_test(test_show_what_is_in_clear),
		cmocka_unit_test(test_leave_while_the_gkm_is_away),
		cmocka_unit_test(test_who_has_gone_wants_nothing),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_join_waits),
		cmocka_unit_test(test_too_many_clients),
		cmocka_unit_test(test_silent_client),
		cmocka_unit_test(test_socket_file),
		cmocka_unit_test(test_stale_socket),
		cmocka_unit_test(test_no_socket),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

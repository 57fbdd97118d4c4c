/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * What answers on a daemon's local socket, as `covey` reads and prints it. The first byte says what
 * is shown, the second in pieces of how many bytes the rest arrives. One execution is an answer.
 */

#include "client.h"
#include "count.h"
#include "mtu_part.h"
#include "must.h"
#include "peers_part.h"
#include "pool.h"
#include "pool_json.h"
#include "status_page.h"
#include "variants.h"
#include "views.h"
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#define SOCKET   1000000 /* a descriptor that no file has */
#define VARIANTS 31

static struct {
	const uint8_t *data;
	size_t size;
	size_t piece;
	unsigned asked;
} peer;

static FILE *nowhere;
static void (*view)(const json_t *answer);

/* --- the socket ------------------------------------------------------------------------------ */

int __wrap_socket(int family, int type, int protocol);
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t len);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t __wrap_recv(int fd, void *data, size_t len, int flags);
int __wrap_setsockopt(int fd, int level, int option, const void *value, socklen_t len);
int __wrap_close(int fd);
int __real_close(int fd);

int __wrap_socket(int family, int type, int protocol)
{
	must(family == AF_UNIX);
	return SOCKET;
}

int __wrap_connect(int fd, const struct sockaddr *address, socklen_t len)
{
	return 0;
}

ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags)
{
	size_t sent = 0;

	must(flags & MSG_NOSIGNAL);
	for (size_t i = 0; i < message->msg_iovlen; i++) {
		const struct iovec *part = &message->msg_iov[i];

		peer.asked += memchr(part->iov_base, '\n', part->iov_len) != NULL;
		sent += part->iov_len;
	}
	return (ssize_t)sent;
}

ssize_t __wrap_recv(int fd, void *data, size_t len, int flags)
{
	size_t piece = peer.size < peer.piece ? peer.size : peer.piece;

	piece = piece < len ? piece : len;
	memcpy(data, peer.data, piece);
	peer.data += piece;
	peer.size -= piece;
	return (ssize_t)piece;
}

/* A time of zero would be none at all: it would wait for ever. */
int __wrap_setsockopt(int fd, int level, int option, const void *value, socklen_t len)
{
	const struct timeval *patience = value;

	must(level == SOL_SOCKET && (option == SO_RCVTIMEO || option == SO_SNDTIMEO));
	must(len == sizeof(*patience) && (patience->tv_sec > 0 || patience->tv_usec > 0));
	return 0;
}

int __wrap_close(int fd)
{
	return fd == SOCKET ? 0 : __real_close(fd);
}

/* --- what is shown --------------------------------------------------------------------------- */

static void show_all(const json_t *answer)
{
	view_host(answer);
	view_drops(answer, true);
}

static void show_drops(const json_t *answer)
{
	view_drops(answer, false);
}

static void show_gkm(const json_t *answer)
{
	view_gkm(answer, NULL);
}

static void show_gkm_members(const json_t *answer)
{
	view_gkm(answer, "members");
}

static void show_guard(const json_t *answer)
{
	view_guard(answer, true);
}

static void show_peers(const json_t *answer)
{
	json_t *peers = peers_part(answer);

	peers_part_print(peers);
	json_decref(peers);
}

static void show_mtu(const json_t *answer)
{
	json_t *mtu = mtu_part(answer);

	mtu_part_print(mtu);
	json_decref(mtu);
}

static void (*const views[])(const json_t *answer) = {
	show_all,   view_groups, view_sas,          view_members,     view_windows,
	view_ports, show_drops,  show_gkm,          show_gkm_members, show_guard,
	show_peers, show_mtu,    status_page_print,
};

/* Nothing may steer the terminal (ISO 6429): controls, alone and in UTF-8. */
static void check_output(const char *output, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char byte = (unsigned char)output[i];

		must((byte >= ' ' && byte != 0x7f) || byte == '\n');
		must(byte != 0xc2 || i + 1 == len || (unsigned char)output[i + 1] < 0x80 ||
		     (unsigned char)output[i + 1] > 0x9f);
	}
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	pool_json_start();
	nowhere = fopen("/dev/null", "w");
	must(nowhere);
	return 0;
}

static unsigned try(const uint8_t *data, size_t size)
{
	const struct client_daemon daemon = {
		.name = "covey-host", .option = "--socket", .path = "/run/socket"};
	FILE *output = stdout, *errors = stderr;
	char *text = NULL;
	size_t len = 0;
	json_t *answer;

	peer.data = data;
	peer.size = size;
	peer.asked = 0;
	stdout = open_memstream(&text, &len);
	stderr = nowhere;
	must(stdout);
	answer = client_command(&daemon, false, "show", json_pack("{s:s}", "command", "show"));
	if (answer) {
		must(json_is_true(json_object_get(answer, "ok")));
		view(answer);
	}
	fclose(stdout);
	stdout = output;
	stderr = errors;
	must(peer.asked == 1);
	check_output(text, len);
	json_decref(answer);
	free(text);
	pool_check();
	return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return -1;
	view = views[data[0] % (sizeof(views) / sizeof(views[0]))];
	peer.piece = 1u + data[1];
	count(variants_try(VARIANTS_OF_WORDS, data + 2, size - 2, VARIANTS, try));
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	if (size < 3 || seed % 4 == 0)
		return LLVMFuzzerMutate(data, size, max);
	return 2 +
	       variants_become(VARIANTS_OF_WORDS, data + 2, size - 2, max - 2, VARIANTS, seed / 4);
}

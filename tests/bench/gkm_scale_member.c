/* SPDX-License-Identifier: BSD-3-Clause */
#include "gkm_scale_member.h"

#include <arpa/inet.h>
#include <covey/limits.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <string.h>
#include <sys/socket.h>

#include "gkm_scale_crowd.h"
#include "gkm_scale_probe.h"
#include "gkm_scale_roster.h"
#include "message.h"
#include "secret.h"

/* Loopback has ports for so many connections from one address to another. */
#define MEMBERS_PER_ADDRESS 20000
#define FIRST_VTEP          0x0a000001u
/* As covey-host. */
#define USES_PER_MESSAGE 64

/* --- what it says -------------------------------------------------------------------------- */

void scale_member_say(struct scale_member *member, const Covey__Message *message)
{
	uint8_t *data;
	size_t len;

	if (message_encode(message, COVEY_MESSAGE_TO_GKM_MAX, &data, &len) < 0) {
		crowd_fail(member->crowd, "%s cannot be encoded", message_name(message));
		return;
	}
	bufferevent_write(member->stream, data, len);
	secret_free(data);
}

void scale_member_vtep(size_t number, struct covey_addr *ret_vtep)
{
	uint32_t address = htonl(FIRST_VTEP + (uint32_t)number);

	*ret_vtep = (struct covey_addr){.family = AF_INET};
	memcpy(ret_vtep->bytes, &address, sizeof(address));
}

int scale_member_number(const ProtobufCBinaryData *vtep, size_t *ret_number)
{
	uint32_t address;

	if (vtep->len != sizeof(address))
		return -ENOENT;
	memcpy(&address, vtep->data, sizeof(address));
	if (ntohl(address) < FIRST_VTEP)
		return -ENOENT;
	*ret_number = ntohl(address) - FIRST_VTEP;
	return 0;
}

static bool knows_probes(const struct scale_member *member)
{
	return member->probe &&
	       !(member->crowd->faults && scale_fault_of(member->number) == FAULT_OLD);
}

static void say_hello(struct scale_member *member)
{
	Covey__Hello hello = COVEY__HELLO__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;
	struct covey_addr vtep;

	scale_member_vtep(member->number, &vtep);
	message_addr_set(&hello.vtep, &vtep);
	hello.version = COVEY_PROTOCOL_VERSION;
	hello.software = "gkm-scale";
	hello.probes = knows_probes(member);
	message.body_case = COVEY__MESSAGE__BODY_HELLO;
	message.hello = &hello;
	scale_member_say(member, &message);
}

static void say_join(struct scale_member *member, size_t group)
{
	char name[SCALE_NAME_LEN];
	Covey__Join join = COVEY__JOIN__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	join.group = (char *)scale_group_name(group, name);
	message.body_case = COVEY__MESSAGE__BODY_JOIN;
	message.join = &join;
	scale_member_say(member, &message);
}

static void acknowledge_roster(struct scale_member *member, size_t group)
{
	char name[SCALE_NAME_LEN];
	Covey__RosterAck ack = COVEY__ROSTER_ACK__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	ack.group = (char *)scale_group_name(group, name);
	ack.generation = member->seats[group].generation;
	message.body_case = COVEY__MESSAGE__BODY_ROSTER_ACK;
	message.roster_ack = &ack;
	scale_member_say(member, &message);
}

static void acknowledge_sa(struct scale_member *member, size_t group)
{
	char name[SCALE_NAME_LEN];
	Covey__SaInstalled ack = COVEY__SA_INSTALLED__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	ack.group = (char *)scale_group_name(group, name);
	ack.spi = member->seats[group].installed;
	message.body_case = COVEY__MESSAGE__BODY_SA_INSTALLED;
	message.sa_installed = &ack;
	scale_member_say(member, &message);
}

static void acknowledge_switch(struct scale_member *member, size_t group)
{
	char name[SCALE_NAME_LEN];
	Covey__SaActivated ack = COVEY__SA_ACTIVATED__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	ack.group = (char *)scale_group_name(group, name);
	ack.spi = member->seats[group].active;
	message.body_case = COVEY__MESSAGE__BODY_SA_ACTIVATED;
	message.sa_activated = &ack;
	scale_member_say(member, &message);
}

static void say_uses(struct scale_member *member, Covey__SaUse **uses, size_t count)
{
	Covey__Heartbeat heartbeat = COVEY__HEARTBEAT__INIT;
	Covey__Message message = COVEY__MESSAGE__INIT;

	heartbeat.use = uses;
	heartbeat.n_use = count;
	message.body_case = COVEY__MESSAGE__BODY_HEARTBEAT;
	message.heartbeat = &heartbeat;
	scale_member_say(member, &message);
}

/* As covey-host, that says something of each SA, and sends nothing but a sign of life without one.
 */
void scale_member_heartbeat(struct scale_member *member)
{
	Covey__SaUse uses[USES_PER_MESSAGE], *pointers[USES_PER_MESSAGE];
	size_t count = 0;

	if (member->joined == 0)
		return;
	for (size_t i = 0; i < member->crowd->group_count; i++) {
		if (member->seats[i].active == 0)
			continue;
		if (count == USES_PER_MESSAGE) {
			say_uses(member, pointers, count);
			count = 0;
		}
		covey__sa_use__init(&uses[count]);
		uses[count].spi = member->seats[i].active;
		uses[count].receives = true;
		pointers[count] = &uses[count];
		count++;
	}
	say_uses(member, pointers, count);
}

/* --- what it hears ------------------------------------------------------------------------- */

/* A group by its name in a message; fails if there is none. */
static struct scale_seat *seat_of(struct scale_member *member, const char *name, size_t len,
				  size_t *ret_group)
{
	if (scale_group_number(name, len, ret_group) && *ret_group < member->crowd->group_count)
		return &member->seats[*ret_group];
	crowd_fail(member->crowd, "member %zu hears of group \"%.*s\"", member->number + 1,
		   (int)len, name);
	return NULL;
}

/* Read by gkm_scale_roster.c: to decode each entry of N rosters of N entries would be what we
 * measure. */
static void hear_roster(struct scale_member *member, const struct roster_head *roster, size_t len)
{
	size_t group;
	struct scale_seat *seat = seat_of(member, roster->group, roster->group_len, &group);
	bool follows = seat && (roster->full || roster->generation == seat->generation + 1 ||
				roster->generation == seat->generation);

	member->roster_bytes += len;
	if (seat && !seat->has_roster)
		member->first_roster_bytes += len;
	member->rosters++;
	if (!follows) {
		crowd_fail(member->crowd, "member %zu has missed a change of the roster",
			   member->number + 1);
		return;
	}
	seat->generation = roster->generation;
	if (!roster->more) {
		seat->has_roster = true;
		acknowledge_roster(member, group);
	}
}

static void hear_install(struct scale_member *member, const Covey__SaInstall *install)
{
	size_t group;
	struct scale_seat *seat = seat_of(member, install->group, strlen(install->group), &group);

	if (!seat)
		return;
	seat->installed = install->spi;
	acknowledge_sa(member, group);
	crowd_acked(member, group);
}

static void hear_activate(struct scale_member *member, const Covey__SaActivate *activate)
{
	size_t group;
	struct scale_seat *seat = seat_of(member, activate->group, strlen(activate->group), &group);
	uint32_t before;

	if (!seat)
		return;
	before = seat->active;
	seat->active = activate->spi;
	acknowledge_switch(member, group);
	crowd_activated(member, group, before);
}

static void hear(struct scale_member *member, const Covey__Message *message)
{
	switch (message->body_case) {
	case COVEY__MESSAGE__BODY_WELCOME:
		for (size_t i = 0; i < member->crowd->group_count; i++)
			say_join(member, i);
		return;
	case COVEY__MESSAGE__BODY_JOINED:
		if (++member->joined == member->crowd->group_count)
			crowd_joined(member);
		return;
	case COVEY__MESSAGE__BODY_SA_INSTALL:
		hear_install(member, message->sa_install);
		return;
	case COVEY__MESSAGE__BODY_SA_ACTIVATE:
		hear_activate(member, message->sa_activate);
		return;
	case COVEY__MESSAGE__BODY_REFUSED:
		crowd_fail(member->crowd, "member %zu is refused: %s", member->number + 1,
			   message->refused->reason);
		return;
	case COVEY__MESSAGE__BODY_PROBE_ORDER:
		scale_probe_order(member, message->probe_order);
		return;
	case COVEY__MESSAGE__BODY_PROBE_REPORT:
		crowd_reported(member, message->probe_report);
		return;
	default:
		return;
	}
}

static void hear_bytes(struct scale_member *member, const uint8_t *data, size_t len)
{
	struct roster_head roster;
	Covey__Message *message;

	member->bytes += MESSAGE_FRAME_HEADER_LEN + len;
	if (roster_head_read(data, len, &roster)) {
		hear_roster(member, &roster, MESSAGE_FRAME_HEADER_LEN + len);
		return;
	}
	message = message_decode(data, len);
	if (message)
		hear(member, message);
	else
		crowd_fail(member->crowd, "member %zu cannot decode a message", member->number + 1);
	message_free(message);
}

static void on_readable(struct bufferevent *stream, void *arg)
{
	struct scale_member *member = arg;
	struct evbuffer *input = bufferevent_get_input(stream);

	for (;;) {
		uint8_t header[MESSAGE_FRAME_HEADER_LEN];
		ssize_t have = evbuffer_copyout(input, header, sizeof(header));
		long len = message_frame_length(header, have > 0 ? (size_t)have : 0,
						COVEY_MESSAGE_TO_MEMBER_MAX);

		if (len < 0)
			crowd_fail(member->crowd, "member %zu: a frame too long",
				   member->number + 1);
		if (len <= 0 || evbuffer_get_length(input) < sizeof(header) + (size_t)len)
			return;
		evbuffer_drain(input, sizeof(header));
		hear_bytes(member, evbuffer_pullup(input, len), (size_t)len);
		evbuffer_drain(input, (size_t)len);
	}
}

static void on_event(struct bufferevent *stream, short what, void *arg)
{
	struct scale_member *member = arg;
	unsigned long tls = bufferevent_get_openssl_error(stream);

	if (what & BEV_EVENT_CONNECTED) {
		say_hello(member);
		return;
	}
	crowd_fail(member->crowd, "member %zu loses its connection: %s", member->number + 1,
		   tls ? ERR_reason_error_string(tls)
		       : evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()));
}

/* --- life ---------------------------------------------------------------------------------- */

static int open_socket(const struct scale_member *member)
{
	struct sockaddr_in from = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd < 0)
		return -errno;
	from.sin_addr.s_addr =
		htonl(0x7f000001u + (uint32_t)(member->number / MEMBERS_PER_ADDRESS));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&from, sizeof(from)) < 0) {
		int status = -errno;

		evutil_closesocket(fd);
		return status;
	}
	return fd;
}

static SSL *open_tls(const struct scale_member *member)
{
	const struct crowd *crowd = member->crowd;
	SSL *ssl = SSL_new(crowd->tls);

	if (ssl && SSL_use_certificate(ssl, crowd->pki->certificates[member->number]) == 1 &&
	    SSL_use_PrivateKey(ssl, crowd->pki->key) == 1)
		return ssl;
	SSL_free(ssl);
	return NULL;
}

int scale_member_connect(struct scale_member *member)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				 .sin_port = htons(member->crowd->port)};
	int fd = open_socket(member);

	if (fd < 0)
		return fd;
	member->ssl = open_tls(member);
	if (member->ssl)
		member->stream = bufferevent_openssl_socket_new(
			member->crowd->base, fd, member->ssl, BUFFEREVENT_SSL_CONNECTING,
			BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
	if (!member->stream) {
		SSL_free(member->ssl);
		evutil_closesocket(fd);
		return -ENOMEM;
	}
	bufferevent_setcb(member->stream, on_readable, NULL, on_event, member);
	bufferevent_enable(member->stream, EV_READ | EV_WRITE);
	if (bufferevent_socket_connect(member->stream, (struct sockaddr *)&to, sizeof(to)) < 0)
		return -errno;
	return 0;
}

uint64_t scale_member_wire_bytes(const struct scale_member *member)
{
	BIO *bio = member->ssl ? SSL_get_rbio(member->ssl) : NULL;

	return bio ? BIO_number_read(bio) : 0;
}

uint64_t scale_member_said_bytes(const struct scale_member *member)
{
	BIO *bio = member->ssl ? SSL_get_wbio(member->ssl) : NULL;

	return bio ? BIO_number_written(bio) : 0;
}

void scale_member_free(struct scale_member *member)
{
	if (member->stream)
		bufferevent_free(member->stream);
	member->stream = NULL;
}

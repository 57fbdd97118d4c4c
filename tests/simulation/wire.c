/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "gkm.h"
#include "host.h"
#include "rules.h"
#include "simulation.h"
#include "trust.h"

enum frame_kind {
	FRAME_KNOCK,  /* a connection is wanted */
	FRAME_OPENED, /* the handshake is done, as this end sees it */
	FRAME_MESSAGE,
	FRAME_END,
};

struct frame {
	STAILQ_ENTRY(frame) entry;
	enum frame_kind kind;
	uint64_t due_us;
	struct encoded *message;
};

/* What comes to one end. */
struct way {
	STAILQ_HEAD(, frame) frames;
	size_t bytes;
	uint64_t last_us; /* when the last frame comes */
	struct timer timer;
	struct link *link;
	bool ended; /* its end is on the way: nothing may follow */
};

enum { MEMBER, GKM };

struct link {
	LIST_ENTRY(link) entry;
	struct channel *ends[2];
	struct process *processes[2];
	struct way ways[2]; /* to this end */
	bool astray;        /* nobody has this address: half of them are answered */
	bool delivers;      /* something is called that may free its ends */
};

enum state {
	CONNECTING,
	OPEN,
	FLUSHING,
	CLOSED,
};

struct channel {
	struct link *link;
	int side;
	struct process *process;
	struct channel_handlers handlers;
	void *arg;
	enum state state;
	bool answered;
	struct certificate_chain shown; /* by the peer */
	struct timer deadline;
	struct timer closer;
	char peer[NAME_SIZE + 32];
	char reason[128];
};

static LIST_HEAD(, link) links = LIST_HEAD_INITIALIZER(links);
static struct link *accepting;

/* --- frames -------------------------------------------------------------------------------- */

static void drop(struct frame *frame)
{
	encoded_unref(frame->message);
	free(frame);
}

static void clear(struct way *way)
{
	struct frame *frame;

	while ((frame = STAILQ_FIRST(&way->frames))) {
		STAILQ_REMOVE_HEAD(&way->frames, entry);
		drop(frame);
	}
	way->bytes = 0;
	timer_unset(&way->timer);
}

static void release(struct link *link)
{
	clear(&link->ways[MEMBER]);
	clear(&link->ways[GKM]);
	LIST_REMOVE(link, entry);
	free(link);
}

/* What is on its way to nobody still has to come: it is answered. */
static void forget(struct link *link)
{
	if (link->ends[MEMBER] || link->ends[GKM] || link->delivers ||
	    STAILQ_FIRST(&link->ways[MEMBER].frames) || STAILQ_FIRST(&link->ways[GKM].frames))
		return;
	release(link);
}

void wire_forget(void)
{
	struct link *link;

	while ((link = LIST_FIRST(&links)))
		release(link);
}

/* How long a message takes: most are quick, few take all of it. */
static uint64_t delay(const struct link *link)
{
	struct fleet *fleet = fleet_now;
	uint64_t most = fleet->plan->delay_us;
	uint64_t us = most / 8 + chance_below(&link->processes[MEMBER]->luck, most);

	for (int side = MEMBER; side <= GKM; side++)
		if (link->processes[side]->slow_us > fleet->now_us)
			us *= link->processes[side]->slow_by;
	return us;
}

static void send_frame(struct link *link, int to, enum frame_kind kind, struct encoded *message)
{
	struct way *way = &link->ways[to];
	struct frame *frame = calloc(1, sizeof(*frame));

	if (!frame)
		abort();
	frame->kind = kind;
	frame->message = message;
	frame->due_us = process_time_us(link->processes[!to]) + delay(link);
	if (frame->due_us < way->last_us)
		frame->due_us = way->last_us;
	way->last_us = frame->due_us;
	way->bytes += message ? encoded_len(message) : 0;
	way->ended |= kind == FRAME_END;
	STAILQ_INSERT_TAIL(&way->frames, frame, entry);
	if (STAILQ_FIRST(&way->frames) == frame)
		timer_set(&way->timer, frame->due_us);
}

static void send_end(struct link *link, int to)
{
	if (!link->ways[to].ended && link->ends[to])
		send_frame(link, to, FRAME_END, NULL);
}

/* --- an end -------------------------------------------------------------------------------- */

/* The handler frees the channel, and may look at the reason after that. */
static void close_now(struct channel *channel, const char *reason)
{
	char text[sizeof(channel->reason)];

	snprintf(text, sizeof(text), "%s", reason);
	channel->state = CLOSED;
	timer_unset(&channel->deadline);
	timer_unset(&channel->closer);
	channel->handlers.closed(channel, text, channel->arg);
}

static void on_closer(struct timer *timer)
{
	struct channel *channel = timer->arg;

	close_now(channel, channel->reason);
}

static void on_deadline(struct timer *timer)
{
	struct channel *channel = timer->arg;

	close_now(channel, channel->state == CONNECTING ? "no answer"
			   : channel->state == FLUSHING ? channel->reason
							: "the peer is silent");
}

/* `closed` is called later, not from within what the program calls. */
static void close_later(struct channel *channel, const char *reason)
{
	snprintf(channel->reason, sizeof(channel->reason), "%s", reason);
	channel->state = CLOSED;
	timer_unset(&channel->deadline);
	timer_set(&channel->closer, process_time_us(channel->process));
}

static void arm(struct channel *channel, unsigned seconds)
{
	timer_set(&channel->deadline, process_after_us(channel->process, seconds * SECOND_US));
}

static struct channel *channel_make(struct link *link, int side,
				    const struct channel_handlers *handlers, void *arg)
{
	struct channel *channel = calloc(1, sizeof(*channel));
	struct process *process = link->processes[side];

	if (!channel)
		abort();
	*channel = (struct channel){.link = link,
				    .side = side,
				    .process = process,
				    .handlers = *handlers,
				    .arg = arg,
				    .deadline = {.process = process, .fire = on_deadline},
				    .closer = {.process = process, .fire = on_closer}};
	channel->deadline.arg = channel->closer.arg = channel;
	snprintf(channel->peer, sizeof(channel->peer), "%s", link->processes[!side]->name);
	arm(channel, COVEY_HANDSHAKE_SECONDS);
	link->ends[side] = channel;
	return channel;
}

/* --- what comes ---------------------------------------------------------------------------- */

static void knock(struct link *link)
{
	struct process *gkm = link->processes[GKM];

	if (link->astray) {
		if (chance_in_1000(&link->processes[MEMBER]->luck, 500))
			send_end(link, MEMBER);
		return;
	}
	if (gkm->runs && !gkm->dead) {
		accepting = link;
		gkm_accept(gkm->fleet->gkm);
		accepting = NULL;
	}
	if (link->ends[GKM] && link->ends[MEMBER])
		link->ends[MEMBER]->answered = true;
	if (link->ends[GKM])
		send_frame(link, MEMBER, FRAME_OPENED, NULL);
	else if (gkm->powered)
		send_end(link, MEMBER);
}

/* The member knows first that the handshake is done, and then says so. */
static void open(struct channel *channel)
{
	struct identity peer;

	if (channel->state != CONNECTING)
		return;
	if (!trust_peer(channel->process, wire_other(channel), &peer, &channel->shown)) {
		close_now(channel, "its certificate is revoked");
		return;
	}
	channel->state = OPEN;
	if (channel->side == MEMBER)
		send_frame(channel->link, GKM, FRAME_OPENED, NULL);
	channel->handlers.opened(channel, &peer, channel->arg);
}

static void receive(struct channel *channel, const struct encoded *encoded)
{
	Covey__Message *message;

	if (channel->state != OPEN)
		return;
	message = message_decode(encoded_data(encoded) + MESSAGE_FRAME_HEADER_LEN,
				 encoded_len(encoded) - MESSAGE_FRAME_HEADER_LEN);
	if (!message) {
		violate("protocol: %s sends what cannot be decoded", channel->peer);
		return;
	}
	arm(channel, COVEY_SILENCE_SECONDS);
	fleet_note(message->body_case, encoded_len(encoded));
	if (fleet_now->tells)
		tell("%s -> %s: %s", wire_other(channel)->name, channel->process->name,
		     message_name(message));
	rules_message(wire_other(channel), channel->process, message);
	channel->handlers.received(channel, message, channel->arg);
	message_free(message);
}

static void deliver(struct link *link, int to, const struct frame *frame)
{
	struct channel *channel = link->ends[to];

	if (frame->kind == FRAME_KNOCK)
		knock(link);
	else if (channel && frame->kind == FRAME_OPENED)
		open(channel);
	else if (channel && frame->kind == FRAME_MESSAGE)
		receive(channel, frame->message);
	else if (channel && frame->kind == FRAME_END && channel->state != CLOSED)
		close_now(channel,
			  channel->state == FLUSHING ? channel->reason : "closed by the peer");
	else if (!channel && frame->kind != FRAME_END && link->processes[to]->powered)
		send_end(link, !to);
}

static uint64_t cut_until(const struct link *link)
{
	uint64_t member = link->processes[MEMBER]->cut_us, gkm = link->processes[GKM]->cut_us;

	return member > gkm ? member : gkm;
}

static void on_frame(struct timer *timer)
{
	struct way *way = timer->arg;
	struct link *link = way->link;
	struct frame *frame = STAILQ_FIRST(&way->frames);
	uint64_t cut = cut_until(link);

	if (cut > fleet_now->now_us) {
		/* TCP tries again some time after that. */
		timer_set(timer, cut + chance_below(&link->processes[MEMBER]->luck, SECOND_US));
		return;
	}
	STAILQ_REMOVE_HEAD(&way->frames, entry);
	way->bytes -= frame->message ? encoded_len(frame->message) : 0;
	if (STAILQ_FIRST(&way->frames))
		timer_set(timer, STAILQ_FIRST(&way->frames)->due_us);
	link->delivers = true;
	deliver(link, (int)(way - link->ways), frame);
	link->delivers = false;
	drop(frame);
	forget(link);
}

/* --- channel.h ----------------------------------------------------------------------------- */

static void init_way(struct link *link, int to)
{
	struct way *way = &link->ways[to];

	STAILQ_INIT(&way->frames);
	way->link = link;
	way->timer = (struct timer){.process = link->processes[to], .fire = on_frame, .arg = way};
}

/* BREAK_RETURN: it does not come back when it has had some sessions. */
static bool is_lost(struct host *host)
{
	return breakage == BREAK_RETURN && ++host->connects > 3;
}

int channel_connect(struct event_base *base, struct tls *tls, const struct covey_addr *address,
		    uint16_t port, const struct channel_handlers *handlers, void *arg,
		    struct channel **ret_channel, struct covey_error *error)
{
	struct link *link = calloc(1, sizeof(*link));

	if (!link)
		abort();
	link->processes[MEMBER] = trust_process(tls);
	link->processes[GKM] = gkm_process(fleet_now->gkm);
	link->astray = !gkm_is_at(fleet_now->gkm, address);
	init_way(link, MEMBER);
	init_way(link, GKM);
	LIST_INSERT_HEAD(&links, link, entry);
	*ret_channel = channel_make(link, MEMBER, handlers, arg);
	if (!link->processes[MEMBER]->dead && !is_lost(host_of(link->processes[MEMBER])))
		send_frame(link, GKM, FRAME_KNOCK, NULL);
	return 0;
}

int channel_accept(struct event_base *base, struct tls *tls, int fd,
		   const struct channel_handlers *handlers, void *arg, struct channel **ret_channel,
		   struct covey_error *error)
{
	*ret_channel = channel_make(accepting, GKM, handlers, arg);
	return 0;
}

int channel_send_encoded(struct channel *channel, struct encoded *message)
{
	struct way *way = &channel->link->ways[!channel->side];

	if (channel->state != OPEN)
		return -ENOTCONN;
	if (channel->process->dead)
		return 0;
	if (way->bytes + encoded_len(message) > COVEY_SEND_QUEUE_BYTES_MAX) {
		close_later(channel, "send queue full");
		return -ENOBUFS;
	}
	send_frame(channel->link, !channel->side, FRAME_MESSAGE, encoded_ref(message));
	return 0;
}

int channel_send(struct channel *channel, const Covey__Message *message)
{
	size_t max =
		channel->side == MEMBER ? COVEY_MESSAGE_TO_GKM_MAX : COVEY_MESSAGE_TO_MEMBER_MAX;
	Covey__Message changed = *message;
	Covey__RosterAck ack;
	struct encoded *encoded;
	int status;

	if (channel->state != OPEN)
		return -ENOTCONN;
	if (breakage == BREAK_PROTOCOL && message->body_case == COVEY__MESSAGE__BODY_ROSTER_ACK) {
		ack = *message->roster_ack;
		ack.generation++;
		changed.roster_ack = &ack;
	}
	status = encoded_new(&changed, max, &encoded);
	if (status < 0)
		return status;
	status = channel_send_encoded(channel, encoded);
	encoded_unref(encoded);
	return status;
}

void channel_finish(struct channel *channel, const char *reason)
{
	if (channel->state == CONNECTING)
		close_later(channel, reason);
	if (channel->state != OPEN)
		return;
	snprintf(channel->reason, sizeof(channel->reason), "%s", reason);
	channel->state = FLUSHING;
	arm(channel, 2);
	if (!channel->process->dead)
		send_end(channel->link, !channel->side);
}

bool channel_is_answered(const struct channel *channel)
{
	return channel->answered;
}

bool channel_is_flushed(const struct channel *channel)
{
	return channel->state >= FLUSHING;
}

void channel_free(struct channel *channel)
{
	struct link *link;

	if (!channel)
		return;
	link = channel->link;
	timer_unset(&channel->deadline);
	timer_unset(&channel->closer);
	link->ends[channel->side] = NULL;
	if (channel->process->powered)
		send_end(link, !channel->side);
	free(channel);
	forget(link);
}

const char *channel_peer(const struct channel *channel)
{
	return channel->peer;
}

const struct certificate_chain *channel_certificate(const struct channel *channel)
{
	return channel->shown.count ? &channel->shown : NULL;
}

/* --- for the rules ------------------------------------------------------------------------- */

bool wire_is_whole(const struct channel *channel)
{
	const struct channel *other = channel->link->ends[!channel->side];

	return channel->state == OPEN && other && other->state == OPEN;
}

struct process *wire_other(const struct channel *channel)
{
	return channel->link->processes[!channel->side];
}

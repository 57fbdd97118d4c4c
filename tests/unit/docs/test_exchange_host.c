/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The worked exchange of docs/protocol.md, section 10, played to covey-host's state machine: it is
 * told what the GKM says there, and says what the member does.
 */

#include "exchange.h"

#include <covey/wire.h>
#include <stdlib.h>

#include "worked.h"
#include "world.h"

/* What the machine has said, and how much of that the page has said too. */
struct said {
	Covey__Message *messages[EXCHANGE_STEPS];
	size_t count;
	size_t at;
};

static void remember(void *arg, const Covey__Message *message)
{
	struct said *said = arg;
	uint8_t *encoded;
	size_t len;

	assert_int_equal(message_encode(message, COVEY_MESSAGE_TO_GKM_MAX, &encoded, &len), 0);
	assert_true(said->count < EXCHANGE_STEPS);
	said->messages[said->count++] =
		message_decode(encoded + MESSAGE_FRAME_HEADER_LEN, len - MESSAGE_FRAME_HEADER_LEN);
	secret_free(encoded);
}

/* What makes a member say something that answers no message. */
static void do_step(struct world *world, const struct step *step)
{
	if (step_is(step, "hello"))
		assert_int_equal(member_state_opened(world->state, &world->error), 0);
	if (step_is(step, "heartbeat"))
		assert_int_equal(world_pass(world, COVEY_HEARTBEAT_SECONDS * 1000), 0);
	if (step_is(step, "leave"))
		assert_int_equal(member_state_leave(world->state, EXCHANGE_GROUP, &world->error),
				 0);
}

/* Its name and its random number are the member's own. */
static void check_hello(const struct step *step, Covey__Message *message)
{
	Covey__Message *page = step_read(step);
	char *software = message->hello->software;

	assert_int_not_equal(message->hello->instance, 0);
	message->hello->instance = page->hello->instance;
	message->hello->software = page->hello->software;
	step_check(step, message);
	message->hello->software = software;
	message_free(page);
}

static void member_step(struct world *world, const struct step *step, struct said *said)
{
	Covey__Message *message;

	do_step(world, step);
	if (said->at == said->count)
		fail_msg("the member does not say %s", step->name);
	message = said->messages[said->at++];
	if (step_is(step, "hello"))
		check_hello(step, message);
	else
		step_check(step, message);
	message_free(message);
}

static void gkm_step(struct world *world, const struct step *step)
{
	Covey__Message *message = step_read(step);

	if (world_message(world, message) != 0)
		fail_msg("the member does not take %s: %s", step->name, world->error.text);
	message_free(message);
}

/* The traffic of the exchange is a packet of section 9. */
static void check_sa(struct world *world)
{
	const struct world_sa *sa = world_sa(world, worked[0].spi);
	struct block tek;

	page_field(worked[0].name, "tek", &tek);
	assert_non_null(sa);
	assert_int_equal(sa->state, COVEY_SA_ACTIVE);
	assert_int_equal(sa->sender_id, worked[0].sender_id);
	assert_int_equal(sa->epoch, worked[0].epoch);
	assert_int_equal(tek.len, COVEY_TEK_BYTES_MAX);
	assert_memory_equal(sa->tek, tek.bytes, tek.len);
	assert_int_equal(sa->roster_count, 1);
	assert_int_equal(sa->roster[0].sender_id, worked[0].sender_id);
}

static void send_worked_packet(struct world *world, struct dataplane_window_status *ret_window)
{
	const struct worked *packet = &worked[0];

	check_sa(world);
	*ret_window = (struct dataplane_window_status){
		.spi = packet->spi,
		.window_id =
			(uint16_t)(packet->traffic_class << 13 | packet->cast << 12 | packet->path),
		.esn = covey_esn(packet->epoch, packet->counter),
		.sending = true,
	};
	world->dataplane.windows = ret_window;
	world->dataplane.windows_sent = 1;
	world->dataplane.packets_sent = 1;
}

static void test_exchange(void **state)
{
	struct world *world = world_new_at(EXCHANGE_VTEP);
	struct dataplane_window_status window;
	struct said said = {.count = 0};

	world->said = remember;
	world->said_arg = &said;
	world->listens = true;
	assert_int_equal(member_state_join(world->state, EXCHANGE_GROUP, &world->error), 0);
	for (size_t i = 0; i < EXCHANGE_STEPS; i++) {
		if (step_is(&exchange[i], "heartbeat"))
			send_worked_packet(world, &window);
		if (exchange[i].from_member)
			member_step(world, &exchange[i], &said);
		else
			gkm_step(world, &exchange[i]);
	}
	assert_int_equal(said.at, said.count);
	assert_int_equal(world->dataplane.sa_count, 0);
	assert_null(member_state_find(world->state, EXCHANGE_GROUP));
	world_free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_exchange)};

	return cmocka_run_group_tests_name("docs: worked exchange, host", tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * The worked exchange of docs/protocol.md, section 10, played to the real covey-gkm: it is told
 * what the member says there, and says what the GKM does. The programs are given as arguments:
 * covey-gkm, covey.
 */

#include "exchange.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fabric.h"

#define HARD_LIFETIME_S 86400

static const char *covey_program;

/* The member: no more than a channel and what came by it. */
struct player {
	struct tls *tls;
	struct channel *channel;
	bool opened;
	bool closed;
	Covey__Message *heard[EXCHANGE_STEPS];
	size_t count;
	size_t at;
};

/* --- the channel --------------------------------------------------------------------------- */

static void on_opened(struct channel *channel, const struct identity *peer, void *arg)
{
	struct player *player = arg;

	player->opened = true;
}

static void on_received(struct channel *channel, const Covey__Message *message, void *arg)
{
	struct player *player = arg;
	uint8_t *encoded;
	size_t len;

	assert_int_equal(message_encode(message, COVEY_MESSAGE_TO_MEMBER_MAX, &encoded, &len), 0);
	assert_true(player->count < EXCHANGE_STEPS);
	player->heard[player->count++] =
		message_decode(encoded + MESSAGE_FRAME_HEADER_LEN, len - MESSAGE_FRAME_HEADER_LEN);
	secret_free(encoded);
}

static void on_closed(struct channel *channel, const char *reason, void *arg)
{
	struct player *player = arg;

	player->closed = true;
}

static void connect_player(const struct fabric *fabric, struct player *player)
{
	static const struct channel_handlers handlers = {
		.opened = on_opened, .received = on_received, .closed = on_closed};
	char ca[512], certificate[512], key[512];
	struct covey_error error = {0};
	struct covey_addr gkm;

	path_of(fabric, "pki/ca.crt", ca);
	path_of(fabric, "pki/" EXCHANGE_HOST ".crt", certificate);
	path_of(fabric, "pki/" EXCHANGE_HOST ".key", key);
	assert_true(covey_addr_parse("127.0.0.1", &gkm));
	if (tls_new(TLS_MEMBER, "test", ca, certificate, key, &player->tls, &error) < 0 ||
	    channel_connect(fabric->base, player->tls, &gkm, fabric->port, &handlers, player,
			    &player->channel, &error) < 0)
		fail_msg("%s", error.text);
	WAIT_FOR(fabric, player->opened);
}

/* --- the fabric ---------------------------------------------------------------------------- */

/* With the one host and the one group of the page. */
static void restart_with_its_inventory(struct fabric *fabric)
{
	char path[512];
	FILE *file;

	stop_gkm(fabric, SIGTERM);
	path_of(fabric, "inventory.yaml", path);
	file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file,
		"all:\n  vars:\n    covey_fabric: test\n    covey_gkm: 127.0.0.1\n"
		"    covey_gkm_port: %u\n    covey_groups:\n"
		"      " EXCHANGE_GROUP ": {vnis: [100], members: [" EXCHANGE_HOST "]}\n"
		"  hosts:\n    " EXCHANGE_HOST ": {covey_vtep: " EXCHANGE_VTEP
		", covey_fabric_interface: eth0}\n",
		fabric->port);
	assert_int_equal(fclose(file), 0);
	start_gkm(fabric);
}

static void ask_for_a_rekey(const struct fabric *fabric)
{
	char socket_path[512];
	pid_t child;

	path_of(fabric, "gkm.sock", socket_path);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDOUT_FILENO);
		execl(covey_program, covey_program, "--gkm-socket", socket_path, "rekey",
		      EXCHANGE_GROUP, NULL);
		_exit(127);
	}
	assert_int_equal(wait_for_exit(child), 0);
}

/* --- the exchange -------------------------------------------------------------------------- */

/* What the GKM draws at random, and time that has passed. The page's stands in its place then. */
static void take_over_choices(const Covey__Message *page, Covey__Message *heard)
{
	assert_int_equal(heard->body_case, page->body_case);
	if (page->body_case == COVEY__MESSAGE__BODY_WELCOME) {
		assert_int_not_equal(heard->welcome->instance, 0);
		heard->welcome->instance = page->welcome->instance;
	}
	if (page->body_case == COVEY__MESSAGE__BODY_SA_INSTALL) {
		assert_int_equal(heard->sa_install->tek.len, page->sa_install->tek.len);
		memcpy(heard->sa_install->tek.data, page->sa_install->tek.data,
		       page->sa_install->tek.len);
		assert_in_range(heard->sa_install->hard_lifetime_s, HARD_LIFETIME_S - PATIENCE_S,
				HARD_LIFETIME_S);
		heard->sa_install->hard_lifetime_s = HARD_LIFETIME_S;
	}
}

static void gkm_step(const struct fabric *fabric, const struct step *step, struct player *player)
{
	Covey__Message *page = step_read(step), *heard;

	if (step_is(step, "sa-install-257"))
		ask_for_a_rekey(fabric);
	WAIT_FOR(fabric, player->at < player->count || player->closed);
	if (player->at == player->count)
		fail_msg("the GKM ends the session instead of %s", step->name);
	heard = player->heard[player->at++];
	if (heard->body_case != page->body_case)
		fail_msg("the GKM says %s instead of %s", message_name(heard), step->name);
	take_over_choices(page, heard);
	step_check(step, heard);
	message_free(heard);
	message_free(page);
}

static void member_step(const struct step *step, const struct player *player)
{
	Covey__Message *message = step_read(step);

	step_check(step, message);
	assert_int_equal(channel_send(player->channel, message), 0);
	message_free(message);
}

static void test_exchange(void **state)
{
	struct fabric *fabric = *state;
	struct player player = {.count = 0};

	restart_with_its_inventory(fabric);
	connect_player(fabric, &player);
	for (size_t i = 0; i < EXCHANGE_STEPS; i++)
		if (exchange[i].from_member)
			member_step(&exchange[i], &player);
		else
			gkm_step(fabric, &exchange[i], &player);
	assert_int_equal(player.at, player.count);
	assert_false(player.closed);
	assert_true(log_says(fabric, "hv1 (127.0.0.1"));
	assert_true(log_says(fabric, "it runs example/1.0\n"));
	channel_free(player.channel);
	tls_free(player.tls);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {TEST(test_exchange)};

	if (argc != 3) {
		fprintf(stderr, "usage: %s GKM COVEY\n", argv[0]);
		return 2;
	}
	gkm_program = argv[1];
	covey_program = argv[2];
	return cmocka_run_group_tests_name("docs: worked exchange, GKM", tests, NULL, NULL);
}

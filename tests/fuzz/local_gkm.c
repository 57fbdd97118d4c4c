/* SPDX-License-Identifier: BSD-3-Clause */

/* Lines on the key manager's local socket, while a member is in a group. */

#include "count.h"
#include "gkm_world.h"
#include "must.h"
#include "requests.h"
#include "wrapped.h"
#include <string.h>

static void say(uint8_t body, const char *bytes, size_t len)
{
	const struct record record = {body, (const uint8_t *)bytes, len};
	Covey__Message *message = wrapped_decode(&record);

	must(message);
	gkm_world_receive(message);
	message_free(message);
}

static void let_in(void)
{
	static const char hello[] = "\x08\x01\x12\x04\x0a\x00\x00\x01";
	static const char join[] = "\x0a\x07tenants";

	gkm_world_connect(0);
	say(COVEY__MESSAGE__BODY_HELLO, hello, sizeof(hello) - 1);
	say(COVEY__MESSAGE__BODY_JOIN, join, sizeof(join) - 1);
}

/* A control character in front of a line: so many hundredths of a second pass before. */
static void ask(const char *line, size_t len)
{
	if (line[0] > 0 && line[0] < ' ') {
		gkm_world_pass((unsigned)line[0] * 10u);
		line++, len--;
	}
	gkm_world_ask(line, len);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	gkm_world_start();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct requests requests = {
		.at_once = GKM_CLIENTS, .ask = ask, .end = gkm_world_be_patient};
	unsigned asked;

	gkm_world_begin();
	let_in();
	asked = requests_try(&requests, data, size);
	gkm_world_end();
	count(asked);
	return 0;
}

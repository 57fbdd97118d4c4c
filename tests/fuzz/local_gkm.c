/* SPDX-License-Identifier: BSD-3-Clause */

/* Lines on the key manager's local socket, while a member is in a group. */

#include "answer.h"
#include "gkm_world.h"
#include "wrapped.h"

#define LINES_MAX 8

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

/* One line of at most the length that the server takes, ended by zero as it ends them. */
static void ask(const uint8_t *bytes, size_t len)
{
	char *line = strndup((const char *)bytes, len);

	answer_check(gkm_world_ask(line, strlen(line)));
	free(line);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	gkm_world_start();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	gkm_world_begin();
	let_in();
	for (unsigned i = 0; i < LINES_MAX && size; i++) {
		const uint8_t *end = memchr(data, '\n', size);
		size_t len = end ? (size_t)(end - data) : size;

		ask(data, len);
		len += end != NULL;
		data += len;
		size -= len;
	}
	gkm_world_pass(1000);
	gkm_world_end();
	return 0;
}

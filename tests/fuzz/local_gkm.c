/* SPDX-License-Identifier: BSD-3-Clause */

/* Lines on the key manager's local socket, while a member is in a group. */

#include "count.h"
#include "gkm_world.h"
#include "must.h"
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

/* One line, ended by zero as the server ends them. A control character in front of it: so many
 * hundredths of a second pass before. */
static void ask(const uint8_t *bytes, size_t len)
{
	char *line;

	if (len && bytes[0] < ' ') {
		gkm_world_pass(bytes[0] * 10u);
		bytes++, len--;
	}
	line = strndup((const char *)bytes, len);
	gkm_world_ask(line, strlen(line));
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
	unsigned asked = 0;

	gkm_world_begin();
	let_in();
	for (; asked < GKM_CLIENTS && size; asked++) {
		const uint8_t *end = memchr(data, '\n', size);
		size_t len = end ? (size_t)(end - data) : size;

		ask(data, len);
		len += end != NULL;
		data += len;
		size -= len;
	}
	gkm_world_be_patient();
	gkm_world_end();
	count(asked);
	return 0;
}

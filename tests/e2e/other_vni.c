/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Preloaded into covey-host it makes a member that means harm: what the key manager says of its
 * group's VNIs is read with another VNI in place of one. So the member sends that VNI under a key
 * that it has. COVEY_OTHER_VNI is "OLD:NEW", both of one byte (1 to 127).
 */

#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Joined.vnis: field 6, packed, one byte long. */
#define VNIS_TAG 0x32
#define VNIS_LEN 3

void *protobuf_c_message_unpack(const void *descriptor, void *allocator, size_t len,
				const uint8_t *data);

void *protobuf_c_message_unpack(const void *descriptor, void *allocator, size_t len,
				const uint8_t *data)
{
	static void *(*unpack)(const void *, void *, size_t, const uint8_t *);
	const char *text = getenv("COVEY_OTHER_VNI");
	unsigned old = 0, new = 0;
	uint8_t *copy = malloc(len + 1);
	void *message;

	if (!unpack)
		unpack = (void *(*)(const void *, void *, size_t, const uint8_t *))dlsym(
			RTLD_NEXT, "protobuf_c_message_unpack");
	if (!copy || !text || sscanf(text, "%u:%u", &old, &new) != 2)
		abort();
	memcpy(copy, data, len);
	for (size_t i = 0; i + VNIS_LEN <= len; i++)
		if (copy[i] == VNIS_TAG && copy[i + 1] == 1 && copy[i + 2] == old)
			copy[i + 2] = (uint8_t) new;
	message = unpack(descriptor, allocator, len, copy);
	free(copy);
	return message;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "message.h"

#include <arpa/inet.h>
#include <errno.h>
#include <malloc.h>
#include <stdbool.h>
#include <string.h>

#include "secret.h"

/*
 * A decoded message may take this number of bytes of memory for each of its own bytes, and a little
 * more at the beginning. So 16 KiB from a peer cost at most 520 KiB. The honest message that needs
 * most, a Heartbeat with many short SaUse entries, needs less than this.
 */
#define DECODED_BYTES_PER_BYTE 32
#define DECODED_BYTES_BASE     8192

#define WIRE_TYPE_LENGTH_DELIMITED 2
#define VARINT_32_BYTES_MAX        5

long message_frame_length(const uint8_t *data, size_t len, size_t max)
{
	uint32_t length;

	if (len < MESSAGE_FRAME_HEADER_LEN)
		return 0;
	memcpy(&length, data, sizeof(length));
	length = ntohl(length);
	if (length == 0 || length > max)
		return -EMSGSIZE;
	return (long)length;
}

/* How much memory one call of message_decode() may still take. */
struct budget {
	size_t left;
};

static void *budget_alloc(void *data, size_t size)
{
	struct budget *budget = data;
	void *memory;

	if (size > budget->left)
		return NULL;
	memory = secret_alloc(size);
	if (memory && malloc_usable_size(memory) > budget->left) {
		secret_free(memory);
		return NULL;
	}
	budget->left -= memory ? malloc_usable_size(memory) : 0;
	return memory;
}

static void budget_free(void *data, void *memory)
{
	struct budget *budget = data;

	if (!memory)
		return;
	budget->left += malloc_usable_size(memory);
	secret_free(memory);
}

/* Decode a protobuf number: 7 bits in each byte, least significant first. Returns how many bytes it
 * takes; 0 when it is broken. */
static size_t read_varint(const uint8_t *data, size_t len, uint64_t *ret_value)
{
	uint64_t value = 0;

	for (size_t i = 0; i < len && i < VARINT_32_BYTES_MAX; i++) {
		value |= (uint64_t)(data[i] & 0x7f) << 7 * i;
		if (data[i] & 0x80)
			continue;
		*ret_value = value;
		return i + 1;
	}
	return 0;
}

/*
 * A Message has one body and nothing else. Without this check, protobuf would use the last of
 * several bodies, and would also keep unknown ones.
 */
static bool is_one_body(const uint8_t *data, size_t len)
{
	uint64_t tag, body_len;
	size_t tag_len, length_len;

	tag_len = read_varint(data, len, &tag);
	if (tag_len == 0 || (tag & 7) != WIRE_TYPE_LENGTH_DELIMITED)
		return false;
	length_len = read_varint(data + tag_len, len - tag_len, &body_len);
	return length_len > 0 && body_len == len - tag_len - length_len;
}

Covey__Message *message_decode(const uint8_t *data, size_t len)
{
	struct budget budget = {DECODED_BYTES_BASE + DECODED_BYTES_PER_BYTE * len};
	ProtobufCAllocator allocator = {budget_alloc, budget_free, &budget};
	Covey__Message *message;

	if (!is_one_body(data, len))
		return NULL;
	message = covey__message__unpack(&allocator, len, data);
	if (!message)
		return NULL;
	if (message->body_case == COVEY__MESSAGE__BODY__NOT_SET) {
		message_free(message);
		return NULL;
	}
	return message;
}

void message_free(Covey__Message *message)
{
	if (message)
		covey__message__free_unpacked(message, &secret_protobuf_allocator);
}

int message_encode(const Covey__Message *message, size_t max, uint8_t **ret_data, size_t *ret_len)
{
	size_t len = covey__message__get_packed_size(message);
	uint32_t header = htonl((uint32_t)len);
	uint8_t *data;

	if (len == 0 || len > max)
		return -EMSGSIZE;
	data = secret_alloc(MESSAGE_FRAME_HEADER_LEN + len);
	if (!data)
		return -ENOMEM;
	memcpy(data, &header, sizeof(header));
	covey__message__pack(message, data + MESSAGE_FRAME_HEADER_LEN);
	*ret_data = data;
	*ret_len = MESSAGE_FRAME_HEADER_LEN + len;
	return 0;
}

const char *message_name(const Covey__Message *message)
{
	const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field(
		&covey__message__descriptor, (unsigned)message->body_case);

	if (!field)
		return "empty message";
	return ((const ProtobufCMessageDescriptor *)field->descriptor)->short_name;
}

int message_addr_get(const ProtobufCBinaryData *data, struct covey_addr *ret_addr)
{
	struct covey_addr addr = {0};

	if (data->len != 4 && data->len != 16)
		return -EINVAL;
	memcpy(addr.bytes, data->data, data->len);
	addr.family = data->len == 4 ? AF_INET : AF_INET6;
	*ret_addr = addr;
	return 0;
}

void message_addr_set(ProtobufCBinaryData *data, const struct covey_addr *addr)
{
	data->data = (uint8_t *)addr->bytes;
	data->len = covey_addr_len(addr);
}

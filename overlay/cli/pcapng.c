/* SPDX-License-Identifier: BSD-3-Clause */
#include "pcapng.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define SECTION    0x0a0d0d0au
#define INTERFACE  1u
#define STATISTICS 5u
#define PACKET     6u

#define BYTE_ORDER_MAGIC 0x1a2b3c4du
#define ETHERNET         1u

/* Options. */
#define END        0u
#define COMMENT    1u
#define IF_NAME    2u
#define IF_TSRESOL 9u
#define ISB_IFRECV 4u
#define ISB_IFDROP 5u
#define USERAPPL   4u

/* A block's head and options. A packet's bytes are written from where they are. */
struct block {
	uint8_t bytes[1024];
	size_t len;
};

static void put(struct block *block, const void *bytes, size_t len)
{
	if (len > sizeof(block->bytes) - block->len)
		return; /* callers bound what they put */
	memcpy(block->bytes + block->len, bytes, len);
	block->len += len;
}

static void put16(struct block *block, uint16_t value)
{
	put(block, &value, sizeof(value));
}

static void put32(struct block *block, uint32_t value)
{
	put(block, &value, sizeof(value));
}

static void put_time(struct block *block, uint64_t ns)
{
	put32(block, (uint32_t)(ns >> 32));
	put32(block, (uint32_t)ns);
}

static size_t padding(size_t len)
{
	return -len & 3;
}

static void put_option(struct block *block, uint16_t code, const void *value, size_t len)
{
	put16(block, code);
	put16(block, (uint16_t)len);
	put(block, value, len);
	put(block, "\0\0\0", padding(len));
}

static void put_text(struct block *block, uint16_t code, const char *text)
{
	size_t len = strnlen(text, PCAPNG_COMMENT_MAX);

	if (len > 0)
		put_option(block, code, text, len);
}

static bool write_all(FILE *file, const void *bytes, size_t len)
{
	return len == 0 || fwrite(bytes, len, 1, file) == 1;
}

/* A block of this type, with head, data and options. */
static int write_block(FILE *file, uint32_t type, const struct block *head, const uint8_t *data,
		       size_t len, const struct block *options)
{
	const size_t pad = padding(len);
	const uint32_t total = (uint32_t)(12 + head->len + len + pad + options->len);
	const uint32_t begin[] = {type, total};

	errno = 0;
	if (write_all(file, begin, sizeof(begin)) && write_all(file, head->bytes, head->len) &&
	    write_all(file, data, len) && write_all(file, "\0\0\0", pad) &&
	    write_all(file, options->bytes, options->len) && write_all(file, &total, sizeof(total)))
		return 0;
	return errno ? -errno : -EIO;
}

int pcapng_begin(FILE *file)
{
	struct block head = {.len = 0}, options = {.len = 0};

	put32(&head, BYTE_ORDER_MAGIC);
	put16(&head, 1); /* version 1.0 */
	put16(&head, 0);
	put32(&head, UINT32_MAX); /* the section's length is not known */
	put32(&head, UINT32_MAX);
	put_text(&options, USERAPPL, "covey capture " COVEY_VERSION);
	put_option(&options, END, "", 0);
	return write_block(file, SECTION, &head, NULL, 0, &options);
}

int pcapng_interface(FILE *file, const char *name, uint32_t snap_len)
{
	struct block head = {.len = 0}, options = {.len = 0};
	const uint8_t nanoseconds = 9;

	put16(&head, ETHERNET);
	put16(&head, 0);
	put32(&head, snap_len);
	put_text(&options, IF_NAME, name);
	put_option(&options, IF_TSRESOL, &nanoseconds, sizeof(nanoseconds));
	put_option(&options, END, "", 0);
	return write_block(file, INTERFACE, &head, NULL, 0, &options);
}

int pcapng_packet(FILE *file, const struct pcapng_packet *packet)
{
	struct block head = {.len = 0}, options = {.len = 0};

	put32(&head, packet->interface);
	put_time(&head, packet->ns);
	put32(&head, packet->len);
	put32(&head, packet->full_len);
	if (packet->comment[0] != '\0') {
		put_text(&options, COMMENT, packet->comment);
		put_option(&options, END, "", 0);
	}
	return write_block(file, PACKET, &head, packet->bytes, packet->len, &options);
}

int pcapng_statistics(FILE *file, unsigned interface, uint64_t ns, uint64_t seen, uint64_t lost)
{
	struct block head = {.len = 0}, options = {.len = 0};

	put32(&head, interface);
	put_time(&head, ns);
	put_option(&options, ISB_IFRECV, &seen, sizeof(seen));
	put_option(&options, ISB_IFDROP, &lost, sizeof(lost));
	put_option(&options, END, "", 0);
	return write_block(file, STATISTICS, &head, NULL, 0, &options);
}

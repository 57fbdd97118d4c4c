/* SPDX-License-Identifier: BSD-3-Clause */

#include "probe_filter.h"

#include <string.h>

/* Of the word that has the VNI, from the UDP header's start; a byte more is behind the VNI. */
#define VNI_OFFSET (8 + 4)

/* Where jumps go until the places are known. Real distances are smaller. */
enum label {
	NEXT = 0,
	VXLAN = 240,
	VPE,
	SOURCE,
	ACCEPT,
	REJECT,
	CLEAR,
	LABEL_END,
};

struct program {
	struct sock_filter *code;
	size_t len;
	size_t places[LABEL_END - VXLAN];
};

static void add(struct program *program, uint16_t code, uint32_t k, uint8_t yes, uint8_t no)
{
	program->code[program->len++] = (struct sock_filter){code, yes, no, k};
}

static void load(struct program *program, uint16_t size, uint32_t offset)
{
	add(program, (uint16_t)(BPF_LD | size | BPF_ABS), offset, NEXT, NEXT);
}

static void equal(struct program *program, uint32_t value, uint8_t yes, uint8_t no)
{
	add(program, BPF_JMP | BPF_JEQ | BPF_K, value, yes, no);
}

static void place(struct program *program, enum label label)
{
	program->places[label - VXLAN] = program->len;
}

static uint32_t word(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void write_start(struct program *program, const struct probe_filter *filter)
{
	const struct probe_wire *wire = filter->wire;
	bool v6 = filter->from[0].family == AF_INET6;

	load(program, BPF_B, 0);
	if (v6)
		add(program, BPF_ALU | BPF_AND | BPF_K, 0xf0, NEXT, NEXT);
	equal(program, v6 ? 0x60 : 0x45, NEXT, REJECT);
	load(program, BPF_B, v6 ? 6 : 9);
	if (wire->vpe_port == 0)
		equal(program, wire->vpe_protocol, VPE, NEXT);
	equal(program, IPPROTO_UDP, NEXT, REJECT);
	load(program, BPF_H, (uint32_t)probe_ip_len(&filter->from[0]) + 2);
	equal(program, wire->vxlan_port, VXLAN, NEXT);
	if (wire->vpe_port != 0)
		equal(program, wire->vpe_port, VPE, REJECT);
	else
		add(program, BPF_RET | BPF_K, 0, NEXT, NEXT);
}

static void write_ranges(struct program *program, const struct probe_filter *filter)
{
	load(program, BPF_W, (uint32_t)probe_ip_len(&filter->from[0]) + VNI_OFFSET);
	for (size_t i = 0; i < filter->clear_count; i++) {
		const struct probe_range *range = &filter->clear[i];

		add(program, BPF_JMP | BPF_JGE | BPF_K, range->first << 8, NEXT, 1);
		add(program, BPF_JMP | BPF_JGT | BPF_K, range->last << 8 | 0xff, NEXT, CLEAR);
	}
	add(program, BPF_RET | BPF_K, 0, NEXT, NEXT);
	place(program, CLEAR);
	add(program, BPF_RET | BPF_K, PROBE_FILTER_CLEAR, NEXT, NEXT);
}

/* By a tag's first bytes; the rest is compared by who reads the packet. */
static void write_tags(struct program *program, const struct probe_filter *filter)
{
	place(program, VXLAN);
	load(program, BPF_W, (uint32_t)probe_ip_len(&filter->from[0]) + PROBE_TAG_OFFSET);
	for (size_t i = 0; i < filter->tag_count; i++)
		equal(program, word(filter->tags[i]), ACCEPT, NEXT);
	if (filter->clear_count > 0)
		write_ranges(program, filter);
	else
		add(program, BPF_RET | BPF_K, 0, NEXT, NEXT);
}

static void write_lengths(struct program *program, const struct probe_filter *filter)
{
	place(program, VPE);
	add(program, BPF_LD | BPF_W | BPF_LEN, 0, NEXT, NEXT);
	for (size_t i = 0; i < filter->length_count; i++)
		equal(program, filter->lengths[i] + filter->wire->overhead, SOURCE, NEXT);
	add(program, BPF_RET | BPF_K, 0, NEXT, NEXT);
}

static void write_sources(struct program *program, const struct probe_filter *filter)
{
	place(program, SOURCE);
	for (size_t i = 0; i < 2 && filter->from[i].family != 0; i++) {
		uint8_t words = covey_addr_len(&filter->from[i]) / 4;
		uint32_t at = words == 1 ? 12 : 8;

		for (uint8_t j = 0; j < words; j++) {
			/* To the other address: two instructions for each word that is left. */
			uint8_t other = (uint8_t)(2 * (words - 1 - j));

			load(program, BPF_W, at + 4u * j);
			equal(program, word(filter->from[i].bytes + 4 * j),
			      j == words - 1 ? ACCEPT : NEXT, other);
		}
	}
	place(program, REJECT);
	add(program, BPF_RET | BPF_K, 0, NEXT, NEXT);
	place(program, ACCEPT);
	add(program, BPF_RET | BPF_K, PROBE_FILTER_RUN, NEXT, NEXT);
}

static uint8_t distance(const struct program *program, size_t from, uint8_t to)
{
	return to < VXLAN ? to : (uint8_t)(program->places[to - VXLAN] - from - 1);
}

size_t probe_filter_ranges(const uint32_t *vnis, size_t count,
			   struct probe_range ret_ranges[PROBE_RANGES_MAX])
{
	size_t ranges = 0;

	for (size_t i = 0; i < count; i++) {
		struct probe_range *last = ranges > 0 ? &ret_ranges[ranges - 1] : NULL;

		if (last && (vnis[i] == last->last + 1 || ranges == PROBE_RANGES_MAX))
			last->last = vnis[i];
		else
			ret_ranges[ranges++] = (struct probe_range){vnis[i], vnis[i]};
	}
	return ranges;
}

bool probe_filter_is_exact(const struct probe_range *ranges, size_t count, size_t vni_count)
{
	size_t vnis = 0;

	for (size_t i = 0; i < count; i++)
		vnis += ranges[i].last - ranges[i].first + 1;
	return vnis == vni_count;
}

size_t probe_filter_write(const struct probe_filter *filter,
			  struct sock_filter ret_program[PROBE_FILTER_MAX])
{
	struct program program = {.code = ret_program};

	write_start(&program, filter);
	write_tags(&program, filter);
	write_lengths(&program, filter);
	write_sources(&program, filter);
	for (size_t i = 0; i < program.len; i++) {
		ret_program[i].jt = distance(&program, i, ret_program[i].jt);
		ret_program[i].jf = distance(&program, i, ret_program[i].jf);
	}
	return program.len;
}

/* SPDX-License-Identifier: BSD-3-Clause */

#include "probe_program.h"

#include <endian.h>
#include <linux/if_ether.h>
#include <string.h>

#define ETHER_LEN 14
#define TAG_LEN   4
#define TAGS_MAX  2

/* Where on the stack, below its end, the packet is copied to. */
#define COPY_AT (-96)

enum {
	R0,
	R1,
	R2,
	R3,
	R4,
	CONTEXT = 6, /* struct xdp_md; link_redirect_end() wants it there */
	PACKET,      /* the frame, less its tags; then the IP packet */
	FRAME_END,
	LEN, /* of the IP packet */
	STACK,
};

/* Where a jump goes: to an instruction of the filter, or where its code is not written yet. */
enum place {
	CLEAR = -3,
	RUN = -2,
	END = -1,
};

struct writer {
	struct bpf_insn *code;
	size_t len;
	bool jumps[PROBE_PROGRAM_MAX];
	int targets[PROBE_PROGRAM_MAX]; /* of those that jump */
};

static void add(struct writer *writer, uint8_t code, uint8_t to, uint8_t from, int16_t offset,
		int32_t value)
{
	writer->code[writer->len++] = (struct bpf_insn){.code = code,
							.dst_reg = to & 0xf,
							.src_reg = from & 0xf,
							.off = offset,
							.imm = value};
}

static void jump(struct writer *writer, uint8_t code, uint8_t to, uint8_t from, int32_t value,
		 int target)
{
	writer->jumps[writer->len] = true;
	writer->targets[writer->len] = target;
	add(writer, code, to, from, 0, value);
}

static void move(struct writer *writer, uint8_t to, uint8_t from)
{
	add(writer, BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0);
}

static void set(struct writer *writer, uint8_t to, int32_t value)
{
	add(writer, BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, value);
}

static void plus(struct writer *writer, uint8_t to, int32_t value)
{
	add(writer, BPF_ALU64 | BPF_ADD | BPF_K, to, 0, 0, value);
}

static void load(struct writer *writer, uint8_t size, uint8_t to, uint8_t from, size_t offset)
{
	add(writer, BPF_LDX | size | BPF_MEM, to, from, (int16_t)offset, 0);
}

static void load_map(struct writer *writer, uint8_t to, int map, uint8_t kind)
{
	add(writer, BPF_LD | BPF_DW | BPF_IMM, to, kind, 0, map);
	add(writer, 0, 0, 0, 0, 0);
}

/* To the end unless the frame has so many bytes from here on. */
static void demand(struct writer *writer, uint32_t bytes)
{
	move(writer, R1, PACKET);
	plus(writer, R1, (int32_t)bytes);
	jump(writer, BPF_JMP | BPF_JGT | BPF_X, R1, FRAME_END, 0, END);
}

/* --- from the frame to the IP packet --------------------------------------------------------- */

static void write_start(struct writer *writer)
{
	move(writer, CONTEXT, R1);
	load(writer, BPF_W, PACKET, CONTEXT, offsetof(struct xdp_md, data));
	load(writer, BPF_W, FRAME_END, CONTEXT, offsetof(struct xdp_md, data_end));
	demand(writer, ETHER_LEN + TAG_LEN * TAGS_MAX);
	load(writer, BPF_H, R0, PACKET, ETHER_LEN - 2);
}

static void write_tags(struct writer *writer)
{
	size_t none[TAGS_MAX];

	for (size_t i = 0; i < TAGS_MAX; i++) {
		add(writer, BPF_JMP | BPF_JEQ | BPF_K, R0, 0, 2, htobe16(ETH_P_8021Q));
		add(writer, BPF_JMP | BPF_JEQ | BPF_K, R0, 0, 1, htobe16(ETH_P_8021AD));
		none[i] = writer->len;
		add(writer, BPF_JMP | BPF_JA, 0, 0, 0, 0);
		plus(writer, PACKET, TAG_LEN);
		load(writer, BPF_H, R0, PACKET, ETHER_LEN - 2);
	}
	for (size_t i = 0; i < TAGS_MAX; i++)
		writer->code[none[i]].off = (int16_t)(writer->len - none[i] - 1);
}

static void write_ip(struct writer *writer, bool v6)
{
	jump(writer, BPF_JMP | BPF_JNE | BPF_K, R0, 0, htobe16(v6 ? ETH_P_IPV6 : ETH_P_IP), END);
	plus(writer, PACKET, ETHER_LEN);
	demand(writer, probe_program_snap(v6));
	move(writer, LEN, FRAME_END);
	add(writer, BPF_ALU64 | BPF_SUB | BPF_X, LEN, PACKET, 0, 0);
}

/* --- the filter, whose register A is R0 ------------------------------------------------------ */

static void load_packet(struct writer *writer, uint16_t size, uint32_t offset)
{
	load(writer, (uint8_t)size, R0, PACKET, offset);
	if (size != BPF_B)
		add(writer, BPF_ALU | BPF_END | BPF_TO_BE, R0, 0, 0, size == BPF_H ? 16 : 32);
}

static void translate(struct writer *writer, const struct sock_filter *from, int place)
{
	switch (BPF_CLASS(from->code)) {
	case BPF_LD:
		if (BPF_MODE(from->code) == BPF_LEN)
			move(writer, R0, LEN);
		else
			load_packet(writer, BPF_SIZE(from->code), from->k);
		break;
	case BPF_ALU:
		add(writer, BPF_ALU | BPF_AND | BPF_K, R0, 0, 0, (int32_t)from->k);
		break;
	case BPF_JMP:
		jump(writer, (uint8_t)(BPF_JMP32 | BPF_OP(from->code) | BPF_K), R0, 0,
		     (int32_t)from->k, place + 1 + from->jt);
		jump(writer, BPF_JMP | BPF_JA, 0, 0, 0, place + 1 + from->jf);
		break;
	default:
		jump(writer, BPF_JMP | BPF_JA, 0, 0, 0,
		     from->k == PROBE_FILTER_RUN     ? RUN
		     : from->k == PROBE_FILTER_CLEAR ? CLEAR
						     : END);
	}
}

/* --- what has passed ------------------------------------------------------------------------- */

/* The kernel's helper does not read from a frame. */
static void copy(struct writer *writer, size_t len)
{
	static const struct {
		uint8_t code;
		size_t bytes;
	} sizes[] = {{BPF_DW, 8}, {BPF_W, 4}, {BPF_H, 2}};
	size_t at = 0;

	for (size_t i = 0; i < 3; i++) {
		for (; len - at >= sizes[i].bytes; at += sizes[i].bytes) {
			load(writer, sizes[i].code, R0, PACKET, at);
			add(writer, BPF_STX | sizes[i].code | BPF_MEM, STACK, R0,
			    (int16_t)(COPY_AT + (int)at), 0);
		}
	}
}

/* Count it where the counter is, or leave it at the limit. */
static void write_count(struct writer *writer, const struct probe_program *program, size_t counter,
			uint32_t max)
{
	load_map(writer, R1, program->count, BPF_PSEUDO_MAP_VALUE);
	load(writer, BPF_DW, R0, R1, counter);
	jump(writer, BPF_JMP | BPF_JGE | BPF_K, R0, 0, (int32_t)max, END);
	set(writer, R2, 1);
	add(writer, BPF_STX | BPF_DW | BPF_ATOMIC, R1, R2, (int16_t)counter, BPF_ADD);
}

static void write_packet(struct writer *writer, const struct probe_program *program)
{
	uint32_t snap = probe_program_snap(program->v6);

	copy(writer, snap);
	load_map(writer, R1, program->ring, BPF_PSEUDO_MAP_FD);
	move(writer, R2, STACK);
	plus(writer, R2, COPY_AT);
	set(writer, R3, (int32_t)snap);
	set(writer, R4, 0);
	add(writer, BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_ringbuf_output);
}

/* Where each of the two begins. */
struct accepts {
	size_t run, clear;
};

/* The kernel takes no program with instructions to which nothing leads. */
static bool returns_clear(const struct probe_program *program)
{
	for (size_t i = 0; i < program->filter_len; i++)
		if (BPF_CLASS(program->filter[i].code) == BPF_RET &&
		    program->filter[i].k == PROBE_FILTER_CLEAR)
			return true;
	return false;
}

static void write_accepts(struct writer *writer, const struct probe_program *program,
			  struct accepts *ret_accepts)
{
	const bool clear = returns_clear(program);
	size_t skip = 0;

	ret_accepts->clear = writer->len;
	if (clear) {
		write_count(writer, program, offsetof(struct probe_counts, clear),
			    program->clear_max);
		skip = writer->len;
		add(writer, BPF_JMP | BPF_JA, 0, 0, 0, 0);
	}
	ret_accepts->run = writer->len;
	write_count(writer, program, offsetof(struct probe_counts, run), program->hits_max);
	if (clear)
		writer->code[skip].off = (int16_t)(writer->len - skip - 1);
	write_packet(writer, program);
}

static size_t place_of(int target, const size_t *places, const struct accepts *accepts, size_t end)
{
	if (target == END)
		return end;
	if (target == RUN)
		return accepts->run;
	return target == CLEAR ? accepts->clear : places[target];
}

size_t probe_program_write(const struct probe_program *program,
			   struct bpf_insn ret_code[PROBE_PROGRAM_MAX])
{
	struct writer writer = {.code = ret_code};
	size_t places[PROBE_FILTER_MAX] = {0}, end;
	struct accepts accepts;

	write_start(&writer);
	write_tags(&writer);
	write_ip(&writer, program->v6);
	for (size_t i = 0; i < program->filter_len; i++) {
		places[i] = writer.len;
		translate(&writer, &program->filter[i], (int)i);
	}
	write_accepts(&writer, program, &accepts);
	end = writer.len;
	link_redirect_end(program->redirect, ret_code + end);
	for (size_t i = 0; i < end; i++)
		if (writer.jumps[i])
			ret_code[i].off =
				(int16_t)(place_of(writer.targets[i], places, &accepts, end) - i -
					  1);
	return end + LINK_REDIRECT_END_LEN;
}

/* SPDX-License-Identifier: BSD-3-Clause */

#include "link_redirect.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "link_program.h"

#define OWN_NAME    "covey_redirect"
#define LIBXDP_NAME "xsk_def_prog"
#define MAPS_MAX    8

struct link_redirect {
	unsigned index;
	struct link_program former; /* libxdp's */
	int sockets;                /* its map: for each queue the socket of AF_XDP */
	int first;                  /* map of one program, which looks first */
	int program;
};

static int read_info(int program, struct bpf_prog_info *info)
{
	uint32_t len = sizeof(*info);

	return bpf_obj_get_info_by_fd(program, info, &len) < 0 ? -errno : 0;
}

/* --- its parts ------------------------------------------------------------------------------- */

static int open_if_sockets(uint32_t map, int *ret_map)
{
	struct bpf_map_info info = {0};
	uint32_t len = sizeof(info);
	int fd = bpf_map_get_fd_by_id(map), status;

	if (fd < 0)
		return -errno;
	status = bpf_obj_get_info_by_fd(fd, &info, &len) < 0 ? -errno : 0;
	if (status == 0 && info.type == BPF_MAP_TYPE_XSKMAP) {
		*ret_map = fd;
		return 0;
	}
	close(fd);
	return status ? status : -ENOENT;
}

static int find_sockets(struct link_redirect *redirect, struct covey_error *error)
{
	uint32_t maps[MAPS_MAX];
	struct bpf_prog_info info = {.nr_map_ids = MAPS_MAX, .map_ids = (uintptr_t)maps};
	int status = read_info(redirect->former.fd, &info);

	if (status)
		return covey_error_set(error, status, "its XDP program cannot be read: %s",
				       strerror(-status));
	if (strcmp(info.name, LIBXDP_NAME) != 0)
		return covey_error_set(error, -EOPNOTSUPP,
				       "its XDP program is not the one of libxdp (%s)",
				       LIBXDP_NAME);
	for (uint32_t i = 0; i < info.nr_map_ids && i < MAPS_MAX; i++)
		if (open_if_sockets(maps[i], &redirect->sockets) == 0)
			return 0;
	return covey_error_set(error, -EOPNOTSUPP, "its XDP program has no map of sockets");
}

void link_redirect_end(const struct link_redirect *redirect,
		       struct bpf_insn ret_code[LINK_REDIRECT_END_LEN])
{
	const struct bpf_insn end[LINK_REDIRECT_END_LEN] = {
		{.code = BPF_LD | BPF_DW | BPF_IMM,
		 .dst_reg = BPF_REG_1,
		 .src_reg = BPF_PSEUDO_MAP_FD,
		 .imm = redirect->sockets},
		{.code = 0},
		{.code = BPF_LDX | BPF_W | BPF_MEM,
		 .dst_reg = BPF_REG_2,
		 .src_reg = BPF_REG_6,
		 .off = offsetof(struct xdp_md, rx_queue_index)},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_3, .imm = XDP_PASS},
		{.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_redirect_map},
		{.code = BPF_JMP | BPF_EXIT},
	};

	memcpy(ret_code, end, sizeof(end));
}

/* A call of a program that is not there goes on behind it. Its place in the code is known, so that
 * the kernel writes a jump there, or nothing. */
static int load(struct link_redirect *redirect)
{
	struct bpf_insn code[5 + LINK_REDIRECT_END_LEN] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_6, .src_reg = BPF_REG_1},
		{.code = BPF_LD | BPF_DW | BPF_IMM,
		 .dst_reg = BPF_REG_2,
		 .src_reg = BPF_PSEUDO_MAP_FD,
		 .imm = redirect->first},
		{.code = 0},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_3, .imm = 0},
		{.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_tail_call},
	};

	link_redirect_end(redirect, code + 5);
	redirect->program = bpf_prog_load(BPF_PROG_TYPE_XDP, OWN_NAME, "Dual BSD/GPL", code,
					  sizeof(code) / sizeof(code[0]), NULL);
	return redirect->program < 0 ? -errno : 0;
}

static int replace(const struct link_redirect *redirect, int program, int former)
{
	const struct bpf_xdp_attach_opts options = {.sz = sizeof(options), .old_prog_fd = former};

	return bpf_xdp_attach((int)redirect->index, program,
			      redirect->former.mode | XDP_FLAGS_REPLACE, &options);
}

static int put(struct link_redirect *redirect, struct covey_error *error)
{
	int status = 0;

	redirect->first = bpf_map_create(BPF_MAP_TYPE_PROG_ARRAY, "covey_first", sizeof(uint32_t),
					 sizeof(uint32_t), 1, NULL);
	if (redirect->first < 0)
		status = -errno;
	if (status == 0)
		status = load(redirect);
	if (status == 0)
		status = replace(redirect, redirect->program, redirect->former.fd);
	if (status)
		return covey_error_set(error, status,
				       "the kernel does not take covey's XDP program: %s",
				       strerror(-status));
	return 0;
}

/* --------------------------------------------------------------------------------------------- */

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

static void discard(struct link_redirect *redirect)
{
	close_fd(redirect->program);
	close_fd(redirect->first);
	close_fd(redirect->sockets);
	link_program_release(&redirect->former);
	free(redirect);
}

int link_redirect_new(unsigned index, struct link_redirect **ret_redirect,
		      struct covey_error *error)
{
	struct link_redirect *redirect = calloc(1, sizeof(*redirect));
	int status;

	if (!redirect)
		return covey_error_set(error, -ENOMEM, "out of memory");
	*redirect = (struct link_redirect){
		.index = index, .former.fd = -1, .sockets = -1, .first = -1, .program = -1};
	status = link_program_hold(index, &redirect->former, error);
	if (status == 0 && redirect->former.fd < 0)
		status = covey_error_set(error, -EPERM,
					 "the kernel does not hand over its XDP "
					 "program");
	if (status == 0)
		status = find_sockets(redirect, error);
	if (status == 0)
		status = put(redirect, error);
	if (status) {
		discard(redirect);
		return status;
	}
	*ret_redirect = redirect;
	return 0;
}

void link_redirect_free(struct link_redirect *redirect)
{
	if (!redirect)
		return;
	replace(redirect, redirect->former.fd, redirect->program);
	discard(redirect);
}

void link_redirect_remove_left(unsigned index)
{
	struct bpf_prog_info info = {0};
	struct link_program left;

	if (link_program_hold(index, &left, NULL) < 0)
		return;
	if (left.fd >= 0 && read_info(left.fd, &info) == 0 && strcmp(info.name, OWN_NAME) == 0)
		bpf_xdp_detach((int)index, left.mode, NULL);
	link_program_release(&left);
}

int link_redirect_let_look(const struct link_redirect *redirect, int program)
{
	const uint32_t place = 0;

	return bpf_map_update_elem(redirect->first, &place, &program, BPF_ANY) < 0 ? -errno : 0;
}

void link_redirect_let_none_look(const struct link_redirect *redirect)
{
	const uint32_t place = 0;

	bpf_map_delete_elem(redirect->first, &place);
}

/* SPDX-License-Identifier: BSD-3-Clause */

#include "link_program.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <string.h>
#include <unistd.h>

static int query(unsigned index, struct bpf_xdp_query_opts *ret_opts)
{
	*ret_opts = (struct bpf_xdp_query_opts){.sz = sizeof(*ret_opts)};
	return bpf_xdp_query((int)index, 0, ret_opts);
}

int link_program_id(unsigned index, uint32_t *ret_id)
{
	struct bpf_xdp_query_opts opts;
	int status = query(index, &opts);

	if (!status)
		*ret_id = opts.prog_id;
	return status;
}

int link_program_hold(unsigned index, struct link_program *ret_program, struct covey_error *error)
{
	struct bpf_xdp_query_opts opts;
	int status = query(index, &opts);

	if (status)
		return covey_error_set(error, status, "its XDP program cannot be read: %s",
				       strerror(-status));
	if (opts.prog_id == 0)
		return covey_error_set(error, -ENOENT, "it has no XDP program any more");
	ret_program->id = opts.prog_id;
	ret_program->mode = opts.attach_mode == XDP_ATTACHED_SKB  ? XDP_FLAGS_SKB_MODE
			    : opts.attach_mode == XDP_ATTACHED_HW ? XDP_FLAGS_HW_MODE
								  : XDP_FLAGS_DRV_MODE;
	ret_program->fd = bpf_prog_get_fd_by_id(opts.prog_id);
	if (ret_program->fd < 0)
		ret_program->fd = -1;
	return 0;
}

int link_program_attach(unsigned index, const struct link_program *program,
			struct covey_error *error)
{
	int status = program->fd < 0
			     ? -EPERM
			     : bpf_xdp_attach((int)index, program->fd,
					      program->mode | XDP_FLAGS_UPDATE_IF_NOEXIST, NULL);

	if (status)
		return covey_error_set(error, status, "the kernel refuses to attach it: %s",
				       strerror(-status));
	return 0;
}

void link_program_release(struct link_program *program)
{
	if (program->fd >= 0)
		close(program->fd);
	program->fd = -1;
}

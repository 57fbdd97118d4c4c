/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The XDP program of an interface, which hands packets to AF_XDP's sockets (libbpf).
 */

#include <covey/error.h>
#include <stdint.h>

struct link_program {
	uint32_t id;
	uint32_t mode; /* XDP_FLAGS_*_MODE, as it was attached */
	int fd;        /* keeps it in the kernel, to be attached again; -1: not kept */
};

/* Get the program's number, 0 when there is none. */
int link_program_id(unsigned index, uint32_t *ret_id);
/* Keep the program that is attached (until link_program_release()). -ENOENT when there is none. */
int link_program_hold(unsigned index, struct link_program *ret_program, struct covey_error *error);
/* Attach it to an interface that has none now. */
int link_program_attach(unsigned index, const struct link_program *program,
			struct covey_error *error);
void link_program_release(struct link_program *program);

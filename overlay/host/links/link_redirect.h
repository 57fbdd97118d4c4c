/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * covey's own XDP program, in place of libxdp's: it gives frames to the sockets of AF_XDP just as
 * that one does, and another program may look at them first. Instructions are written here; no
 * compiler is needed.
 */

#include <covey/error.h>
#include <linux/bpf.h>

struct link_redirect;

/*
 * Put it in the place of libxdp's on that interface, at once: no frame comes in between.
 * -EOPNOTSUPP: it has another program than libxdp's, or none.
 */
int link_redirect_new(unsigned index, struct link_redirect **ret_redirect,
		      struct covey_error *error);
/* Put libxdp's back, unless the interface has another one by now. NULL-safe. */
void link_redirect_free(struct link_redirect *redirect);

/* Take off what a process has left that was killed. libxdp would not know it for its own. */
void link_redirect_remove_left(unsigned index);

/* Have this XDP program called first, which must end with link_redirect_end(). There is one at
 * most. */
int link_redirect_let_look(const struct link_redirect *redirect, int program);
void link_redirect_let_none_look(const struct link_redirect *redirect);

/* Give the frame to the socket of its queue, or to the kernel if that has none. The context is in
 * register 6. */
#define LINK_REDIRECT_END_LEN 6
void link_redirect_end(const struct link_redirect *redirect,
		       struct bpf_insn ret_code[LINK_REDIRECT_END_LEN]);

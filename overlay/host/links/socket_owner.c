/* SPDX-License-Identifier: BSD-3-Clause */

#include "socket_owner.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct search {
	const char *name; /* with the zero byte before it */
	size_t len;
	bool found;
	uid_t uid;
};

static int look(struct nl_msg *message, void *arg)
{
	struct nlattr *attributes[UNIX_DIAG_MAX + 1];
	struct search *search = arg;

	if (nlmsg_parse(nlmsg_hdr(message), sizeof(struct unix_diag_msg), attributes, UNIX_DIAG_MAX,
			NULL) < 0 ||
	    !attributes[UNIX_DIAG_NAME] || !attributes[UNIX_DIAG_UID])
		return NL_OK;
	if ((size_t)nla_len(attributes[UNIX_DIAG_NAME]) != search->len ||
	    memcmp(nla_data(attributes[UNIX_DIAG_NAME]), search->name, search->len) != 0)
		return NL_OK;
	search->found = true;
	search->uid = nla_get_u32(attributes[UNIX_DIAG_UID]);
	return NL_OK;
}

/* Asks for all UNIX sockets of the namespace: the kernel finds one by its inode only. */
static int ask(struct nl_sock *socket, struct search *search)
{
	struct unix_diag_req request = {
		.sdiag_family = AF_UNIX,
		.udiag_states = UINT32_MAX,
		.udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_UID,
	};
	int status = nl_connect(socket, NETLINK_SOCK_DIAG);

	if (status == 0)
		status = nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, look, search);
	if (status == 0)
		status = nl_send_simple(socket, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &request,
					sizeof(request));
	return status < 0 ? status : nl_recvmsgs_default(socket);
}

int socket_owner(const struct sockaddr_un *address, socklen_t len, uid_t *ret_uid)
{
	struct search search = {
		.name = address->sun_path,
		.len = len - offsetof(struct sockaddr_un, sun_path),
	};
	struct nl_sock *socket = nl_socket_alloc();
	int status;

	if (!socket)
		return -ENOMEM;
	status = ask(socket, &search);
	nl_socket_free(socket);
	if (status < 0)
		return -EIO;
	if (!search.found)
		return -ENOENT;
	*ret_uid = search.uid;
	return 0;
}

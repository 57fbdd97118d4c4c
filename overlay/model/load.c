/* SPDX-License-Identifier: BSD-3-Clause */
#include <covey/wire.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checks.h"
#include "groups.h"
#include "inventory.h"
#include "order.h"
#include "qos.h"
#include "reader.h"
#include "resolve.h"

#define PIPE_PATIENCE_MS 3000

void *reader_alloc(struct reader *reader, size_t size)
{
	void *memory = arena_alloc(&reader->arena, size);

	if (!memory)
		reader->diagnostics->out_of_memory = true;
	return memory;
}

#define DEFAULT_GKM_METRICS "127.0.0.1:9799"

static struct inventory *inventory_new(void)
{
	struct inventory *inventory = calloc(1, sizeof(*inventory));

	if (!inventory)
		return NULL;
	inventory->gkm_port = COVEY_VPE_PORT;
	inventory->encapsulation = COVEY_ENCAPSULATION_UDP;
	inventory->vpe_port = COVEY_VPE_PORT;
	inventory->vpe_protocol = COVEY_VPE_IP_PROTOCOL;
	inventory->vxlan_port = COVEY_VXLAN_PORT;
	inventory->paths = 16;
	inventory->gkm_metrics = strdup(DEFAULT_GKM_METRICS);
	qos_default(inventory->class_by_dscp);
	if (inventory->gkm_metrics)
		return inventory;
	inventory_free(inventory);
	return NULL;
}

static void read_groups(struct reader *reader)
{
	if (reader->groups)
		groups_read(reader, reader->groups);
}

/*
 * Each step goes on after mistakes, so that one run shows all of them. But if one step had no
 * memory for its results, the next cannot work with them.
 */
static void read_tree(struct reader *reader, const struct node *root)
{
	static void (*const resolving[])(struct reader *) = {resolve_hosts, checks_hosts,
							     read_groups};
	const bool *out_of_memory = &reader->diagnostics->out_of_memory;
	bool ordered;

	if (!ansible_read(reader, root) || *out_of_memory)
		return;
	ordered = order_groups(reader);
	for (size_t i = 0; ordered && i < sizeof(resolving) / sizeof(resolving[0]); i++)
		if (!*out_of_memory)
			resolving[i](reader);
	if (!*out_of_memory)
		checks_fabric(reader);
}

static int read_text(struct reader *reader, const char *text, size_t len)
{
	struct node *root;
	int status;

	reader->inventory = inventory_new();
	if (!reader->inventory || scalars_init(&reader->scalars) < 0)
		return -ENOMEM;
	status = yaml_tree_load(&reader->arena, text, len, reader->diagnostics, &root);
	if (status < 0)
		return status;
	read_tree(reader, root);
	if (reader->diagnostics->out_of_memory)
		return -ENOMEM;
	return reader->diagnostics->count ? -EINVAL : 0;
}

int inventory_parse(const char *name, const char *text, size_t len, struct diagnostics *diagnostics,
		    struct inventory **ret_inventory)
{
	struct reader reader = {.diagnostics = diagnostics};
	int status = diagnostics_set_source(diagnostics, name, text, len);

	if (status < 0)
		return status;
	if (len > COVEY_INVENTORY_BYTES_MAX) {
		diagnostics_add(diagnostics, 0, 0,
				"larger than %u MiB, so it is no inventory: name the right file",
				COVEY_INVENTORY_BYTES_MAX >> 20);
		return -EFBIG;
	}
	status = read_text(&reader, text, len);
	if (status == -ENOMEM)
		diagnostics->out_of_memory = true;
	if (status == 0) {
		reader.inventory->host_room = reader.inventory->host_count;
		reader.inventory->group_room = reader.inventory->group_count;
		*ret_inventory = reader.inventory;
		reader.inventory = NULL;
	}
	inventory_free(reader.inventory);
	ansible_free(&reader.ansible);
	scalars_free(&reader.scalars);
	arena_free(&reader.arena);
	return status;
}

/* Whoever writes into a pipe may take a moment. But a FIFO without a writer would take for ever. */
static int await(int fd)
{
	struct pollfd pollfd = {.fd = fd, .events = POLLIN};
	int n = poll(&pollfd, 1, PIPE_PATIENCE_MS);

	if (n < 0)
		return -errno;
	return n ? 0 : -ETIMEDOUT;
}

/* Read up to COVEY_INVENTORY_BYTES_MAX + 1 bytes. The one byte too many shows that the file is too
 * long. */
static int read_file(int fd, char **ret_text, size_t *ret_len)
{
	size_t len = 0, size = 64u << 10;
	char *text = NULL;

	for (;;) {
		char *grown = realloc(text, size);
		ssize_t n = -1;
		int status;

		text = grown ? grown : text;
		status = grown ? await(fd) : -ENOMEM;
		if (status == 0)
			n = read(fd, text + len, size - len);
		if (n < 0) {
			status = status < 0 ? status : -errno;
			free(text);
			return status;
		}
		len += (size_t)n;
		if (n == 0 || len > COVEY_INVENTORY_BYTES_MAX)
			break;
		if (len == size)
			size *= 2;
	}
	*ret_text = text;
	*ret_len = len;
	return 0;
}

static const char *advice(int error)
{
	switch (error) {
	case ENOENT:
		return ": name the inventory with --inventory FILE";
	case EACCES:
		return ": make it readable for this user, or run as root";
	case EISDIR:
		return ": name the file itself";
	case ETIMEDOUT:
		return ": it is a pipe and nobody writes into it; name a file";
	default:
		return "";
	}
}

int inventory_load(const char *path, struct diagnostics *diagnostics,
		   struct inventory **ret_inventory)
{
	char *text = NULL;
	size_t len = 0;
	/* Non-blocking: otherwise a FIFO would wait for a writer. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int status = fd < 0 ? -errno : read_file(fd, &text, &len);

	if (fd >= 0)
		close(fd);
	if (status < 0) {
		int set = diagnostics_set_source(diagnostics, path, "", 0);

		if (set < 0)
			return set;
		diagnostics_add(diagnostics, 0, 0, "cannot read it: %s%s", strerror(-status),
				advice(-status));
		return status;
	}
	status = inventory_parse(path, text, len, diagnostics, ret_inventory);
	free(text);
	return status;
}

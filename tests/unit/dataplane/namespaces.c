/* SPDX-License-Identifier: BSD-3-Clause */
#include "namespaces.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int namespaces[2];

void namespaces_run(const char *command)
{
	if (system(command) != 0)
		fail_msg("failed: %s", command);
}

void namespaces_enter(unsigned which)
{
	assert_int_equal(setns(namespaces[which], CLONE_NEWNET), 0);
}

static void make(unsigned which)
{
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	namespaces[which] = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	assert_true(namespaces[which] >= 0);
}

static void set_up_wire(unsigned which)
{
	char command[300];

	namespaces_enter(which);
	snprintf(command, sizeof(command),
		 "ip link set lo up && "
		 "ip address add 10.0.0.%u/24 dev wire && "
		 "ip -6 address add fd00::%u/64 dev wire nodad",
		 which + 1, which + 1);
	namespaces_run(command);
}

void namespaces_add_wire(const char *name)
{
	char command[300];

	namespaces_enter(0);
	snprintf(command, sizeof(command),
		 "ip link add %s type veth peer name %s netns /proc/%d/fd/%d && ip link set %s up",
		 name, name, getpid(), namespaces[1], name);
	namespaces_run(command);
	namespaces_enter(1);
	snprintf(command, sizeof(command), "ip link set %s up", name);
	namespaces_run(command);
}

void namespaces_open(void)
{
	make(1);
	make(0);
	namespaces_add_wire("wire");
	set_up_wire(1);
	set_up_wire(0);
}

void namespaces_close(void)
{
	close(namespaces[0]);
	close(namespaces[1]);
}

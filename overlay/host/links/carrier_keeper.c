/* SPDX-License-Identifier: BSD-3-Clause */

#include "carrier_keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <log.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "link_switch.h"

#define NAME "covey-carrier"
/* Sent in place of an interface's number, which is never 0: covey-host ends in order. */
#define IN_ORDER 0u

/* Whoever kills everything called covey-host must not kill this process: so it takes another name,
 * and other words on its command line. These lie one after the other in memory. */
static void rename_process(void)
{
	char old[4096];
	int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? 0 : read(fd, old, sizeof(old));

	if (fd >= 0)
		close(fd);
	prctl(PR_SET_NAME, NAME);
	if (len < (ssize_t)sizeof(NAME))
		return;
	memset(program_invocation_name, 0, (size_t)len);
	memcpy(program_invocation_name, NAME, sizeof(NAME));
}

/* Do not end together with a terminal, a process group or a unit that is stopped: this process ends
 * by itself, as the last one. */
static void outlive(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	setsid();
}

static void take_away(unsigned index, const char *interface, bool in_order)
{
	struct covey_error error;
	int status = index ? link_switch(index, false, &error) : 0;

	if (status && status != -ENODEV)
		log_error("%s keeps its carrier, though covey-host has ended: %s", interface,
			  error.text);
	else if (status == 0 && index && !in_order)
		log_warning(
			"covey-host was killed or crashed: %s has no carrier until it runs again",
			interface);
}

void carrier_keeper_run(int fd, const char *interface)
{
	char name[IFNAMSIZ];
	unsigned value, index = 0;
	bool in_order = false;
	ssize_t len;

	/* A copy, because the text may lie on the command line, which is overwritten below. */
	snprintf(name, sizeof(name), "%s", interface);
	outlive();
	rename_process();
	while ((len = recv(fd, &value, sizeof(value), 0)) != 0) {
		if (len < 0 && errno != EINTR)
			break;
		if (len != sizeof(value))
			continue;
		if (value == IN_ORDER)
			in_order = true;
		else
			index = value;
	}
	take_away(index, name, in_order);
	_exit(EXIT_SUCCESS);
}

void carrier_keeper_end(int fd)
{
	const unsigned value = IN_ORDER;

	/* If it is gone already, there is nobody to tell. */
	if (send(fd, &value, sizeof(value), MSG_NOSIGNAL) < 0)
		return;
}

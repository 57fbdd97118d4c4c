/* SPDX-License-Identifier: BSD-3-Clause */
#include "monitor_terminal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

/* A second screen without a cursor, and back. */
#define ENTER "\033[?1049h\033[?25l"
#define LEAVE "\033[?25h\033[?1049l"

struct monitor_terminal {
	int signals; /* a descriptor */
	bool draws, reads;
	struct termios before; /* if it reads */
};

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGWINCH);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -1;
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Each key comes at once, and is not shown. Ctrl-C and Ctrl-Z are signals as before. */
static bool read_keys(struct termios *ret_before)
{
	struct termios keys;

	if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, ret_before) < 0)
		return false;
	keys = *ret_before;
	keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	keys.c_cc[VMIN] = 1;
	keys.c_cc[VTIME] = 0;
	return tcsetattr(STDIN_FILENO, TCSANOW, &keys) == 0;
}

struct monitor_terminal *monitor_terminal_open(bool draw)
{
	struct monitor_terminal *terminal = calloc(1, sizeof(*terminal));

	if (!terminal)
		return NULL;
	terminal->signals = open_signals();
	if (terminal->signals < 0) {
		free(terminal);
		return NULL;
	}
	terminal->draws = draw && isatty(STDOUT_FILENO);
	if (terminal->draws) {
		terminal->reads = read_keys(&terminal->before);
		printf(ENTER);
		fflush(stdout);
	}
	return terminal;
}

void monitor_terminal_close(struct monitor_terminal *terminal)
{
	if (!terminal)
		return;
	if (terminal->draws) {
		printf(LEAVE);
		fflush(stdout);
	}
	if (terminal->reads)
		tcsetattr(STDIN_FILENO, TCSANOW, &terminal->before);
	close(terminal->signals);
	free(terminal);
}

bool monitor_terminal_draws(const struct monitor_terminal *terminal)
{
	return terminal->draws;
}

struct monitor_size monitor_terminal_size(const struct monitor_terminal *terminal)
{
	struct monitor_size size = {.lines = 24, .columns = 80};
	struct winsize window;

	if (terminal->draws && ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_row &&
	    window.ws_col)
		size = (struct monitor_size){.lines = window.ws_row, .columns = window.ws_col};
	return size;
}

static int read_signal(const struct monitor_terminal *terminal)
{
	struct signalfd_siginfo info;

	if (read(terminal->signals, &info, sizeof(info)) != sizeof(info))
		return MONITOR_TIME_IS_UP;
	return info.ssi_signo == SIGWINCH ? MONITOR_RESIZED : MONITOR_END;
}

int monitor_terminal_wait(struct monitor_terminal *terminal, long ms)
{
	struct pollfd events[] = {
		{.fd = terminal->signals, .events = POLLIN},
		{.fd = terminal->reads ? STDIN_FILENO : -1, .events = POLLIN},
		/* Only whether somebody still reads. */
		{.fd = STDOUT_FILENO, .events = 0},
	};
	unsigned char key;

	if (poll(events, 3, ms > 0 ? (int)ms : 0) <= 0)
		return MONITOR_TIME_IS_UP;
	if (events[0].revents)
		return read_signal(terminal);
	if (events[1].revents)
		return read(STDIN_FILENO, &key, 1) == 1 ? key : MONITOR_END;
	return MONITOR_END;
}

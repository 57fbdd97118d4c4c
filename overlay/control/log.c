/* SPDX-License-Identifier: BSD-3-Clause */
#include "log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TEXT_MAX   1024 /* of one event, before escaping; a longer text is cut */
#define PREFIX_MAX 128

static struct {
	const char *program;
	enum log_level max;
	bool journal;
} settings = {.program = "covey", .max = LOG_LEVEL_INFO};

/* systemd.exec(5): JOURNAL_STREAM has device and inode of the stream that the journal reads. */
static bool journal_reads_stderr(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	if (!stream || sscanf(stream, "%llu:%llu", &device, &inode) != 2)
		return false;
	return fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

void log_init(const char *program, enum log_level max)
{
	settings.program = program;
	settings.max = max;
	settings.journal = journal_reads_stderr();
}

static const char *level_name(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_ERROR:
		return "error";
	case LOG_LEVEL_WARNING:
		return "warning";
	case LOG_LEVEL_NOTICE:
		return "notice";
	case LOG_LEVEL_INFO:
		return "info";
	case LOG_LEVEL_DEBUG:
		return "debug";
	}
	return "log";
}

static size_t write_prefix(enum log_level level, char *line)
{
	char when[sizeof("2024-01-01T00:00:00")];
	struct timespec now;
	struct tm utc;

	if (settings.journal)
		return (size_t)snprintf(line, PREFIX_MAX, "<%d>", level);
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &utc);
	return (size_t)snprintf(line, PREFIX_MAX, "%s.%03ldZ %.60s %s: ", when,
				now.tv_nsec / 1000000, settings.program, level_name(level));
}

/*
 * All that is not printable ASCII becomes \xNN. Peers choose some of these bytes, and could
 * otherwise forge lines, or control the terminal of whoever reads the log. line must have room for
 * 4 bytes for each byte of text.
 */
static size_t escape(const char *text, char *line)
{
	static const char hex[] = "0123456789abcdef";
	size_t len = 0;

	for (; *text; text++) {
		uint8_t byte = (uint8_t)*text;

		if (byte >= 0x20 && byte < 0x7f) {
			line[len++] = *text;
			continue;
		}
		line[len++] = '\\';
		line[len++] = 'x';
		line[len++] = hex[byte >> 4];
		line[len++] = hex[byte & 15];
	}
	return len;
}

bool log_takes(enum log_level level)
{
	return level <= settings.max;
}

void log_line(enum log_level level, const char *format, ...)
{
	char text[TEXT_MAX];
	char line[PREFIX_MAX + 4 * TEXT_MAX + 1];
	size_t len;
	va_list args;

	if (!log_takes(level))
		return;
	va_start(args, format);
	if (vsnprintf(text, sizeof(text), format, args) >= (int)sizeof(text))
		memcpy(text + sizeof(text) - 4, "...", 4);
	va_end(args);
	len = write_prefix(level, line);
	len += escape(text, line + len);
	line[len++] = '\n';
	/* One call, so that lines of several processes do not mix. A failure cannot be reported
	 * anywhere. */
	if (write(STDERR_FILENO, line, len) < 0)
		return;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int explain(const struct capture_sink *sink, int status, struct covey_error *error)
{
	const char *where = sink->path && strcmp(sink->path, "-") != 0 ? sink->path : "the output";

	if (status == -EPIPE)
		return covey_error_set(error, status, "who read the output is gone");
	return status ? covey_error_set(error, status, "%.200s: %s", where, strerror(-status)) : 0;
}

static int open_file(const char *path, FILE **ret_file)
{
	FILE *file;
	int fd;

	if (strcmp(path, "-") == 0) {
		*ret_file = stdout;
		return 0;
	}
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	file = fd < 0 ? NULL : fdopen(fd, "w");
	if (!file) {
		int status = -errno;

		if (fd >= 0)
			close(fd);
		return status;
	}
	*ret_file = file;
	return 0;
}

int capture_sink_open(const char *path, struct capture_sink *ret_sink, struct covey_error *error)
{
	struct capture_sink sink = {.path = path};
	int status;

	if (path && strcmp(path, "-") == 0 && isatty(STDOUT_FILENO))
		return covey_error_set(error, -EINVAL,
				       "packets are no text for a terminal: pipe them, as into "
				       "`wireshark -k -i -`");
	if (path) {
		status = open_file(path, &sink.file);
		if (status == 0)
			status = pcapng_begin(sink.file);
		if (status)
			return explain(&sink, status, error);
	}
	*ret_sink = sink;
	return 0;
}

int capture_sink_interface(struct capture_sink *sink, const char *name, uint32_t snap_len,
			   struct covey_error *error)
{
	if (sink->interfaces == CAPTURE_INTERFACES_MAX)
		return covey_error_set(error, -E2BIG, "more than %d interfaces",
				       CAPTURE_INTERFACES_MAX);
	sink->names[sink->interfaces++] = name;
	return sink->file ? explain(sink, pcapng_interface(sink->file, name, snap_len), error) : 0;
}

static int put_line(const struct capture_sink *sink, const struct pcapng_packet *packet)
{
	const time_t second = (time_t)(packet->ns / 1000000000);
	struct tm when;
	char text[16] = "";

	if (localtime_r(&second, &when))
		strftime(text, sizeof(text), "%H:%M:%S", &when);
	return printf("%s.%06" PRIu64 " %s: %s, %" PRIu32 " bytes\n", text,
		      packet->ns % 1000000000 / 1000, sink->names[packet->interface],
		      packet->comment, packet->full_len) < 0
		       ? -EIO
		       : 0;
}

int capture_sink_put(struct capture_sink *sink, const struct pcapng_packet *packet,
		     struct covey_error *error)
{
	return explain(sink,
		       sink->file ? pcapng_packet(sink->file, packet) : put_line(sink, packet),
		       error);
}

int capture_sink_statistics(struct capture_sink *sink, unsigned interface, uint64_t seen,
			    uint64_t lost, struct covey_error *error)
{
	struct timespec now;

	if (!sink->file)
		return 0;
	clock_gettime(CLOCK_REALTIME, &now);
	return explain(sink,
		       pcapng_statistics(sink->file, interface,
					 (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec,
					 seen, lost),
		       error);
}

int capture_sink_flush(struct capture_sink *sink, struct covey_error *error)
{
	return explain(sink, fflush(sink->file ? sink->file : stdout) != 0 ? -errno : 0, error);
}

int capture_sink_close(struct capture_sink *sink, struct covey_error *error)
{
	int status = capture_sink_flush(sink, error);

	if (sink->file && sink->file != stdout && fclose(sink->file) != 0 && status == 0)
		return explain(sink, -errno, error);
	return status;
}

/* SPDX-License-Identifier: BSD-3-Clause */

#include "card_record.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIRECTORY "/run/covey"

/* The runtime directory that systemd gives us, where DPDK keeps its files, too. If there are
 * several, the first. */
static int directory(char *ret_path, size_t size)
{
	const char *given = getenv("RUNTIME_DIRECTORY");
	const char *path = given && given[0] == '/' ? given : DIRECTORY;
	int len = (int)strcspn(path, ":");

	return snprintf(ret_path, size, "%.*s", len, path);
}

bool card_record_path(unsigned index, char ret_path[CARD_RECORD_PATH])
{
	int used = directory(ret_path, CARD_RECORD_PATH);
	struct stat space;

	if (used >= CARD_RECORD_PATH || stat("/proc/self/ns/net", &space))
		return false;
	if (mkdir(ret_path, 0755) && errno != EEXIST)
		return false;
	return snprintf(ret_path + used, (size_t)(CARD_RECORD_PATH - used), "/card-%ju-%u",
			(uintmax_t)space.st_ino, index) < CARD_RECORD_PATH - used;
}

static void take_line(const char *name, const char *value, struct card_setting *settings,
		      size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(settings[i].name, name) == 0) {
			settings[i].was = strcmp(value, "on") == 0;
			settings[i].recorded = true;
		}
}

void card_record_read(const char *path, struct card_setting *settings, size_t count)
{
	FILE *file = fopen(path, "re");
	char name[64], value[8];

	if (!file)
		return;
	while (fscanf(file, "%63s %7s", name, value) == 2)
		take_line(name, value, settings, count);
	fclose(file);
}

int card_record_write(const char *path, const struct card_setting *settings, size_t count)
{
	char temporary[CARD_RECORD_PATH + 4];
	FILE *file;

	snprintf(temporary, sizeof(temporary), "%s.new", path);
	file = fopen(temporary, "we");
	if (!file)
		return -errno;
	for (size_t i = 0; i < count; i++)
		if (settings[i].recorded)
			fprintf(file, "%s %s\n", settings[i].name, settings[i].was ? "on" : "off");
	if (fclose(file) == 0 && rename(temporary, path) == 0)
		return 0;
	unlink(temporary);
	return -EIO;
}

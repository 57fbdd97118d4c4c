/* SPDX-License-Identifier: BSD-3-Clause */
#include "own_name.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

void own_name_read(const char *file, char ret_name[OWN_NAME_SIZE])
{
	FILE *stream = fopen(file, "re");

	ret_name[0] = '\0';
	if (stream) {
		if (!fgets(ret_name, OWN_NAME_SIZE, stream))
			ret_name[0] = '\0';
		fclose(stream);
	}
	ret_name[strcspn(ret_name, " \t\r\n")] = '\0';
	if (ret_name[0] == '\0' && gethostname(ret_name, OWN_NAME_SIZE) < 0)
		ret_name[0] = '\0';
	ret_name[OWN_NAME_SIZE - 1] = '\0';
}

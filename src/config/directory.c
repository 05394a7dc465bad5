/* SPDX-License-Identifier: MIT */
/*
 * A configuration and the files that belong to it move together: from the source tree to /etc, or
 * into the folder of a test. With {config_dir} the configuration can name its files in each place.
 */
#include "src/config/directory.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static const char hole[] = "{config_dir}";

char *config_directory_of(struct config_report *report, const char *file)
{
	char real[PATH_MAX];
	char *slash = realpath(file, real) ? strrchr(real, '/') : NULL;
	if (!slash)
		return config_strdup(report, "/");
	slash[slash == real] = '\0';
	return config_strdup(report, real);
}

static char *fill(struct config_report *report, const char *directory, const char *text)
{
	char result[PATH_MAX * 2];
	size_t length = 0;
	for (const char *at = text; *at && length < sizeof result - PATH_MAX;) {
		if (strncmp(at, hole, sizeof hole - 1) != 0) {
			result[length++] = *at++;
			continue;
		}
		size_t n = strlen(directory);
		memcpy(result + length, directory, n);
		length += n;
		at += sizeof hole - 1;
	}
	result[length] = '\0';
	return config_strdup(report, result);
}

void config_fill_directory(const struct config_reader *reader, char **list)
{
	const char *directory = reader->config->directory;
	for (; *list && directory; list++) {
		if (!strstr(*list, hole))
			continue;
		char *filled = fill(reader->report, directory, *list);
		if (!filled)
			return;
		free(*list);
		*list = filled;
	}
}
